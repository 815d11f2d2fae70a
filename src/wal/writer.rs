//! Appends frames to a log.

mod failures;
mod room;
mod securing;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::checksum::Checksum;
use super::consumers::Consumers;
use super::folder::OpenFolder;
use super::format::{
    FRAME_ALIGNMENT, FRAME_HEADER_LEN, FileHeader, FrameHeader, FrameKind, MAX_SEQUENCE,
};
use super::held::Held;
use super::landmarks::Landmarks;
use super::position::Position;
use crate::error::{Error, Result};
use crate::storage::{Storage, StorageFile, write_full};

pub(super) use securing::Replayed;

/// Where and how a writer begins.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) path: PathBuf,
    pub(super) header: FileHeader,
    pub(super) position: Position,
    pub(super) landmarks: Landmarks,
    pub(super) consumers: Consumers,
    pub(super) synced: bool,
    /// What is to be made durable before anything is written; nothing for a log that is new.
    pub(super) replayed: Option<Replayed>,
}

/// Whether the end of the file is what the writer believes it to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Sound,
    /// A failed write left bytes after the last frame that could not be cut off yet.
    Ragged,
    /// A sync failed: what is on the disk is unknown until the log is read again.
    Poisoned,
    /// The name of the log stands for another file: nobody would find what is written.
    Replaced,
}

/// Counters of a writer since its log was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Frames of commit groups.
    pub groups: u64,
    /// Syncs of the log.
    pub syncs: u64,
    /// When the last sync that worked ended, in milliseconds since the Unix epoch; 0 before the first.
    pub last_sync_at: i64,
    /// How long it took.
    pub last_sync_took: Duration,
}

/// The writing end of an open log. It holds the log, unless it writes a log that has no name yet.
///
/// Invariant while sound: the bytes from `position.offset` to `file_len` are zero and, in synced
/// mode, on stable storage as such. While `replayed` is there nothing is known to be durable and no frame
/// is written.
#[derive(Debug)]
pub struct LogWriter {
    file: Arc<dyn StorageFile>,
    held: Option<Held>,
    path: PathBuf,
    header: FileHeader,
    checksum: Checksum,
    position: Position,
    landmarks: Landmarks,
    consumers: Arc<Consumers>,
    file_len: u64,
    durable_frame: u64,
    durable_sequence: u64,
    synced: bool,
    replayed: Option<Replayed>,
    health: Health,
    stats: WriterStats,
}

impl LogWriter {
    /// Goes on after a log that was read to its end.
    pub(super) fn new(file: Arc<dyn StorageFile>, held: Option<Held>, start: Start) -> Self {
        let is_known = start.replayed.is_none();
        Self {
            file,
            held,
            path: start.path,
            checksum: Checksum::salted(start.header.salt),
            header: start.header,
            file_len: start.position.offset,
            durable_frame: if is_known { start.position.next_frame - 1 } else { 0 },
            durable_sequence: if is_known { start.position.last_sequence } else { 0 },
            position: start.position,
            landmarks: start.landmarks,
            consumers: Arc::new(start.consumers),
            synced: start.synced,
            replayed: start.replayed,
            health: Health::Sound,
            stats: WriterStats::default(),
        }
    }

    /// The sequence of the last record in the log.
    pub fn last_sequence(&self) -> u64 {
        self.position.last_sequence
    }

    /// The sequence up to which the log is on stable storage.
    pub fn durable_sequence(&self) -> u64 {
        self.durable_sequence
    }

    /// Where the next frame will be.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Its path, with all links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The log itself, for readers of what was written already.
    pub fn file(&self) -> &Arc<dyn StorageFile> {
        &self.file
    }

    /// Its header.
    pub fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Where its history can be entered.
    pub fn landmarks(&self) -> &Landmarks {
        &self.landmarks
    }

    /// Its consumers.
    pub fn consumers(&self) -> &Arc<Consumers> {
        &self.consumers
    }

    /// Counters since the log was opened.
    pub fn stats(&self) -> WriterStats {
        self.stats
    }

    /// Writes one commit group as one frame and, in synced mode, puts it on stable storage.
    ///
    /// `frame` holds [`FRAME_HEADER_LEN`] bytes to be filled and then `count` encoded operations.
    /// On [`Error::WalAppendFailed`] nothing of the group is in the log; on
    /// [`Error::WalFlushFailed`] that is unknown and the writer takes no more.
    pub fn append(&mut self, frame: &mut Vec<u8>, count: u32) -> Result<()> {
        bug!(
            SplitBatch,
            if count > 1 {
                return self.append_in_two(frame, count);
            }
        );
        self.append_frame(frame, FrameKind::Commit, count)?;
        self.stats.groups += 1;
        Ok(())
    }

    /// [`append`](Self::append) for `count` entries of a checkpoint, each a version and a put.
    pub(super) fn append_entries(
        &mut self,
        frame: &mut Vec<u8>,
        count: u32,
        last: bool,
    ) -> Result<()> {
        self.append_frame(frame, FrameKind::Checkpoint { last }, count)
    }

    /// Replaces the positions of all consumers, as durably as a commit group is written.
    pub fn set_consumers(&mut self, consumers: Consumers) -> Result<()> {
        let mut frame = vec![0; FRAME_HEADER_LEN];
        consumers.encode_into(&mut frame);
        let count = u32::try_from(consumers.len()).unwrap_or(u32::MAX);
        self.append_frame(&mut frame, FrameKind::Consumers, count)?;
        self.consumers = Arc::new(consumers);
        Ok(())
    }

    fn append_frame(&mut self, frame: &mut Vec<u8>, kind: FrameKind, count: u32) -> Result<()> {
        self.check_health()?;
        self.secure_name()?;
        bug!(AckBeforeSync, self.sync_file(self.position.offset)?);
        let frame_len = frame.len().next_multiple_of(FRAME_ALIGNMENT);
        if let Err(error) = self.make_room(frame_len as u64) {
            return Err(self.undo(error));
        }
        // Not before the sync that it vouches for.
        let next = self.finish_frame(frame, kind, count)?;
        let start = self.position.offset;
        if let Err(error) = self.write_frame(frame) {
            return Err(self.undo(self.append_failed(error)));
        }
        if self.synced && !bug!(AckBeforeSync) {
            self.sync_file(start)?;
            self.check_name()?;
        }
        self.advance(next);
        Ok(())
    }

    /// Puts everything written so far on stable storage. That the log has its name is for the caller to check.
    pub fn flush(&mut self) -> Result<()> {
        if bug!(ReplayedNotFlushed) {
            self.check_health()?;
        } else {
            self.secure()?;
        }
        let last_frame = self.position.next_frame - 1;
        if self.durable_frame < last_frame && !bug!(FlushSkipped) {
            self.sync_file(self.position.offset)?;
            self.durable_frame = last_frame;
            self.durable_sequence = self.position.last_sequence;
        }
        Ok(())
    }

    /// Goes on in a log that was rewritten, sealed and durably renamed to the name of this one.
    pub fn take_over(&mut self, rewritten: Self) {
        let kept = (self.held.take(), std::mem::take(&mut self.path), self.synced, self.stats);
        *self = rewritten;
        (self.held, self.path, self.synced, self.stats) = kept;
        if let Some(held) = &mut self.held {
            held.take_over(Arc::clone(&self.file));
        }
    }

    /// The folder of the log, opened before anything is done that needs it.
    pub(crate) fn open_folder(&self, storage: &dyn Storage) -> Result<OpenFolder> {
        OpenFolder::open(storage, self.path.parent().unwrap_or(Path::new("/")))
    }

    /// The log that was written, to be replayed again.
    pub fn into_held(self) -> Option<Held> {
        self.held
    }

    /// Seals the log, so that later damage to its last frame cannot pass for an interrupted write, and
    /// gives the zeroed space back.
    pub fn close(mut self) -> Result<()> {
        if self.is_poisoned() {
            return Err(self.poisoned());
        }
        self.flush()?;
        self.seal()
    }

    /// Seals a log that nobody can find before all of it is synced: its frames need not be on stable
    /// storage for the seal to vouch for them.
    pub(super) fn seal_unnamed(&mut self) -> Result<()> {
        self.check_health()?;
        self.durable_frame = self.position.next_frame - 1;
        self.durable_sequence = self.position.last_sequence;
        self.seal()
    }

    fn seal(&mut self) -> Result<()> {
        if self.position.sealed {
            return Ok(());
        }
        let mut frame = vec![0; FRAME_HEADER_LEN];
        let next = self.finish_frame(&mut frame, FrameKind::Seal, 0)?;
        let start = self.position.offset;
        if let Err(error) = self.write_frame(&frame) {
            bug!(SealPartStays, return Err(self.append_failed(error)));
            // A part of a seal would be an interrupted write, which a full disk leaves no room to save.
            return Err(self.undo(self.append_failed(error)));
        }
        self.advance(next);
        let end = self.position.offset;
        self.file.set_len(end).map_err(|error| self.append_failed(error))?;
        if !bug!(SealNotSynced) {
            self.sync_file(start)?;
        }
        self.durable_frame = self.position.next_frame - 1;
        Ok(())
    }

    #[cfg(feature = "seeded-bugs")]
    fn append_in_two(&mut self, frame: &[u8], count: u32) -> Result<()> {
        let (mut first, mut rest) = crate::bugs::split_frame(frame);
        self.append(&mut first, 1)?;
        self.append(&mut rest, count - 1)
    }

    /// Fills in the header of `frame`, pads its end, and says where the writer stands after it.
    fn finish_frame(&self, frame: &mut Vec<u8>, kind: FrameKind, count: u32) -> Result<Position> {
        let body = frame.get(FRAME_HEADER_LEN..).unwrap_or_default();
        if kind.is_history() && self.last_sequence() + u64::from(count) > MAX_SEQUENCE {
            return Err(Error::InvalidState { reason: "the log has no sequences left" });
        }
        let too_long = |_| Error::Internal { reason: "a frame is longer than its length field" };
        let header = FrameHeader {
            kind,
            synced: self.synced,
            body_len: u32::try_from(body.len()).map_err(too_long)?,
            count,
            number: self.position.next_frame,
            first_sequence: self.position.last_sequence + 1,
            durable_frame: self.durable_frame + u64::from(bug!(DurableFrameTooHigh)),
            previous: self.position.chain,
            body_checksum: self.checksum.of(body),
        };
        let (bytes, own) = header.encode(&self.checksum);
        if let Some(room) = frame.get_mut(..FRAME_HEADER_LEN) {
            room.copy_from_slice(&bytes);
        }
        frame.resize(frame.len().next_multiple_of(FRAME_ALIGNMENT), 0);
        Ok(self.position.behind(&header, own))
    }

    fn write_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        write_full(&*self.file, frame, self.position.offset)
    }

    fn advance(&mut self, next: Position) {
        self.position = next;
        self.file_len = self.file_len.max(self.position.offset);
        if !self.position.in_checkpoint {
            self.landmarks.pass(&self.position);
        }
        if self.synced {
            self.durable_frame = self.position.next_frame - 1;
            self.durable_sequence = self.position.last_sequence;
        }
    }
}
