//! Opens a log for writing: replays it, mends its end.

use std::path::PathBuf;
use std::sync::Arc;

use super::held::Opening;
use super::landmarks::Landmarks;
use super::path::LogPath;
use super::position::Position;
use super::reader::{LogReader, Record};
use super::tail::{Tail, judge};
use super::writer::LogWriter;
use super::{repair, writer};
use crate::error::{Error, Result};
use crate::storage::{Storage, StorageFile};

/// What opening a log found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// Entries that the checkpoint held.
    pub entries: u64,
    /// Operations that were replayed after it.
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

/// Replays the log that is held and hands every operation in it to `sink`, in sequence, with the size of the
/// log in bytes.
///
/// A log that cannot be trusted is refused and not changed by a single byte. On success everything
/// that was replayed is on stable storage, unless the log has a clean end: then the writer
/// [secures](LogWriter::secure) it before it writes or vouches for anything. It gives up between two
/// frames of the replay when `aborted` says so, which changes nothing of the log.
pub fn open(
    storage: &dyn Storage,
    opening: Opening,
    synced: bool,
    mut sink: impl FnMut(u64, &[Record<'_>]),
    aborted: impl Fn() -> bool,
) -> Result<(LogWriter, Replay)> {
    let Opening { held, folder, created } = opening;
    let path = held.path().clone();
    let file = Arc::clone(held.file());
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
    let replayed = writer::Replayed { folder, unproven_from: reader.unproven_from() };
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
    let mut writer = LogWriter::new(file, Some(held), start);
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
