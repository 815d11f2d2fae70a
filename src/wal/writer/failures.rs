//! What a writer does when the disk fails it.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::{Health, LogWriter};
use crate::error::{Error, Result};
use crate::operation::now;

impl LogWriter {
    /// Whether writing stopped because a sync failed.
    pub fn is_poisoned(&self) -> bool {
        self.health == Health::Poisoned
    }

    /// Stops writing: what is on the disk under the name of the log is unknown until it is opened again.
    pub fn poison(&mut self) {
        self.health = Health::Poisoned;
    }

    /// Takes back a write that failed. The cut is synced, so that no part of the failed group can
    /// come back after a crash.
    pub(super) fn undo(&mut self, error: Error) -> Error {
        if self.health != Health::Poisoned {
            bug!(SequenceLostOnFailure, self.position.last_sequence += 1);
            bug!(NoCutBack, return error);
            bug!(AppendModeAfterShortWrite, {
                self.position.offset = self.file.len().unwrap_or(self.position.offset);
                return error;
            });
            self.health = Health::Ragged;
            // When this fails too, the next append begins with it.
            let _ = self.cut_back();
        }
        error
    }

    fn cut_back(&mut self) -> Result<()> {
        let end = self.position.offset;
        self.file.set_len(end).map_err(|error| self.append_failed(error))?;
        self.file_len = end;
        if !bug!(CutBackNotSynced) {
            self.sync_file(end)?;
        }
        self.health = Health::Sound;
        Ok(())
    }

    pub(super) fn check_health(&mut self) -> Result<()> {
        match self.health {
            Health::Sound => Ok(()),
            Health::Ragged => self.cut_back(),
            Health::Poisoned => Err(self.poisoned()),
        }
    }

    /// A failed sync is never retried: the kernel may have dropped the pages and would then report
    /// success for bytes that are gone.
    pub(super) fn sync_file(&mut self, doubtful_from: u64) -> Result<()> {
        self.stats.syncs += 1;
        bug!(NoSync, return Ok(()));
        let begun = Instant::now();
        let synced = self.file.sync();
        let synced =
            if bug!(RetryFailedSync) { synced.or_else(|_| self.file.sync()) } else { synced };
        if let Err(error) = synced {
            if !bug!(NoPoison) {
                self.health = Health::Poisoned;
            }
            return Err(Error::WalFlushFailed {
                path: self.path.clone(),
                sequence: self.position.last_sequence + 1,
                offset: doubtful_from,
                source: Arc::new(error),
            });
        }
        self.stats.last_sync_at = now();
        self.stats.last_sync_took = begun.elapsed();
        Ok(())
    }

    pub(super) fn append_failed(&self, source: io::Error) -> Error {
        Error::WalAppendFailed {
            path: self.path.clone(),
            sequence: self.position.last_sequence + 1,
            offset: self.position.offset,
            source: Arc::new(source),
        }
    }

    /// What a poisoned writer refuses with.
    pub fn poisoned(&self) -> Error {
        Error::Poisoned { path: self.path.clone() }
    }
}
