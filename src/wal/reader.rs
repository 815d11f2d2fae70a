//! Reads a log frame by frame.

use std::io;
use std::path::{Path, PathBuf};

use super::checksum::Checksum;
use super::format::{
    FILE_HEADER_LEN, FRAME_HEADER_LEN, FileHeader, FrameHeader, FrameKind, HeaderProblem,
};
pub use super::records::Record;
use super::records::{decode, records_at};
use super::window::{SLICE, Window};
use crate::error::{Error, Result};
use crate::operation::DecodeError;
use crate::storage::StorageFile;

/// Where a reader stands between two frames: all that a writer needs to go on.
#[derive(Debug, Clone)]
pub struct Position {
    /// Where the next frame starts.
    pub offset: u64,
    /// Its number.
    pub next_frame: u64,
    /// The checksum it is chained to.
    pub chain: u32,
    /// The sequence before its first record.
    pub last_sequence: u64,
    /// Whether the frame before is a seal.
    pub sealed: bool,
}

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
}

impl<'f> LogReader<'f> {
    /// Reads the file header.
    pub fn new(path: &Path, file: &'f dyn StorageFile) -> Result<Self> {
        let mut window = Window::new(file).map_err(|error| failed(path, 0, error))?;
        let file_len = window.file_len();
        let bytes = window.view(0, FILE_HEADER_LEN).map_err(|error| failed(path, 0, error))?;
        let header =
            FileHeader::decode(bytes).map_err(|problem| header_error(path, file_len, problem))?;
        Ok(Self::behind(path, window, header))
    }

    /// A reader of a log whose file header is damaged and said to be this.
    pub(super) fn with_header(
        path: &Path,
        file: &'f dyn StorageFile,
        header: FileHeader,
    ) -> io::Result<Self> {
        Ok(Self::behind(path, Window::new(file)?, header))
    }

    fn behind(path: &Path, window: Window<'f>, header: FileHeader) -> Self {
        let offset = FILE_HEADER_LEN as u64;
        let position = Position {
            offset,
            next_frame: 1,
            chain: header.chain(),
            last_sequence: header.base_sequence,
            sealed: false,
        };
        Self {
            path: path.to_owned(),
            window,
            checksum: Checksum::salted(header.salt),
            header,
            position,
            durable_frame: 0,
            unproven_from: offset,
            records: 0,
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
            Some((header, own)) if self.body_is_valid(&header)? => Ok(Some((header, own))),
            _ => Ok(None),
        });
        let Some((header, own)) = found.map_err(|error| self.failed(error))? else {
            return Ok(false);
        };
        self.deliver(&header, sink)?;
        self.advance(&header, own);
        Ok(true)
    }

    /// The header at the current offset when it is the one that must come next; its body may still
    /// be bad.
    pub(super) fn claimed_frame(&mut self) -> io::Result<Option<(FrameHeader, u32)>> {
        let claimed = self.header_at(self.position.offset)?;
        Ok(claimed.filter(|(header, _)| {
            header.number == self.position.next_frame
                && (header.previous == self.position.chain || bug!(ChainNotChecked))
                && header.first_sequence == self.position.last_sequence + 1
        }))
    }

    /// Whether the body of the claimed frame is all there, with its checksum and zero padding.
    fn body_is_valid(&mut self, header: &FrameHeader) -> io::Result<bool> {
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
            hasher.update(piece);
            at += piece.len() as u64;
        }
        let padding = self.window.view(body_end, as_len(start + frame_len - body_end))?;
        let padding_is_zero = padding.iter().all(|&byte| byte == 0) || bug!(PaddingNotChecked);
        let body_is_whole = hasher.finalize() == header.body_checksum || bug!(BodyNotChecked);
        Ok(padding_is_zero && body_is_whole)
    }

    /// Decodes the records of a frame whose checksum was right. A frame larger than a slice is read
    /// a second time here, so its checksum is taken again.
    fn deliver(
        &mut self,
        header: &FrameHeader,
        sink: &mut impl FnMut(&[Record<'_>]),
    ) -> Result<()> {
        let again = header.frame_len() > SLICE as u64;
        let mut hasher = self.checksum.start();
        let mut at = self.position.offset + FRAME_HEADER_LEN as u64;
        let end = at + u64::from(header.body_len);
        let mut sequence = header.first_sequence;
        let last = sequence + u64::from(header.count);
        while sequence < last {
            let bytes = match records_at(&mut self.window, at, end) {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(source)) => return Err(self.undecodable(sequence, at, source)),
                Err(error) => return Err(failed(&self.path, at, error)),
            };
            let whole = at + bytes.len() as u64 == end;
            match decode(bytes, whole, sequence, last, sink) {
                Ok((count, used)) => {
                    if again {
                        hasher.update(bytes.get(..used).unwrap_or_default());
                    }
                    sequence += count;
                    at += used as u64;
                }
                Err((count, used, source)) => {
                    return Err(self.undecodable(sequence + count, at + used as u64, source));
                }
            }
        }
        if at != end {
            let extra = as_len(end - at);
            return Err(self.undecodable(last, at, DecodeError::Trailing { extra }));
        }
        if again && hasher.finalize() != header.body_checksum {
            let changed = io::Error::other("the file changed while it was read");
            return Err(self.failed(changed));
        }
        Ok(())
    }

    fn advance(&mut self, header: &FrameHeader, own: u32) {
        // A flush covers every frame before it, so the number changes only right after one.
        if header.durable_frame > self.durable_frame {
            self.durable_frame = header.durable_frame;
            self.unproven_from = self.position.offset;
        }
        self.position = Position {
            offset: self.position.offset + header.frame_len(),
            next_frame: header.number + 1,
            chain: own,
            last_sequence: self.position.last_sequence + u64::from(header.count),
            sealed: header.kind == FrameKind::Seal,
        };
        self.records += u64::from(header.count);
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

    /// Records read so far.
    pub fn records(&self) -> u64 {
        self.records
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

    fn undecodable(&self, sequence: u64, offset: u64, source: DecodeError) -> Error {
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
