//! A disk of which somebody hears what is done with its files.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use softadastra_store::storage::{
    Access, LockError, PathKind, Protection, Storage, StorageFile, StorageFolder, StorageLock,
};

/// Who hears of it.
pub trait Watcher: Debug + Send + Sync {
    /// Somebody has a file open.
    fn opened(&self) {}

    /// Nobody has it open any more.
    fn closed(&self) {}

    /// So many bytes were read.
    fn read(&self, _bytes: usize) {}

    /// A file is about to be synced.
    fn before_sync(&self) {}

    /// A file is about to be renamed, unless this refuses it.
    fn before_rename(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Another disk, watched.
#[derive(Debug, Clone)]
pub struct WatchedDisk {
    disk: Arc<dyn Storage>,
    watcher: Arc<dyn Watcher>,
}

impl WatchedDisk {
    pub fn new(disk: Arc<dyn Storage>, watcher: Arc<dyn Watcher>) -> Self {
        Self { disk, watcher }
    }

    fn watched(&self, file: Box<dyn StorageFile>) -> Box<dyn StorageFile> {
        self.watcher.opened();
        Box::new(WatchedFile { file, watcher: Arc::clone(&self.watcher) })
    }
}

impl Storage for WatchedDisk {
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        self.disk.kind(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.canonical(path)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>> {
        Ok(self.watched(self.disk.open(path, access)?))
    }

    fn open_alone(&self, path: &Path, access: Access) -> Result<Box<dyn StorageFile>, LockError> {
        Ok(self.watched(self.disk.open_alone(path, access)?))
    }

    fn create(&self, path: &Path, like: &Protection) -> io::Result<Box<dyn StorageFile>> {
        Ok(self.watched(self.disk.create(path, like)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.watcher.before_rename()?;
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
struct WatchedFile {
    file: Box<dyn StorageFile>,
    watcher: Arc<dyn Watcher>,
}

impl Drop for WatchedFile {
    fn drop(&mut self) {
        self.watcher.closed();
    }
}

impl StorageFile for WatchedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = self.file.read_at(buffer, offset)?;
        self.watcher.read(count);
        Ok(count)
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

    fn sync_name(&self) -> io::Result<()> {
        self.file.sync_name()
    }

    fn release(&self) {
        self.file.release();
    }

    fn sync(&self) -> io::Result<()> {
        self.watcher.before_sync();
        self.file.sync()
    }
}
