//! What was replayed is made durable before anything rests on it.
//!
//! An earlier process may have died between a write and its sync, or its sync may have failed. Its writes can
//! be read all the same, and are gone after a loss of power.

use super::super::{folder::OpenFolder, repair};
use super::LogWriter;
use crate::error::Result;

/// What the writer of a log that was read needs to make all of it durable.
#[derive(Debug)]
pub(in crate::wal) struct Replayed {
    pub(in crate::wal) folder: OpenFolder,
    /// The first byte that no later frame vouches for.
    pub(in crate::wal) unproven_from: u64,
}

impl LogWriter {
    /// Whether what was replayed is known to be on stable storage, under the name of the log.
    pub fn is_secured(&self) -> bool {
        self.replayed.is_none()
    }

    /// Puts what was replayed on stable storage, unless that is done already.
    pub fn secure(&mut self) -> Result<()> {
        self.check_health()?;
        // Before anything is cut off: names what was saved of that as well.
        if !bug!(CutCopyNotNamed) {
            self.secure_name()?;
        }
        if self.restore()? {
            self.sync_file(self.position.offset)?;
        }
        bug!(CutCopyNotNamed, self.secure_name()?);
        self.note_secured();
        Ok(())
    }

    /// Makes the names in the folder durable: the last opener may have died between a rename and this.
    pub(super) fn secure_name(&self) -> Result<()> {
        match &self.replayed {
            Some(replayed) if !bug!(NoFolderSync) => replayed.folder.sync(),
            _ => Ok(()),
        }
    }

    /// Writes again what no later frame vouches for: after a failed sync the pages of a file can look written
    /// without being on the disk. Gives up what is after the last frame, which may look like zeros only.
    /// Says whether a sync has to follow.
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
            SpaceBehindSealTrusted,
            if self.position.sealed {
                return Ok(true);
            }
        );
        if !bug!(TornTailStays) {
            self.file.set_len(end).map_err(|error| self.append_failed(error))?;
        }
        self.file_len = end;
        Ok(!bug!(RepairNotSynced))
    }

    /// All that was replayed is durable from here on, and the next frame may say so.
    pub(super) fn note_secured(&mut self) {
        if self.replayed.take().is_some() {
            self.durable_frame = self.position.next_frame - 1;
            self.durable_sequence = self.position.last_sequence;
        }
    }
}
