//! What a frame holds: whether it is whole, and what it says.

use super::failures::failed;
use super::{LogReader, PIECE};
use crate::error::{Error, Result};
use crate::operation::{DecodeError, consumers_of, is_attribute};
use crate::wal::consumers::Consumers;
use crate::wal::format::{FRAME_HEADER_LEN, FrameHeader, FrameKind};
use crate::wal::records::{Record, Remaining, decode, records_at};
use crate::wal::window::SLICE;
use std::io;

impl LogReader<'_> {
    /// Whether the body of the claimed frame is complete, with the right checksum and zero padding. `mark` gets the
    /// running checksum after each piece of it.
    pub(in crate::wal) fn body_is_valid(
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
            // One view of the whole body, so that its records are delivered from memory.
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

    /// Decodes what is in a frame whose checksum was right.
    pub(super) fn deliver(
        &mut self,
        header: &FrameHeader,
        sink: &mut impl FnMut(&[Record<'_>]),
    ) -> Result<()> {
        match header.kind {
            FrameKind::Checkpoint { .. } | FrameKind::Removals { .. } => {
                self.deliver_records(header, sink)
            }
            FrameKind::Commit => {
                let attached = self.attached_consumers(header)?;
                self.deliver_records(header, sink)?;
                if let Some(consumers) = attached.filter(|_| !bug!(AttachedPositionsNotRead)) {
                    self.consumers = consumers;
                }
                Ok(())
            }
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
        let mut remaining = Remaining::of(header, self.header.base_sequence);
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
        self.refuse_trailing(remaining.sequence, at, end)?;
        if again && hasher.finalize() != header.body_checksum {
            let changed = io::Error::other("the file changed while it was read");
            return Err(self.failed(changed));
        }
        Ok(())
    }

    /// An error unless the records of a frame reach to its `end`.
    pub(in crate::wal) fn refuse_trailing(&self, sequence: u64, at: u64, end: u64) -> Result<()> {
        if at == end {
            return Ok(());
        }
        let extra = as_len(end.saturating_sub(at));
        Err(self.undecodable(sequence, at, DecodeError::Trailing { extra }))
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
            None => Err(self.unreadable_positions(at)),
        }
    }

    /// The consumers according to the first record of a commit, if it says anything of them. What else is wrong with that
    /// record is for whoever reads the records to find.
    fn attached_consumers(&mut self, header: &FrameHeader) -> Result<Option<Consumers>> {
        let at = self.position.offset + FRAME_HEADER_LEN as u64;
        let end = at + u64::from(header.body_len);
        let first = self.window.view(at, 1).map_err(|error| failed(&self.path, at, error))?;
        if !first.first().is_some_and(|&byte| is_attribute(byte)) {
            return Ok(None);
        }
        let records = records_at(&mut self.window, at, end, 1, 0);
        let attribute = match records.map_err(|error| failed(&self.path, at, error))? {
            Ok(bytes) => consumers_of(bytes).unwrap_or_default().map(<[u8]>::to_vec),
            Err(_) => None,
        };
        let Some(attribute) = attribute else { return Ok(None) };
        let found = Consumers::decode_attribute(&attribute, self.position.last_sequence);
        found.map(Some).ok_or_else(|| self.unreadable_positions(at))
    }

    fn unreadable_positions(&self, offset: u64) -> Error {
        Error::CorruptLog {
            path: self.path.clone(),
            sequence: self.position.last_sequence + 1,
            offset,
            reason: "the positions of the consumers cannot be read".into(),
        }
    }
}

/// A length that was checked against the file, as a length in memory.
fn as_len(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
