//! Compactions and backups as the rest of the store sees them: at most one at a time, each can be
//! watched and stopped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::Duration;

use super::core::locked;
use crate::control::{Control, Progress};
use crate::error::{Error, Result};

/// How soon one who waits for another's turn sees that it is over, or that it was aborted.
const PATIENCE: Duration = Duration::from_millis(5);

/// The door to rewriting the log, and what became of those who went in.
#[derive(Debug, Default)]
pub(super) struct Rewriting {
    one_at_a_time: Mutex<()>,
    stopping: AtomicBool,
    progress: Mutex<Option<Progress>>,
    compactions: AtomicU64,
    last_error: Mutex<Option<Error>>,
    /// An automatic compaction is wanted already.
    pub(super) due: AtomicBool,
    /// After a failure the log has to grow beyond this before the next automatic try.
    pub(super) not_before: AtomicU64,
}

/// The right to rewrite the log. Whatever happens, it is given back and no progress is shown any more.
pub(super) struct Turn<'a> {
    rewriting: &'a Rewriting,
    _guard: MutexGuard<'a, ()>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *locked(&self.rewriting.progress) = None;
    }
}

impl Rewriting {
    /// The right to rewrite the log, unless somebody has it.
    pub(super) fn try_begin(&self) -> Result<Turn<'_>> {
        match self.one_at_a_time.try_lock() {
            Ok(guard) => Ok(Turn { rewriting: self, _guard: guard }),
            Err(TryLockError::Poisoned(poisoned)) => {
                Ok(Turn { rewriting: self, _guard: poisoned.into_inner() })
            }
            Err(TryLockError::WouldBlock) => {
                Err(Error::InvalidState { reason: "a compaction or a backup is running already" })
            }
        }
    }

    /// The right to rewrite the log, when whoever has it is done; an error when `control` gives up before.
    pub(super) fn begin(&self, control: &Control) -> Result<Turn<'_>> {
        loop {
            if let Ok(turn) = self.try_begin() {
                return Ok(turn);
            }
            if control.is_aborted() {
                return Err(Error::Aborted);
            }
            // The other one takes a good part of a second at least.
            thread::sleep(PATIENCE);
        }
    }

    /// Makes whoever rewrites the log give up, and keeps everybody out until the turn is over.
    pub(super) fn stop(&self) -> Turn<'_> {
        self.stopping.store(true, Ordering::Release);
        let turn = Turn { rewriting: self, _guard: locked(&self.one_at_a_time) };
        self.stopping.store(false, Ordering::Release);
        turn
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
        if control.is_aborted() || self.stopping.load(Ordering::Acquire) {
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
}
