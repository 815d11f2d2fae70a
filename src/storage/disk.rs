//! The real disk.

mod alone;
mod changes;
mod identity;
mod momentary;
mod owner;
mod protection;
mod syncing;

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use self::identity::{FileId, is_missing};
use self::momentary::may_be_held;
use self::owner::Holding;
use super::{
    Access, LockError, PathKind, Protection, Storage, StorageChanges, StorageFile, StorageFolder,
    StorageLock,
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
        let real = fs::canonicalize(path)?;
        Ok(if cfg!(windows) { as_people_write_it(&real) } else { real })
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        let mut made = std::path::absolute(path)?;
        // Windows drops a dot or a space at the end, which is for the checks of the name to see.
        if let Some(name) = path.file_name().filter(|name| is_trimmed(name)) {
            made.set_file_name(name);
        }
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
        let file = alone::patiently(|| options.open(path).map_err(alone::refused))?;
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
        fs::rename(from, to).map_err(|error| {
            let may_pass = cfg!(windows) && may_be_held(&error);
            if may_pass { io::Error::new(io::ErrorKind::WouldBlock, error) } else { error }
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn is_remote(&self, path: &Path) -> io::Result<bool> {
        changes::is_remote(path)
    }

    fn notice(&self, path: &Path) -> Option<Box<dyn StorageChanges>> {
        changes::notice(path)
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
        alone::patiently(|| take(&mut file))?;
        Ok(Box::new(DiskLock { _holding: Holding::of(&file), file }))
    }
}

/// Without the prefix `\\?\`, as long as it means the same. It hangs on the folder alone, so that a file has the same
/// path before and after it was made.
fn as_people_write_it(real: &Path) -> PathBuf {
    match (real.parent(), real.file_name()) {
        (Some(folder), Some(name)) if !real.is_dir() => dunce::simplified(folder).join(name),
        _ => dunce::simplified(real).to_owned(),
    }
}

fn is_trimmed(name: &OsStr) -> bool {
    matches!(name.as_encoded_bytes().last(), Some(b'.' | b' '))
}

fn take(file: &mut File) -> Result<(), LockError> {
    match file.try_lock() {
        Ok(()) => {
            owner::note(file);
            Ok(())
        }
        Err(TryLockError::WouldBlock) if bug!(NoLock) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(LockError::Held { owner: owner::of(file) }),
        Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
    }
}

fn options(access: Access) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(access != Access::Read);
    options
}

/// Anyone who may write to the log must be able to lock it; its lock must tell no more to those who may only read it.
fn open_lock_file(path: &Path, like: &Protection) -> io::Result<File> {
    let like = Protection { mode: like.mode.map(|mode| mode & 0o666 | 0o600), ..*like };
    match protection::create_new(&mut options(Access::ReadWrite), path, &like) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    // Opening or reading a pipe or a device can block forever.
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

#[derive(Debug)]
struct DiskLock {
    // Before the file: once that is free, others may be noted as holding it.
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
        syncing::sync_all(&self.0)
    }
}

/// Windows has no such call; files are synced once more in its place, after they got their names.
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

    fn sync(&self) -> io::Result<()> {
        syncing::sync_data(&self.file)
    }

    /// What is flushed of a file on NTFS is also the journal up to the last change of its name.
    #[cfg(windows)]
    fn sync_name(&self) -> io::Result<()> {
        self.file.sync_all()
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
