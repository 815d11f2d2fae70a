//! A disk in memory that can fail and crash as real ones do.
//!
//! What was written and what is on stable storage are kept apart, for contents, sizes and names. A
//! crash keeps, drops, tears or spoils every sector that was not synced, each by itself.
//!
//! Two assumptions that the store makes of a disk are built in: a write never harms bytes beside the
//! ones it writes, and writing bytes that are there already does not destroy them.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use softadastra_store::storage::{
    Access, LockError, LockOwner, PathKind, Protection, Storage, StorageFile, StorageFolder,
    StorageLock,
};

use super::image::{Change, Contents, Inode};
use super::random::Random;

/// What a failing call reports, and what it did before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and reports this.
    Error(io::ErrorKind),
    /// A write takes half of the bytes; the next call on the disk finds it full.
    ShortThenFull,
}

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
    faults: Vec<(usize, Fault)>,
    faults_met: usize,
    crash_at: Option<usize>,
    /// By how many bytes the files can still grow; without a limit when nothing.
    room: Option<usize>,
    choppy: bool,
    sync_fails: bool,
    folder_syncs_fail: Option<io::ErrorKind>,
    spoils_from: Option<usize>,
    /// A file, and a part of it that cannot be read.
    unreadable: Option<(usize, Range<usize>)>,
    syncs: usize,
    salt: u64,
    note: Note,
    moments: Option<Vec<Moment>>,
    /// Something changed since the last moment was kept.
    changed: bool,
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

    /// Makes the call with this number, counted from 0 from the start of the disk, fail.
    pub fn fail_at(&self, call: usize, fault: Fault) {
        self.state().faults.push((call, fault));
    }

    /// How many calls failed because they were told to.
    pub fn faults_met(&self) -> usize {
        self.state().faults_met
    }

    /// Whether the disk is full: then every write that would need room fails.
    pub fn set_full(&self, full: bool) {
        self.state().room = full.then_some(0);
    }

    /// Lets the files grow by this many bytes in all.
    pub fn set_room(&self, bytes: usize) {
        self.state().room = Some(bytes);
    }

    /// Makes every sync of a folder fail, as on a file system that knows no such call.
    pub fn refuse_folder_syncs(&self, with: io::ErrorKind) {
        self.state().folder_syncs_fail = Some(with);
    }

    /// Whether reads and writes do only a part of what they were asked for.
    pub fn set_choppy(&self, choppy: bool) {
        self.state().choppy = choppy;
    }

    /// Makes a part of a file unreadable, as a worn-out sector does.
    pub fn set_unreadable(&self, path: &Path, part: Range<usize>) {
        let mut state = self.state();
        let inode = state.contents.names[path];
        state.unreadable = Some((inode, part));
    }

    /// Makes the next sync of a file fail.
    pub fn fail_next_sync(&self) {
        self.state().sync_fails = true;
    }

    /// Makes the next write from this call on store something else than it was given, and say nothing.
    pub fn spoil_write_from(&self, call: usize) {
        self.state().spoils_from = Some(call);
    }

    /// Forgets every fault that is still to come.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.sync_fails = false;
        state.folder_syncs_fail = None;
        state.spoils_from = None;
    }

    /// Makes every call from this number on fail, as if the machine had stopped.
    pub fn crash_at(&self, call: usize) {
        self.state().crash_at = Some(call);
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
        next
    }

    /// Counts a call and lets it fail when its turn has come.
    fn enter(&self, call: Call) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.calls.len();
        state.calls.push(call);
        if state.crash_at.is_some_and(|at| number >= at) {
            return Err(io::Error::other("the machine has stopped"));
        }
        state.keep_moment();
        if let Some(&(_, Fault::Error(kind))) = state.faults.iter().find(|(at, _)| *at == number) {
            state.faults_met += 1;
            return Err(kind.into());
        }
        state.changed |= !matches!(call, Call::Look | Call::Read | Call::OpenFolder | Call::Lock);
        if call == Call::Sync {
            state.syncs += 1;
            if std::mem::take(&mut state.sync_fails) {
                state.faults_met += 1;
                return Err(io::Error::other("the drive gave up"));
            }
        }
        Ok(state)
    }
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
        self.crash_at.is_some_and(|at| self.calls.len() > at)
    }

    fn is_unreadable(&self, inode: usize, offset: usize, len: usize) -> bool {
        let part = self.unreadable.as_ref().filter(|(bad, _)| *bad == inode);
        part.is_some_and(|(_, part)| part.start < offset + len && offset < part.end)
    }

    fn short_here(&mut self) -> bool {
        let number = self.calls.len() - 1;
        let short = self.faults.contains(&(number, Fault::ShortThenFull));
        if short {
            self.faults_met += 1;
            self.faults.push((number + 1, Fault::Error(io::ErrorKind::StorageFull)));
        }
        short
    }

    fn find(&mut self, path: &Path, access: Access) -> io::Result<usize> {
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
        self.give_back(freed);
        Ok(())
    }

    /// How much of a write fits on the disk; an error when nothing of it does.
    fn take_room(&mut self, inode: usize, offset: usize, len: usize) -> io::Result<usize> {
        let Some(room) = self.room else { return Ok(len) };
        let end = self.contents.inodes[inode].now.len();
        let fits = (end + room).saturating_sub(offset).min(len);
        if fits == 0 && len > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room = Some(room - (offset + fits).saturating_sub(end));
        Ok(fits)
    }

    fn give_back(&mut self, bytes: usize) {
        self.room = self.room.map(|room| room + bytes);
    }

    fn resize(&mut self, inode: usize, len: usize) {
        let freed = self.inode(inode).now.len().saturating_sub(len);
        self.give_back(freed);
        self.inode(inode).change(Change::SetLen(len));
    }

    fn inode(&mut self, inode: usize) -> &mut Inode {
        &mut self.contents.inodes[inode]
    }
}

impl Storage for SimDisk {
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let state = self.enter(Call::Look)?;
        Ok(if state.contents.names.contains_key(path) {
            PathKind::File
        } else if path == Path::new("/") {
            PathKind::Directory
        } else {
            PathKind::Missing
        })
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.into())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.enter(Call::Open)?;
        let inode = state.find(path, access)?;
        Ok(Box::new(SimFile { disk: self.clone(), inode, alone: AtomicBool::new(false) }))
    }

    fn open_alone(&self, path: &Path, access: Access) -> Result<Box<dyn StorageFile>, LockError> {
        let mut state = self.enter(Call::Open).map_err(LockError::Io)?;
        let inode = state.find(path, access).map_err(LockError::Io)?;
        if state.held.contains(&inode) {
            return Err(LockError::Held { owner: LockOwner::Unknown });
        }
        state.held.push(inode);
        Ok(Box::new(SimFile { disk: self.clone(), inode, alone: AtomicBool::new(true) }))
    }

    fn create(&self, path: &Path, _like: &Protection) -> io::Result<Box<dyn StorageFile>> {
        self.open_alone(path, Access::Create).map_err(|error| match error {
            LockError::Io(error) => error,
            LockError::Held { .. } => io::ErrorKind::WouldBlock.into(),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.enter(Call::Rename)?.contents.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.enter(Call::Remove)?.remove(path)
    }

    fn folder(&self, _path: &Path) -> io::Result<Box<dyn StorageFolder>> {
        drop(self.enter(Call::OpenFolder)?);
        Ok(Box::new(SimFolder(self.clone())))
    }

    fn lock(&self, path: &Path, _like: &Protection) -> Result<Box<dyn StorageLock>, LockError> {
        let mut state = self.enter(Call::Lock).map_err(LockError::Io)?;
        if state.locks.iter().any(|held| held == path) {
            return Err(LockError::Held { owner: LockOwner::Unknown });
        }
        state.locks.push(path.into());
        Ok(Box::new(SimLock { disk: self.clone(), path: path.into() }))
    }

    /// The salt that was set, then others that follow from it.
    fn random(&self) -> u64 {
        let mut state = self.state();
        let salt = state.salt;
        state.salt = Random::new(salt).next();
        salt
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    path: PathBuf,
}

impl StorageLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.state().locks.retain(|held| *held != self.path);
    }
}

#[derive(Debug)]
struct SimFolder(SimDisk);

impl StorageFolder for SimFolder {
    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.enter(Call::SyncDir)?;
        match state.folder_syncs_fail {
            Some(kind) => Err(kind.into()),
            None => {
                state.contents.sync_names();
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    inode: usize,
    alone: AtomicBool,
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.release();
    }
}

impl StorageFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.enter(Call::Look)?.inode(self.inode).now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.enter(Call::Read)?;
        let choppy = state.choppy;
        if state.is_unreadable(self.inode, offset as usize, buffer.len()) {
            return Err(io::Error::other("the sector is worn out"));
        }
        let data = &state.inode(self.inode).now;
        let from = (offset as usize).min(data.len());
        let count = buffer.len().min(data.len() - from);
        let count = if choppy { count.div_ceil(2) } else { count };
        buffer[..count].copy_from_slice(&data[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.enter(Call::Write)?;
        let short = state.short_here();
        let bytes = if short || state.choppy { &bytes[..bytes.len().div_ceil(2)] } else { bytes };
        let offset = offset as usize;
        let number = state.calls.len();
        let spoils = state.spoils_from.take_if(|from| number > *from).is_some();
        let bytes = &bytes[..state.take_room(self.inode, offset, bytes.len())?];
        let inode = state.inode(self.inode);
        let mut stored = bytes.to_vec();
        if spoils && let Some(byte) = stored.last_mut() {
            *byte ^= 0x10;
        }
        inode.change(Change::Write { offset, bytes: stored.into() });
        Ok(bytes.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.enter(Call::SetLen)?;
        state.resize(self.inode, len as usize);
        Ok(())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let state = self.disk.enter(Call::Look)?;
        Ok(state.contents.names.get(path) == Some(&self.inode))
    }

    fn release(&self) {
        if self.alone.swap(false, Ordering::AcqRel) {
            self.disk.state().held.retain(|held| *held != self.inode);
        }
    }

    /// A failed sync writes some of the dirty pages and drops the others: reads still show all of them,
    /// no later sync writes any.
    fn sync(&self) -> io::Result<()> {
        match self.disk.enter(Call::Sync) {
            Ok(mut state) => {
                state.inode(self.inode).sync();
                Ok(())
            }
            Err(error) => {
                let mut state = self.disk.state();
                if !state.stopped() {
                    let mut random = Random::new(state.salt ^ state.calls.len() as u64);
                    state.inode(self.inode).fail_sync(&mut random);
                    state.changed = true;
                }
                Err(error)
            }
        }
    }
}
