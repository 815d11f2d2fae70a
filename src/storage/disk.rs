//! The real disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Access, LockError, PathKind, Storage, StorageFile, StorageFolder, StorageLock};

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

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match access {
            Access::Read => {}
            Access::ReadWrite => {
                options.write(true);
            }
            Access::Create => {
                options.write(true).create(true).truncate(true);
            }
        }
        Ok(Box::new(DiskFile(options.open(path)?)))
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

    fn lock(&self, path: &Path) -> Result<Box<dyn StorageLock>, LockError> {
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {
                note_owner(&mut file);
                Ok(Box::new(DiskLock(file)))
            }
            Err(TryLockError::WouldBlock) if bug!(NoLock) => Ok(Box::new(DiskLock(file))),
            Err(TryLockError::WouldBlock) => Err(LockError::Held { owner: read_owner(&mut file) }),
            Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }
}

/// `NotADirectory` is how a path below a file is missing.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
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

const OWNER_PREFIX: &str = "softadastra-store pid ";

/// Leaves the process id in the lock file, for the message that a second opener gets. The lock alone
/// counts, so a failure here does not matter; and a file with other contents is left as it is.
fn note_owner(file: &mut File) {
    let mut text = String::new();
    let ours = file.read_to_string(&mut text).is_ok()
        && (text.is_empty() || text.starts_with(OWNER_PREFIX));
    if ours && file.seek(SeekFrom::Start(0)).is_ok() && file.set_len(0).is_ok() {
        let _ = writeln!(file, "{OWNER_PREFIX}{}", std::process::id());
    }
}

/// Windows does not let a second opener read a locked file; the owner is unknown there.
fn read_owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.strip_prefix(OWNER_PREFIX)?.trim_end().parse().ok()
}

#[derive(Debug)]
struct DiskLock(#[expect(dead_code, reason = "held for its lock, released on drop")] File);

impl StorageLock for DiskLock {}

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
struct DiskFile(File);

impl StorageFile for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    /// `fdatasync` on Linux, which also writes a changed size; a full flush of the drive on macOS.
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
