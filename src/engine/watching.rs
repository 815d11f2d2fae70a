//! What a store tells those who watch it.

use std::sync::Arc;

use super::core::Core;
use super::feed::{Ring, Watcher};
use super::group::Group;
use super::outcome::Outcome;
use crate::error::Result;
use crate::index::Range;
use crate::state::State;

impl Core {
    /// Watches a range of keys from now on. `ring` is called by whoever commits, with the log locked.
    pub(super) fn watch(&self, range: Range, ring: Ring) -> Result<Watcher> {
        // Known without the tail of the log, for which whoever watches and all who commit would wait.
        let visible = || self.state.read_unless(|_| false, |state| Ok(state.last_sequence));
        self.feed.begin(range, ring, visible)
    }

    /// Tells watchers of a group that is visible. Only whoever holds the log may call this, so that they hear in order.
    pub(super) fn tell_watchers(&self, group: &Group, first_sequence: u64, outcomes: &[Outcome]) {
        if self.feed.is_watched() {
            let held = |key: &[u8], version| self.long_value(key, version);
            self.feed.tell(group, first_sequence, outcomes, held);
        }
    }

    /// The long value that was just put, unless it was replaced at once.
    fn long_value(&self, key: &[u8], version: u64) -> Option<Arc<[u8]>> {
        let held = |State { index, .. }: &State| {
            let record = index.get(key).filter(|record| record.version() == version);
            Ok(record.and_then(|record| record.blob().map(Arc::clone)))
        };
        self.read(held).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, StoreConfig, StoreEngine, Value};

    #[test]
    fn what_is_visible_when_a_watch_begins_is_not_told_even_if_it_was_told_to_nobody_yet() {
        let store = StoreEngine::new(StoreConfig::memory_only());
        store.put(&Key::new("a").unwrap(), &Value::from_string("x")).unwrap();
        let watcher = store.watch(Range::all(), || ()).unwrap();
        let mut group = Group::new();
        group.put("a", b"x", None).unwrap();
        let told = |sequence| {
            store.core.tell_watchers(&group, sequence, &[Outcome::Created]);
            watcher.take(1, 1).unwrap().unwrap().len()
        };
        assert_eq!((told(1), told(2)), (0, 1));
    }
}
