//! Filling an index before anyone reads it in order.

use std::sync::Arc;

use super::Index;
use super::entries::{BATCH, Change, Entries};
use super::part::address_of;
use super::record::Entry;
use super::tree::{Ascending, Tree, sorted};

/// After a run in order, changes are followed one by one while they are less than this part of its entries.
const FOLLOWED_PART: usize = 16;

/// How many entries tell how long the others will be.
const SAMPLE: usize = 1024;

/// However long a log is: a sparse file can be of any length.
const MOST: usize = 1 << 24;

/// An index under construction, as during recovery. The order of the keys is made once, at the end, which costs a
/// fraction of keeping it with every write. As long as new keys come in ascending order, the point table is left for
/// later as well.
#[derive(Debug)]
pub struct IndexLoader {
    entries: Entries,
    order: Order,
    /// What all keys so far start with, so that sorting can skip it.
    prefix: Option<Vec<u8>>,
    exhausted: bool,
    /// What is still to be made room for.
    expected: Option<Expected>,
}

/// The ordered view so far. A log that was compacted begins with its keys in order and goes on with changes.
#[derive(Debug)]
enum Order {
    /// New keys come in ascending order, and nothing has changed or gone yet.
    Ascending(Run),
    /// That was so for long. This many changes more are cheaper to follow than to sort everything.
    Followed(Tree, usize),
    /// To be made at the end.
    Unknown,
}

/// Entries that came in ascending order.
#[derive(Debug, Default)]
struct Run {
    tree: Ascending,
    /// What the point table is to hold.
    slots: Vec<u64>,
}

impl Order {
    /// Ends an ascending run, before the first change that it cannot take.
    fn break_off(&mut self, entries: &mut Entries) {
        if matches!(self, Self::Ascending(_))
            && let Self::Ascending(run) = std::mem::replace(self, Self::Unknown)
        {
            entries.settle(&run.slots);
            let budget = run.slots.len() / FOLLOWED_PART;
            if budget > 0 {
                *self = Self::Followed(run.tree.finish(&entries.arena), budget);
            }
        }
    }

    /// Follows one change with `change`, as long as that is the cheaper way.
    fn follow(&mut self, change: impl FnOnce(&mut Tree)) {
        match self {
            Self::Followed(tree, budget) if *budget > 0 => {
                *budget -= 1;
                change(tree);
            }
            Self::Followed(..) => *self = Self::Unknown,
            Self::Ascending(_) | Self::Unknown => {}
        }
    }
}

/// How long a log is, and how many bytes of it a record takes besides key and value.
#[derive(Debug)]
struct Expected {
    bytes: u64,
    overhead: u64,
}

impl Default for IndexLoader {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl IndexLoader {
    /// A loader without a guess at how much will come.
    pub fn new() -> Self {
        Self::default()
    }

    /// A loader whose point table already has room for so many entries.
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            entries: Entries::with_capacity(entries),
            order: Order::Ascending(Run::default()),
            prefix: None,
            exhausted: false,
            expected: None,
        }
    }

    /// A loader of a log of so many bytes, of which each record takes `overhead` besides its key and value. After the first
    /// entries it makes room for as many as would fit if all were like them. What turns out to be too much for the point
    /// table is given back at the end.
    pub fn for_log(bytes: u64, overhead: u64) -> Self {
        Self { expected: Some(Expected { bytes, overhead }), ..Self::default() }
    }

    fn make_room(&mut self) {
        if let Some(Expected { bytes, overhead }) = self.expected.take() {
            let entries = self.len() as u64;
            let each = self.entries.live_bytes() / entries + overhead;
            self.reserve(usize::try_from(bytes / each.max(1)).unwrap_or(MOST).min(MOST));
        }
    }

    /// Makes room in the point table for so many entries in all. A guess is enough: with less the table grows by splits,
    /// which costs time; with more it takes memory for nothing.
    pub fn reserve(&mut self, entries: usize) {
        match &mut self.order {
            Order::Ascending(run) => run.slots.reserve(entries.saturating_sub(run.slots.len())),
            Order::Followed(..) | Order::Unknown => self.entries.reserve(entries),
        }
    }

    /// See [`Index::put`].
    pub fn put(&mut self, key: &[u8], value: &[u8], version: u64, timestamp: i64) -> bool {
        let entry = Entry { key, value, blob: None, version, timestamp };
        let Self { entries, order, .. } = self;
        if let Order::Ascending(run) = order {
            if run.tree.takes(&entries.arena, key) {
                return self.append(&entry);
            }
            order.break_off(entries);
        }
        let change = entries.put(&entry);
        match change {
            Change::Created(at) => {
                order.follow(|tree| tree.insert(&entries.arena, key, at));
                self.created(key);
            }
            Change::Moved(from, to) => order.follow(|tree| tree.replace(key, from, to)),
            Change::InPlace => {}
            Change::Refused => self.exhausted = true,
        }
        self.tidy();
        matches!(change, Change::Created(_))
    }

    /// Adds an entry to the ascending run that takes it.
    fn append(&mut self, entry: &Entry<'_>) -> bool {
        let Order::Ascending(run) = &mut self.order else { return false };
        let Some(slot) = self.entries.append(entry) else {
            self.exhausted = true;
            return false;
        };
        run.tree.push(&self.entries.arena, entry.key, address_of(slot));
        run.slots.push(slot);
        self.created(entry.key);
        true
    }

    fn created(&mut self, key: &[u8]) {
        if self.len() == SAMPLE {
            self.make_room();
        }
        match &mut self.prefix {
            Some(prefix) => prefix.truncate(shared(prefix, key)),
            None => self.prefix = Some(key.to_vec()),
        }
    }

    /// See [`Index::remove`].
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let Self { entries, order, .. } = self;
        order.break_off(entries);
        let Some(at) = entries.unlink(key) else {
            return false;
        };
        order.follow(|tree| tree.remove(&entries.arena, key, at));
        entries.free(at);
        self.tidy();
        true
    }

    /// See [`Index::put`]: records move here as well. A run in order has none to move.
    fn tidy(&mut self) {
        let Self { entries, order, .. } = self;
        entries.tidy(|key, from, to| {
            if let Order::Followed(tree, _) = order {
                tree.replace(key, from, to);
            }
        });
    }

    /// See [`Index::warm`].
    pub fn warm(&self, keys: &[&[u8]]) {
        if matches!(self.order, Order::Ascending(_)) {
            return;
        }
        self.entries.warm(keys);
        if let Order::Followed(tree, _) = &self.order {
            for batch in keys.chunks(BATCH) {
                tree.warm(batch);
            }
        }
    }

    /// How many keys there are so far.
    pub fn len(&self) -> usize {
        match &self.order {
            Order::Ascending(run) => run.slots.len(),
            Order::Followed(..) | Order::Unknown => self.entries.len(),
        }
    }

    /// Whether there is no key so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts the keys in order. Unless they came so it takes a good fraction of a second for millions of them: not for the
    /// event loop.
    pub fn finish(mut self) -> Index {
        if let Order::Ascending(run) = &self.order {
            self.entries.settle(&run.slots);
        }
        self.entries.shrink();
        let arena = &self.entries.arena;
        let order = match self.order {
            Order::Ascending(run) => run.tree.finish(arena),
            Order::Followed(tree, _) => tree,
            Order::Unknown => {
                let skip = self.prefix.map_or(0, |prefix| prefix.len());
                Tree::packed(arena, &sorted(arena, self.entries.len(), skip), skip)
            }
        };
        Index { entries: self.entries, order, exhausted: self.exhausted, clones: Arc::default() }
    }
}

fn shared(prefix: &[u8], key: &[u8]) -> usize {
    if key.starts_with(prefix) {
        return prefix.len();
    }
    prefix.iter().zip(key).take_while(|(a, b)| a == b).count()
}
