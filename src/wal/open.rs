//! Opens a log for writing: locks it, makes it when it is missing, replays it, mends its end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::OpenFolder;
use super::format::FileHeader;
use super::landmarks::Landmarks;
use super::path::LogPath;
use super::position::Position;
use super::reader::{LogReader, Record};
use super::side_names::check_side_names;
use super::tail::{Tail, judge};
use super::writer::LogWriter;
use super::{repair, writer};
use crate::error::{Error, Result};
use crate::storage::{Access, LockError, PathKind, Storage, StorageFile, StorageLock, write_full};

/// What opening a log found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// Entries that the checkpoint held.
    pub entries: u64,
    /// Operations that were replayed behind it.
    pub records: u64,
    /// The sequence of the last one.
    pub last_sequence: u64,
    /// Bytes of the log that are valid.
    pub bytes_kept: u64,
    /// Bytes of an interrupted write that were cut off.
    pub bytes_cut: u64,
    /// Where those bytes were saved.
    pub cut_saved_to: Option<PathBuf>,
    /// Whether the log was made by this call.
    pub created: bool,
    /// Whether the log had been closed properly.
    pub clean_shutdown: bool,
}

/// Opens the log at `path` and hands every operation in it to `sink`, in sequence, with the size of the
/// log in bytes.
///
/// A log that cannot be trusted is refused and not changed by a single byte. On success everything
/// that was replayed is on stable storage, unless the log has a clean end: then the writer
/// [secures](LogWriter::secure) it before it writes or vouches for anything. It gives up between two
/// frames of the replay when `aborted` says so, which changes nothing of the log.
pub fn open(
    storage: &dyn Storage,
    path: &Path,
    synced: bool,
    mut sink: impl FnMut(u64, &[Record<'_>]),
    aborted: impl Fn() -> bool,
) -> Result<(LogWriter, Replay)> {
    let path = LogPath::resolve(storage, path)?;
    if path.exists() {
        // Before the lock file is made: nothing may be left beside a file that is not ours.
        let file = open_file(storage, path.log(), Access::Read)?;
        LogReader::new(path.log(), &*file)?;
    } else {
        check_side_names(storage, &path)?;
    }
    let lock = take_lock(storage, &path)?;
    let path = LogPath::resolve(storage, path.log())?;
    let created = !path.exists();
    if created {
        create(storage, &path)?;
    }
    drop_unfinished(storage, &path)?;
    let file: Arc<dyn StorageFile> = open_file(storage, path.log(), Access::ReadWrite)?.into();
    let mut reader = LogReader::new(path.log(), &*file)?;
    let log_bytes = reader.window().file_len();
    let landmarks = replay_all(&mut reader, &mut |records| sink(log_bytes, records), aborted)?;
    let tail = judge(&mut reader)?;
    let mut replay = Replay {
        entries: reader.entries(),
        records: reader.records(),
        last_sequence: reader.position().last_sequence,
        bytes_kept: reader.position().offset,
        created,
        clean_shutdown: created || (reader.position().sealed && tail == Tail::Clean),
        ..Replay::default()
    };
    mend(storage, &path, &*file, &reader, tail, &mut replay)?;
    let replayed = writer::Replayed {
        folder: OpenFolder::open(storage, path.folder())?,
        unproven_from: reader.unproven_from(),
    };
    let start = writer::Start {
        path: path.log().to_owned(),
        header: reader.header().clone(),
        position: Position {
            last_sequence: if bug!(VersionReset) { 0 } else { replay.last_sequence },
            ..*reader.position()
        },
        landmarks,
        consumers: reader.consumers().clone(),
        synced,
        replayed: Some(replayed),
    };
    drop(reader);
    let mut writer = LogWriter::new(file, Some(lock), start);
    if created || !replay.clean_shutdown {
        writer.secure().map_err(as_recovery_error)?;
    }
    Ok((writer, replay))
}

/// Reads every frame and notes where the history can be entered.
fn replay_all(
    reader: &mut LogReader<'_>,
    sink: &mut impl FnMut(&[Record<'_>]),
    aborted: impl Fn() -> bool,
) -> Result<Landmarks> {
    let mut landmarks = Landmarks::default();
    loop {
        if aborted() {
            return Err(Error::Aborted);
        }
        if !reader.position().in_checkpoint {
            landmarks.pass(reader.position());
        }
        if !reader.next_frame(sink)? {
            return Ok(landmarks);
        }
    }
}

/// Removes what a creation or a compaction left that a crash interrupted. It never had the log's name, so
/// nothing in it was acknowledged.
fn drop_unfinished(storage: &dyn Storage, path: &LogPath) -> Result<()> {
    let new = path.new_log();
    let remove = || match storage.kind(&new)? {
        PathKind::File => storage.remove(&new),
        _ => Ok(()),
    };
    remove().map_err(|error| Error::io(&new, "remove an unfinished log", error))
}

/// Refuses damage, and saves the bytes of an interrupted write. The writer cuts them off.
fn mend(
    storage: &dyn Storage,
    path: &LogPath,
    file: &dyn StorageFile,
    reader: &LogReader<'_>,
    tail: Tail,
    replay: &mut Replay,
) -> Result<()> {
    let end = reader.position().offset;
    match tail {
        Tail::Clean => {}
        Tail::Torn { end: torn_end } => {
            replay.cut_saved_to = Some(repair::keep_cut_bytes(storage, path, file, end, torn_end)?);
            replay.bytes_cut = torn_end - end;
        }
        Tail::Corrupt { reason } => {
            let sequence = reader.position().last_sequence + 1;
            let path = path.log().to_owned();
            bug!(CutBeforeRefusing, file.set_len(end).map_err(|error| reader.failed(error))?);
            return Err(Error::CorruptLog { path, sequence, offset: end, reason });
        }
    }
    Ok(())
}

fn as_recovery_error(error: Error) -> Error {
    match error {
        Error::WalAppendFailed { path, offset, source, .. }
        | Error::WalFlushFailed { path, offset, source, .. } => {
            Error::RecoveryFailed { path, offset, source }
        }
        other => other,
    }
}

/// Makes an empty log. It gets its name only when it is complete and durable; securing it makes the name
/// durable as well.
fn create(storage: &dyn Storage, path: &LogPath) -> Result<()> {
    let new = path.new_log();
    let make = || -> io::Result<()> {
        let salt = if bug!(NoSalt) { 0 } else { storage.random() };
        let header = FileHeader { salt, generation: 1, base_sequence: 0, has_checkpoint: false };
        let file = storage.open(&new, Access::Create)?;
        write_full(&*file, &header.encode(), 0)?;
        if !bug!(RenameBeforeSync) {
            file.sync()?;
        }
        drop(file);
        storage.rename(&new, path.log())
    };
    make().map_err(|error| Error::io(path.log(), "create the log", error))
}

pub(crate) fn take_lock(storage: &dyn Storage, path: &LogPath) -> Result<Box<dyn StorageLock>> {
    storage.lock(&path.lock()).map_err(|error| match error {
        LockError::Held { owner } => Error::Locked { path: path.log().to_owned(), owner },
        LockError::Io(error) => Error::io(&path.lock(), "lock the log", error),
    })
}

fn open_file(storage: &dyn Storage, path: &Path, access: Access) -> Result<Box<dyn StorageFile>> {
    storage.open(path, access).map_err(|error| match Error::io(path, "open the log", error) {
        Error::Io { path, source, .. } => Error::RecoveryFailed { path, offset: 0, source },
        refused => refused,
    })
}
