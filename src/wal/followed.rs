//! The log of another process, read while that writes it. Nothing is locked, created or changed.

use std::path::Path;
use std::sync::Arc;

use super::consumers::Consumers;
use super::durable::Mark;
use super::format::{FILE_HEADER_LEN, FileHeader, FrameKind};
use super::landmarks::Landmarks;
use super::locate::{consumers_at, leads_to};
use super::open::Resume;
use super::path::LogPath;
use super::position::Position;
use super::reader::{LogReader, Record};
use crate::error::{Error, Result};
use crate::storage::{Access, PathKind, Storage, StorageFile, read_full};

/// A log, and how far it was followed: to the end of a frame that its writer will not take back.
#[derive(Debug)]
pub(crate) struct Followed {
    path: LogPath,
    file: Arc<dyn StorageFile>,
    header: FileHeader,
    position: Position,
    /// Where the frame before the position begins.
    last_frame: u64,
    landmarks: Landmarks,
    consumers: Arc<Consumers>,
}

/// What the path of a followed log leads to now.
#[derive(Debug)]
pub(crate) enum Found {
    /// The log, which still begins with all that was read of it.
    Same(Option<Mark>),
    /// A log that was compacted from it, followed to where the other one was.
    Compacted(Box<Followed>, Option<Mark>),
    /// What was read of it is not continued there.
    Gone(Gone),
}

/// Why a log cannot be followed any further.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gone {
    /// It has lost the end of what was read of it.
    Cut,
    /// It was compacted, and no longer has the history that comes next.
    Checkpoint,
    /// Its name stands for another log.
    Other,
}

impl Followed {
    /// The log at `path`, of which nothing was read.
    pub(crate) fn begin(storage: &dyn Storage, path: LogPath) -> Result<Self> {
        let file: Arc<dyn StorageFile> = Arc::from(open(storage, &path)?);
        let header = LogReader::new(path.log(), &*file)?.header().clone();
        Ok(Self::at_start(path, file, header))
    }

    fn at_start(path: LogPath, file: Arc<dyn StorageFile>, header: FileHeader) -> Self {
        let position = Position::first(&header);
        let (landmarks, consumers) = (Landmarks::default(), Arc::default());
        let last_frame = position.offset;
        Self { path, file, header, position, last_frame, landmarks, consumers }
    }

    pub(crate) fn path(&self) -> &Path {
        self.path.log()
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.file.len().map_err(|error| Error::io(self.path(), "look at the log", error))
    }

    pub(crate) fn file(&self) -> &Arc<dyn StorageFile> {
        &self.file
    }

    pub(crate) fn header(&self) -> &FileHeader {
        &self.header
    }

    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    pub(crate) fn landmarks(&self) -> &Landmarks {
        &self.landmarks
    }

    pub(crate) fn set_landmarks(&mut self, landmarks: Landmarks) {
        self.landmarks = landmarks;
    }

    pub(crate) fn consumers(&self) -> &Arc<Consumers> {
        &self.consumers
    }

    /// Goes on where this stands, which is known and on stable storage; the frame before that begins at `last_frame`.
    pub(crate) fn resume(&mut self, from: Resume, last_frame: u64) {
        self.landmarks.pass(&from.history);
        (self.position, self.last_frame) = (from.position, last_frame);
        self.consumers = Arc::new(from.consumers);
    }

    /// The error for a log that ends before anything can be shown of it.
    pub(crate) fn unreadable(&self) -> Error {
        Error::CorruptLog {
            path: self.path.log().to_owned(),
            sequence: self.position.last_sequence + 1,
            offset: self.position.offset,
            reason: "the checkpoint has no end".into(),
        }
    }

    /// The log and the files beside it.
    pub(crate) fn names(&self) -> &LogPath {
        &self.path
    }

    /// What the path leads to now. The mark that comes with it is older than what the log is read for after this call.
    pub(crate) fn look(&self, storage: &dyn Storage) -> Result<Found> {
        let log = self.path.log();
        let failed = |error| Error::io(log, "look at the log", error);
        if storage.kind(log).map_err(failed)? == PathKind::Missing {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file");
            return Err(Error::io(log, "open the log", source));
        }
        if !self.file.is_at(log).map_err(failed)? {
            return self.look_at(storage, Self::begin(storage, self.path.clone())?);
        }
        let mut bytes = [0; FILE_HEADER_LEN];
        let read = read_full(&*self.file, &mut bytes, 0).map_err(failed)?;
        if bytes.get(..read) != Some(&self.header.encode()) && !bug!(OverwrittenLogTrusted) {
            // Another log was copied over it, or is being copied.
            let found = LogReader::new(log, &*self.file)?.header().clone();
            let file = Arc::clone(&self.file);
            return self.look_at(storage, Self::at_start(self.path.clone(), file, found));
        }
        let mark = Mark::read(storage, &self.path);
        let is_kept = leads_to(&*self.file, &self.header, self.last_frame, &self.position);
        let is_kept = is_kept.map_err(failed)? || bug!(CutTailTrusted);
        Ok(if is_kept { Found::Same(mark) } else { Found::Gone(Gone::Cut) })
    }

    fn look_at(&self, storage: &dyn Storage, mut other: Self) -> Result<Found> {
        let mark = Mark::read(storage, &self.path);
        let (own, found) = (self.header.salt, other.header.salt);
        let related = mark.as_ref().is_some_and(|mark| mark.relates(own, found));
        if !related && !bug!(EveryLogIsRelated) {
            return Ok(Found::Gone(Gone::Other));
        }
        let last_sequence = self.position.last_sequence;
        if other.header.base_sequence > last_sequence && !bug!(GapNotSeen) {
            return Ok(Found::Gone(Gone::Checkpoint));
        }
        let reached = other.skip(last_sequence, mark.as_ref())?;
        Ok(if reached { Found::Compacted(Box::new(other), mark) } else { Found::Gone(Gone::Other) })
    }

    /// Passes the frames up to the first boundary after this sequence without reading what is in them; false when that is
    /// none of the boundaries that are safe.
    fn skip(&mut self, sequence: u64, mark: Option<&Mark>) -> Result<bool> {
        let file = Arc::clone(&self.file);
        let mut reader = LogReader::at(self.path.log(), &*file, &self.header, self.position)?;
        let safe = safe_frame(&mut reader, mark, u64::MAX)?.last();
        let mut last_frame = self.position.offset;
        let mut consumers = None;
        let is_before = |at: &Position| at.last_sequence < sequence || at.in_checkpoint;
        while reader.position().next_frame <= safe && is_before(reader.position()) {
            last_frame = reader.position().offset;
            if !reader.position().in_checkpoint {
                self.landmarks.pass(reader.position());
            }
            match reader.pass_frame()? {
                Some(FrameKind::Consumers) => consumers = Some(last_frame),
                Some(_) => {}
                None => return Err(reader.unreadable()),
            }
        }
        if reader.position().last_sequence != sequence || reader.position().in_checkpoint {
            return Ok(false);
        }
        let found = consumers.map(|at| consumers_at(&*file, &self.header, at)).transpose();
        let found = found.map_err(|error| reader.failed(error))?;
        (self.position, self.last_frame) = (*reader.position(), last_frame);
        self.landmarks.pass(&self.position);
        self.consumers = Arc::new(found.flatten().unwrap_or_default());
        Ok(true)
    }

    /// Reads on, up to about `bytes` more and to the last frame that its writer will not take back. Says whether there is
    /// more. `sink` gets whole frames, one after another; `check` is told how far it is and asked whether to go on.
    pub(crate) fn read_on(
        &mut self,
        mark: Option<&Mark>,
        bytes: u64,
        sink: &mut impl FnMut(&[Record<'_>]),
        check: &dyn Fn(u64) -> Result<()>,
    ) -> Result<bool> {
        let file = Arc::clone(&self.file);
        let mut reader = LogReader::at(self.path.log(), &*file, &self.header, self.position)?;
        let begin = self.position.offset;
        let end = begin.saturating_add(bytes);
        let safe = safe_frame(&mut reader, mark, end)?;
        reader.set_consumers(Consumers::clone(&self.consumers));
        let mut is_lost = false;
        while reader.position().next_frame <= safe.last() && reader.position().offset < end {
            check(reader.position().offset)?;
            let start = *reader.position();
            if !start.in_checkpoint {
                self.landmarks.pass(&start);
            }
            if start.offset > begin && start.offset + reader.next_len()? > end {
                break;
            }
            if !reader.next_frame(sink)? {
                // The machine may have stopped before what a mark speaks for was synced.
                if start.next_frame > safe.vouched && !bug!(MarkedFrameMustBeWhole) {
                    is_lost = true;
                    break;
                }
                return Err(reader.unreadable());
            }
            (self.position, self.last_frame) = (*reader.position(), start.offset);
        }
        if !self.position.in_checkpoint {
            self.landmarks.pass(&self.position);
        }
        if *self.consumers != *reader.consumers() {
            self.consumers = Arc::new(reader.consumers().clone());
        }
        Ok(self.position.next_frame <= safe.last() && !is_lost)
    }
}

/// The numbers of frames that nobody takes back any more.
struct Safe {
    /// A later header was made when everything up to this one was on stable storage.
    vouched: u64,
    /// The mark speaks for this one, and the log has its header.
    marked: u64,
}

impl Safe {
    fn last(&self) -> u64 {
        self.vouched.max(self.marked)
    }
}

/// Which frames of a log that is read once, from its start, its writer will not take back. A writer that has a log open
/// keeps a mark beside it, so of a log without one that is all.
#[derive(Debug)]
pub(crate) struct Committed {
    /// What is to be looked at yet.
    mark: Option<Mark>,
    last_frame: u64,
}

impl Committed {
    /// `mark` was read before the log.
    pub(crate) fn of(mark: Option<Mark>, header: &FileHeader) -> Self {
        let mark = mark.filter(|mark| mark.relates(header.salt, header.salt));
        Self { mark, last_frame: u64::MAX }
    }

    /// Whether the frame that comes next is one of them.
    pub(crate) fn has_next(&mut self, reader: &mut LogReader<'_>) -> Result<bool> {
        let (salt, position) = (reader.header().salt, *reader.position());
        // Of a log that has just taken the place of its own a mark says nothing more.
        let is_due = |mark: &mut Mark| mark.salt != salt || mark.is(reader.header(), &position);
        if let Some(mark) = self.mark.take_if(is_due)
            && !bug!(EveryWholeFrameIsCommitted)
        {
            self.last_frame = safe_frame(reader, Some(&mark), u64::MAX)?.last();
        }
        Ok(position.next_frame <= self.last_frame)
    }
}

/// Looks at the headers that follow, no further than to find that a frame at or after `end` is one of them. The reader stays
/// where it is.
fn safe_frame(reader: &mut LogReader<'_>, mark: Option<&Mark>, end: u64) -> Result<Safe> {
    let begin = *reader.position();
    let mut safe = Safe { vouched: 0, marked: 0 };
    let mut enough = None;
    loop {
        let (header, position) = (reader.header(), *reader.position());
        if mark.is_some_and(|mark| mark.is(header, &position)) {
            safe.marked = position.next_frame - 1;
        }
        bug!(EveryFrameIsSafe, safe.marked = position.next_frame - 1);
        let Some(vouched) = reader.vouched_frame()? else { break };
        safe.vouched = safe.vouched.max(vouched.min(position.next_frame - 1));
        if position.offset >= end && safe.last() >= *enough.get_or_insert(position.next_frame) {
            break;
        }
        reader.pass_frame()?;
    }
    reader.go_to(begin);
    Ok(safe)
}

fn open(storage: &dyn Storage, path: &LogPath) -> Result<Box<dyn StorageFile>> {
    storage.open(path.log(), Access::Read).map_err(|error| {
        match Error::io(path.log(), "open the log", error) {
            Error::Io { path, source, .. } => Error::RecoveryFailed { path, offset: 0, source },
            refused => refused,
        }
    })
}
