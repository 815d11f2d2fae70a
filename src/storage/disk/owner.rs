//! Who holds a lock: noted in the lock file by processes, and in memory by this one.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::identity::FileId;
use crate::storage::LockOwner;

const PREFIX: &str = "softadastra-store pid ";

/// The files that this process holds, of whatever store.
static HELD: LazyLock<Mutex<HashSet<FileId>>> = LazyLock::new(Mutex::default);

/// Where process numbers mean the same as here: the namespace of them, and the running system. Unknown outside
/// Linux.
static NAMESPACE: LazyLock<Option<String>> = LazyLock::new(|| {
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let system = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{}@{}", namespace.to_str()?, system.trim()))
});

/// Notes for as long as it lives that this process holds a file.
#[derive(Debug)]
pub(super) struct Holding(Option<FileId>);

impl Holding {
    pub(super) fn of(file: &File) -> Self {
        let id = FileId::of(file).ok();
        if let Some(id) = id {
            HELD.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
        Self(id)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }
}

/// Whether this process holds the file, under whatever name.
pub(super) fn is_held_here(file: &File) -> bool {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    FileId::of(file).is_ok_and(|id| held.contains(&id))
}

/// Leaves the process id in the lock file, for the message that a second opener gets. The lock alone
/// counts, so a failure here does not matter; and a file with other contents is left as it is.
pub(super) fn note(file: &mut File) {
    let mut text = String::new();
    let ours =
        file.read_to_string(&mut text).is_ok() && (text.is_empty() || text.starts_with(PREFIX));
    if ours && file.seek(SeekFrom::Start(0)).is_ok() && file.set_len(0).is_ok() {
        let (pid, namespace) = (std::process::id(), NAMESPACE.as_deref().unwrap_or_default());
        let line = format!("{PREFIX}{pid} {namespace}");
        let _ = writeln!(file, "{}", line.trim_end());
    }
}

/// Who holds the lock on this file. Windows does not let a second opener read a locked file; the owner is
/// unknown there.
pub(super) fn of(file: &mut File) -> LockOwner {
    if is_held_here(file) {
        return LockOwner::ThisProcess;
    }
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) => parse(&text, NAMESPACE.as_deref(), std::process::id()),
        Err(_) => LockOwner::Unknown,
    }
}

/// What the note says to the process `own`, which does not hold the lock.
fn parse(text: &str, namespace: Option<&str>, own: u32) -> LockOwner {
    let Some(note) = text.strip_prefix(PREFIX) else { return LockOwner::Unknown };
    let mut words = note.split_whitespace();
    let Some(Ok(pid)) = words.next().map(str::parse) else { return LockOwner::Unknown };
    match (words.next(), namespace) {
        (Some(theirs), Some(ours)) if theirs != ours => LockOwner::Elsewhere,
        (theirs, ours) if theirs.is_some() != ours.is_some() => LockOwner::Unknown,
        // Left by an earlier holder: the one of now has not written its own yet, or has no right to.
        _ if pid == own => LockOwner::Unknown,
        _ => LockOwner::Process(pid),
    }
}

#[cfg(test)]
mod tests {
    use super::{LockOwner, parse};

    #[test]
    fn a_number_of_another_container_or_of_an_earlier_holder_names_nobody() {
        let here = Some("pid:[1]@a");
        let owner = |text: &str| parse(&format!("softadastra-store pid {text}\n"), here, 7);
        assert_eq!(owner("1 pid:[1]@a"), LockOwner::Process(1));
        assert_eq!(owner("7 pid:[1]@a"), LockOwner::Unknown);
        assert_eq!(owner("7 pid:[2]@a"), LockOwner::Elsewhere);
        assert_eq!(owner("1 pid:[1]@b"), LockOwner::Elsewhere);
        assert_eq!(owner("1"), LockOwner::Unknown);
        assert_eq!(owner("one"), LockOwner::Unknown);
        assert_eq!(parse("mine", here, 7), LockOwner::Unknown);
        let nowhere = |text| parse(text, None, 7);
        assert_eq!(nowhere("softadastra-store pid 1\n"), LockOwner::Process(1));
        assert_eq!(nowhere("softadastra-store pid 1 pid:[1]@a\n"), LockOwner::Unknown);
    }
}
