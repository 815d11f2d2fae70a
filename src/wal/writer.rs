//! Appends frames to a log.

mod cutting;
mod failures;
mod frames;
mod room;
mod sealing;
mod securing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::checksum::Checksum;
use super::consumers::Consumers;
use super::durable::DurableFile;
use super::folder::OpenFolder;
use super::format::{FRAME_HEADER_LEN, FileHeader, FrameKind};
use super::held::Held;
use super::landmarks::Landmarks;
use super::position::Position;
use crate::error::Result;
use crate::storage::{Storage, StorageFile};

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
    /// What must be made durable before anything is written; nothing for a new log.
    pub(super) replayed: Option<Replayed>,
    /// For followers; nothing for a new log, and where it cannot be made.
    pub(super) durable: Option<DurableFile>,
}

/// Whether the end of the file is what the writer takes it to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Sound,
    /// A failed write left bytes after the last frame that could not be cut off yet.
    Ragged,
    /// A sync failed: what is on the disk is unknown until the log is read again.
    Poisoned,
    /// The name of the log stands for another file, so nobody would find what is written.
    Replaced,
}

/// Counters of a writer since its log was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Frames of commit groups.
    pub groups: u64,
    /// Syncs of the log.
    pub syncs: u64,
    /// When the last successful sync ended, in milliseconds since the Unix epoch; 0 before the first.
    pub last_sync_at: i64,
    /// How long it took.
    pub last_sync_took: Duration,
}

/// The writing end of an open log. It holds the log, unless the log has no name yet.
///
/// Invariant while sound: the bytes from `position.offset` to `file_len` are zero and, in synced
/// mode, on stable storage as such. As long as `replayed` is set, nothing is known to be durable and no
/// frame is written.
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
    durable: Option<DurableFile>,
    health: Health,
    stats: WriterStats,
}

impl LogWriter {
    /// Continues a log that was read to its end.
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
            durable: start.durable,
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

    /// Where reading its history can begin.
    pub fn landmarks(&self) -> &Landmarks {
        &self.landmarks
    }

    /// Continues with other landmarks of the same log.
    pub(crate) fn set_landmarks(&mut self, landmarks: Landmarks) {
        self.landmarks = landmarks;
    }

    /// Whether everything written is on stable storage.
    pub(crate) fn is_all_durable(&self) -> bool {
        self.is_secured() && self.durable_frame + 1 == self.position.next_frame
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
    /// On [`Error::WalAppendFailed`](crate::Error::WalAppendFailed) nothing of the group is in the log; on
    /// [`Error::WalFlushFailed`](crate::Error::WalFlushFailed) that is unknown and the writer takes no more.
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

    /// [`append`](Self::append) for a frame whose first record says, as an attribute, that the consumers
    /// are there now.
    pub fn append_with_consumers(
        &mut self,
        frame: &mut Vec<u8>,
        count: u32,
        consumers: Consumers,
    ) -> Result<()> {
        self.append(frame, count)?;
        self.consumers = Arc::new(consumers);
        Ok(())
    }

    /// [`append`](Self::append) for `count` records of a checkpoint, each with its version before it.
    pub(super) fn append_part(
        &mut self,
        frame: &mut Vec<u8>,
        kind: FrameKind,
        count: u32,
    ) -> Result<()> {
        self.append_frame(frame, kind, count)
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

    /// Puts everything written so far on stable storage. The caller checks that the log has its name.
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
        self.show_durable();
        Ok(())
    }

    /// Tells followers how far the log is beyond recall.
    pub(super) fn show_durable(&mut self) {
        if let Some(file) = &mut self.durable {
            file.show(&self.header, &self.position);
        }
    }

    /// The log with this header, which has the same history, is about to get the name of this one. Followers are told
    /// before, so that they know it whenever they find it.
    pub(super) fn expect(&mut self, rewritten: &FileHeader) {
        bug!(RelativeNotTold, return);
        if let Some(file) = &mut self.durable {
            file.expect(rewritten.salt);
            file.show(&self.header, &self.position);
        }
    }

    /// Continues in a log that was rewritten, sealed and durably renamed to the name of this one.
    pub fn take_over(&mut self, rewritten: Self) {
        let kept = (self.held.take(), std::mem::take(&mut self.path), self.synced, self.stats);
        let durable = self.durable.take();
        *self = rewritten;
        (self.held, self.path, self.synced, self.stats) = kept;
        self.durable = durable;
        if let Some(held) = &mut self.held {
            held.take_over(Arc::clone(&self.file));
        }
        self.show_durable();
    }

    /// The folder of the log, opened before anything that needs it is done.
    pub(crate) fn open_folder(&self, storage: &dyn Storage) -> Result<OpenFolder> {
        OpenFolder::open(storage, self.path.parent().unwrap_or(Path::new("/")))
    }

    /// The log, to be replayed again.
    pub fn into_held(self) -> Option<Held> {
        self.held
    }

    #[cfg(feature = "seeded-bugs")]
    fn append_in_two(&mut self, frame: &[u8], count: u32) -> Result<()> {
        let (mut first, mut rest) = crate::bugs::split_frame(frame);
        self.append(&mut first, 1)?;
        self.append(&mut rest, count - 1)
    }
}
