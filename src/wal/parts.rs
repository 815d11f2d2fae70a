//! A frame whose records are read a part at a time.

use std::io;

use super::format::{FRAME_HEADER_LEN, FrameHeader};
use super::position::Position;
use super::reader::{LogReader, PIECE, Record};
use super::records::{Remaining, decode_one, records_at};
use crate::error::Result;
use crate::operation::DecodeError;

/// Bytes of a frame that are decoded at a time, unless one record has more.
const PART: usize = 64 << 10;

/// Bytes that are read first, when little may be wanted.
const FIRST_STEP: usize = 16 << 10;

/// A frame that was found whole, and the next of its records. It holds none of their bytes, so it can be kept while
/// nobody reads. The bytes of each part are compared with what they were when the frame was found whole: no frame is
/// read over and over, and no part that has changed since is believed.
#[derive(Debug)]
pub struct OpenFrame {
    after: Position,
    /// Where its body begins and ends.
    body: u64,
    end: u64,
    /// The running checksum of the body at its start and after each piece.
    marks: Vec<u32>,
    at: u64,
    remaining: Remaining,
}

impl OpenFrame {
    fn new(start: Position, header: &FrameHeader, own: u32, base_sequence: u64) -> Self {
        let body = start.offset + FRAME_HEADER_LEN as u64;
        let end = body + u64::from(header.body_len);
        let has_history = header.kind.is_history();
        Self {
            after: start.after_frame(header, own),
            body,
            end,
            marks: Vec::new(),
            at: if has_history { body } else { end },
            remaining: Remaining {
                count: if has_history { header.count.into() } else { 0 },
                ..Remaining::of(header, base_sequence)
            },
        }
    }

    /// The pieces in which the bytes from `from` to `to` lie: the number of the first, where it begins, and where the
    /// last one ends.
    fn pieces(&self, from: u64, to: u64) -> (usize, u64, u64) {
        let size = PIECE as u64;
        let first = (from - self.body) / size;
        let end = self.body + (to - self.body).div_ceil(size) * size;
        (length(first), self.body + first * size, end.min(self.end))
    }
}

impl LogReader<'_> {
    /// The next frame, to be read in parts; nothing when no valid frame starts here. The reader stays in front of it
    /// until it is [closed](Self::close_frame).
    pub fn open_frame(&mut self) -> Result<Option<OpenFrame>> {
        let found = self.claimed_frame().and_then(|claimed| {
            let Some((header, own)) = claimed else { return Ok(None) };
            let start = *self.position();
            let mut frame = OpenFrame::new(start, &header, own, self.header().base_sequence);
            frame.marks.push(self.checksum().start().finalize());
            let is_valid = self.body_is_valid(&header, &mut |mark| frame.marks.push(mark))?;
            Ok(is_valid.then_some(frame))
        });
        found.map_err(|error| self.failed(error))
    }

    /// Hands records of an open frame to `take` until it refuses one, which comes first the next time. True when the
    /// frame has no more.
    pub fn read_part(
        &mut self,
        frame: &mut OpenFrame,
        take: &mut impl FnMut(&Record<'_>) -> bool,
    ) -> Result<bool> {
        while frame.remaining.count > 0 {
            let at = frame.at;
            let bytes = match self.part(frame) {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(source)) => {
                    return Err(self.undecodable(frame.remaining.sequence, at, source));
                }
                Err(error) => return Err(self.failed(error)),
            };
            match take_from(bytes, frame, take) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(source) => {
                    return Err(self.undecodable(frame.remaining.sequence, frame.at, source));
                }
            }
        }
        self.refuse_trailing(frame.remaining.sequence, frame.at, frame.end)?;
        Ok(true)
    }

    /// Reads little from the file at first, for callers who may soon have enough.
    pub fn begin_small(&mut self) {
        self.window().begin_small(FIRST_STEP, PART);
    }

    /// Continues after an open frame.
    pub fn close_frame(&mut self, frame: &OpenFrame) {
        self.go_to(frame.after);
    }

    /// The bytes of the next records of a frame, checked to be those that were found whole.
    fn part(&mut self, frame: &OpenFrame) -> io::Result<std::result::Result<&[u8], DecodeError>> {
        let (at, prefix) = (frame.at, frame.remaining.kind.record_prefix());
        // In one view, because the checksum needs the whole first piece.
        let (_, from, to) = frame.pieces(at, frame.end.min(at + PART as u64));
        self.window().view(from, length(to - from))?;
        let len = match records_at(self.window(), at, frame.end, PART, prefix)? {
            Ok(records) => records.len(),
            Err(source) => return Ok(Err(source)),
        };
        let (first, from, to) = frame.pieces(at, at + len as u64);
        let bytes = self.window().view(from, length(to - from))?;
        let marks = frame.marks.get(first..).unwrap_or_default();
        let mut pieces = bytes.chunks(PIECE).zip(marks.iter().zip(marks.iter().skip(1)));
        let is_whole = bytes.len() as u64 == to - from;
        let is_same = is_whole
            && pieces.all(|(piece, (before, after))| {
                let mut hasher = crc32fast::Hasher::new_with_initial(*before);
                hasher.update(piece);
                hasher.finalize() == *after
            });
        if !is_same && !bug!(ChangedPartBelieved) {
            return Err(io::Error::other("the file changed while it was read"));
        }
        Ok(Ok(bytes.get(length(at - from)..).and_then(|rest| rest.get(..len)).unwrap_or_default()))
    }
}

/// Hands on the records in `bytes`, the last of which may be cut off. False when one was refused.
fn take_from(
    bytes: &[u8],
    frame: &mut OpenFrame,
    take: &mut impl FnMut(&Record<'_>) -> bool,
) -> std::result::Result<bool, DecodeError> {
    let begin = frame.at;
    let is_rest = begin + bytes.len() as u64 == frame.end;
    while frame.remaining.count > 0 {
        let used = length(frame.at - begin);
        match decode_one(bytes.get(used..).unwrap_or_default(), &frame.remaining) {
            Ok((record, len)) => {
                if !take(&record) {
                    return Ok(false);
                }
                frame.at += len as u64;
                frame.remaining.pass();
            }
            Err(DecodeError::Truncated { .. }) if !is_rest && used > 0 => break,
            Err(source) => return Err(source),
        }
    }
    Ok(true)
}

/// A number of bytes of a frame, as a length in memory.
fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
