//! Changes that a watcher has not read yet.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::operation::OperationType;

/// Bytes that wait at most, each change counted with `EACH` more. After that, changes of one key are folded.
const LIMIT: usize = 1 << 20;
const EACH: usize = 100;

/// One committed change of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether the entry was written or removed.
    pub kind: OperationType,
    /// Its key.
    pub key: Arc<[u8]>,
    /// The sequence of the operation.
    pub version: u64,
    /// When it was made, in milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// What was written; nothing for a removal.
    pub value: Arc<[u8]>,
    /// Whether changes were left out since the one before: earlier ones of the same key, or entries that were created and
    /// removed.
    pub overflow: bool,
}

impl Change {
    fn bytes(&self) -> usize {
        EACH + self.key.len() + self.value.len()
    }
}

/// The changes that wait for one reader: each of them up to a limit, after that the last one of each key, in the order of
/// their versions. An entry that was created and removed after the limit leaves nothing, so what waits is bounded by what the
/// store had when the reader fell behind and what it has now.
#[derive(Debug, Default)]
pub(super) struct Changes {
    exact: VecDeque<Change>,
    bytes: usize,
    folded: BTreeMap<u64, Folded>,
    versions: HashMap<Arc<[u8]>, u64>,
    left_out: Option<LeftOut>,
    end: Option<Result<()>>,
}

/// Changes that were left out and that no change which was given says so of: versions after `after`, up to `last`.
#[derive(Debug, Clone, Copy)]
struct LeftOut {
    after: u64,
    last: u64,
}

#[derive(Debug)]
struct Folded {
    change: Change,
    /// Whether the entry did not exist before the changes that this stands for.
    is_new: bool,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.folded.is_empty()
    }

    /// Adds a change that is later than all before; `created` says whether there was no entry before it.
    pub(super) fn add(&mut self, mut change: Change, created: bool) {
        if self.end.is_some() {
            return;
        }
        let fits = self.exact.is_empty() || self.bytes + change.bytes() <= LIMIT;
        if self.folded.is_empty() && fits {
            change.overflow = self.passes_left_out(change.version);
            self.bytes += change.bytes();
            self.exact.push_back(change);
        } else {
            self.fold(change, created);
        }
    }

    fn fold(&mut self, mut change: Change, created: bool) {
        let before = self.versions.get(&change.key).and_then(|version| self.folded.remove(version));
        change.overflow = before.is_some();
        let is_new = before.map_or(created, |before| before.is_new);
        if is_new && change.kind == OperationType::Delete && !bug!(VanishedEntriesKept) {
            self.versions.remove(&change.key);
            let after = self.left_out.map_or(change.version - 1, |left_out| left_out.after);
            self.left_out = Some(LeftOut { after, last: change.version });
            return;
        }
        self.versions.insert(Arc::clone(&change.key), change.version);
        self.folded.insert(change.version, Folded { change, is_new });
    }

    /// The next changes, up to `count` and about `bytes`; nothing at all when there will be no more. Why it ended is told
    /// once.
    pub(super) fn take(&mut self, count: usize, bytes: usize) -> Result<Option<Vec<Change>>> {
        let mut taken = Vec::new();
        let mut left = bytes;
        while taken.len() < count && left > 0 {
            let Some(change) = self.next() else { break };
            left = left.saturating_sub(change.bytes());
            taken.push(change);
        }
        match &mut self.end {
            Some(end) if taken.is_empty() => std::mem::replace(end, Ok(())).map(|()| None),
            _ => Ok(Some(taken)),
        }
    }

    fn next(&mut self) -> Option<Change> {
        if let Some(change) = self.exact.pop_front() {
            self.bytes -= change.bytes();
            return Some(change);
        }
        let (_, Folded { mut change, .. }) = self.folded.pop_first()?;
        self.versions.remove(&change.key);
        change.overflow |= self.passes_left_out(change.version);
        Some(change)
    }

    /// Whether changes before this version were left out that nobody has told of yet.
    fn passes_left_out(&mut self, version: u64) -> bool {
        let Some(LeftOut { after, last }) = self.left_out else { return false };
        let passes = after < version;
        if passes {
            self.left_out = (last > version).then_some(LeftOut { after: version, last });
        }
        passes
    }

    /// No changes follow. What waits can still be taken.
    pub(super) fn end(&mut self, why: Option<Error>) {
        self.end.get_or_insert(why.map_or(Ok(()), Err));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: OperationType, key: &str, version: u64, len: usize) -> Change {
        let (key, value) = (Arc::from(key.as_bytes()), vec![b'x'; len].into());
        Change { kind, key, version, timestamp: 0, value, overflow: false }
    }

    fn put(changes: &mut Changes, key: &str, version: u64, len: usize, created: bool) {
        changes.add(change(OperationType::Put, key, version, len), created);
    }

    fn remove(changes: &mut Changes, key: &str, version: u64) {
        changes.add(change(OperationType::Delete, key, version, 0), false);
    }

    fn all(changes: &mut Changes) -> Vec<(String, u64, bool)> {
        let shown = |change: Change| {
            let key = String::from_utf8_lossy(&change.key).into_owned();
            (key, change.version, change.overflow)
        };
        changes.take(usize::MAX, usize::MAX).unwrap().unwrap().into_iter().map(shown).collect()
    }

    fn seen(key: &str, version: u64, overflow: bool) -> (String, u64, bool) {
        (key.into(), version, overflow)
    }

    /// Changes of which the first takes all the room.
    fn full() -> Changes {
        let mut changes = Changes::default();
        put(&mut changes, "full", 1, LIMIT, false);
        changes
    }

    #[test]
    fn up_to_the_limit_every_change_is_kept() {
        let mut changes = Changes::default();
        let most = (LIMIT / (EACH + 2)) as u64;
        for version in 1..=most {
            put(&mut changes, "a", version, 1, false);
        }
        assert!(changes.folded.is_empty());
        put(&mut changes, "a", most + 1, 1, false);
        put(&mut changes, "a", most + 2, 1, false);
        let all = all(&mut changes);
        assert_eq!(all.len() as u64, most + 1);
        assert_eq!(all.last(), Some(&seen("a", most + 2, true)));
        assert!(all.iter().rev().skip(1).all(|(_, _, overflow)| !overflow));
    }

    #[test]
    fn after_that_the_last_change_of_each_key_is_kept_in_the_order_of_versions() {
        let mut changes = full();
        put(&mut changes, "b", 2, 1, true);
        put(&mut changes, "a", 3, 1, true);
        put(&mut changes, "b", 4, 1, false);
        remove(&mut changes, "c", 5);
        assert_eq!(
            all(&mut changes),
            [seen("full", 1, false), seen("a", 3, false), seen("b", 4, true), seen("c", 5, false)]
        );
        assert!(changes.versions.is_empty());
        put(&mut changes, "b", 6, 1, false);
        assert_eq!(all(&mut changes), [seen("b", 6, false)], "it has caught up");
    }

    #[test]
    fn an_entry_that_came_and_went_leaves_nothing_but_the_overflow() {
        let mut changes = full();
        for version in (2..20_000).step_by(2) {
            put(&mut changes, &format!("k{version}"), version, 1, true);
            remove(&mut changes, &format!("k{version}"), version + 1);
        }
        assert!(changes.folded.is_empty() && changes.versions.is_empty());
        assert_eq!(all(&mut changes), [seen("full", 1, false)]);
        put(&mut changes, "a", 20_001, 1, true);
        put(&mut changes, "a", 20_002, 1, false);
        assert_eq!(all(&mut changes), [seen("a", 20_001, true), seen("a", 20_002, false)]);
    }

    #[test]
    fn an_entry_that_was_there_before_is_told_to_be_gone() {
        let mut changes = full();
        put(&mut changes, "a", 2, 1, false);
        remove(&mut changes, "a", 3);
        put(&mut changes, "b", 4, 1, true);
        remove(&mut changes, "b", 5);
        put(&mut changes, "b", 6, 1, true);
        assert_eq!(
            all(&mut changes),
            [seen("full", 1, false), seen("a", 3, true), seen("b", 6, true)]
        );
        assert!(changes.left_out.is_none());
    }

    #[test]
    fn what_waits_can_be_taken_after_the_end_and_the_reason_once() {
        let mut changes = full();
        put(&mut changes, "a", 2, 1, true);
        changes.end(Some(Error::NotOpen));
        changes.end(None);
        put(&mut changes, "b", 3, 1, true);
        assert_eq!(changes.take(1, usize::MAX).unwrap().unwrap().len(), 1);
        assert_eq!(changes.take(9, 1).unwrap().unwrap().len(), 1);
        assert!(matches!(changes.take(1, 1), Err(Error::NotOpen)));
        assert_eq!(changes.take(1, 1).unwrap(), None);
    }
}
