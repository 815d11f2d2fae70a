//! Filling an index before anyone reads it in order.

use super::Index;
use super::entries::{Change, Entries};
use super::record::{Entry, Record};
use super::tree::{Tree, sorted};

/// An index under construction, as during recovery. It answers by key at once; the order of the keys is made once, at
/// the end, which costs a fraction of keeping it with every write.
#[derive(Debug)]
pub struct IndexLoader {
    entries: Entries,
    /// What all keys so far start with, so that sorting can skip it.
    prefix: Option<Vec<u8>>,
    exhausted: bool,
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
        Self { entries: Entries::with_capacity(entries), prefix: None, exhausted: false }
    }

    /// See [`Index::put`].
    pub fn put(&mut self, key: &[u8], value: &[u8], version: u64, timestamp: i64) -> bool {
        let change = self.entries.put(&Entry { key, value, version, timestamp });
        self.exhausted |= change == Change::Refused;
        let created = matches!(change, Change::Created(_));
        if created {
            match &mut self.prefix {
                Some(prefix) => prefix.truncate(shared(prefix, key)),
                None => self.prefix = Some(key.to_vec()),
            }
        }
        created
    }

    /// See [`Index::remove`].
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let found = self.entries.unlink(key);
        if let Some(at) = found {
            self.entries.free(at);
        }
        found.is_some()
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

    /// Sorts the keys. Takes a good fraction of a second for millions of them: not for the event loop.
    pub fn finish(self) -> Index {
        let skip = self.prefix.map_or(0, |prefix| prefix.len());
        let arena = &self.entries.arena;
        let order = Tree::packed(arena, &sorted(arena, self.entries.len(), skip), skip);
        Index { entries: self.entries, order, exhausted: self.exhausted }
    }
}

fn shared(prefix: &[u8], key: &[u8]) -> usize {
    if key.starts_with(prefix) {
        return prefix.len();
    }
    prefix.iter().zip(key).take_while(|(a, b)| a == b).count()
}
