//! The file trait below the log: the real disk, or what a test uses instead.
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
use std::time::Duration;

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
    /// Make a new file to write it. What had the name before, a link too, loses it and is not written to.
    Create,
}

/// Who holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockOwner {
    /// The thread that asks for it.
    ThisThread,
    /// This process.
    ThisProcess,
    /// Another process, by its number.
    Process(u32),
    /// A process whose number means nothing here: of another container or another machine.
    Elsewhere,
    /// It cannot be known.
    Unknown,
}

/// Why a lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another opener has it.
    Held {
        /// Who that is.
        owner: LockOwner,
    },
    /// The lock file, or the file to be locked, cannot be used.
    Io(io::Error),
}

/// Who may read and write a file; with the default that is for the system to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Protection {
    /// The permission bits, as Unix has them.
    pub mode: Option<u32>,
    /// The user and the group.
    pub owner: Option<(u32, u32)>,
}

/// A held lock. Dropping it releases the lock, and so does the end of the process.
pub trait StorageLock: Send + Sync + Debug {
    /// Whether the file that is locked is the one under this name. True where that cannot be told.
    fn is_at(&self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

/// The changes of a file, as they happen.
pub trait StorageChanges: Send + Debug {
    /// Waits for the next one, no longer than this. False when there will be none any more, because the file is gone.
    fn wait(&mut self, longest: Duration) -> bool;
}

/// An open folder.
pub trait StorageFolder: Send + Sync + Debug {
    /// Makes the entries of the folder durable: files made in it, names changed in it and taken out of it. Nothing where
    /// [`StorageFile::sync_name`] does it.
    fn sync(&self) -> io::Result<()>;
}

/// A file system.
pub trait Storage: Send + Sync + Debug {
    /// What `path` names.
    fn kind(&self, path: &Path) -> io::Result<PathKind>;
    /// The one absolute name of an existing `path`, so that two names of a log share one lock.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;
    /// The path as it is from the root, whatever the working directory becomes.
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
    /// Where the symbolic link `path` points, as it is written in it; nothing when it is no link.
    fn link_target(&self, _path: &Path) -> io::Result<Option<PathBuf>> {
        Ok(None)
    }
    /// Opens a file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>>;
    /// [`open`](Self::open) for one opener at a time, until the file is [released](StorageFile::release) or
    /// dropped. Those who only read are not kept out.
    fn open_alone(&self, path: &Path, access: Access) -> Result<Box<dyn StorageFile>, LockError> {
        self.open(path, access).map_err(LockError::Io)
    }
    /// Makes a new file as [`Access::Create`] does, opened [alone](Self::open_alone). Its mode and, where that is
    /// permitted, its owner are those of `like`; where it is not, nobody can read it who could not otherwise.
    fn create(&self, path: &Path, _like: &Protection) -> io::Result<Box<dyn StorageFile>> {
        self.open(path, Access::Create)
    }
    /// Renames a file, replacing what is there. `WouldBlock`, with what the system says inside, when others have one of
    /// the files open and that may be why.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Opens a folder, so that nothing more is needed to make its entries durable.
    fn folder(&self, path: &Path) -> io::Result<Box<dyn StorageFolder>>;
    /// Takes the exclusive lock that the file `path` stands for, making the file if it is missing, protected
    /// like the file that it is for.
    fn lock(&self, path: &Path, like: &Protection) -> Result<Box<dyn StorageLock>, LockError>;
    /// Milliseconds since the Unix epoch: what entries that expire are compared with.
    fn now(&self) -> i64 {
        crate::operation::now()
    }
    /// Whether `path` is known to be on a disk of another machine.
    fn is_remote(&self, _path: &Path) -> io::Result<bool> {
        Ok(false)
    }
    /// Notices when a file changes; nothing where that has to be looked for.
    fn notice(&self, _path: &Path) -> Option<Box<dyn StorageChanges>> {
        None
    }
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
    /// Makes the name that the file has been given durable, where folders cannot be synced.
    fn sync_name(&self) -> io::Result<()> {
        Ok(())
    }
    /// Whether this very file has the name `path`. True where that cannot be told.
    fn is_at(&self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
    /// Who may read and write it.
    fn protection(&self) -> io::Result<Protection> {
        Ok(Protection::default())
    }
    /// Lets others open it [alone](Storage::open_alone), whoever still reads from this one.
    fn release(&self) {}
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
