//! Tells watchers what was committed, in order. Costs a writer one look at a counter when nobody watches.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::changes::{Change, Changes};
use super::group::Group;
use super::locked::locked;
use super::outcome::Outcome;
use super::staged::StagedOperation;
use crate::error::{Error, Result};
use crate::index::{Content, Range};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Called when there is something to read for a watcher that had read everything, and when it ended.
pub(super) type Ring = Box<dyn Fn() + Send + Sync>;

/// Those who watch a store.
#[derive(Debug, Default)]
pub(super) struct Feed(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    watching: AtomicUsize,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    next_id: u64,
    readers: BTreeMap<u64, Arc<Reader>>,
    ended: bool,
}

struct Reader {
    range: Range,
    /// What is visible up to here was there when the watching began.
    since: u64,
    changes: Mutex<Changes>,
    ring: Ring,
}

/// Watches the changes of a store. Nothing is kept for it once it is dropped.
#[must_use = "nobody watches when it is dropped"]
pub struct Watcher {
    feed: Arc<Shared>,
    id: u64,
    reader: Arc<Reader>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader(of {:?}, after {})", self.range, self.since)
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watcher({}, {:?})", self.id, self.reader)
    }
}

impl Watcher {
    /// The next changes, in the order of their versions, up to `count` and about `bytes`; an empty list when there are none
    /// yet, and nothing when there will be no more.
    pub fn take(&self, count: usize, bytes: usize) -> Result<Option<Vec<Change>>> {
        locked(&self.reader.changes).take(count, bytes)
    }

    /// Ends the watching. What was committed before can still be taken.
    pub fn end(&self) {
        self.feed.leave(self.id);
        locked(&self.reader.changes).end(None);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.feed.leave(self.id);
    }
}

impl Reader {
    fn wants(&self, key: &[u8], version: u64) -> bool {
        (version > self.since || bug!(WatchedFromBefore)) && self.range.contains(key)
    }

    /// Whether there was nothing to read before.
    fn add(&self, change: Change, created: bool) -> bool {
        let mut changes = locked(&self.changes);
        let was_empty = changes.is_empty();
        changes.add(change, created);
        was_empty
    }

    fn end(&self, why: Option<&Error>) {
        locked(&self.changes).end(why.cloned());
        (self.ring)();
    }
}

impl Shared {
    fn leave(&self, id: u64) {
        let left = locked(&self.list).readers.remove(&id);
        if left.is_some() {
            self.watching.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Feed {
    /// Begins a watch: of all that becomes visible after `visible`, which is asked for once nothing can be missed any more.
    pub(super) fn begin(
        &self,
        range: Range,
        ring: Ring,
        visible: impl FnOnce() -> Result<u64>,
    ) -> Result<Watcher> {
        let feed = Arc::clone(&self.0);
        let mut list = locked(&feed.list);
        // Before the look at the state: whoever changes it after that sees the count.
        feed.watching.fetch_add(1, Ordering::AcqRel);
        let since = visible().inspect_err(|_| {
            feed.watching.fetch_sub(1, Ordering::AcqRel);
        })?;
        let reader = Arc::new(Reader { range, since, changes: Mutex::default(), ring });
        list.next_id += 1;
        let id = list.next_id;
        list.readers.insert(id, Arc::clone(&reader));
        let ended = list.ended;
        drop(list);
        let watcher = Watcher { feed, id, reader };
        if ended {
            watcher.end();
        }
        Ok(watcher)
    }

    /// How many watches there are.
    pub(super) fn watches(&self) -> u64 {
        self.0.watching.load(Ordering::Acquire) as u64
    }

    pub(super) fn is_watched(&self) -> bool {
        self.0.watching.load(Ordering::Acquire) > 0
    }

    /// Ends all watches, because the store is closed or, with an error, because what changed is not known.
    pub(super) fn end(&self, why: Option<&Error>) {
        let mut list = locked(&self.0.list);
        list.ended = why.is_none();
        let readers = std::mem::take(&mut list.readers);
        self.0.watching.fetch_sub(readers.len(), Ordering::AcqRel);
        drop(list);
        for reader in readers.into_values() {
            reader.end(why);
        }
    }

    /// Tells of a group that is visible, in the order of all groups. `held` gives a long value that the index holds.
    pub(super) fn tell(
        &self,
        group: &Group,
        first_sequence: u64,
        outcomes: &[Outcome],
        held: impl Fn(&[u8], u64) -> Option<Arc<[u8]>>,
    ) {
        let list = locked(&self.0.list);
        let mut woken = Vec::new();
        let operations = group.staged().iter().zip(outcomes).zip(first_sequence..);
        for ((staged, &outcome), version) in operations {
            if outcome == Outcome::Missing {
                continue;
            }
            let StagedOperation { key, value, timestamp, .. } = group.operation(staged);
            let mut made = None;
            for reader in list.readers.values().filter(|one| one.wants(key, version)) {
                let change = made.get_or_insert_with(|| {
                    let held = Content::is_long(value.len()).then(|| held(key, version)).flatten();
                    let value = held.unwrap_or_else(|| Arc::from(value));
                    let (kind, key, overflow) = (staged.kind, Arc::from(key), false);
                    Change { kind, key, version, timestamp, value, overflow }
                });
                if reader.add(change.clone(), outcome == Outcome::Created) {
                    woken.push(Arc::clone(reader));
                }
            }
        }
        drop(list);
        for reader in woken {
            (reader.ring)();
        }
    }
}
