//! The seal, and what is done before it is written.

use super::LogWriter;
use crate::error::Result;
use crate::wal::format::{FRAME_HEADER_LEN, FrameKind};

impl LogWriter {
    /// Seals the log, so that later damage to its last frame cannot pass for an interrupted write, and
    /// releases the zeroed space.
    pub fn close(&mut self) -> Result<()> {
        if self.is_poisoned() {
            return Err(self.poisoned());
        }
        self.flush()?;
        self.seal()
    }

    /// Seals a log that nobody can find before all of it is synced: its frames need not be on stable
    /// storage yet for the seal to vouch for them.
    pub(in crate::wal) fn seal_unnamed(&mut self) -> Result<()> {
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
            // Part of a seal would be an interrupted write, and a full disk leaves no room to save one.
            return Err(self.undo(self.append_failed(error)));
        }
        self.advance(next);
        let end = self.position.offset;
        self.file.set_len(end).map_err(|error| self.append_failed(error))?;
        if !bug!(SealNotSynced) {
            self.sync_file(start)?;
        }
        self.durable_frame = self.position.next_frame - 1;
        self.show_durable();
        Ok(())
    }
}
