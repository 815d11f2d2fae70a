//! Opens a log for writing: replays it, repairs its end.

use std::path::PathBuf;
use std::sync::Arc;

use super::consumers::Consumers;
use super::durable::{DurableFile, Mark};
use super::format::FileHeader;
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

impl Replay {
    fn of(reader: &LogReader<'_>, tail: &Tail, created: bool) -> Self {
        let position = reader.position();
        Self {
            entries: reader.entries(),
            records: reader.records(),
            last_sequence: position.last_sequence,
            bytes_kept: position.offset,
            created,
            clean_shutdown: created || (position.sealed && *tail == Tail::Clean),
            ..Self::default()
        }
    }
}

/// Where the replay of a log begins that is known up to there.
#[derive(Debug, Clone)]
pub(crate) struct Resume {
    /// The frame boundary up to which the log is known and on stable storage.
    pub(crate) position: Position,
    /// Where its history begins.
    pub(crate) history: Position,
    /// The consumers at that boundary.
    pub(crate) consumers: Consumers,
}

/// Replays the log that is held, from its start or from where to `resume`, and hands every operation to `sink`, in
/// sequence, with how many bytes of the log there are to read.
///
/// A log that cannot be trusted is refused, and not a byte of it is changed. On success everything
/// that was replayed is on stable storage, unless the log has a clean end: then the writer
/// [secures](LogWriter::secure) it before it writes or vouches for anything. It gives up between two
/// frames of the replay when `aborted` says so, which leaves the log as it was.
pub(crate) fn open(
    storage: &dyn Storage,
    opening: Opening,
    synced: bool,
    resume: Option<Resume>,
    mut sink: impl FnMut(u64, &[Record<'_>]),
    aborted: impl Fn() -> bool,
) -> Result<(LogWriter, Replay)> {
    let Opening { held, folder, created } = opening;
    let path = held.path().clone();
    let file = Arc::clone(held.file());
    let mut reader = LogReader::new(path.log(), &*file)?;
    let mut landmarks = Landmarks::default();
    if let Some(resume) = resume {
        landmarks.pass(&resume.history);
        reader.resume(resume.position, resume.consumers);
    }
    let like = file.protection().unwrap_or_default();
    let mut durable = DurableFile::open(storage, &path, &like);
    let mark = durable.as_ref().and_then(DurableFile::found).cloned();
    let mut same = mark.as_ref().is_some_and(|mark| speaks_for(mark, &reader));
    let bytes = reader.window().file_len().saturating_sub(reader.position().offset);
    let mut pass = |header: &FileHeader, position: &Position| {
        same |= mark.as_ref().is_some_and(|mark| mark.is(header, position));
    };
    let mut sink = |records: &[Record<'_>]| sink(bytes, records);
    replay_all(&mut reader, &mut landmarks, &mut sink, &mut pass, aborted)?;
    let tail = judge(&mut reader)?;
    let mut replay = Replay::of(&reader, &tail, created);
    mend(storage, &path, &*file, &reader, tail, &mut replay)?;
    if let Some(file) = durable.as_mut().filter(|_| same || bug!(RelativesKeptForAnyLog)) {
        file.keep_relatives();
    }
    let unproven_from = reader.unproven_from();
    let torn_end = replay.bytes_kept + replay.bytes_cut;
    let replayed = writer::Replayed { folder, unproven_from, torn_end };
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
        durable,
    };
    drop(reader);
    let mut writer = LogWriter::new(file, Some(held), start);
    if created || !replay.clean_shutdown {
        writer.secure().map_err(as_recovery_error)?;
    }
    Ok((writer, replay))
}

/// Whether the log has the history of which a mark tells, as far as that is known before the log is read from where
/// `reader` stands: it is a relative, or everything up to the mark was on stable storage.
fn speaks_for(mark: &Mark, reader: &LogReader<'_>) -> bool {
    let (salt, begin) = (reader.header().salt, reader.position());
    let is_later = mark.salt == salt && mark.offset < begin.offset;
    is_later || (mark.salt != salt && mark.relatives.contains(&salt))
}

/// Reads every remaining frame and notes where reading the history can begin.
fn replay_all(
    reader: &mut LogReader<'_>,
    landmarks: &mut Landmarks,
    sink: &mut impl FnMut(&[Record<'_>]),
    pass: &mut impl FnMut(&FileHeader, &Position),
    aborted: impl Fn() -> bool,
) -> Result<()> {
    loop {
        if aborted() {
            return Err(Error::Aborted);
        }
        pass(reader.header(), reader.position());
        if !reader.position().in_checkpoint {
            landmarks.pass(reader.position());
        }
        if !reader.next_frame(sink)? {
            return Ok(());
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
