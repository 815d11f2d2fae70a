//! Keeps a file for one opener at a time, whatever its names are.

use std::fs::{File, OpenOptions};
use std::io;
use std::time::Duration;

use crate::storage::{LockError, LockOwner};

/// On Unix a lock on the file, which those who read do not ask for. It is the file's, so that another name of it,
/// or a removed lock file, lets nobody else in.
#[cfg(unix)]
pub(super) fn hold(file: &File) -> Result<(), LockError> {
    use std::fs::TryLockError;

    use super::owner;

    bug!(FileNotHeld, return Ok(()));
    bug!(NoLock, return Ok(()));
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => {
            let here = owner::is_held_here(file);
            let owner = if here { LockOwner::ThisProcess } else { LockOwner::Unknown };
            LockError::Held { owner }
        }
        TryLockError::Error(error) => LockError::Io(error),
    })
}

/// On Windows the way in which it was opened does it: a lock would keep readers out.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can be refused")]
pub(super) fn hold(_file: &File) -> Result<(), LockError> {
    Ok(())
}

/// Before the file is opened: what Windows does itself.
#[cfg(windows)]
pub(super) fn keep_writers_out(options: &mut OpenOptions) {
    const FILE_SHARE_READ: u32 = 1;
    const FILE_SHARE_DELETE: u32 = 4;
    std::os::windows::fs::OpenOptionsExt::share_mode(options, FILE_SHARE_READ | FILE_SHARE_DELETE);
}

#[cfg(not(windows))]
pub(super) fn keep_writers_out(_options: &mut OpenOptions) {}

/// Windows lets go of what a process held some time after that has ended, and does not say who holds a file. So one that
/// is held by nobody known is tried again there, for an eighth of a second in all.
pub(super) fn patiently<T>(take: impl FnMut() -> Result<T, LockError>) -> Result<T, LockError> {
    const PATIENCE: Duration = Duration::from_millis(64);
    again(if cfg!(windows) { PATIENCE } else { Duration::ZERO }, take)
}

fn again<T>(
    longest: Duration,
    mut take: impl FnMut() -> Result<T, LockError>,
) -> Result<T, LockError> {
    let mut wait = Duration::from_millis(1);
    loop {
        match take() {
            Err(LockError::Held { owner: LockOwner::Unknown }) if wait <= longest => {
                std::thread::sleep(wait);
                wait *= 2;
            }
            done => return done,
        }
    }
}

/// A sharing violation is how Windows says that another opener has the file alone.
pub(super) fn refused(error: io::Error) -> LockError {
    if cfg!(windows) && error.raw_os_error() == Some(32) {
        return LockError::Held { owner: LockOwner::Unknown };
    }
    LockError::Io(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::again;
    use crate::storage::{LockError, LockOwner};

    #[test]
    fn what_an_unknown_holder_has_is_tried_again_and_what_a_known_one_has_is_not() {
        let tries = |owner, longest: u64, free_at: usize| {
            let mut tries = 0;
            let taken = again(Duration::from_millis(longest), || {
                tries += 1;
                if tries < free_at { Err(LockError::Held { owner }) } else { Ok(()) }
            });
            (taken.is_ok(), tries)
        };
        assert_eq!(tries(LockOwner::Unknown, 8, 3), (true, 3));
        assert_eq!(tries(LockOwner::Unknown, 4, 9), (false, 4));
        assert_eq!(tries(LockOwner::Unknown, 0, 3), (false, 1));
        assert_eq!(tries(LockOwner::ThisProcess, 8, 3), (false, 1));
    }
}
