//! Cuts off what is after the last frame.

use super::LogWriter;
use super::room::{is_out_of_room, write_zeros};
use crate::error::Result;

impl LogWriter {
    /// Cuts off everything after the last frame; there are bytes of an interrupted write up to `until` at most. The
    /// caller syncs the cut.
    ///
    /// Those bytes are zeroed first, durably. When the file grows again and the machine stops, a file system may give it
    /// the same blocks with what was in them: the header of an interrupted frame would then have other bytes after it,
    /// and pass for damage.
    pub(super) fn cut_off(&mut self, until: u64) -> Result<()> {
        let end = self.position.offset;
        if until > end && !bug!(CutBytesComeBack) {
            match write_zeros(&*self.file, end, until) {
                Ok(()) => self.sync_file(end)?,
                // Only those who write everything to new blocks need room for this, and they show no old ones.
                Err(error) if is_out_of_room(&error) => {}
                Err(error) => return Err(self.append_failed(error)),
            }
        }
        self.file.set_len(end).map_err(|error| self.append_failed(error))?;
        self.file_len = end;
        Ok(())
    }
}
