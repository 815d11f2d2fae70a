//! Makes, writes and syncs one frame.

use std::io;

use super::LogWriter;
use crate::error::{Error, Result};
use crate::storage::write_full;
use crate::wal::format::{FRAME_ALIGNMENT, FRAME_HEADER_LEN, FrameHeader, FrameKind, MAX_SEQUENCE};
use crate::wal::position::Position;

impl LogWriter {
    pub(super) fn append_frame(
        &mut self,
        frame: &mut Vec<u8>,
        kind: FrameKind,
        count: u32,
    ) -> Result<()> {
        self.check_health()?;
        self.secure_name()?;
        bug!(AckBeforeSync, self.sync_file(self.position.offset)?);
        let frame_len = frame.len().next_multiple_of(FRAME_ALIGNMENT);
        if let Err(error) = self.make_room(frame_len as u64) {
            return Err(self.undo(error));
        }
        // Not before the sync for which it vouches.
        let next = self.finish_frame(frame, kind, count)?;
        let start = self.position.offset;
        if let Err(error) = self.write_frame(frame) {
            return Err(self.undo(self.append_failed(error)));
        }
        bug!(ShownBeforeSync, {
            let header = self.header.clone();
            self.durable.iter_mut().for_each(|file| file.show(&header, &next));
        });
        if self.synced && !bug!(AckBeforeSync) {
            self.sync_file(start)?;
            self.check_name()?;
        }
        self.advance(next);
        self.show_durable();
        Ok(())
    }

    /// Fills in the header of `frame`, pads its end, and says where the writer stands after it.
    pub(super) fn finish_frame(
        &self,
        frame: &mut Vec<u8>,
        kind: FrameKind,
        count: u32,
    ) -> Result<Position> {
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
        Ok(self.position.after_frame(&header, own))
    }

    pub(super) fn write_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        write_full(&*self.file, frame, self.position.offset)
    }

    pub(super) fn advance(&mut self, next: Position) {
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
