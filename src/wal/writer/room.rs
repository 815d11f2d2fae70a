//! The zeroed space after the last frame.

use std::io;

use super::LogWriter;
use crate::error::Result;
use crate::storage::{StorageFile, write_full};

/// A frame of this size or more is written past the end of the file: its own bytes cost more than
/// what growing the file adds, and zeroing the space first would write it twice.
const GROW_FROM: u64 = 128 << 10;
/// The zeroed space is extended by an eighth of the log, within these bounds.
const MIN_STEP: u64 = 64 << 10;
const MAX_STEP: u64 = 4 << 20;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

impl LogWriter {
    /// Makes sure that what was replayed is durable, and that a small frame overwrites zeroed, durable
    /// space: that is what makes its sync cheap and an interrupted write recognizable. One sync does both.
    pub(super) fn make_room(&mut self, len: u64) -> Result<()> {
        let restored = self.restore()?;
        let end = self.position.offset + len;
        let grown = self.synced && end > self.file_len && len < GROW_FROM;
        if grown {
            self.zero_ahead(end)?;
        }
        if restored || (grown && !bug!(ZerosNotSynced)) {
            self.sync_file(self.position.offset)?;
        }
        self.note_secured();
        Ok(())
    }

    fn zero_ahead(&mut self, end: u64) -> Result<()> {
        let step = (self.position.offset / 8).clamp(MIN_STEP, MAX_STEP);
        let zeroed = match self.write_zeros((end + step).next_multiple_of(4096)) {
            // What fits may be enough for the frame, or can be made to be.
            Err(error) if is_out_of_room(&error) && !bug!(NoSmallerStep) => {
                self.file.len().and_then(|len| {
                    self.file_len = len.max(self.file_len);
                    self.write_zeros(end)
                })
            }
            zeroed => zeroed,
        };
        zeroed.map_err(|error| self.append_failed(error))
    }

    fn write_zeros(&mut self, target: u64) -> io::Result<()> {
        write_zeros(&*self.file, self.file_len, target)?;
        self.file_len = self.file_len.max(target);
        Ok(())
    }
}

pub(super) fn write_zeros(file: &dyn StorageFile, mut from: u64, to: u64) -> io::Result<()> {
    while from < to {
        let piece = ZEROS.len().min(usize::try_from(to - from).unwrap_or(usize::MAX));
        let zeros = ZEROS.get(..piece).unwrap_or_default();
        write_full(file, zeros, from)?;
        from += piece as u64;
    }
    Ok(())
}

pub(super) fn is_out_of_room(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | WriteZero)
}
