//! Who replays the log of a store that is open already, how far that is, and why it failed.

use std::sync::{OnceLock, PoisonError};
use std::time::Duration;

use super::locked::locked;
use crate::control::{Control, Progress};
use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Condvar, Mutex};

/// How soon those who wait see that they were asked to give up.
const PATIENCE: Duration = Duration::from_millis(20);

/// The right to replay the log, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Warming {
    busy: Mutex<bool>,
    free: Condvar,
    progress: Mutex<Option<Progress>>,
    failure: OnceLock<Error>,
    /// The whole log was read and found sound.
    verified: AtomicBool,
}

/// The right to replay the log. However the replay ends, the next in turn comes in.
pub(super) struct Turn<'w>(&'w Warming);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *locked(&self.0.progress) = None;
        *locked(&self.0.busy) = false;
        self.0.free.notify_all();
    }
}

impl Warming {
    /// Waits for whoever replays the log now, unless `control` gives up before.
    pub(super) fn begin(&self, control: &Control) -> Result<Turn<'_>> {
        let mut busy = locked(&self.busy);
        while *busy {
            control.check()?;
            let waited = self.free.wait_timeout(busy, PATIENCE);
            busy = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *busy = true;
        Ok(Turn(self))
    }

    pub(super) fn note_verified(&self, is_verified: bool) {
        self.verified.store(is_verified, Ordering::Release);
    }

    pub(super) fn is_verified(&self) -> bool {
        self.verified.load(Ordering::Acquire)
    }

    /// So many bytes of the log of so many were replayed.
    pub(super) fn show(&self, read: u64, expected: u64) {
        let progress = Progress { written: read, expected: expected.max(read) };
        *locked(&self.progress) = Some(progress);
    }

    pub(super) fn progress(&self) -> Option<Progress> {
        *locked(&self.progress)
    }

    /// The log cannot be read to its end.
    pub(super) fn fail(&self, error: Error) {
        self.failure.get_or_init(|| error);
    }

    pub(super) fn failure(&self) -> Error {
        self.failure.get().cloned().unwrap_or(Error::NotOpen)
    }
}
