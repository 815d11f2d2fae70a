//! The entries in no order: the point table and the arena, kept in step.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};
use std::hint::black_box;

use foldhash::quality::RandomState;

use super::arena::Arena;
use super::part::{address_of, hash_of, slot_of};
use super::record::{Entry, Record};
use super::table::Table;

/// How many cache misses a batched read keeps in flight.
pub(super) const BATCH: usize = 16;

/// What a put did, and what the ordered view has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Created(u32),
    InPlace,
    Moved(u32, u32),
    /// The entry could not be addressed; nothing changed.
    Refused,
}

#[derive(Clone, Debug)]
pub(super) struct Entries {
    hasher: RandomState,
    table: Table,
    pub(super) arena: Arena,
    live_bytes: u64,
    /// How many entries expire at some time.
    expiring: usize,
}

impl Entries {
    pub(super) fn with_capacity(entries: usize) -> Self {
        Self {
            hasher: RandomState::default(),
            table: Table::with_capacity(entries),
            arena: Arena::new(),
            live_bytes: 0,
            expiring: 0,
        }
    }

    pub(super) fn reserve(&mut self, entries: usize) {
        self.table.reserve(entries);
    }

    pub(super) fn shrink(&mut self) {
        self.table.shrink();
    }

    #[expect(clippy::cast_possible_truncation, reason = "32 bits of the hash are enough")]
    #[inline]
    fn hash(&self, key: &[u8]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        hasher.finish() as u32
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    pub(super) fn expiring(&self) -> usize {
        self.expiring
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.table.memory_bytes() + self.arena.memory_bytes()
    }

    /// The address of a key's record.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.table.find(self.hash(key), |at| self.arena.key(at) == key)
    }

    #[inline]
    pub(super) fn get(&self, key: &[u8]) -> Option<Record<'_>> {
        let mut found = None;
        self.table.find(self.hash(key), |at| {
            found = self.arena.record(at).filter(|record| record.key == key);
            found.is_some()
        });
        found
    }

    /// Looks up many keys, each step for a whole batch before the next step, so that the cache misses overlap.
    pub(super) fn get_many<'a>(
        &'a self,
        keys: &[&[u8]],
        mut each: impl FnMut(usize, Option<Record<'a>>),
    ) {
        let mut index = 0;
        for batch in keys.chunks(BATCH) {
            let hashes = self.touch(batch);
            for (key, hash) in batch.iter().zip(hashes) {
                let mut found = None;
                self.table.find(hash, |at| {
                    found = self.arena.record(at).filter(|record| record.key == *key);
                    found.is_some()
                });
                each(index, found);
                index += 1;
            }
        }
    }

    /// Brings the slots and then the records of up to `BATCH` keys into the cache.
    #[inline]
    fn touch(&self, batch: &[&[u8]]) -> [u32; BATCH] {
        let hashes = self.prefetch(batch);
        let mut seen = 0;
        for (_, hash) in batch.iter().zip(hashes) {
            let at = self.table.find(hash, |_| true);
            seen ^= at.map_or(0, |at| self.arena.touch(at));
        }
        black_box(seen);
        hashes
    }

    fn prefetch<const N: usize>(&self, batch: &[&[u8]]) -> [u32; N] {
        let mut hashes = [0; N];
        for (key, hash) in batch.iter().zip(&mut hashes) {
            *hash = self.hash(key);
            self.table.prefetch(*hash);
        }
        hashes
    }

    /// Prepares for writing these keys. They are likely to be new, so the search for records stops early.
    pub(super) fn warm(&self, keys: &[&[u8]]) {
        for batch in keys.chunks(4 * BATCH) {
            let hashes = self.prefetch::<{ 4 * BATCH }>(batch);
            let mut seen = 0;
            for (_, hash) in batch.iter().zip(hashes) {
                seen ^= self.table.first(hash).map_or(0, |at| self.arena.touch(at));
            }
            black_box(seen);
        }
    }

    /// How many large pieces puts of these keys would have to copy because a clone has them too: the chunks of existing
    /// records, and the parts of the table to which the others are added.
    pub(super) fn pieces_to_copy(&self, keys: &[&[u8]]) -> usize {
        let (mut parts, mut chunks) = (HashSet::new(), HashSet::new());
        for key in keys {
            match self.find(key) {
                Some(at) => chunks.extend(self.arena.shared_chunk(at)),
                None => parts.extend(self.table.shared_part(self.hash(key))),
            }
        }
        parts.len() + chunks.len()
    }

    pub(super) fn put(&mut self, entry: &Entry<'_>) -> Change {
        let hash = self.hash(entry.key);
        let old = match self.table.probe(hash, |at| self.arena.key(at) == entry.key) {
            Ok(old) => old,
            Err(vacancy) => {
                let Some(at) = self.arena.insert(entry) else {
                    return Change::Refused;
                };
                self.table.fill(vacancy, hash, at);
                self.live_bytes += (entry.key.len() + entry.value.len()) as u64;
                self.expiring += usize::from(entry.marks.expiry.is_some());
                return Change::Created(at);
            }
        };
        let before = self.arena.record(old);
        let did_expire = before.is_some_and(|record| record.marks.expiry.is_some());
        let before = before.map_or(0, |record| record.value.len());
        let Some(new) = self.arena.update(old, entry) else {
            return Change::Refused;
        };
        self.live_bytes = self.live_bytes + entry.value.len() as u64 - before as u64;
        self.expiring =
            self.expiring + usize::from(entry.marks.expiry.is_some()) - usize::from(did_expire);
        if new == old {
            return Change::InPlace;
        }
        self.table.replace(hash, old, new);
        Change::Moved(old, new)
    }

    /// Stores an entry that cannot be found until [`settle`](Self::settle) is given the slot that this returns. Its key
    /// must be new.
    pub(super) fn append(&mut self, entry: &Entry<'_>) -> Option<u64> {
        let at = self.arena.insert(entry)?;
        self.live_bytes += (entry.key.len() + entry.value.len()) as u64;
        self.expiring += usize::from(entry.marks.expiry.is_some());
        Some(slot_of(self.hash(entry.key), at))
    }

    /// Makes appended entries findable, all together, so that the cache misses overlap and the table has its final
    /// size at once.
    pub(super) fn settle(&mut self, slots: &[u64]) {
        self.table.reserve(self.len() + slots.len());
        for batch in slots.chunks(4 * BATCH) {
            for slot in batch {
                self.table.prefetch(hash_of(*slot));
            }
            for slot in batch {
                self.table.insert(hash_of(*slot), address_of(*slot));
            }
        }
    }

    /// Removes an entry. Its record stays readable until it is given to `free`.
    pub(super) fn unlink(&mut self, key: &[u8]) -> Option<u32> {
        let hash = self.hash(key);
        let at = self.table.find(hash, |at| self.arena.key(at) == key)?;
        self.table.remove(hash, at);
        if let Some(record) = self.arena.record(at) {
            self.live_bytes -= (key.len() + record.value.len()) as u64;
            self.expiring -= usize::from(record.marks.expiry.is_some());
        }
        Some(at)
    }

    pub(super) fn free(&mut self, at: u32) {
        self.arena.free(at);
    }

    /// Moves the records for which the writes so far have to pay; `each` is told the key, where it was and where it is.
    pub(super) fn tidy(&mut self, mut each: impl FnMut(&[u8], u32, u32)) {
        while let Some((from, to)) = self.arena.relocate() {
            let key = self.arena.key(to);
            self.table.replace(self.hash(key), from, to);
            each(key, from, to);
        }
    }
}
