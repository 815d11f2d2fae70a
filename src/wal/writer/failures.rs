//! What a writer does when the disk fails.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::{Health, LogWriter};
use crate::error::{Error, Result};
use crate::operation::now;
use crate::storage::Storage;
use crate::wal::held::Held;

impl LogWriter {
    /// Whether writing has stopped because a sync failed or the log was replaced.
    pub fn is_poisoned(&self) -> bool {
        matches!(self.health, Health::Poisoned | Health::Replaced)
    }

    /// Stops writing: what the disk has under the log's name is unknown until it is opened again.
    pub fn poison(&mut self) {
        self.health = Health::Poisoned;
    }

    /// Takes back a failed write. The cut is synced, so that no part of the failed group can come back
    /// after a crash.
    pub(super) fn undo(&mut self, error: Error) -> Error {
        if !self.is_poisoned() {
            bug!(SequenceLostOnFailure, self.position.last_sequence += 1);
            bug!(NoCutBack, return error);
            bug!(AppendModeAfterShortWrite, {
                self.position.offset = self.file.len().unwrap_or(self.position.offset);
                return error;
            });
            self.health = Health::Ragged;
            // If this fails too, the next append begins with it.
            let _ = self.cut_back();
        }
        error
    }

    fn cut_back(&mut self) -> Result<()> {
        let until = self.file.len().map_err(|error| self.append_failed(error))?;
        self.cut_off(until)?;
        if !bug!(CutBackNotSynced) {
            self.sync_file(self.position.offset)?;
        }
        self.health = Health::Sound;
        Ok(())
    }

    pub(super) fn check_health(&mut self) -> Result<()> {
        match self.health {
            Health::Sound => Ok(()),
            Health::Ragged => self.cut_back(),
            Health::Poisoned | Health::Replaced => Err(self.poisoned()),
        }
    }

    /// Stops writing when the name of the log stands for another file: what was written is not where anybody would look
    /// for it. Checked with every sync, next to which looking up a name costs little.
    pub fn check_name(&mut self) -> Result<()> {
        let checked = self.held.as_ref().map_or(Ok(()), Held::check_name);
        self.noted(checked)
    }

    /// [`check_name`](Self::check_name) before the log is replaced, for the lock as well.
    pub fn secure_names(&mut self, storage: &dyn Storage) -> Result<()> {
        let secured = self.held.as_mut().map_or(Ok(()), |held| held.secure_names(storage));
        self.noted(secured)
    }

    /// [`check_name`](Self::check_name) for a log that is about to be closed.
    pub fn check_not_replaced(&mut self, storage: &dyn Storage) -> Result<()> {
        let checked = self.held.as_ref().map_or(Ok(()), |held| held.check_not_replaced(storage));
        self.noted(checked)
    }

    fn noted(&mut self, checked: Result<()>) -> Result<()> {
        if matches!(checked, Err(Error::LogReplaced { .. })) {
            self.health = Health::Replaced;
        }
        checked
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

    /// The error of a poisoned writer.
    pub fn poisoned(&self) -> Error {
        let path = self.path.clone();
        match self.health {
            Health::Replaced => Error::LogReplaced { path },
            _ => Error::Poisoned { path },
        }
    }
}
