//! The names of a log and of the files beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::log_name::check;
use crate::error::{Error, Result};
use crate::storage::{PathKind, Storage};

/// The number of links that Linux follows.
const MAX_LINKS: usize = 40;

/// A checked log path and the names that belong to it.
#[derive(Debug, Clone)]
pub struct LogPath {
    log: PathBuf,
    folder: PathBuf,
    exists: bool,
}

impl LogPath {
    /// Checks that `path` can name a log and resolves links, so that two names for a log share one
    /// lock. A dangling link stands for the file to which it would lead.
    pub fn resolve(storage: &dyn Storage, path: &Path) -> Result<Self> {
        check(path)?;
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            match kind_of(storage, &path)? {
                PathKind::Directory => {
                    let source = std::io::ErrorKind::IsADirectory.into();
                    return Err(Error::io(&path, "open the log", source));
                }
                PathKind::Other => {
                    return Err(Error::NotALog { path, reason: "not a regular file" });
                }
                PathKind::File => {
                    let log = canonical(storage, &path)?;
                    check(&log)?;
                    return Ok(Self::of_open_log(&log));
                }
                PathKind::Missing => match linked(storage, &path)? {
                    Some(target) => path = target,
                    None => return Self::missing(storage, &path),
                },
            }
        }
        Err(Error::InvalidPath { reason: "path leads through too many symbolic links" })
    }

    /// The names of a log that does not exist yet.
    fn missing(storage: &dyn Storage, path: &Path) -> Result<Self> {
        check(path)?;
        let folder = folder_of(path);
        if kind_of(storage, folder)? != PathKind::Directory {
            return Err(Error::DirectoryMissing { path: folder.to_owned() });
        }
        let folder = canonical(storage, folder)?;
        let name = path.file_name().ok_or(Error::InvalidPath { reason: "path names no file" })?;
        Ok(Self { log: folder.join(name), folder, exists: false })
    }

    /// The names that belong to a log that is open at this resolved path.
    pub(crate) fn of_open_log(log: &Path) -> Self {
        let folder = log.parent().unwrap_or(Path::new("/")).to_owned();
        Self { log: log.to_owned(), folder, exists: true }
    }

    /// The log itself.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The folder that holds it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the log existed when the path was resolved.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// The lock file. It stays forever; only the lock on it counts.
    pub fn lock(&self) -> PathBuf {
        self.beside(if bug!(LockOnRenamedFile) { ".new" } else { ".lock" })
    }

    /// The name under which a log is written before it gets its own.
    pub fn new_log(&self) -> PathBuf {
        self.beside(".new")
    }

    /// Where the records of the log are; a cache.
    pub fn index(&self) -> PathBuf {
        self.beside(".index")
    }

    /// The name under which that is written.
    pub fn new_index(&self) -> PathBuf {
        self.beside(".index.new")
    }

    /// How far the log is beyond recall; a hint for followers.
    pub(crate) fn durable(&self) -> PathBuf {
        self.beside(".durable")
    }

    /// Where a repair keeps the bytes that it cuts off at `offset`. The same bytes get the same name, so
    /// a repair that is repeated after a crash does not keep them twice.
    pub fn cut(&self, offset: u64, checksum: u32) -> PathBuf {
        self.beside(&format!(".cut-{offset}-{checksum:08x}"))
    }

    /// A file beside the log.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(&self.log);
        name.push(suffix);
        name.into()
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn kind_of(storage: &dyn Storage, path: &Path) -> Result<PathKind> {
    storage.kind(path).map_err(|error| {
        let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
        // Looking at a file needs no permission on it: it is a folder above that may not be entered.
        let closed = path.ancestors().skip(1).find(|above| storage.kind(above).is_ok());
        Error::io(closed.filter(|_| denied).unwrap_or(path), "look at the path", error)
    })
}

fn canonical(storage: &dyn Storage, path: &Path) -> Result<PathBuf> {
    storage.canonical(path).map_err(|error| Error::io(path, "resolve the path", error))
}

/// Where a dangling link leads.
fn linked(storage: &dyn Storage, path: &Path) -> Result<Option<PathBuf>> {
    bug!(DanglingLinkReplaced, return Ok(None));
    let target = storage.link_target(path);
    let target = target.map_err(|error| Error::io(path, "read the link", error))?;
    Ok(target.map(|target| folder_of(path).join(target)))
}
