//! Makes what was replayed durable before anything relies on it.
//!
//! An earlier process may have died between a write and its sync, or its sync may have failed. Its writes can still be
//! read, but a power cut would lose them.

use super::super::{folder::OpenFolder, repair};
use super::LogWriter;
use crate::error::Result;

/// What the writer needs to make all of a log that was read durable.
#[derive(Debug)]
pub(in crate::wal) struct Replayed {
    pub(in crate::wal) folder: OpenFolder,
    /// The first byte for which no later frame vouches.
    pub(in crate::wal) unproven_from: u64,
    /// Where an interrupted write ends, or the last frame if there is none.
    pub(in crate::wal) torn_end: u64,
}

impl LogWriter {
    /// Whether what was replayed is known to be on stable storage, under the name of the log.
    pub fn is_secured(&self) -> bool {
        self.replayed.is_none()
    }

    /// Puts what was replayed on stable storage, unless that is done already.
    pub fn secure(&mut self) -> Result<()> {
        self.check_health()?;
        // Before anything is cut off: this also makes the name of what was saved durable.
        if !bug!(CutCopyNotNamed) {
            self.secure_name()?;
        }
        if self.restore()? {
            self.sync_file(self.position.offset)?;
        }
        bug!(CutCopyNotNamed, self.secure_name()?);
        if !self.is_secured() {
            self.note_secured();
            self.show_durable();
        }
        Ok(())
    }

    /// Makes the names in the folder durable: the last opener may have died between a rename and this.
    pub(super) fn secure_name(&self) -> Result<()> {
        match &self.replayed {
            Some(replayed) if !bug!(NoFolderSync) => replayed.folder.sync(&*self.file),
            _ => Ok(()),
        }
    }

    /// Writes again what no later frame vouches for: after a failed sync the pages of a file can look written
    /// without being on the disk. Drops what is after the last frame, which may only look like zeros.
    /// Returns whether a sync has to follow.
    pub(super) fn restore(&mut self) -> Result<bool> {
        let Some(replayed) = &self.replayed else { return Ok(false) };
        bug!(
            CleanEndTrusted,
            if self.position.sealed {
                return Ok(false);
            }
        );
        let end = self.position.offset;
        if !bug!(NoRewrite) {
            let rewritten = repair::rewrite(&*self.file, replayed.unproven_from, end);
            rewritten.map_err(|error| self.append_failed(error))?;
        }
        bug!(
            SpaceAfterSealTrusted,
            if self.position.sealed {
                return Ok(true);
            }
        );
        let torn_end = replayed.torn_end;
        bug!(TornTailStays, {
            self.file_len = end;
            return Ok(true);
        });
        self.cut_off(torn_end)?;
        Ok(!bug!(RepairNotSynced))
    }

    /// Everything replayed is durable from here on, and the next frame may say so.
    pub(super) fn note_secured(&mut self) {
        if self.replayed.take().is_some() {
            self.durable_frame = self.position.next_frame - 1;
            self.durable_sequence = self.position.last_sequence;
        }
    }
}
