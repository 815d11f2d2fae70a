//! A disk in memory that can fail and crash as real ones do.
//!
//! What was written and what is on stable storage are kept apart, for contents, sizes and names. A
//! crash keeps, drops, tears or spoils every sector that was not synced, each by itself.
//!
//! Two assumptions that the store makes of a disk are built in: a write never harms bytes beside the
//! ones it writes, and writing bytes that are there already does not destroy them.

mod faults;
mod storage;

pub use faults::Fault;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use softadastra_store::storage::{Access, Storage};

use faults::Faults;

use super::image::{Change, Contents, Inode};
use super::random::Random;

/// The calls that a disk can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Look,
    Read,
    Open,
    OpenFolder,
    Lock,
    Write,
    SetLen,
    Sync,
    SyncDir,
    Rename,
    Remove,
}

/// The disk at one call, and the note that was on it.
#[derive(Debug, Clone)]
pub struct Moment {
    pub contents: Contents,
    pub note: Note,
}

/// How many commits the next opener may find.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Note {
    /// Not fewer than this when the machine stops.
    pub safe: usize,
    /// Not fewer than this when only the process ends: what is in the page cache stays.
    pub done: usize,
    /// Not more than this.
    pub asked: usize,
}

#[derive(Debug, Default)]
struct State {
    contents: Contents,
    locks: Vec<PathBuf>,
    /// Files that are open alone.
    held: Vec<usize>,
    /// Every call so far, in order.
    calls: Vec<Call>,
    faults: Faults,
    syncs: usize,
    salt: u64,
    now: i64,
    /// What the clock shows once before that.
    shown: Option<i64>,
    note: Note,
    moments: Option<Vec<Moment>>,
    /// What is to be done when this file is made.
    on_create: Option<(PathBuf, Hook)>,
    hints_fail: bool,
    /// Something changed since the last moment was kept.
    changed: bool,
}

/// Something to be done once.
struct Hook(Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hook")
    }
}

/// The disk. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

impl SimDisk {
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk on which `path` already holds `bytes`, durably.
    pub fn with_file(path: &Path, bytes: &[u8]) -> Self {
        let names: BTreeMap<_, _> = [(path.to_owned(), 0)].into();
        Self::with_contents(Contents {
            inodes: vec![Inode::durable(bytes.to_vec())],
            names: names.clone(),
            durable_names: names,
            pending_names: vec![],
        })
    }

    pub fn with_contents(contents: Contents) -> Self {
        let state = State { contents, changed: true, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Turns the disk into one of its moments, for those who have its files open.
    pub fn set_contents(&self, contents: Contents) {
        self.state().contents = contents;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The contents of a file as a reader sees them.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.contents.file(path).map(<[u8]>::to_vec)
    }

    /// The names on the disk.
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().contents.names.keys().cloned().collect()
    }

    /// How many I/O calls there were.
    pub fn calls(&self) -> usize {
        self.state().calls.len()
    }

    /// Which I/O calls there were.
    pub fn history(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// How many syncs of files there were.
    pub fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// Does `what` when the file `path` is made next.
    pub fn on_create(&self, path: &Path, what: impl FnOnce() + Send + 'static) {
        self.state().on_create = Some((path.into(), Hook(Box::new(what))));
    }

    /// Puts this into a file, durably.
    pub fn put_file(&self, path: &Path, bytes: &[u8]) {
        let file = self.open(path, Access::Create).unwrap();
        file.write_at(bytes, 0).unwrap();
        file.sync().unwrap();
        self.folder(Path::new("/")).unwrap().sync().unwrap();
    }

    /// What the clock shows from now on; 0 at first.
    pub fn set_now(&self, now: i64) {
        self.state().now = now;
    }

    /// What the clock shows once, before it shows what it did.
    pub fn show_once(&self, now: i64) {
        self.state().shown = Some(now);
    }

    /// What the next log that is made here takes for random.
    pub fn set_salt(&self, salt: u64) {
        self.state().salt = salt;
    }

    /// Keeps the disk as it is at every call from now on, with the note of that time.
    pub fn record(&self, note: Note) {
        let mut state = self.state();
        state.note = note;
        state.moments = Some(Vec::new());
        state.changed = true;
    }

    /// Changes the note.
    pub fn note(&self, note: Note) {
        let mut state = self.state();
        state.changed |= state.note != note;
        state.note = note;
    }

    /// The note of now.
    pub fn current_note(&self) -> Note {
        self.state().note
    }

    /// All that was recorded, the disk as it is now included.
    pub fn moments(&self) -> Vec<Moment> {
        let mut state = self.state();
        state.keep_moment();
        state.moments.take().unwrap_or_default()
    }

    /// The disk as it may be found after a crash now.
    pub fn crash(&self, random: &mut Random) -> Self {
        Self::with_contents(self.state().contents.crash(random))
    }

    /// The disk as the next process finds it when this one is killed now: nothing is synced, all is there.
    pub fn kill(&self) -> Self {
        let state = self.state();
        let next = Self::with_contents(state.contents.clone());
        next.set_salt(state.salt);
        next.set_now(state.now);
        next
    }

    /// A call on the file beside a log that is only a hint to followers. It is not numbered: whether it fails is nobody's
    /// business but theirs.
    fn enter_hint(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if state.stopped() {
            return Err(io::Error::other("the machine has stopped"));
        }
        state.keep_moment();
        state.changed = true;
        if state.hints_fail { Err(io::Error::other("no hints")) } else { Ok(state) }
    }

    /// Makes every call on hints to followers fail from now on.
    pub fn fail_hints(&self, fail: bool) {
        self.state().hints_fail = fail;
    }

    /// Counts a call and lets it fail when its turn has come.
    fn enter(&self, call: Call) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.calls.len();
        state.calls.push(call);
        if state.faults.stopped(number) {
            return Err(io::Error::other("the machine has stopped"));
        }
        state.keep_moment();
        state.faults.meet(number)?;
        state.changed |= !matches!(call, Call::Look | Call::Read | Call::OpenFolder | Call::Lock);
        if call == Call::Sync {
            state.syncs += 1;
            state.faults.meet_sync()?;
        }
        Ok(state)
    }
}

/// Whether the file is a hint to those who follow the log beside it.
fn is_hint(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "durable")
}

impl State {
    fn keep_moment(&mut self) {
        if let Some(moments) = &mut self.moments
            && self.changed
        {
            moments.push(Moment { contents: self.contents.clone(), note: self.note });
            self.changed = false;
        }
    }

    /// Whether the machine stopped at the last call or before.
    fn stopped(&self) -> bool {
        self.calls.len().checked_sub(1).is_some_and(|last| self.faults.stopped(last))
    }

    fn find(&mut self, path: &Path, access: Access) -> io::Result<usize> {
        self.faults.check_refused(path)?;
        match (self.contents.names.get(path), access) {
            (Some(_), Access::Create) => {
                self.remove(path)?;
                Ok(self.contents.make(path))
            }
            (None, Access::Create) => Ok(self.contents.make(path)),
            (Some(&inode), _) => Ok(inode),
            (None, _) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let freed = self.contents.file(path).map_or(0, <[u8]>::len);
        self.contents.remove(path)?;
        self.faults.give_back(freed);
        Ok(())
    }

    fn resize(&mut self, inode: usize, len: usize) {
        let freed = self.inode(inode).now.len().saturating_sub(len);
        self.faults.give_back(freed);
        self.inode(inode).change(Change::SetLen(len));
    }

    fn inode(&mut self, inode: usize) -> &mut Inode {
        &mut self.contents.inodes[inode]
    }
}
