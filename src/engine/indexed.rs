//! What is known about the index file of an open log, and whose turn it is to write it.

use std::time::{Duration, Instant};

use super::locked::locked;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::wal::format::FileHeader;

/// Writing the file takes at most one in this many parts of the time.
const REST: u32 = 10;

/// The index file as it was read or written last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: u64,
    pub(super) log: FileHeader,
    /// The sequence up to which it stands for the log.
    pub(super) sequence: u64,
}

#[derive(Debug, Default)]
pub(super) struct Indexing {
    turn: Mutex<()>,
    ended: AtomicBool,
    known: Mutex<Option<Known>>,
    /// Why the file was useless or could not be written.
    failure: Mutex<Option<String>>,
    /// A thread was started for it.
    pub(super) running: AtomicBool,
    /// The sequence from which the file has to be written again.
    due_at: AtomicU64,
    rest_until: Mutex<Option<Instant>>,
}

impl Indexing {
    /// Waits for whoever is writing the file.
    pub(super) fn begin(&self) -> MutexGuard<'_, ()> {
        locked(&self.turn)
    }

    /// [`begin`](Self::begin), after which nobody writes it again.
    pub(super) fn end(&self) -> MutexGuard<'_, ()> {
        self.ended.store(true, Ordering::Release);
        self.begin()
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn known(&self) -> Option<Known> {
        locked(&self.known).clone()
    }

    pub(super) fn failure(&self) -> Option<String> {
        locked(&self.failure).clone()
    }

    /// Whether the file has to be written now that the log goes up to this sequence.
    pub(super) fn is_due(&self, sequence: u64) -> bool {
        sequence >= self.due_at.load(Ordering::Acquire)
            && locked(&self.rest_until).is_none_or(|until| Instant::now() >= until)
    }

    /// There is a file that fits the log.
    pub(super) fn note(&self, known: Known, tail: u64) {
        let due = known.sequence.saturating_add(tail);
        *locked(&self.known) = Some(known);
        *locked(&self.failure) = None;
        self.due_at.store(due, Ordering::Release);
    }

    /// The log is another one, or its file is useless.
    pub(super) fn note_none(&self, failure: Option<String>) {
        *locked(&self.known) = None;
        *locked(&self.failure) = failure;
        self.due_at.store(0, Ordering::Release);
    }

    /// The file could not be written. The next attempt is made when the log has grown as much as if it had been.
    pub(super) fn note_failure(&self, failure: String, due_at: u64) {
        *locked(&self.failure) = Some(failure);
        self.put_off(due_at);
    }

    /// The file is not to be written before the log goes up to this sequence.
    pub(super) fn put_off(&self, due_at: u64) {
        self.due_at.store(due_at, Ordering::Release);
    }

    /// Writing took this long: leave the processor and the disk to others for a while.
    pub(super) fn rest(&self, took: Duration) {
        *locked(&self.rest_until) = Instant::now().checked_add(took * REST);
    }
}
