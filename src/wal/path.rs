//! The names of a log and of the files beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::storage::{PathKind, Storage};

/// Endings of names that are kept for the files beside a log.
const RESERVED: [&str; 2] = [".lock", ".new"];

/// A checked log path and the names that belong to it.
#[derive(Debug, Clone)]
pub struct LogPath {
    log: PathBuf,
    folder: PathBuf,
    exists: bool,
}

impl LogPath {
    /// Checks that `path` can name a log and resolves links, so that two names of one log share one
    /// lock.
    pub fn resolve(storage: &dyn Storage, path: &Path) -> Result<Self> {
        check(path)?;
        let stat = |path: &Path| {
            storage.kind(path).map_err(|error| Error::io(path, "look at the path", error))
        };
        let absolute = |path: &Path| {
            storage.canonical(path).map_err(|error| Error::io(path, "resolve the path", error))
        };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        match stat(path)? {
            PathKind::Directory => {
                let source = std::io::ErrorKind::IsADirectory.into();
                Err(Error::io(path, "open the log", source))
            }
            PathKind::Other => {
                Err(Error::NotALog { path: path.to_owned(), reason: "not a regular file" })
            }
            PathKind::File => Ok(Self::of_open_log(&absolute(path)?)),
            PathKind::Missing => {
                if stat(folder)? != PathKind::Directory {
                    return Err(Error::DirectoryMissing { path: folder.to_owned() });
                }
                let folder = absolute(folder)?;
                let name = path.file_name();
                let name = name.ok_or(Error::InvalidPath { reason: "path names no file" })?;
                Ok(Self { log: folder.join(name), folder, exists: false })
            }
        }
    }

    /// The names that belong to a log that is open under this resolved path.
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

    /// Whether the log was there when the path was resolved.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// The lock file. It stays for ever; only the lock on it counts.
    pub fn lock(&self) -> PathBuf {
        self.beside(if bug!(LockOnRenamedFile) { ".new" } else { ".lock" })
    }

    /// The name under which a log is made before it gets its own.
    pub fn new_log(&self) -> PathBuf {
        self.beside(".new")
    }

    /// Where the bytes are kept that a repair cuts off at `offset`. The same bytes get the same
    /// name, so a repair that is repeated after a crash does not keep them twice.
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

fn check(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::InvalidPath { reason: "path is empty" });
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::InvalidPath { reason: "path contains a NUL byte" });
    }
    if RESERVED.iter().any(|end| path.as_os_str().as_encoded_bytes().ends_with(end.as_bytes())) {
        return Err(Error::InvalidPath {
            reason: "names that end in .lock or .new are kept for the files beside a log",
        });
    }
    Ok(())
}
