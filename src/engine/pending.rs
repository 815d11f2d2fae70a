//! A group on its way to a thread that commits it.

use super::group::Group;
use super::locked::locked;
use super::outcome::GroupOutcome;
use super::store::StoreEngine;
use crate::error::Result;
use crate::sync::Mutex;

/// A group that was handed to another thread. Whoever needs it first commits it: a caller that has later writes to commit
/// must neither overtake it nor depend on when that thread gets to it.
#[derive(Debug)]
pub(super) struct Pending {
    slot: Mutex<Slot>,
    bytes: usize,
}

#[derive(Debug)]
enum Slot {
    Waiting(Group),
    Done(Group, Result<GroupOutcome>),
    /// Taken, or its commit panicked.
    Gone,
}

impl Pending {
    pub(super) fn new(group: Group) -> Self {
        Self { bytes: group.bytes(), slot: Mutex::new(Slot::Waiting(group)) }
    }

    /// Bytes of the operations that it was given.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Commits the group unless that was done, waiting for the thread that does it now.
    pub(super) fn commit(&self, engine: &StoreEngine) {
        let mut slot = locked(&self.slot);
        *slot = match std::mem::replace(&mut *slot, Slot::Gone) {
            Slot::Waiting(mut group) => {
                let outcome = engine.commit(&mut group);
                Slot::Done(group, outcome)
            }
            committed => committed,
        };
    }

    /// The emptied group and what became of it, once; nothing before the commit and after a panic.
    pub(super) fn take(&self) -> Option<(Group, Result<GroupOutcome>)> {
        let mut slot = locked(&self.slot);
        match std::mem::replace(&mut *slot, Slot::Gone) {
            Slot::Done(group, outcome) => Some((group, outcome)),
            waiting => {
                *slot = waiting;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::StoreConfig;
    use crate::engine::{Relay, Staging};

    fn staged(staging: &mut Staging, key: &str) -> Arc<Relay> {
        staging.stage(|group| group.put(key, b"", None)).unwrap();
        staging.hand_over()
    }

    #[test]
    fn whoever_comes_first_commits_and_both_see_one_outcome() {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        let mut staging = Staging::new(1000);
        for sequence in 1..=100 {
            let pending = staged(&mut staging, "a");
            thread::scope(|scope| {
                scope.spawn(|| pending.run(&engine));
                staging.commit_handed_over(&engine);
                assert_eq!(engine.last_sequence(), sequence, "committed, whoever did it");
            });
            assert_eq!(engine.last_sequence(), sequence, "committed once");
            let (group, outcome) = pending.take_first().unwrap();
            assert!(group.is_empty());
            assert_eq!(outcome.unwrap().first_sequence, sequence);
            assert!(pending.take_first().is_none());
        }
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_not_committed() {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        let mut staging = Staging::new(1000);
        let pending = staged(&mut staging, "a");
        assert!(pending.take_first().is_none(), "not committed yet");
        drop(pending);
        staging.commit_handed_over(&engine);
        assert_eq!(engine.last_sequence(), 0);
    }
}
