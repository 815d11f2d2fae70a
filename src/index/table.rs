//! The point table: extendible hashing over arena addresses.

#![expect(
    clippy::indexing_slicing,
    reason = "positions are masked by the length, directory entries name existing parts"
)]

mod resizing;

use super::part::{Part, address_of, hash_of, home, slot_of};

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
    /// How many parts use as many leading bits as the directory.
    deepest: usize,
    len: usize,
    /// Whether room was made for entries to come, which no removal gives back.
    reserved: bool,
}

impl Table {
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

    /// Prefetches the slot where probing starts.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        self.part(hash).prefetch(hash);
    }

    /// The address where probing starts, if it has that hash. It mostly does if there is one at all.
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

    /// Adds an address at the vacancy that `probe` found for its hash, with no change in between.
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

    pub(super) fn remove(&mut self, hash: u32, at: u32) {
        let part = self.part_mut(hash);
        let Some(position) = part.position(slot_of(hash, at)) else { return };
        part.clear(position);
        self.len -= 1;
        if !self.reserved {
            self.give_back(hash);
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
    use super::resizing::prefix;
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

    /// However the hashes are spread, removals give back what insertions took, and lose nothing.
    #[test]
    fn gives_back_the_slots_of_what_is_removed() {
        type Hash = fn(u32) -> u32;
        let same_start: Hash = |n| mixed(n) >> 20 | 0xABC0_0000;
        let two_places: Hash = |n| if n % 2 == 0 { mixed(n) >> 17 } else { mixed(n) | 0xFFF0_0000 };
        for hash in [mixed, same_start, two_places, |_| 7] {
            for keep in [1u32, 3, 8, 1000] {
                let mut table = Table::with_capacity(0);
                let count = if hash(1) == hash(2) { 3_000 } else { 60_000 };
                (0..count).for_each(|n| table.insert(hash(n), n));
                let kept = |n: u32| n.is_multiple_of(keep) && keep != 1;
                for n in (0..count).filter(|n| !kept(*n)) {
                    table.remove(hash(n), n);
                }
                let len = (0..count).filter(|n| kept(*n)).count();
                assert_eq!(table.len(), len);
                for n in 0..count {
                    assert_eq!(table.find(hash(n), |at| at == n), kept(n).then_some(n));
                }
                let most = len * 48 + 64 * 1024;
                assert!(table.memory_bytes() <= most, "{} of {most}", table.memory_bytes());
                check(&table);
            }
        }
    }

    /// Every entry of the directory leads to the part with that prefix, and no part is missing from it.
    fn check(table: &Table) {
        assert_eq!(table.directory.len(), 1 << table.bits);
        let deepest = table.parts.iter().filter(|part| part.depth == table.bits).count();
        assert_eq!(table.deepest, deepest);
        let mut entered = vec![0; table.parts.len()];
        for (i, id) in (0..).zip(&table.directory) {
            let part = &table.parts[*id as usize];
            assert_eq!(prefix(i, table.bits) & !(u32::MAX >> part.depth), part.prefix);
            entered[*id as usize] += 1;
        }
        for (part, entered) in table.parts.iter().zip(entered) {
            assert_eq!(entered, 1 << (table.bits - part.depth));
        }
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
