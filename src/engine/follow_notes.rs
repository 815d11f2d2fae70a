//! What became of following a log, for those who ask.

use super::locked::locked;
use super::outcome::Restart;
use crate::error::Error;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};

/// What became of following the log.
#[derive(Debug, Default)]
pub(super) struct Following {
    restarts: AtomicU64,
    /// How often the store began with another history.
    pub(super) origin: AtomicU64,
    last_restart: Mutex<Option<Restart>>,
    last_error: Mutex<Option<Error>>,
}

impl Following {
    pub(super) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Acquire)
    }

    pub(super) fn last_restart(&self) -> Option<Restart> {
        *locked(&self.last_restart)
    }

    /// Why the log could not be followed the last time it was looked at.
    pub(super) fn error(&self) -> Option<Error> {
        locked(&self.last_error).clone()
    }

    pub(super) fn note_restart(&self, restart: Restart) {
        *locked(&self.last_restart) = Some(restart);
        self.restarts.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes why the log could not be followed just now; nothing when it could.
    pub(super) fn note_error(&self, error: Option<Error>) {
        *locked(&self.last_error) = error;
    }
}
