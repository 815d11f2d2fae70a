//! Filling an index before anyone reads it in order.

use super::Index;
use super::entries::{Change, Entries};
use super::record::{Entry, Record};
use super::tree::{Ascending, Tree, sorted};

/// How many entries tell how long the others will be.
const SAMPLE: usize = 1024;

/// However long a log is: a sparse file can be of any length.
const MOST: usize = 1 << 24;

/// An index under construction, as during recovery. It answers by key at once; the order of the keys is made once, at
/// the end, which costs a fraction of keeping it with every write.
#[derive(Debug)]
pub struct IndexLoader {
    entries: Entries,
    /// The ordered view so far, for as long as new keys come in ascending order and nothing moves or goes.
    ascending: Option<Ascending>,
    /// What all keys so far start with, so that sorting can skip it.
    prefix: Option<Vec<u8>>,
    exhausted: bool,
    /// What is still to be made room for.
    expected: Option<Expected>,
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
            ascending: Some(Ascending::default()),
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
        self.entries.reserve(entries);
    }

    /// See [`Index::put`].
    pub fn put(&mut self, key: &[u8], value: &[u8], version: u64, timestamp: i64) -> bool {
        let change = self.entries.put(&Entry { key, value, version, timestamp });
        match change {
            Change::Created(at) => self.created(key, at),
            Change::Moved(..) => self.ascending = None,
            Change::InPlace => {}
            Change::Refused => self.exhausted = true,
        }
        matches!(change, Change::Created(_))
    }

    fn created(&mut self, key: &[u8], at: u32) {
        if self.len() == SAMPLE {
            self.make_room();
        }
        if let Some(ascending) = &mut self.ascending
            && !ascending.push(&self.entries.arena, key, at)
        {
            self.ascending = None;
        }
        match &mut self.prefix {
            Some(prefix) => prefix.truncate(shared(prefix, key)),
            None => self.prefix = Some(key.to_vec()),
        }
    }

    /// See [`Index::remove`].
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let Some(at) = self.entries.unlink(key) else {
            return false;
        };
        self.ascending = None;
        self.entries.free(at);
        true
    }

    /// See [`Index::get`].
    pub fn get(&self, key: &[u8]) -> Option<Record<'_>> {
        self.entries.get(key)
    }

    /// See [`Index::warm`].
    pub fn warm(&self, keys: &[&[u8]]) {
        self.entries.warm(keys);
    }

    /// How many keys there are so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts the keys in order. Unless they came so it takes a good fraction of a second for millions of them: not for the
    /// event loop.
    pub fn finish(mut self) -> Index {
        self.entries.shrink();
        let arena = &self.entries.arena;
        let order = if let Some(ascending) = self.ascending {
            ascending.finish(arena)
        } else {
            let skip = self.prefix.map_or(0, |prefix| prefix.len());
            Tree::packed(arena, &sorted(arena, self.entries.len(), skip), skip)
        };
        Index { entries: self.entries, order, exhausted: self.exhausted }
    }
}

fn shared(prefix: &[u8], key: &[u8]) -> usize {
    if key.starts_with(prefix) {
        return prefix.len();
    }
    prefix.iter().zip(key).take_while(|(a, b)| a == b).count()
}
