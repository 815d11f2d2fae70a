//! Reads a log frame by frame.

use std::io;
use std::path::{Path, PathBuf};

use super::checksum::Checksum;
use super::consumers::Consumers;
use super::format::{
    FILE_HEADER_LEN, FRAME_HEADER_LEN, FileHeader, FrameHeader, FrameKind, HeaderProblem,
};
use super::position::Position;
pub use super::records::Record;
use super::records::{Remaining, decode, records_at};
use super::window::{SLICE, Window};
use crate::error::{Error, Result};
use crate::operation::DecodeError;
use crate::storage::StorageFile;

/// Bytes of a body between two running checksums; a whole number of them makes a slice.
pub(super) const PIECE: usize = 32 << 10;

/// Reads frames from the start of a log for as long as they are valid, one slice of the file at a
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
        let file_len = window.file_len();
        let bytes = window.view(0, FILE_HEADER_LEN).map_err(|error| failed(path, 0, error))?;
        let header =
            FileHeader::decode(bytes).map_err(|problem| header_error(path, file_len, problem))?;
        let first = Position::first(&header);
        Ok(Self::behind(path, window, header, first))
    }

    /// A reader of a log whose file header is known, at a boundary of its frames.
    pub fn at(
        path: &Path,
        file: &'f dyn StorageFile,
        header: &FileHeader,
        position: Position,
    ) -> Result<Self> {
        let window = Window::new(file).map_err(|error| failed(path, position.offset, error))?;
        Ok(Self::behind(path, window, header.clone(), position))
    }

    /// A reader of a log whose file header is damaged and said to be this.
    pub(super) fn with_header(
        path: &Path,
        file: &'f dyn StorageFile,
        header: FileHeader,
    ) -> io::Result<Self> {
        let first = Position::first(&header);
        Ok(Self::behind(path, Window::new(file)?, header, first))
    }

    fn behind(path: &Path, window: Window<'f>, header: FileHeader, position: Position) -> Self {
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

    /// Goes on at `offset`, where the frame with this header is, whatever lies between.
    pub(super) fn jump(&mut self, offset: u64, header: &FrameHeader) {
        self.position = Position {
            offset,
            next_frame: header.number,
            chain: header.previous,
            last_sequence: header.first_sequence.saturating_sub(1),
            sealed: false,
            in_checkpoint: matches!(header.kind, FrameKind::Checkpoint { .. }),
        };
    }

    /// The header at `offset` when it is one of this log, in its place or not.
    pub(super) fn header_at(&mut self, offset: u64) -> io::Result<Option<(FrameHeader, u32)>> {
        Ok(FrameHeader::decode(self.window.view(offset, FRAME_HEADER_LEN)?, &self.checksum))
    }

    /// Hands the records of the next frame to `sink`, a few at a time and in order. False when no valid frame starts here; then
    /// `sink` was not called.
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

    /// Passes over the frames whose operations all are at or before `sequence`, up to `end` at most.
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

    /// The header at the current offset when it is the one that must come next; its body may still
    /// be bad.
    pub(super) fn claimed_frame(&mut self) -> io::Result<Option<(FrameHeader, u32)>> {
        let claimed = self.header_at(self.position.offset)?;
        Ok(claimed.filter(|(header, _)| {
            header.number == self.position.next_frame
                && (header.previous == self.position.chain || bug!(ChainNotChecked))
                && header.first_sequence == self.position.last_sequence + 1
                && matches!(header.kind, FrameKind::Checkpoint { .. })
                    == self.position.in_checkpoint
        }))
    }

    /// Whether the body of the claimed frame is all there, with its checksum and zero padding. `mark` gets the
    /// running checksum after each piece of it.
    pub(super) fn body_is_valid(
        &mut self,
        header: &FrameHeader,
        mark: &mut impl FnMut(u32),
    ) -> io::Result<bool> {
        let frame_len = header.frame_len();
        let start = self.position.offset;
        if frame_len > self.window.file_len().saturating_sub(start) {
            return Ok(false);
        }
        if frame_len <= SLICE as u64 {
            // One view of all of it, so that its records are delivered from memory.
            self.window.view(start, as_len(frame_len))?;
        }
        let body_end = start + FRAME_HEADER_LEN as u64 + u64::from(header.body_len);
        let mut hasher = self.checksum.start();
        let mut at = start + FRAME_HEADER_LEN as u64;
        while at < body_end {
            let piece = self.window.view(at, as_len(body_end - at).min(SLICE))?;
            if piece.is_empty() {
                return Ok(false);
            }
            for part in piece.chunks(PIECE) {
                hasher.update(part);
                mark(hasher.clone().finalize());
            }
            at += piece.len() as u64;
        }
        let padding = self.window.view(body_end, as_len(start + frame_len - body_end))?;
        let padding_is_zero = padding.iter().all(|&byte| byte == 0) || bug!(PaddingNotChecked);
        let body_is_whole = hasher.finalize() == header.body_checksum || bug!(BodyNotChecked);
        Ok(padding_is_zero && body_is_whole)
    }

    /// Decodes what a frame holds whose checksum was right.
    fn deliver(
        &mut self,
        header: &FrameHeader,
        sink: &mut impl FnMut(&[Record<'_>]),
    ) -> Result<()> {
        match header.kind {
            FrameKind::Commit | FrameKind::Checkpoint { .. } => self.deliver_records(header, sink),
            FrameKind::Consumers => self.take_consumers(header),
            FrameKind::Seal => Ok(()),
        }
    }

    /// A frame larger than a slice is read a second time here, so its checksum is taken again.
    fn deliver_records(
        &mut self,
        header: &FrameHeader,
        sink: &mut impl FnMut(&[Record<'_>]),
    ) -> Result<()> {
        let again = header.frame_len() > SLICE as u64;
        let mut hasher = self.checksum.start();
        let mut at = self.position.offset + FRAME_HEADER_LEN as u64;
        let end = at + u64::from(header.body_len);
        let mut remaining = Remaining {
            kind: header.kind,
            sequence: header.first_sequence,
            count: header.count.into(),
            base_sequence: self.header.base_sequence,
        };
        while remaining.count > 0 {
            let sequence = remaining.sequence;
            let prefix = header.kind.record_prefix();
            let bytes = match records_at(&mut self.window, at, end, SLICE, prefix) {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(source)) => return Err(self.undecodable(sequence, at, source)),
                Err(error) => return Err(failed(&self.path, at, error)),
            };
            let whole = at + bytes.len() as u64 == end;
            match decode(bytes, whole, &mut remaining, sink) {
                Ok(used) => {
                    if again {
                        hasher.update(bytes.get(..used).unwrap_or_default());
                    }
                    at += used as u64;
                }
                Err((used, source)) => {
                    let sequence = remaining.sequence;
                    return Err(self.undecodable(sequence, at + used as u64, source));
                }
            }
        }
        if at != end {
            let extra = as_len(end - at);
            return Err(self.undecodable(remaining.sequence, at, DecodeError::Trailing { extra }));
        }
        if again && hasher.finalize() != header.body_checksum {
            let changed = io::Error::other("the file changed while it was read");
            return Err(self.failed(changed));
        }
        Ok(())
    }

    fn take_consumers(&mut self, header: &FrameHeader) -> Result<()> {
        let at = self.position.offset + FRAME_HEADER_LEN as u64;
        let body = self.window.view(at, header.body_len as usize);
        let body = body.map_err(|error| failed(&self.path, at, error))?;
        let last_sequence = self.position.last_sequence;
        match Consumers::decode(body, header.count, last_sequence) {
            Some(consumers) => {
                self.consumers = consumers;
                Ok(())
            }
            None => Err(Error::CorruptLog {
                path: self.path.clone(),
                sequence: last_sequence + 1,
                offset: at,
                reason: "the positions of the consumers cannot be read".into(),
            }),
        }
    }

    fn advance(&mut self, header: &FrameHeader, own: u32) {
        // A flush covers every frame before it, so the number changes only right after one.
        if header.durable_frame > self.durable_frame {
            self.durable_frame = header.durable_frame;
            self.unproven_from = self.position.offset;
        }
        self.position = self.position.behind(header, own);
        if header.kind.is_history() {
            self.records += u64::from(header.count);
        } else if matches!(header.kind, FrameKind::Checkpoint { .. }) {
            self.entries += u64::from(header.count);
        }
    }

    pub(super) fn go_to(&mut self, position: Position) {
        self.position = position;
    }

    /// Forgets what was read ahead, to look at a log again that grows while it is read.
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

    /// The consumers, as the last frame about them says.
    pub fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    /// The first byte that no later frame vouches for.
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

    pub(super) fn undecodable(&self, sequence: u64, offset: u64, source: DecodeError) -> Error {
        Error::OperationDecodingFailed { path: self.path.clone(), sequence, offset, source }
    }
}

fn header_error(path: &Path, file_len: u64, problem: HeaderProblem) -> Error {
    let path = path.to_owned();
    let corrupt = |offset, reason: &str| Error::CorruptLog {
        path: path.clone(),
        sequence: 0,
        offset,
        reason: reason.into(),
    };
    match problem {
        HeaderProblem::NotALog if file_len == 0 => {
            Error::NotALog { path, reason: "the file is empty" }
        }
        HeaderProblem::NotALog => {
            Error::NotALog { path, reason: "the file does not begin as a log does" }
        }
        HeaderProblem::Version(found) => {
            Error::UnsupportedVersion { path, found, supported: super::format::FORMAT_VERSION }
        }
        HeaderProblem::Truncated => corrupt(file_len, "the file header is truncated"),
        HeaderProblem::Damaged => corrupt(0, "the file header is damaged"),
    }
}

fn failed(path: &Path, offset: u64, source: io::Error) -> Error {
    match Error::io(path, "read the log", source) {
        Error::Io { path, source, .. } => Error::RecoveryFailed { path, offset, source },
        refused => refused,
    }
}

/// A length that was checked against the file, as a length in memory.
fn as_len(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
