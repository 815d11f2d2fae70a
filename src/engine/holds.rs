//! How far back the history must be kept for those who read it now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::core::locked;

/// The sequences up to which running readers have read. A reader that is dropped holds nothing back.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<Vec<Weak<AtomicU64>>>);

impl Holds {
    /// Keeps the operations behind `sequence` for as long as the hold lives; it moves on by being set.
    pub(super) fn take(&self, sequence: u64) -> Arc<AtomicU64> {
        let hold = Arc::new(AtomicU64::new(sequence));
        let mut holds = locked(&self.0);
        holds.retain(|hold| hold.strong_count() > 0);
        holds.push(Arc::downgrade(&hold));
        hold
    }

    /// The sequence of the reader that is furthest behind.
    pub(super) fn slowest(&self) -> Option<u64> {
        let holds = locked(&self.0);
        holds.iter().filter_map(Weak::upgrade).map(|hold| hold.load(Ordering::Acquire)).min()
    }
}
