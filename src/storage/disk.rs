//! The real disk.

mod alone;
mod identity;
mod owner;
mod protection;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use self::identity::{FileId, is_missing};
use self::owner::Holding;
use super::{
    Access, LockError, PathKind, Protection, Storage, StorageFile, StorageFolder, StorageLock,
};

/// The file system of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskStorage;

impl Storage for DiskStorage {
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        match fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(PathKind::File),
            Ok(found) if found.is_dir() => Ok(PathKind::Directory),
            Ok(_) => Ok(PathKind::Other),
            Err(error) if is_missing(&error) => Ok(PathKind::Missing),
            Err(error) => Err(error),
        }
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        let made = std::path::absolute(path)?;
        // The dot is dropped, and would be what says that the path is one of a folder.
        let bytes = path.as_os_str().as_encoded_bytes();
        let last = bytes.strip_suffix(b".").and_then(<[u8]>::last);
        let is_folder = last.is_some_and(|&byte| std::path::is_separator(char::from(byte)));
        Ok(if is_folder { made.join("") } else { made })
    }

    fn link_target(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => fs::read_link(path).map(Some),
            Ok(_) => Ok(None),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>> {
        if access == Access::Create {
            return self.create(path, &Protection::default());
        }
        let file = options(access).open(path)?;
        Ok(Box::new(DiskFile::new(file)))
    }

    fn open_alone(&self, path: &Path, access: Access) -> Result<Box<dyn StorageFile>, LockError> {
        if access == Access::Create {
            return self.create(path, &Protection::default()).map_err(LockError::Io);
        }
        let mut options = options(access);
        alone::keep_writers_out(&mut options);
        let file = options.open(path).map_err(alone::refused)?;
        alone::hold(&file)?;
        Ok(Box::new(DiskFile::held(file)))
    }

    fn create(&self, path: &Path, like: &Protection) -> io::Result<Box<dyn StorageFile>> {
        protection::clear(path)?;
        let mut options = options(Access::ReadWrite);
        alone::keep_writers_out(&mut options);
        let file = protection::create_new(&mut options, path, like)?;
        match alone::hold(&file) {
            Ok(()) => Ok(Box::new(DiskFile::held(file))),
            Err(LockError::Held { .. }) => Err(io::ErrorKind::WouldBlock.into()),
            Err(LockError::Io(error)) => Err(error),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        rename_patiently(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn folder(&self, path: &Path) -> io::Result<Box<dyn StorageFolder>> {
        Ok(Box::new(DiskFolder(File::open(path)?)))
    }

    #[cfg(not(unix))]
    fn folder(&self, _path: &Path) -> io::Result<Box<dyn StorageFolder>> {
        Ok(Box::new(DiskFolder))
    }

    fn lock(&self, path: &Path, like: &Protection) -> Result<Box<dyn StorageLock>, LockError> {
        let mut file = open_lock_file(path, like).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {
                owner::note(&mut file);
                Ok(Box::new(DiskLock { _holding: Holding::of(&file), file }))
            }
            Err(TryLockError::WouldBlock) if bug!(NoLock) => {
                Ok(Box::new(DiskLock { _holding: Holding::of(&file), file }))
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Held { owner: owner::of(&mut file) }),
            Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }
}

fn options(access: Access) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(access != Access::Read);
    options
}

/// Whoever may use the log must be able to lock it; who may only read it must not learn more from its lock.
fn open_lock_file(path: &Path, like: &Protection) -> io::Result<File> {
    let like = Protection { mode: like.mode.map(|mode| mode & 0o666 | 0o600), ..*like };
    match protection::create_new(&mut options(Access::ReadWrite), path, &like) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    // Whoever opens or reads a pipe or a device can wait for ever.
    let found = fs::metadata(path)?;
    if !found.is_file() && !found.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    // Not to be made: in a folder for everybody Linux refuses that for the files of others.
    match options(Access::ReadWrite).open(path) {
        // The lock is what counts, not the note in it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            options(Access::Read).open(path).map_err(|_| error)
        }
        opened => opened,
    }
}

#[cfg(not(windows))]
fn rename_patiently(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Virus scanners hold new files for a moment, so that a rename can fail for no lasting reason.
#[cfg(windows)]
fn rename_patiently(from: &Path, to: &Path) -> io::Result<()> {
    let mut wait = std::time::Duration::from_millis(1);
    loop {
        match fs::rename(from, to) {
            Err(error) if is_held(&error) && wait.as_millis() < 1_000 => {
                std::thread::sleep(wait);
                wait *= 2;
            }
            done => return done,
        }
    }
}

/// Access denied, or a sharing or lock violation, which have no `ErrorKind` of their own.
#[cfg(windows)]
fn is_held(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied || matches!(error.raw_os_error(), Some(32 | 33))
}

#[derive(Debug)]
struct DiskLock {
    // Before the file: when that is free, others may be noted as holding it.
    _holding: Holding,
    file: File,
}

impl StorageLock for DiskLock {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        identity::leads_to(FileId::of(&self.file)?, path)
    }
}

#[cfg(unix)]
#[derive(Debug)]
struct DiskFolder(File);

#[cfg(unix)]
impl StorageFolder for DiskFolder {
    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Windows has no such call; its file systems journal the names themselves.
#[cfg(not(unix))]
#[derive(Debug)]
struct DiskFolder;

#[cfg(not(unix))]
impl StorageFolder for DiskFolder {
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct DiskFile {
    /// While it is open alone. Before the file, as in a lock.
    holding: Mutex<Option<Holding>>,
    id: OnceLock<FileId>,
    file: File,
}

impl DiskFile {
    fn new(file: File) -> Self {
        Self { holding: Mutex::default(), id: OnceLock::new(), file }
    }

    fn held(file: File) -> Self {
        let holding = Mutex::new(Some(Holding::of(&file)));
        Self { holding, ..Self::new(file) }
    }
}

impl StorageFile for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.file, bytes, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.file, bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    /// `fdatasync` on Linux, which also writes a changed size; a full flush of the drive on macOS.
    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let known = self.id.get().copied();
        let id = known.map_or_else(|| FileId::of(&self.file), Ok)?;
        identity::is_at(*self.id.get_or_init(|| id), path)
    }

    fn protection(&self) -> io::Result<Protection> {
        protection::of(&self.file)
    }

    /// On Windows it ends with the file.
    fn release(&self) {
        let held = self.holding.lock().unwrap_or_else(PoisonError::into_inner).take();
        if cfg!(unix) && held.is_some() {
            let _ = self.file.unlock();
        }
    }
}
