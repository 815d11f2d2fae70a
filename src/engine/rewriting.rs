//! Compactions and backups as the rest of the store sees them: at most one at a time, each can be
//! watched and stopped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::line::{Line, Place};
use super::locked::locked;
use crate::control::{Control, Progress};
use crate::error::{Error, Result};

/// The door to rewriting the log, and what became of those who went in.
#[derive(Debug, Default)]
pub(super) struct Rewriting {
    line: Arc<Line>,
    progress: Mutex<Option<Progress>>,
    compactions: AtomicU64,
    last_error: Mutex<Option<Error>>,
    /// The first failure of an automatic compaction, until somebody was told.
    untold: Mutex<Option<Error>>,
    has_failed: AtomicBool,
    /// An automatic compaction is wanted already.
    pub(super) due: AtomicBool,
    /// After a failure the log has to grow beyond this before the next automatic try.
    pub(super) not_before: AtomicU64,
}

/// The right to rewrite the log. Whatever happens, it is given back and no progress is shown any more.
pub(super) struct Permit<'a>(&'a Rewriting);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *locked(&self.0.progress) = None;
        self.0.line.give_back();
    }
}

impl Rewriting {
    /// A place after all who came before.
    pub(super) fn join(&self) -> Place {
        self.line.join()
    }

    /// The right to rewrite the log, when all who came before are done; an error when `control` gives up before.
    pub(super) fn begin(&self, place: &Place, control: &Control) -> Result<Permit<'_>> {
        place.wait(|| control.is_aborted())?;
        Ok(Permit(self))
    }

    /// Makes whoever rewrites the log give up, and keeps everybody out until the turn is over.
    pub(super) fn stop(&self) -> Permit<'_> {
        self.line.overtake();
        Permit(self)
    }

    /// [`stop`](Self::stop), after which nobody comes in any more.
    pub(super) fn end(&self) -> Permit<'_> {
        self.line.end();
        self.stop()
    }

    /// Shows how far the work is; an error when it is to be given up.
    pub(super) fn step(&self, control: &Control, written: u64, expected: u64) -> Result<()> {
        let progress = Progress { written, expected: expected.max(written) };
        *locked(&self.progress) = Some(progress);
        self.check(control)?;
        control.show(progress);
        Ok(())
    }

    /// An error when the work is to be given up.
    pub(super) fn check(&self, control: &Control) -> Result<()> {
        if control.is_aborted() || self.line.is_stopping() {
            return Err(Error::Aborted);
        }
        Ok(())
    }

    pub(super) fn progress(&self) -> Option<Progress> {
        *locked(&self.progress)
    }

    pub(super) fn compactions(&self) -> u64 {
        self.compactions.load(Ordering::Acquire)
    }

    pub(super) fn last_error(&self) -> Option<Error> {
        locked(&self.last_error).clone()
    }

    /// Notes how a compaction ended.
    pub(super) fn note<T>(&self, outcome: &Result<T>) {
        if outcome.is_ok() {
            self.compactions.fetch_add(1, Ordering::AcqRel);
        }
        *locked(&self.last_error) = outcome.as_ref().err().cloned();
    }

    /// Notes that an automatic compaction failed: nobody has the result of its call.
    pub(super) fn note_unattended(&self, error: Error) {
        if !self.has_failed.swap(true, Ordering::AcqRel) {
            *locked(&self.untold) = Some(error);
        }
    }

    /// The first failure of an automatic compaction, once.
    pub(super) fn take_untold(&self) -> Option<Error> {
        locked(&self.untold).take()
    }
}
