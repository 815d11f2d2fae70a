//! Compactions and backups as the rest of the store sees them: at most one at a time, and each can be
//! watched and stopped.

use std::sync::Arc;

use super::locked::locked;
use super::queue::{Queue, QueuePosition};
use crate::control::{Control, Progress};
use crate::error::{Error, Result};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Access to rewriting the log, and the results of earlier rewrites.
#[derive(Debug, Default)]
pub(super) struct Rewriting {
    queue: Arc<Queue>,
    progress: Mutex<Option<Progress>>,
    compactions: AtomicU64,
    last_error: Mutex<Option<Error>>,
    /// The first failure of an automatic compaction, until someone was told.
    untold: Mutex<Option<Error>>,
    has_failed: AtomicBool,
    /// An automatic compaction was already requested.
    pub(super) due: AtomicBool,
    /// After a failure, the log has to grow beyond this before the next automatic attempt.
    pub(super) not_before: AtomicU64,
}

/// The right to rewrite the log. Whatever happens, it is given back and progress is no longer shown.
pub(super) struct Permit<'a>(&'a Rewriting);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *locked(&self.0.progress) = None;
        self.0.queue.give_back();
    }
}

impl Rewriting {
    /// The position after all who came before.
    pub(super) fn join(&self) -> QueuePosition {
        self.queue.join()
    }

    /// The right to rewrite the log, once all who came before are done; an error when `control` gives up before.
    pub(super) fn begin(&self, position: &QueuePosition, control: &Control) -> Result<Permit<'_>> {
        position.wait(|| control.is_aborted())?;
        Ok(Permit(self))
    }

    /// Makes whoever rewrites the log give up, and keeps everyone out until the turn is over.
    pub(super) fn stop(&self) -> Permit<'_> {
        self.queue.overtake();
        Permit(self)
    }

    /// [`stop`](Self::stop), after which nobody gets a turn any more.
    pub(super) fn end(&self) -> Permit<'_> {
        self.queue.end();
        self.stop()
    }

    /// Shows how far the work has got; an error when it should be given up.
    pub(super) fn step(&self, control: &Control, written: u64, expected: u64) -> Result<()> {
        let progress = Progress { written, expected: expected.max(written) };
        *locked(&self.progress) = Some(progress);
        self.check(control)?;
        control.show(progress);
        Ok(())
    }

    /// An error when the work should be given up.
    pub(super) fn check(&self, control: &Control) -> Result<()> {
        if control.is_aborted() || self.queue.is_stopping() {
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

    /// Notes how a compaction ended. Whoever sees that one more was done sees no failure of one before it.
    pub(super) fn note<T>(&self, outcome: &Result<T>) {
        *locked(&self.last_error) = outcome.as_ref().err().cloned();
        if outcome.is_ok() {
            self.compactions.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Notes that an automatic compaction failed: its call has no caller to tell.
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
