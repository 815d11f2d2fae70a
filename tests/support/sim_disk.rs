//! A disk in memory that can fail and crash as real ones do.
//!
//! What was written and what is on stable storage are kept apart, for contents, sizes and names. A
//! crash keeps, drops, tears or spoils every sector that was not synced, each by itself.
//!
//! Two assumptions that the store makes of a disk are built in: a write never harms bytes beside the
//! ones it writes, and writing bytes that are there already does not destroy them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use softadastra_store::storage::{Access, LockError, PathKind, Storage, StorageFile, StorageLock};

use super::random::Random;

const SECTOR: usize = 512;

/// What a failing call reports, and what it did before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and reports this.
    Error(io::ErrorKind),
    /// A write takes half of the bytes; the next call on the disk finds it full.
    ShortThenFull,
}

/// A file: what reads show, and what a crash cannot take any more.
#[derive(Debug, Clone, Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Writes and size changes since the last sync, in order.
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLen(usize),
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// The names after each change since the last sync of the folder.
    pending_names: Vec<BTreeMap<PathBuf, usize>>,
    locks: Vec<PathBuf>,
    calls: usize,
    fault: Option<(usize, Fault)>,
    faults_met: usize,
    crash_at: Option<usize>,
    full: bool,
    sync_fails: bool,
    syncs: usize,
}

/// The disk. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

/// Whether a call changes the disk or only looks at it.
#[derive(PartialEq, Eq)]
enum Call {
    Look,
    Write,
    Sync,
    Other,
}

impl SimDisk {
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk on which `path` already holds `bytes`, durably.
    pub fn with_file(path: &Path, bytes: &[u8]) -> Self {
        let disk = Self::new();
        let mut state = disk.state();
        state.inodes.push(Inode { now: bytes.into(), durable: bytes.into(), pending: vec![] });
        state.names.insert(path.into(), 0);
        state.durable_names.insert(path.into(), 0);
        drop(state);
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The contents of a file as a reader sees them.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(path).map(|&inode| state.inodes[inode].now.clone())
    }

    /// The names on the disk.
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// How many I/O calls there were.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// How many syncs of files there were.
    pub fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// Makes the call with this number, counted from 0 from the start of the disk, fail.
    pub fn fail_at(&self, call: usize, fault: Fault) {
        self.state().fault = Some((call, fault));
    }

    /// How many calls failed because they were told to.
    pub fn faults_met(&self) -> usize {
        self.state().faults_met
    }

    /// Whether the disk is full: then every write that would need room fails.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// Makes the next sync of a file fail.
    pub fn fail_next_sync(&self) {
        self.state().sync_fails = true;
    }

    /// Makes every call from this number on fail, as if the machine had stopped.
    pub fn crash_at(&self, call: usize) {
        self.state().crash_at = Some(call);
    }

    /// The disk as it may be found after a crash now.
    pub fn crash(&self, random: &mut Random) -> Self {
        let state = self.state();
        let names = match random.below(state.pending_names.len() + 1) {
            0 => &state.durable_names,
            kept => &state.pending_names[kept - 1],
        };
        let inodes: Vec<Inode> = state
            .inodes
            .iter()
            .map(|inode| {
                let found = inode.crash(random);
                Inode { now: found.clone(), durable: found, pending: vec![] }
            })
            .collect();
        let after = State {
            inodes,
            names: names.clone(),
            durable_names: names.clone(),
            ..State::default()
        };
        Self(Arc::new(Mutex::new(after)))
    }

    /// Counts a call and lets it fail when its turn has come.
    fn enter(&self, call: Call) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.calls;
        state.calls += 1;
        if state.stopped() {
            return Err(io::Error::other("the machine has stopped"));
        }
        if let Some((at, Fault::Error(kind))) = state.fault
            && at == number
        {
            state.faults_met += 1;
            return Err(kind.into());
        }
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
    /// Whether the machine stopped at the last call or before.
    fn stopped(&self) -> bool {
        self.crash_at.is_some_and(|at| self.calls > at)
    }
}

impl Inode {
    /// What a crash leaves of the file.
    fn crash(&self, random: &mut Random) -> Vec<u8> {
        let mut found = self.durable.clone();
        for change in &self.pending {
            match change {
                Change::SetLen(len) => {
                    if random.below(2) == 0 {
                        found.resize(*len, 0);
                    }
                }
                Change::Write { offset, bytes } => crash_write(&mut found, *offset, bytes, random),
            }
        }
        found
    }
}

/// Lets each sector of an unsynced write have its own fate. The size may go ahead of the data.
fn crash_write(found: &mut Vec<u8>, offset: usize, bytes: &[u8], random: &mut Random) {
    let end = offset + bytes.len();
    let mut at = offset;
    // Most crashes hit everything in the same way; some mix the fates.
    let uniform = (random.below(2) == 0).then(|| random.below(4));
    while at < end {
        let next = ((at / SECTOR + 1) * SECTOR).min(end);
        let new = &bytes[at - offset..next - offset];
        let fate = uniform.unwrap_or_else(|| random.below(4));
        // Space that the file did not have can come with anything in it.
        let same = found.get(at..next) == Some(new);
        if fate != 1 && found.len() < next {
            found.resize(next, 0);
        }
        match fate {
            0 => found[at..next].copy_from_slice(new),
            1 => {}
            2 => {
                let torn = random.below(new.len() + 1);
                found[at..at + torn].copy_from_slice(&new[..torn]);
            }
            _ if !same => found[at..next].copy_from_slice(&random.bytes(new.len())),
            _ => {}
        }
        at = next;
    }
}

impl Storage for SimDisk {
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let state = self.enter(Call::Look)?;
        Ok(if state.names.contains_key(path) {
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
        let mut state = self.enter(Call::Other)?;
        let inode = match (state.names.get(path), access) {
            (Some(&inode), Access::Create) => {
                state.inodes[inode].now.clear();
                state.inodes[inode].pending.push(Change::SetLen(0));
                inode
            }
            (Some(&inode), _) => inode,
            (None, Access::Create) => {
                state.inodes.push(Inode::default());
                let inode = state.inodes.len() - 1;
                state.names.insert(path.into(), inode);
                let names = state.names.clone();
                state.pending_names.push(names);
                inode
            }
            (None, _) => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Box::new(SimFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.enter(Call::Other)?;
        let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.into(), inode);
        let names = state.names.clone();
        state.pending_names.push(names);
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        let mut state = self.enter(Call::Other)?;
        state.durable_names = state.names.clone();
        state.pending_names.clear();
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn StorageLock>, LockError> {
        let mut state = self.enter(Call::Other).map_err(LockError::Io)?;
        if state.locks.iter().any(|held| held == path) {
            return Err(LockError::Held { owner: None });
        }
        state.locks.push(path.into());
        Ok(Box::new(SimLock { disk: self.clone(), path: path.into() }))
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
struct SimFile {
    disk: SimDisk,
    inode: usize,
}

impl StorageFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.disk.enter(Call::Look)?;
        Ok(state.inodes[self.inode].now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.enter(Call::Look)?;
        let data = &state.inodes[self.inode].now;
        let from = (offset as usize).min(data.len());
        let count = buffer.len().min(data.len() - from);
        buffer[..count].copy_from_slice(&data[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let number = self.disk.state().calls;
        let mut state = self.disk.enter(Call::Write)?;
        let mut bytes = bytes;
        if state.fault == Some((number, Fault::ShortThenFull)) {
            state.faults_met += 1;
            state.fault = Some((number + 1, Fault::Error(io::ErrorKind::StorageFull)));
            bytes = &bytes[..bytes.len() / 2];
        }
        let (offset, end) = (offset as usize, offset as usize + bytes.len());
        let full = state.full;
        let inode = &mut state.inodes[self.inode];
        if inode.now.len() < end {
            if full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            inode.now.resize(end, 0);
        }
        inode.now[offset..end].copy_from_slice(bytes);
        inode.pending.push(Change::Write { offset, bytes: bytes.into() });
        Ok(bytes.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.enter(Call::Write)?;
        let inode = &mut state.inodes[self.inode];
        inode.now.resize(len as usize, 0);
        inode.pending.push(Change::SetLen(len as usize));
        Ok(())
    }

    /// A failed sync drops the dirty pages: reads still show them, no later sync writes them.
    fn sync(&self) -> io::Result<()> {
        let mut state = match self.disk.enter(Call::Sync) {
            Ok(state) => state,
            Err(error) => {
                let mut state = self.disk.state();
                if !state.stopped() {
                    state.inodes[self.inode].pending.clear();
                }
                return Err(error);
            }
        };
        let inode = &mut state.inodes[self.inode];
        for change in std::mem::take(&mut inode.pending) {
            match change {
                Change::SetLen(len) => inode.durable.resize(len, 0),
                Change::Write { offset, bytes } => {
                    let end = offset + bytes.len();
                    if inode.durable.len() < end {
                        inode.durable.resize(end, 0);
                    }
                    inode.durable[offset..end].copy_from_slice(&bytes);
                }
            }
        }
        Ok(())
    }
}
