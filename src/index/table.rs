//! The point table: extendible hashing over arena addresses.

#![expect(
    clippy::indexing_slicing,
    reason = "positions are masked by the length, directory entries name existing parts"
)]

use super::part::{PART_SLOTS, Part, address_of, hash_of, home, slot_of};

const FIRST_SLOTS: usize = 16;
/// Beyond this the directory bits would reach the bits that place an entry inside its part.
const DEPTH_MAX: u32 = 18;

/// Where probing for a hash ended in its part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vacancy(usize);

/// Finds addresses by hash. The caller compares keys.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Parts by the leading `bits` of the hash.
    directory: Vec<u32>,
    bits: u32,
    parts: Vec<Part>,
    len: usize,
}

impl Table {
    /// A table that takes so many entries without a split.
    pub(super) fn with_capacity(entries: usize) -> Self {
        let needed = entries / 2 * 3;
        let mut bits = 0;
        while bits < DEPTH_MAX && needed >> bits > PART_SLOTS {
            bits += 1;
        }
        let slots =
            if bits == 0 { needed.next_power_of_two().max(FIRST_SLOTS) } else { PART_SLOTS };
        Self {
            directory: (0..1 << bits).collect(),
            bits,
            parts: (0..1 << bits).map(|_| Part::new(slots, bits)).collect(),
            len: 0,
        }
    }

    /// Grows to what takes so many entries without a split, if it is smaller.
    pub(super) fn reserve(&mut self, entries: usize) {
        let other = Self::with_capacity(entries);
        if other.slots() > self.slots() {
            self.move_to(other);
        }
    }

    /// Gives memory back when it was made for far more than there is.
    pub(super) fn shrink(&mut self) {
        let other = Self::with_capacity(self.len);
        if other.slots() <= self.slots() / 4 {
            self.move_to(other);
        }
    }

    fn move_to(&mut self, mut other: Self) {
        let slots = self.parts.iter().flat_map(Part::slots).filter(|slot| **slot != 0);
        slots.for_each(|slot| other.insert(hash_of(*slot), address_of(*slot)));
        *self = other;
    }

    fn slots(&self) -> usize {
        self.parts.iter().map(|part| part.slots().len()).sum()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn entry(&self, hash: u32) -> usize {
        (u64::from(hash) << self.bits >> 32) as usize
    }

    #[inline]
    fn part(&self, hash: u32) -> &Part {
        &self.parts[self.directory[self.entry(hash)] as usize]
    }

    /// The part of a hash when a write to it would have to copy it.
    pub(super) fn shared_part(&self, hash: u32) -> Option<usize> {
        let id = self.directory[self.entry(hash)] as usize;
        self.parts[id].is_shared().then_some(id)
    }

    fn part_mut(&mut self, hash: u32) -> &mut Part {
        let id = self.directory[self.entry(hash)];
        &mut self.parts[id as usize]
    }

    /// Asks for the slot where probing starts to be brought into the cache.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        self.part(hash).prefetch(hash);
    }

    /// The address where probing starts if it is one of that hash. It mostly is when there is one at all.
    #[inline]
    pub(super) fn first(&self, hash: u32) -> Option<u32> {
        let slots = self.part(hash).slots();
        let slot = slots[home(hash) & (slots.len() - 1)];
        (hash_of(slot) == hash | 1).then(|| address_of(slot))
    }

    /// The first address of that hash that the caller accepts.
    #[inline]
    pub(super) fn find(&self, hash: u32, accept: impl FnMut(u32) -> bool) -> Option<u32> {
        self.probe(hash, accept).ok()
    }

    /// The first address of that hash that the caller accepts, or the vacancy where there is none.
    #[inline]
    pub(super) fn probe(
        &self,
        hash: u32,
        mut accept: impl FnMut(u32) -> bool,
    ) -> Result<u32, Vacancy> {
        let slots = self.part(hash).slots();
        let mask = slots.len() - 1;
        let mut i = home(hash) & mask;
        loop {
            let slot = slots[i];
            if slot == 0 {
                return Err(Vacancy(i));
            }
            if hash_of(slot) == hash | 1 && accept(address_of(slot)) {
                return Ok(address_of(slot));
            }
            i = (i + 1) & mask;
        }
    }

    /// Adds an address where `probe` found a vacancy for its hash, with no change in between.
    pub(super) fn fill(&mut self, vacancy: Vacancy, hash: u32, at: u32) {
        let part = self.part_mut(hash);
        if part.is_full() {
            return self.insert(hash, at);
        }
        part.slots_mut()[vacancy.0] = slot_of(hash, at);
        part.len += 1;
        self.len += 1;
    }

    pub(super) fn insert(&mut self, hash: u32, at: u32) {
        while self.part(hash).is_full() {
            self.grow(hash);
        }
        self.part_mut(hash).place(slot_of(hash, at));
        self.len += 1;
    }

    /// Makes room in one part. Splitting is given up where it would not help, as with many equal hashes.
    fn grow(&mut self, hash: u32) {
        let part = self.part(hash);
        let deep = part.depth == DEPTH_MAX
            || part.depth == self.bits && self.directory.len() > 4 * self.parts.len();
        if part.slots().len() < PART_SLOTS || deep {
            self.part_mut(hash).double();
            return;
        }
        if part.depth == self.bits {
            self.directory = self.directory.iter().flat_map(|id| [*id, *id]).collect();
            self.bits += 1;
        }
        let high = self.part_mut(hash).split();
        let half = 1 << (self.bits - high.depth);
        let start = self.entry(hash) & !(2 * half - 1);
        let id = u32::try_from(self.parts.len()).unwrap_or_default();
        self.directory[start + half..start + 2 * half].fill(id);
        self.parts.push(high);
    }

    pub(super) fn remove(&mut self, hash: u32, at: u32) {
        let part = self.part_mut(hash);
        if let Some(position) = part.position(slot_of(hash, at)) {
            part.clear(position);
            self.len -= 1;
        }
    }

    pub(super) fn replace(&mut self, hash: u32, from: u32, to: u32) {
        let part = self.part_mut(hash);
        if let Some(position) = part.position(slot_of(hash, from)) {
            part.slots_mut()[position] = slot_of(hash, to);
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.slots() * size_of::<u64>()
            + self.parts.capacity() * size_of::<Part>()
            + self.directory.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(n: u32) -> u32 {
        n.wrapping_mul(0x9E37_79B1).rotate_left(13).wrapping_mul(0x85EB_CA6B)
    }

    #[test]
    fn finds_everything_through_many_splits_and_removals() {
        let mut table = Table::with_capacity(0);
        for n in 0..100_000 {
            table.insert(mixed(n), n);
        }
        for n in (0..100_000).step_by(2) {
            table.remove(mixed(n), n);
        }
        assert_eq!(table.len(), 50_000);
        assert!(table.parts.len() > 16);
        for n in 0..100_000 {
            assert_eq!(table.find(mixed(n), |at| at == n), (n % 2 == 1).then_some(n));
        }
        assert_eq!(table.parts.iter().map(|part| part.len).sum::<usize>(), 50_000);
    }

    #[test]
    fn equal_hashes_do_not_split_for_ever() {
        let mut table = Table::with_capacity(0);
        for n in 0..20_000 {
            table.insert(7, n);
        }
        assert!(table.directory.len() < 64);
        table.remove(7, 19_000);
        assert_eq!(table.find(7, |at| at == 19_000), None);
        assert_eq!(table.find(7, |at| at == 19_999), Some(19_999));
    }

    #[test]
    fn a_clone_does_not_see_later_writes() {
        let mut table = Table::with_capacity(0);
        for n in 0..10_000 {
            table.insert(mixed(n), n);
        }
        let before = table.clone();
        for n in 0..10_000 {
            table.replace(mixed(n), n, n + 1_000_000);
        }
        for n in 0..10_000 {
            assert_eq!(before.find(mixed(n), |_| true), Some(n));
            assert_eq!(table.find(mixed(n), |_| true), Some(n + 1_000_000));
        }
    }

    #[test]
    fn sized_in_advance_it_does_not_split() {
        let mut table = Table::with_capacity(50_000);
        let parts = table.parts.len();
        for n in 0..50_000 {
            table.insert(mixed(n), n);
        }
        assert_eq!(table.parts.len(), parts);
    }

    #[test]
    fn sized_for_more_or_fewer_it_keeps_what_it_holds() {
        let mut table = Table::with_capacity(0);
        for n in 0..10_000 {
            table.insert(mixed(n), n);
        }
        let before = table.memory_bytes();
        let held = |table: &Table| {
            table.len() == 10_000
                && (0..10_000).all(|n| table.find(mixed(n), |at| at == n) == Some(n))
        };
        table.reserve(1_000_000);
        assert!(held(&table) && table.memory_bytes() > 1_000_000 * size_of::<u64>());
        table.reserve(0);
        assert!(table.memory_bytes() > 1_000_000 * size_of::<u64>());
        table.shrink();
        assert!(held(&table) && table.memory_bytes() <= 2 * before);
    }

    #[test]
    fn an_empty_table_is_small() {
        assert!(Table::with_capacity(0).memory_bytes() < 1024);
    }
}
