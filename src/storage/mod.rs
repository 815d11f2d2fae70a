//! The file trait below the log: the real disk, and whatever a test puts in its place.
//!
//! Everything the log asks of a disk goes through [`Storage`] and [`StorageFile`], so a simulated
//! disk that drops, tears and reorders what was not synced sees every call.

#![forbid(unsafe_code)]

mod disk;

use std::collections::hash_map::RandomState;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};

pub use disk::DiskStorage;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// Nothing.
    Missing,
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// Something that cannot hold a log, such as a pipe or a device.
    Other,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read an existing file.
    Read,
    /// Read and write an existing file.
    ReadWrite,
    /// Make the file, or empty an existing one, to write it.
    Create,
}

/// Why a lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another opener has it.
    Held {
        /// The process that has it, where it is known.
        owner: Option<u32>,
    },
    /// The lock file cannot be used.
    Io(io::Error),
}

/// A held lock. Dropping it releases the lock, and so does the end of the process.
pub trait StorageLock: Send + Sync + Debug {}

/// An open folder.
pub trait StorageFolder: Send + Sync + Debug {
    /// Makes the entries of the folder durable: files made in it, names changed in it and taken out of it.
    fn sync(&self) -> io::Result<()>;
}

/// A file system.
pub trait Storage: Send + Sync + Debug {
    /// What `path` names.
    fn kind(&self, path: &Path) -> io::Result<PathKind>;
    /// The one absolute name of an existing `path`, so that two names of a log share one lock.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;
    /// Opens a file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>>;
    /// Renames a file, replacing what is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Opens a folder, so that nothing more is needed to make its entries durable.
    fn folder(&self, path: &Path) -> io::Result<Box<dyn StorageFolder>>;
    /// Makes the entries of a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.folder(path)?.sync()
    }
    /// Takes the exclusive lock that the file `path` stands for, making the file if it is missing.
    fn lock(&self, path: &Path) -> Result<Box<dyn StorageLock>, LockError>;
    /// Random bits from the operating system, by way of the keys that it seeds hash maps with.
    fn random(&self) -> u64 {
        RandomState::new().build_hasher().finish()
    }
}

/// An open file. Offsets are absolute; nothing depends on a file position or on append mode.
pub trait StorageFile: Send + Sync + Debug {
    /// The size in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the size is 0.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Reads at `offset`; fewer bytes than asked for only at the end or by chance, 0 only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at `offset`; may write fewer bytes than given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Cuts or extends the file; an extension reads as zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Puts contents and size on stable storage.
    fn sync(&self) -> io::Result<()>;
}

/// Reads until `buffer` is full or the file ends, and says how much was read.
pub fn read_full(file: &dyn StorageFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + done as u64) {
            Ok(0) => break,
            Ok(count) if bug!(ShortReadBelieved) => return Ok(done + count),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Writes all of `bytes`.
pub fn write_full(file: &dyn StorageFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write_at(rest, offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(_) if bug!(ShortWriteBelieved) => return Ok(()),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
