//! Appends frames to a log.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::checksum::Checksum;
use super::format::{FRAME_ALIGNMENT, FRAME_HEADER_LEN, FrameHeader, FrameKind, MAX_SEQUENCE};
use super::reader::Position;
use crate::error::{Error, Result};
use crate::storage::{StorageFile, StorageLock, write_full};

/// A frame of this size or more is written past the end of the file: its own bytes cost more than
/// what growing the file adds, and zeroing the space first would write it twice.
const GROW_FROM: u64 = 128 << 10;
/// The zeroed space is extended by an eighth of the log, within these bounds.
const MIN_STEP: u64 = 64 << 10;
const MAX_STEP: u64 = 4 << 20;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Where and how a writer begins.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) path: PathBuf,
    pub(super) checksum: Checksum,
    pub(super) position: Position,
    pub(super) synced: bool,
}

/// Whether the end of the file is what the writer believes it to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Sound,
    /// A failed write left bytes behind the last frame that could not be cut off yet.
    Ragged,
    /// A sync failed: what is on the disk is unknown until the log is read again.
    Poisoned,
}

/// Counters of a writer since its log was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Frames of commit groups.
    pub groups: u64,
    /// Syncs of the log.
    pub syncs: u64,
}

/// The writing end of an open log. It holds the lock.
///
/// Invariant while sound: the bytes from `position.offset` to `file_len` are zero and, in synced
/// mode, on stable storage as such.
#[derive(Debug)]
pub struct LogWriter {
    file: Box<dyn StorageFile>,
    _lock: Box<dyn StorageLock>,
    path: PathBuf,
    checksum: Checksum,
    position: Position,
    file_len: u64,
    durable_frame: u64,
    synced: bool,
    health: Health,
    stats: WriterStats,
}

impl LogWriter {
    /// Goes on behind a log that was read to its end, cut there and synced.
    pub(super) fn new(
        file: Box<dyn StorageFile>,
        lock: Box<dyn StorageLock>,
        start: Start,
    ) -> Self {
        Self {
            file,
            _lock: lock,
            path: start.path,
            checksum: start.checksum,
            file_len: start.position.offset,
            durable_frame: start.position.next_frame - 1,
            position: start.position,
            synced: start.synced,
            health: Health::Sound,
            stats: WriterStats::default(),
        }
    }

    /// The sequence of the last record in the log.
    pub fn last_sequence(&self) -> u64 {
        self.position.last_sequence
    }

    /// Bytes of the log up to its last frame.
    pub fn log_len(&self) -> u64 {
        self.position.offset
    }

    /// Whether writing stopped because a sync failed.
    pub fn is_poisoned(&self) -> bool {
        self.health == Health::Poisoned
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
        self.check_health()?;
        bug!(AckBeforeSync, self.sync_file(self.position.offset)?);
        bug!(
            SplitBatch,
            if count > 1 {
                return self.append_in_two(frame, count);
            }
        );
        let next = self.finish_frame(frame, FrameKind::Commit, count)?;
        let start = self.position.offset;
        let written = self
            .make_room(frame.len() as u64)
            .and_then(|()| self.write_frame(frame).map_err(|error| self.append_failed(error)));
        if let Err(error) = written {
            return Err(self.undo(error));
        }
        if self.synced && !bug!(AckBeforeSync) {
            self.sync_file(start)?;
        }
        self.advance(next);
        self.stats.groups += 1;
        Ok(())
    }

    /// Puts everything written so far on stable storage.
    pub fn flush(&mut self) -> Result<()> {
        self.check_health()?;
        let last_frame = self.position.next_frame - 1;
        if self.durable_frame < last_frame && !bug!(FlushSkipped) {
            self.sync_file(self.position.offset)?;
            self.durable_frame = last_frame;
        }
        Ok(())
    }

    /// Ends the log with a seal, so that later damage to its last frame cannot pass for an
    /// interrupted write, and gives the zeroed space back.
    pub fn close(mut self) -> Result<()> {
        if self.health == Health::Poisoned {
            return Err(self.poisoned());
        }
        self.flush()?;
        if self.position.sealed {
            return Ok(());
        }
        let mut frame = vec![0; FRAME_HEADER_LEN];
        let next = self.finish_frame(&mut frame, FrameKind::Seal, 0)?;
        let start = self.position.offset;
        self.write_frame(&frame).map_err(|error| self.append_failed(error))?;
        self.advance(next);
        let end = self.position.offset;
        self.file.set_len(end).map_err(|error| self.append_failed(error))?;
        if bug!(SealNotSynced) { Ok(()) } else { self.sync_file(start) }
    }

    #[cfg(feature = "seeded-bugs")]
    fn append_in_two(&mut self, frame: &[u8], count: u32) -> Result<()> {
        let (mut first, mut rest) = crate::bugs::split_frame(frame);
        self.append(&mut first, 1)?;
        self.append(&mut rest, count - 1)
    }

    /// Fills in the header of `frame`, pads its end, and says where the writer stands behind it.
    fn finish_frame(&self, frame: &mut Vec<u8>, kind: FrameKind, count: u32) -> Result<Position> {
        let body = frame.get(FRAME_HEADER_LEN..).unwrap_or_default();
        if self.position.last_sequence + u64::from(count) > MAX_SEQUENCE {
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
        let (bytes, chain) = header.encode(&self.checksum);
        if let Some(room) = frame.get_mut(..FRAME_HEADER_LEN) {
            room.copy_from_slice(&bytes);
        }
        frame.resize(frame.len().next_multiple_of(FRAME_ALIGNMENT), 0);
        Ok(Position {
            offset: self.position.offset + header.frame_len(),
            next_frame: header.number + 1,
            chain,
            last_sequence: self.position.last_sequence + u64::from(count),
            sealed: kind == FrameKind::Seal,
        })
    }

    /// Makes sure that a small frame overwrites zeroed, durable space: that is what makes its sync
    /// cheap and an interrupted write recognizable.
    fn make_room(&mut self, len: u64) -> Result<()> {
        let end = self.position.offset + len;
        if !self.synced || end <= self.file_len || len >= GROW_FROM {
            return Ok(());
        }
        let step = (self.position.offset / 8).clamp(MIN_STEP, MAX_STEP);
        let target = (end + step).next_multiple_of(4096);
        while self.file_len < target {
            let piece =
                ZEROS.len().min(usize::try_from(target - self.file_len).unwrap_or(usize::MAX));
            let zeros = ZEROS.get(..piece).unwrap_or_default();
            write_full(&*self.file, zeros, self.file_len)
                .map_err(|error| self.append_failed(error))?;
            self.file_len += piece as u64;
        }
        if bug!(ZerosNotSynced) { Ok(()) } else { self.sync_file(self.position.offset) }
    }

    fn write_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        write_full(&*self.file, frame, self.position.offset)
    }

    /// Takes back a write that failed. The cut is synced, so that no part of the failed group can
    /// come back after a crash.
    fn undo(&mut self, error: Error) -> Error {
        if self.health != Health::Poisoned {
            bug!(SequenceLostOnFailure, self.position.last_sequence += 1);
            bug!(NoCutBack, return error);
            bug!(AppendModeAfterShortWrite, {
                self.position.offset = self.file.len().unwrap_or(self.position.offset);
                return error;
            });
            self.health = Health::Ragged;
            // When this fails too, the next append begins with it.
            let _ = self.cut_back();
        }
        error
    }

    fn cut_back(&mut self) -> Result<()> {
        let end = self.position.offset;
        self.file.set_len(end).map_err(|error| self.append_failed(error))?;
        self.file_len = end;
        if !bug!(CutBackNotSynced) {
            self.sync_file(end)?;
        }
        self.health = Health::Sound;
        Ok(())
    }

    fn check_health(&mut self) -> Result<()> {
        match self.health {
            Health::Sound => Ok(()),
            Health::Ragged => self.cut_back(),
            Health::Poisoned => Err(self.poisoned()),
        }
    }

    /// A failed sync is never retried: the kernel may have dropped the pages and would then report
    /// success for bytes that are gone.
    fn sync_file(&mut self, doubtful_from: u64) -> Result<()> {
        self.stats.syncs += 1;
        bug!(NoSync, return Ok(()));
        let synced = self.file.sync();
        let synced =
            if bug!(RetryFailedSync) { synced.or_else(|_| self.file.sync()) } else { synced };
        synced.map_err(|error| {
            if !bug!(NoPoison) {
                self.health = Health::Poisoned;
            }
            Error::WalFlushFailed {
                path: self.path.clone(),
                sequence: self.position.last_sequence + 1,
                offset: doubtful_from,
                source: Arc::new(error),
            }
        })
    }

    fn advance(&mut self, next: Position) {
        self.position = next;
        self.file_len = self.file_len.max(self.position.offset);
        if self.synced {
            self.durable_frame = self.position.next_frame - 1;
        }
    }

    fn append_failed(&self, source: io::Error) -> Error {
        Error::WalAppendFailed {
            path: self.path.clone(),
            sequence: self.position.last_sequence + 1,
            offset: self.position.offset,
            source: Arc::new(source),
        }
    }

    fn poisoned(&self) -> Error {
        Error::Poisoned { path: self.path.clone() }
    }
}
