//! Commits that wait for nobody.

use super::apply::Waste;
use super::config::Durability;
use super::core::Core;
use super::group::Group;
use super::locked::locked;
use super::outcome::GroupOutcome;
use crate::error::Result;

/// What a caller that must not be held up commits by itself: a few microseconds, where a thread takes longer to be woken.
const OPERATIONS: usize = 32;

impl Core {
    /// Commits a small group of a store in memory if nobody is waited for. Otherwise nothing is done.
    pub(super) fn commit_quickly(&self, group: &mut Group) -> Option<Result<GroupOutcome>> {
        let in_memory = self.config.durability() == Durability::MemoryOnly;
        if !in_memory || group.is_empty() || group.len() > OPERATIONS {
            return None;
        }
        self.commit_alone(group)
    }

    /// Commits the group at once if nobody has the log or waits for it.
    pub(super) fn commit_alone(&self, group: &mut Group) -> Option<Result<GroupOutcome>> {
        let mut log = self.log.try_lock().ok()?;
        if !locked(&self.queue).is_empty() {
            return None;
        }
        let mut waste = Waste::default();
        let outcome = self.commit_group(&mut log, group, &mut waste);
        drop(log);
        waste.free();
        group.clear();
        Some(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StoreConfig, StoreEngine};

    fn group(operations: usize, bytes: usize) -> Group {
        let mut group = Group::new();
        for at in 0..operations {
            group.put(&format!("{at}"), &vec![0; bytes], None).unwrap();
        }
        group
    }

    #[test]
    fn only_what_is_small_and_waits_for_nothing_is_committed_quickly() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let buffered = StoreEngine::open(StoreConfig::buffered(file("buffered.wal"))).unwrap();
        let durable = StoreEngine::open(StoreConfig::durable(file("durable.wal"))).unwrap();
        let memory = StoreEngine::new(StoreConfig::memory_only());
        let quick = |store: &StoreEngine, operations, bytes| {
            let mut group = group(operations, bytes);
            let committed = store.commit_quickly(&mut group);
            assert_eq!(group.len(), if committed.is_some() { 0 } else { operations });
            committed.map(|outcome| outcome.unwrap().first_sequence)
        };
        assert_eq!(quick(&durable, 1, 1), None);
        assert_eq!(quick(&buffered, 1, 1), None, "the disk may be busy");
        assert_eq!(quick(&memory, 33, 1), None);
        assert_eq!(quick(&memory, 32, 1), Some(1));
        assert_eq!(quick(&memory, 2, 1 << 20), Some(33));
        let held = locked(&memory.core.log);
        assert_eq!(quick(&memory, 1, 1), None, "somebody has the log");
        drop(held);
        assert_eq!(quick(&memory, 1, 1), Some(35));
    }

    #[test]
    fn groups_that_wait_are_not_overtaken() {
        let store = StoreEngine::new(StoreConfig::memory_only());
        let waiting = std::sync::Arc::new(super::super::ticket::Ticket::new(group(1, 1)));
        locked(&store.core.queue).push_back(waiting);
        assert!(store.commit_quickly(&mut group(1, 1)).is_none());
        assert_eq!(store.commit(&mut group(1, 1)).unwrap().first_sequence, 2);
    }
}
