//! Filling an index before anyone reads it in order.

use std::sync::Arc;

use super::Index;
use super::entries::{BATCH, Change, Entries};
use super::part::address_of;
use super::record::{Entry, Marks};
use super::tree::{Ascending, Tree, sorted};

/// After a run in order, changes are applied one by one while there are fewer of them than this part of its entries.
const FOLLOWED_PART: usize = 16;

/// After how many entries the length of the others is estimated.
const SAMPLE: usize = 1024;

/// The limit however long a log is: a sparse file can have any length.
const MOST: usize = 1 << 24;

/// An index under construction, as during recovery. The keys are sorted once, at the end, which costs a fraction of
/// keeping them in order with every write. As long as new keys come in ascending order, the point table is left for
/// later as well.
#[derive(Debug)]
pub struct IndexLoader {
    entries: Entries,
    order: Order,
    /// The prefix of all keys so far, which sorting can skip.
    prefix: Option<Vec<u8>>,
    exhausted: bool,
    /// What room is still to be made for.
    expected: Option<Expected>,
}

/// The ordered view so far. A compacted log begins with its keys in order and continues with changes.
#[derive(Debug)]
enum Order {
    /// New keys come in ascending order, and nothing was changed or removed yet.
    Ascending(Run),
    /// They came in order for a long time. Applying this many more changes is cheaper than sorting everything.
    Followed(Tree, usize),
    /// Everything is sorted at the end.
    Unknown,
}

/// Entries that came in ascending order.
#[derive(Debug, Default)]
struct Run {
    tree: Ascending,
    /// What the point table will hold.
    slots: Vec<u64>,
}

impl Order {
    /// Ends an ascending run before the first change that does not fit into it.
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

    /// Applies one change by `change`, as long as that is cheaper.
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
    /// A loader with no estimate of how much will come.
    pub fn new() -> Self {
        Self::default()
    }

    /// A loader whose point table already has room for this many entries.
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            entries: Entries::with_capacity(entries),
            order: Order::Ascending(Run::default()),
            prefix: None,
            exhausted: false,
            expected: None,
        }
    }

    /// A loader of a log of this many bytes, whose records each take `overhead` besides their key and value. After
    /// the first entries it makes room for as many as would fit if all were like them. What turns out to be too much
    /// for the point table is given back at the end.
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

    /// Makes room in the point table for this many entries in all. An estimate is enough: with too few the table
    /// grows by splits, which costs time; with too many it wastes memory.
    pub fn reserve(&mut self, entries: usize) {
        match &mut self.order {
            Order::Ascending(run) => run.slots.reserve(entries.saturating_sub(run.slots.len())),
            Order::Followed(..) | Order::Unknown => self.entries.reserve(entries),
        }
    }

    /// See [`Index::put`].
    pub fn put(&mut self, key: &[u8], value: &[u8], version: u64, timestamp: i64) -> bool {
        self.put_marked(key, value, version, timestamp, Marks::NONE)
    }

    /// See [`Index::put_marked`].
    pub fn put_marked(
        &mut self,
        key: &[u8],
        value: &[u8],
        version: u64,
        timestamp: i64,
        marks: Marks,
    ) -> bool {
        let entry = Entry { key, value, blob: None, version, timestamp, marks };
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

    /// Adds an entry to the ascending run that accepts it.
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

    /// As after [`Index::put`]: records move here as well. A run in order has none to move.
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

    /// Puts the keys in order. Unless they came that way, it takes a good fraction of a second for millions of them:
    /// too long for the event loop.
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
