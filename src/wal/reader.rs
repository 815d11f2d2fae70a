//! Reads a log frame by frame.

mod body;
mod failures;

use std::io;
use std::path::{Path, PathBuf};

use super::checksum::Checksum;
use super::consumers::Consumers;
use super::format::{FILE_HEADER_LEN, FRAME_HEADER_LEN, FileHeader, FrameHeader, FrameKind};
use super::landmarks::Landmarks;
use super::position::Position;
pub use super::records::Record;
use super::window::{SLICE, Window};
use crate::error::{Error, Result};
use crate::operation::DecodeError;
use crate::storage::StorageFile;
use failures::{failed, header_error};

/// Bytes of a body between two running checksums; a whole number of them makes a slice.
pub(super) const PIECE: usize = 32 << 10;

/// Bytes that are read at first.
const FIRST_STEP: usize = 16 << 10;

/// Reads frames from the start of a log as long as they are valid, one slice of the file at a
/// time. What follows the last valid frame is for [`tail`](super::tail) to judge.
#[derive(Debug)]
pub struct LogReader<'f> {
    path: PathBuf,
    window: Window<'f>,
    checksum: Checksum,
    header: FileHeader,
    position: Position,
    durable_frame: u64,
    unproven_from: u64,
    records: u64,
    entries: u64,
    consumers: Consumers,
}

impl<'f> LogReader<'f> {
    /// Reads the file header.
    pub fn new(path: &Path, file: &'f dyn StorageFile) -> Result<Self> {
        let mut window = Window::new(file).map_err(|error| failed(path, 0, error))?;
        window.begin_small(FIRST_STEP, SLICE);
        let file_len = window.file_len();
        let bytes = window.view(0, FILE_HEADER_LEN).map_err(|error| failed(path, 0, error))?;
        let header =
            FileHeader::decode(bytes).map_err(|problem| header_error(path, file_len, problem))?;
        let first = Position::first(&header);
        Ok(Self::with_window(path, window, header, first))
    }

    /// A reader at a frame boundary of a log whose file header is known.
    pub fn at(
        path: &Path,
        file: &'f dyn StorageFile,
        header: &FileHeader,
        position: Position,
    ) -> Result<Self> {
        let window = Window::new(file).map_err(|error| failed(path, position.offset, error))?;
        Ok(Self::with_window(path, window, header.clone(), position))
    }

    /// A reader of a log whose file header is damaged and is replaced by this one.
    pub(super) fn with_header(
        path: &Path,
        file: &'f dyn StorageFile,
        header: FileHeader,
    ) -> io::Result<Self> {
        let first = Position::first(&header);
        Ok(Self::with_window(path, Window::new(file)?, header, first))
    }

    fn with_window(
        path: &Path,
        mut window: Window<'f>,
        header: FileHeader,
        position: Position,
    ) -> Self {
        // A caller who knows most of the log wants little more of it.
        window.begin_small(FIRST_STEP, SLICE);
        Self {
            path: path.to_owned(),
            window,
            checksum: Checksum::salted(header.salt),
            header,
            position,
            durable_frame: 0,
            unproven_from: position.offset,
            records: 0,
            entries: 0,
            consumers: Consumers::default(),
        }
    }

    /// Continues at a frame boundary up to which everything is known and on stable storage.
    pub(super) fn resume(&mut self, position: Position, consumers: Consumers) {
        self.position = position;
        self.durable_frame = position.next_frame - 1;
        self.unproven_from = position.offset;
        self.consumers = consumers;
    }

    /// Continues at `offset`, where the frame with this header is, whatever lies between.
    pub(super) fn jump(&mut self, offset: u64, header: &FrameHeader) {
        self.position = Position {
            offset,
            next_frame: header.number,
            chain: header.previous,
            last_sequence: header.first_sequence.saturating_sub(1),
            sealed: false,
            in_checkpoint: header.kind.is_of_checkpoint(),
        };
    }

    /// The header at `offset` if it belongs to this log, in its place or not.
    pub(super) fn header_at(&mut self, offset: u64) -> io::Result<Option<(FrameHeader, u32)>> {
        Ok(FrameHeader::decode(self.window.view(offset, FRAME_HEADER_LEN)?, &self.checksum))
    }

    /// Hands the records of the next frame to `sink`, a few at a time and in order. False when no valid frame starts
    /// here; then `sink` was not called.
    pub fn next_frame(&mut self, sink: &mut impl FnMut(&[Record<'_>])) -> Result<bool> {
        let found = self.claimed_frame().and_then(|claimed| match claimed {
            Some((header, own)) if self.body_is_valid(&header, &mut |_| ())? => {
                Ok(Some((header, own)))
            }
            _ => Ok(None),
        });
        let Some((header, own)) = found.map_err(|error| self.failed(error))? else {
            return Ok(false);
        };
        self.deliver(&header, sink)?;
        self.advance(&header, own);
        Ok(true)
    }

    /// Reads the frames up to the boundary `end`, which was written already, and notes where reading the history can
    /// begin. Before each frame, `check` is told how far it is and asked whether to go on.
    pub(crate) fn read_to(
        &mut self,
        end: u64,
        landmarks: &mut Landmarks,
        sink: &mut impl FnMut(&[Record<'_>]),
        check: &dyn Fn(u64) -> Result<()>,
    ) -> Result<()> {
        self.refresh()?;
        while self.position.offset < end {
            check(self.position.offset)?;
            if !self.position.in_checkpoint {
                landmarks.pass(&self.position);
            }
            if !self.next_frame(sink)? {
                return Err(self.unreadable());
            }
        }
        Ok(())
    }

    /// Skips the frames whose operations are all at or before `sequence`, up to `end` at most.
    pub fn skip_to(&mut self, sequence: u64, end: u64) -> Result<()> {
        while self.position.offset < end {
            let next = self.claimed_frame().map_err(|error| self.failed(error))?;
            let is_past = next.is_some_and(|(header, _)| header.last_sequence() <= sequence);
            if !is_past || !self.next_frame(&mut |_| {})? {
                break;
            }
        }
        Ok(())
    }

    /// Goes past the next frame without looking at more than its header, and says of what kind it is; nothing when no header
    /// that follows on is there.
    pub(super) fn pass_frame(&mut self) -> Result<Option<FrameKind>> {
        let next = self.claimed_frame().map_err(|error| self.failed(error))?;
        Ok(next.map(|(header, own)| {
            self.position = self.position.after_frame(&header, own);
            header.kind
        }))
    }

    /// How long the next frame is; 0 when no header that follows on is there.
    pub(super) fn next_len(&mut self) -> Result<u64> {
        let next = self.claimed_frame().map_err(|error| self.failed(error))?;
        Ok(next.map_or(0, |(header, _)| header.frame_len()))
    }

    /// Up to which frame everything was on stable storage when the header that comes next was made; nothing when no header
    /// that follows on is there.
    pub(super) fn vouched_frame(&mut self) -> Result<Option<u64>> {
        let next = self.claimed_frame().map_err(|error| self.failed(error))?;
        Ok(next.map(|(header, _)| header.durable_frame))
    }

    /// The header at the current offset if it is the one that must come next; its body may still
    /// be bad.
    pub(super) fn claimed_frame(&mut self) -> io::Result<Option<(FrameHeader, u32)>> {
        let claimed = self.header_at(self.position.offset)?;
        Ok(claimed.filter(|(header, _)| {
            header.number == self.position.next_frame
                && (header.previous == self.position.chain || bug!(ChainNotChecked))
                && header.first_sequence == self.position.last_sequence + 1
                && header.kind.is_of_checkpoint() == self.position.in_checkpoint
        }))
    }

    fn advance(&mut self, header: &FrameHeader, own: u32) {
        // A flush covers every frame before it, so the number changes only right after one.
        if header.durable_frame > self.durable_frame {
            self.durable_frame = header.durable_frame;
            self.unproven_from = self.position.offset;
        }
        self.position = self.position.after_frame(header, own);
        if header.kind.is_history() {
            self.records += u64::from(header.count);
        } else if matches!(header.kind, FrameKind::Checkpoint { .. }) {
            self.entries += u64::from(header.count);
        }
    }

    /// Takes these for the consumers until a frame says otherwise.
    pub(super) fn set_consumers(&mut self, consumers: Consumers) {
        self.consumers = consumers;
    }

    pub(super) fn go_to(&mut self, position: Position) {
        self.position = position;
    }

    /// Forgets what was read ahead, to look again at a log that grows while it is read.
    pub fn refresh(&mut self) -> Result<()> {
        self.window.refresh().map_err(|error| self.failed(error))
    }

    /// The log.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file header.
    pub fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Where the reader stands.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Operations read so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Entries of the checkpoint read so far.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The consumers, according to the last frame about them.
    pub fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    /// The first byte for which no later frame vouches.
    pub fn unproven_from(&self) -> u64 {
        self.unproven_from
    }

    pub(super) fn checksum(&self) -> &Checksum {
        &self.checksum
    }

    pub(crate) fn window(&mut self) -> &mut Window<'f> {
        &mut self.window
    }

    pub(super) fn failed(&self, source: io::Error) -> Error {
        failed(&self.path, self.position.offset, source)
    }

    /// The error for a frame that was read or written before and can no longer be read where the reader stands.
    pub(crate) fn unreadable(&self) -> Error {
        let Position { offset, next_frame, last_sequence, .. } = self.position;
        let reason = format!("frame {next_frame} cannot be read, but others were written after it");
        let path = self.path.clone();
        Error::CorruptLog { path, sequence: last_sequence + 1, offset, reason }
    }

    pub(super) fn undecodable(&self, sequence: u64, offset: u64, source: DecodeError) -> Error {
        Error::OperationDecodingFailed { path: self.path.clone(), sequence, offset, source }
    }
}
