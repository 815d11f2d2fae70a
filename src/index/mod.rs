//! The state in memory: entries found by key and walked in key order.
//!
//! One arena holds all records. Beside it, a hash table finds a record by its key, and a B+-tree keeps the records'
//! addresses in the order of the keys' bytes. Every write is bounded work: the table grows by splitting one small part,
//! the tree by splitting one node, and the arena by one chunk.
//!
//! All of it is in shared pieces that are copied on write. So a clone is a point-in-time view that costs no more than
//! copying the list of pieces, and while it is held, later writes copy each piece that they touch at most once.

mod arena;
mod bins;
mod blobs;
mod chunk;
mod class;
mod entries;
mod loader;
#[allow(unsafe_code, reason = "many pieces share a region, each with one owner")]
mod memory;
mod part;
mod range;
mod record;
#[allow(unsafe_code, reason = "memory is given back to the system while its addresses stay")]
mod regions;
mod scan;
mod space;
mod table;
mod tree;

use std::sync::Arc;

use entries::{BATCH, Change, Entries};
use record::Entry;
use tree::Tree;

pub use loader::IndexLoader;
pub(crate) use memory::copied_by_thread;
pub use range::Range;
pub use record::{Content, Marks, Record};
pub use scan::Scan;

/// Entries by key. Keys are ordered by their bytes; the caller decides which keys and values are permitted.
///
/// ```
/// use softadastra_store::index::{Index, Range};
///
/// let mut index = Index::new();
/// index.put(b"user:2", b"Grace", 1, 0);
/// index.put(b"user:1", b"Ada", 2, 0);
/// let before = index.clone();
/// index.remove(b"user:2");
///
/// assert_eq!(index.get(b"user:1").map(|record| record.value()), Some(&b"Ada"[..]));
/// let keys: Vec<_> = before.scan(&Range::prefix(b"user:")).map(|record| record.key()).collect();
/// assert_eq!(keys, [b"user:1", b"user:2"]);
/// ```
#[derive(Clone, Debug)]
pub struct Index {
    entries: Entries,
    order: Tree,
    exhausted: bool,
    /// Each clone holds one reference.
    clones: Arc<()>,
}

impl Default for Index {
    fn default() -> Self {
        let (entries, order) = (Entries::with_capacity(0), Tree::new());
        Self { entries, order, exhausted: false, clones: Arc::default() }
    }
}

impl Index {
    /// An index without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of a key.
    #[inline]
    pub fn get(&self, key: &[u8]) -> Option<Record<'_>> {
        self.entries.get(key)
    }

    /// Whether the key has an entry.
    #[inline]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entries.find(key).is_some()
    }

    /// The version of a key's entry, which is all that a conditional write needs.
    #[inline]
    pub fn version_of(&self, key: &[u8]) -> Option<u64> {
        self.entries.find(key).and_then(|at| self.entries.arena.version(at))
    }

    /// When a key's entry expires; nothing when it does not, or there is none.
    #[inline]
    pub fn expiry_of(&self, key: &[u8]) -> Option<i64> {
        self.entries.find(key).and_then(|at| self.entries.arena.expiry(at))
    }

    /// The version, the timestamp and the marks of a key's entry.
    pub fn standing_of(&self, key: &[u8]) -> Option<(u64, i64, Marks)> {
        self.entries.find(key).and_then(|at| self.entries.arena.standing(at))
    }

    /// How many entries expire at some time, or have expired.
    pub fn expiring(&self) -> usize {
        self.entries.expiring()
    }

    /// Calls `each` with the position and the entry of every key, in order. Faster per key than [`Index::get`] once the
    /// index outgrows the processor's caches, because the misses of several keys overlap.
    pub fn get_many<'a>(&'a self, keys: &[&[u8]], each: impl FnMut(usize, Option<Record<'a>>)) {
        self.entries.get_many(keys, each);
    }

    /// Brings what is needed to look up or write these keys into the processor's caches, their misses overlapped.
    /// Worthwhile in steps of about 16 before writes that follow a log.
    pub fn warm(&self, keys: &[&[u8]]) {
        self.entries.warm(keys);
        for batch in keys.chunks(BATCH) {
            self.order.warm(batch);
        }
    }

    /// Stores an entry; true if the key is new. Cannot fail while [`Index::has_room`]; without room nothing changes and
    /// [`Index::is_exhausted`] says so from then on.
    pub fn put(&mut self, key: &[u8], value: &[u8], version: u64, timestamp: i64) -> bool {
        self.put_marked(key, value, version, timestamp, Marks::NONE)
    }

    /// [`Index::put`] of an entry with these marks.
    pub fn put_marked(
        &mut self,
        key: &[u8],
        value: &[u8],
        version: u64,
        timestamp: i64,
        marks: Marks,
    ) -> bool {
        self.put_entry(&Entry { key, value, blob: None, version, timestamp, marks })
    }

    /// [`Index::put_marked`] of a value whose memory the index keeps when it is long.
    pub fn put_content(
        &mut self,
        key: &[u8],
        content: &Content<'_>,
        version: u64,
        timestamp: i64,
        marks: Marks,
    ) -> bool {
        let (value, blob) = (content.bytes(), content.blob());
        self.put_entry(&Entry { key, value, blob, version, timestamp, marks })
    }

    /// [`Index::put`] of a record of another index; a long value is shared with that.
    pub fn put_record(&mut self, record: &Record<'_>) -> bool {
        let Record { key, value, blob, version, timestamp, marks } = *record;
        self.put_entry(&Entry { key, value, blob, version, timestamp, marks })
    }

    fn put_entry(&mut self, entry: &Entry<'_>) -> bool {
        let change = self.entries.put(entry);
        match change {
            Change::Created(at) => self.order.insert(&self.entries.arena, entry.key, at),
            Change::Moved(from, to) => self.order.replace(entry.key, from, to),
            Change::InPlace => {}
            Change::Refused => self.exhausted = true,
        }
        self.tidy();
        matches!(change, Change::Created(_))
    }

    /// Drops an entry; true if there was one.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let Some(at) = self.entries.unlink(key) else {
            return false;
        };
        self.order.remove(&self.entries.arena, key, at);
        self.entries.free(at);
        self.tidy();
        true
    }

    /// Moves records out of sparse memory, as many as the last write has to pay for.
    fn tidy(&mut self) {
        let Self { entries, order, .. } = self;
        entries.tidy(|key, from, to| order.replace(key, from, to));
    }

    /// The entries of a range, in its order.
    pub fn scan(&self, range: &Range) -> Scan<'_> {
        Scan::new(&self.entries.arena, &self.order, range)
    }

    /// The long values of these keys. Whoever holds them while they are replaced or removed decides when their memory
    /// is freed, which takes long.
    pub fn long_values(&self, keys: &[&[u8]]) -> Vec<Arc<[u8]>> {
        let mut values = Vec::new();
        if self.entries.arena.has_blobs() {
            self.get_many(keys, |_, record| {
                values.extend(record.and_then(|record| record.blob()).cloned());
            });
        }
        values
    }

    /// How many other clones there are. Writes copy the pieces that this one shares with them.
    pub fn clones(&self) -> usize {
        Arc::strong_count(&self.clones) - 1
    }

    /// How many of the large pieces, of up to 256 KiB, puts of these keys would have to copy because of them.
    pub fn pieces_to_copy(&self, keys: &[&[u8]]) -> usize {
        if self.clones() == 0 { 0 } else { self.entries.pieces_to_copy(keys) }
    }

    /// The bytes of all keys and values: the least that a log of this state can hold.
    pub fn live_bytes(&self) -> u64 {
        self.entries.live_bytes()
    }

    /// What the index has allocated, counting shared pieces in full.
    pub fn memory_bytes(&self) -> usize {
        self.entries.memory_bytes() + self.order.memory_bytes()
    }

    /// Whether this many more entries, with this many bytes of keys and values, certainly fit. Asked before a write
    /// is logged, since afterwards it is too late to refuse it.
    pub fn has_room(&self, additional_entries: u64, additional_bytes: u64) -> bool {
        self.entries.arena.has_room(additional_entries, additional_bytes)
    }

    /// Whether a put was ever refused because [`Index::has_room`] was not asked or not heeded.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }
}
