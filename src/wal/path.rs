//! The names of a log and of the files beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::storage::{PathKind, Storage};

/// Endings of names that are kept for the files beside a log.
const RESERVED: [&str; 2] = [".lock", ".new"];

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// A checked log path and the names that belong to it.
#[derive(Debug, Clone)]
pub struct LogPath {
    log: PathBuf,
    folder: PathBuf,
    exists: bool,
}

impl LogPath {
    /// Checks that `path` can name a log and resolves links, so that two names of one log share one
    /// lock. A link to nothing stands for the file that it would lead to.
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

    /// The names of a log that is not there yet.
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

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn kind_of(storage: &dyn Storage, path: &Path) -> Result<PathKind> {
    storage.kind(path).map_err(|error| {
        let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
        // Looking at a file asks for no right to it: it is a folder above that may not be entered.
        let closed = path.ancestors().skip(1).find(|above| storage.kind(above).is_ok());
        Error::io(closed.filter(|_| denied).unwrap_or(path), "look at the path", error)
    })
}

fn canonical(storage: &dyn Storage, path: &Path) -> Result<PathBuf> {
    storage.canonical(path).map_err(|error| Error::io(path, "resolve the path", error))
}

/// Where a link to nothing leads.
fn linked(storage: &dyn Storage, path: &Path) -> Result<Option<PathBuf>> {
    bug!(DanglingLinkReplaced, return Ok(None));
    let target = storage.link_target(path);
    let target = target.map_err(|error| Error::io(path, "read the link", error))?;
    Ok(target.map(|target| folder_of(path).join(target)))
}

/// The system takes a path with such an end for that of a folder, where `Path` looks past it.
fn names_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let is_separator = |byte: &u8| std::path::is_separator(char::from(*byte));
    match bytes.split_last() {
        Some((b'.', [.., before])) => is_separator(before),
        Some((last, _)) => is_separator(last),
        None => false,
    }
}

fn check(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::InvalidPath { reason: "path is empty" });
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::InvalidPath { reason: "path contains a NUL byte" });
    }
    if names_folder(path) {
        return Err(Error::InvalidPath { reason: "path ends as that of a folder does" });
    }
    if RESERVED.iter().any(|end| path.as_os_str().as_encoded_bytes().ends_with(end.as_bytes())) {
        return Err(Error::InvalidPath {
            reason: "names that end in .lock or .new are kept for the files beside a log",
        });
    }
    Ok(())
}
