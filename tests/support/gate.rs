//! A disk whose syncs wait until they are let go.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use softadastra_store::storage::{
    Access, LockError, PathKind, Protection, Storage, StorageFile, StorageFolder, StorageLock,
};

use super::sim_disk::SimDisk;

#[derive(Debug, Default)]
struct Gate {
    closed: bool,
    waiting: bool,
    /// Syncs that still work before one fails.
    good_syncs: Option<usize>,
}

/// A simulated disk behind a gate. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct GatedDisk {
    disk: SimDisk,
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

impl GatedDisk {
    pub fn new() -> Self {
        Self { disk: SimDisk::new(), gate: Arc::default() }
    }

    fn change(&self, change: impl FnOnce(&mut Gate)) {
        change(&mut self.gate.0.lock().unwrap());
        self.gate.1.notify_all();
    }

    /// Lets the next sync wait.
    pub fn hold_syncs(&self) {
        self.change(|gate| gate.closed = true);
    }

    /// Returns when a sync waits.
    pub fn wait_until_held(&self) {
        let gate = self.gate.0.lock().unwrap();
        drop(self.gate.1.wait_while(gate, |gate| !gate.waiting).unwrap());
    }

    /// Makes one sync fail after so many good ones.
    pub fn fail_sync_after(&self, good: usize) {
        self.change(|gate| gate.good_syncs = Some(good));
    }

    pub fn release(&self) {
        self.change(|gate| gate.closed = false);
    }
}

impl Storage for GatedDisk {
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        self.disk.kind(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.canonical(path)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>> {
        let file = self.disk.open(path, access)?;
        Ok(Box::new(GatedFile { file, disk: self.clone() }))
    }

    fn open_alone(&self, path: &Path, access: Access) -> Result<Box<dyn StorageFile>, LockError> {
        let file = self.disk.open_alone(path, access)?;
        Ok(Box::new(GatedFile { file, disk: self.clone() }))
    }

    fn create(&self, path: &Path, like: &Protection) -> io::Result<Box<dyn StorageFile>> {
        let file = self.disk.create(path, like)?;
        Ok(Box::new(GatedFile { file, disk: self.clone() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn folder(&self, path: &Path) -> io::Result<Box<dyn StorageFolder>> {
        self.disk.folder(path)
    }

    fn lock(&self, path: &Path, like: &Protection) -> Result<Box<dyn StorageLock>, LockError> {
        self.disk.lock(path, like)
    }
}

#[derive(Debug)]
struct GatedFile {
    file: Box<dyn StorageFile>,
    disk: GatedDisk,
}

impl StorageFile for GatedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(path)
    }

    fn release(&self) {
        self.file.release();
    }

    fn sync(&self) -> io::Result<()> {
        let (gate, changed) = &*self.disk.gate;
        let mut gate = gate.lock().unwrap();
        gate.waiting = gate.closed;
        changed.notify_all();
        let mut gate = changed.wait_while(gate, |gate| gate.closed).unwrap();
        let fails = gate.good_syncs == Some(0);
        gate.good_syncs = gate.good_syncs.and_then(|good| good.checked_sub(1));
        drop(gate);
        if fails {
            self.disk.disk.fail_next_sync();
        }
        self.file.sync()
    }
}
