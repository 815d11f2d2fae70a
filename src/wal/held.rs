//! The files of a log that only this store may write: the log itself and its lock file.
//!
//! The lock file keeps two openers from creating or repairing a log at the same time. The log itself is locked as well,
//! the file and not its name: neither removing the lock file nor another name for the log lets anyone in.

use std::path::Path;
use std::sync::Arc;

use super::folder::OpenFolder;
use super::format::FileHeader;
use super::path::LogPath;
use super::patience::rename_patiently;
use super::reader::LogReader;
use super::side_names::check_side_names;
use crate::error::{Error, Result};
use crate::storage::{
    Access, LockError, LockOwner, PathKind, Protection, Storage, StorageFile, StorageLock,
    write_full,
};

/// How often a log that is replaced while it is being opened is looked up again.
const ATTEMPTS: usize = 4;

/// The log and its lock, held.
#[derive(Debug)]
pub struct Held {
    path: LogPath,
    file: Arc<dyn StorageFile>,
    lock: Box<dyn StorageLock>,
    /// Whether the file system can tell that a name stands for an open file. Some network file systems give the same
    /// file a new number each time; there nothing can be said about what a name stands for.
    is_known_by_name: bool,
}

/// A held log that is about to be replayed.
#[derive(Debug)]
pub struct Opening {
    pub(super) held: Held,
    /// Opened before anything is changed, so that nothing is missing for steps that cannot be undone.
    pub(super) folder: OpenFolder,
    pub(super) created: bool,
}

impl Opening {
    /// Takes hold of the log at `path`, and creates it when it is missing.
    pub fn begin(storage: &dyn Storage, mut path: LogPath) -> Result<Self> {
        for attempt in 1.. {
            let like = if path.exists() {
                // Before the lock file is made: nothing may be left beside a file that is not ours.
                let file = open_file(storage, &path)?;
                LogReader::new(path.log(), &*file)?;
                file.protection()
                    .map_err(|error| Error::io(path.log(), "look at the log", error))?
            } else {
                check_side_names(storage, &path)?;
                Protection::default()
            };
            let folder = OpenFolder::open(storage, path.folder())?;
            let lock = take_lock(storage, &path, &like)?;
            let found = LogPath::resolve(storage, path.log())?;
            let is_last = attempt == ATTEMPTS;
            if found.log() != path.log() && !is_last {
                path = found;
                continue;
            }
            let created = !found.exists();
            let file = if created { create(storage, &found)? } else { hold(storage, &found)? };
            let is_known_by_name = file
                .is_at(found.log())
                .map_err(|error| Error::io(found.log(), "look at the log", error))?;
            if !is_known_by_name && !is_last {
                // Its previous holder replaced it in the meantime.
                path = LogPath::resolve(storage, found.log())?;
                continue;
            }
            let file = Arc::from(file);
            let held = Held { path: found, file, lock, is_known_by_name };
            return Ok(Self { held, folder, created });
        }
        Err(Error::Internal { reason: "a log was never looked up" })
    }

    /// Starts over with a log that is already held.
    pub(crate) fn again(held: Held, folder: OpenFolder) -> Self {
        Self { held, folder, created: false }
    }

    /// The log, with all links resolved.
    pub fn path(&self) -> &Path {
        self.held.path.log()
    }

    /// The names that belong to it.
    pub(crate) fn names(&self) -> &LogPath {
        &self.held.path
    }

    /// The log itself.
    pub(crate) fn file(&self) -> &Arc<dyn StorageFile> {
        &self.held.file
    }
}

impl Held {
    pub(super) fn path(&self) -> &LogPath {
        &self.path
    }

    pub(super) fn file(&self) -> &Arc<dyn StorageFile> {
        &self.file
    }

    /// An error when the name of the log is known to stand for another file, or for none. A check that fails proves
    /// neither.
    pub(super) fn check_name(&self) -> Result<()> {
        match self.file.is_at(self.path.log()) {
            Ok(is_here) => self.judge(is_here),
            Err(_) => Ok(()),
        }
    }

    /// An error when another file has the name. A missing log is none: whoever removed it before closing its store does
    /// not want it back.
    pub(super) fn check_not_replaced(&self, storage: &dyn Storage) -> Result<()> {
        let log = self.path.log();
        let failed = |error| Error::io(log, "look at the log", error);
        match storage.kind(log).map_err(failed)? {
            PathKind::Missing => Ok(()),
            _ => self.judge(self.file.is_at(log).map_err(failed)?),
        }
    }

    fn judge(&self, is_here: bool) -> Result<()> {
        if self.is_known_by_name && !is_here && !bug!(ReplacedLogTrusted) {
            return Err(Error::LogReplaced { path: self.path.log().to_owned() });
        }
        Ok(())
    }

    /// Makes sure that both names stand for what is held before one of them gets another file. A lock file that was
    /// removed is created again: nobody who took it in the meantime has the log.
    pub(super) fn secure_names(&mut self, storage: &dyn Storage) -> Result<()> {
        let failed = |error| Error::io(self.path.log(), "look at the log", error);
        self.judge(self.file.is_at(self.path.log()).map_err(failed)?)?;
        let is_locked = self.lock.is_at(&self.path.lock()).map_err(failed)?;
        if self.is_known_by_name && !is_locked {
            let like = self.file.protection().map_err(failed)?;
            self.lock = take_lock(storage, &self.path, &like)?;
        }
        Ok(())
    }

    /// Continues with the file that has the name now and is held as well.
    pub(super) fn take_over(&mut self, file: Arc<dyn StorageFile>) {
        std::mem::replace(&mut self.file, file).release();
    }
}

/// Readers of the history may keep the file open for a while.
impl Drop for Held {
    fn drop(&mut self) {
        self.file.release();
    }
}

pub(crate) fn take_lock(
    storage: &dyn Storage,
    path: &LogPath,
    like: &Protection,
) -> Result<Box<dyn StorageLock>> {
    storage.lock(&path.lock(), like).map_err(|error| match error {
        LockError::Held { owner } => Error::Locked { path: path.log().to_owned(), owner },
        LockError::Io(error) => Error::io(&path.lock(), "lock the log", error),
    })
}

fn open_file(storage: &dyn Storage, path: &LogPath) -> Result<Box<dyn StorageFile>> {
    storage.open(path.log(), Access::Read).map_err(|error| not_opened(path, error))
}

fn hold(storage: &dyn Storage, path: &LogPath) -> Result<Box<dyn StorageFile>> {
    let file = storage.open_alone(path.log(), Access::ReadWrite);
    let file = file.map_err(|error| match error {
        LockError::Held { owner } => Error::Locked { path: path.log().to_owned(), owner },
        LockError::Io(error) => not_opened(path, error),
    })?;
    drop_unfinished(storage, path)?;
    Ok(file)
}

fn not_opened(path: &LogPath, error: std::io::Error) -> Error {
    match Error::io(path.log(), "open the log", error) {
        Error::Io { path, source, .. } => Error::RecoveryFailed { path, offset: 0, source },
        refused => refused,
    }
}

/// Removes what a creation or a compaction left behind when a crash interrupted it. It never had the log's name, so
/// nothing in it was acknowledged.
fn drop_unfinished(storage: &dyn Storage, path: &LogPath) -> Result<()> {
    let new = path.new_log();
    let remove = || match storage.kind(&new)? {
        PathKind::File => storage.remove(&new),
        _ => Ok(()),
    };
    remove().map_err(|error| Error::io(&new, "remove an unfinished log", error))
}

/// Creates an empty log. It gets its name only when it is complete and durable, and only if no other file has that
/// name; the replay makes the name durable as well.
fn create(storage: &dyn Storage, path: &LogPath) -> Result<Box<dyn StorageFile>> {
    let new = path.new_log();
    let failed = |error| Error::io(path.log(), "create the log", error);
    let salt = if bug!(NoSalt) { 0 } else { storage.random() };
    let header = FileHeader { salt, generation: 1, base_sequence: 0, has_checkpoint: false };
    let file = storage.create(&new, &Protection::default());
    let file = file.map_err(|error| Error::io(&new, "create the log", error))?;
    let make = || -> std::io::Result<bool> {
        write_full(&*file, &header.encode(), 0)?;
        if !bug!(RenameBeforeSync) {
            file.sync()?;
        }
        if storage.kind(path.log())? != PathKind::Missing {
            return Ok(false);
        }
        rename_patiently(storage, &new, path.log()).map(|()| true)
    };
    match make() {
        Ok(true) => Ok(file),
        // Someone else created it without taking our lock.
        Ok(false) => Err(Error::Locked { path: path.log().to_owned(), owner: LockOwner::Unknown }),
        Err(error) => {
            // If this fails too, the next opening does it.
            let _ = storage.remove(&new);
            Err(failed(error))
        }
    }
}
