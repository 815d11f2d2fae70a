//! The point table: extendible hashing over arena addresses.

#![expect(
    clippy::indexing_slicing,
    reason = "positions are masked by the length, directory entries name existing parts"
)]

use std::sync::Arc;

use super::memory::{Memory, SMALL_PIECE};

/// 32 KiB: what a write may have to copy while a snapshot is held, and what one split moves.
const PART_SLOTS: usize = SMALL_PIECE;
const FIRST_SLOTS: usize = 16;
/// Beyond this the directory bits would reach the bits that place an entry inside its part.
const DEPTH_MAX: u32 = 18;

/// A slot holds a hash in its upper half and an address in its lower; the hash is odd, so that 0 means empty.
#[derive(Clone, Debug)]
struct Part {
    slots: Arc<Memory>,
    len: usize,
    /// How many leading hash bits all entries share.
    depth: u32,
}

fn hash_of(slot: u64) -> u32 {
    u32::try_from(slot >> 32).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is the address")]
fn address_of(slot: u64) -> u32 {
    slot as u32
}

fn slot_of(hash: u32, at: u32) -> u64 {
    u64::from(hash | 1) << 32 | u64::from(at)
}

/// Where probing for a hash starts, before masking.
fn home(hash: u32) -> usize {
    hash as usize >> 1
}

fn place(slots: &mut [u64], slot: u64) {
    let mask = slots.len() - 1;
    let mut i = home(hash_of(slot)) & mask;
    while slots[i] != 0 {
        i = (i + 1) & mask;
    }
    slots[i] = slot;
}

impl Part {
    fn new(count: usize, depth: u32) -> Self {
        Self { slots: Arc::new(Memory::zeroed(count)), len: 0, depth }
    }

    fn slots(&self) -> &[u64] {
        self.slots.words()
    }

    fn slots_mut(&mut self) -> &mut [u64] {
        Arc::make_mut(&mut self.slots).words_mut()
    }

    fn is_full(&self) -> bool {
        (self.len + 1) * 5 > self.slots().len() * 4
    }

    fn place(&mut self, slot: u64) {
        place(self.slots_mut(), slot);
        self.len += 1;
    }

    fn double(&mut self) {
        let mut larger = Memory::zeroed(self.slots().len() * 2);
        for slot in self.slots().iter().filter(|slot| **slot != 0) {
            place(larger.words_mut(), *slot);
        }
        self.slots = Arc::new(larger);
    }

    /// Keeps the entries whose next hash bit is 0 and returns the others.
    fn split(&mut self) -> Self {
        let (mut low, mut high) = (
            Self::new(self.slots().len(), self.depth + 1),
            Self::new(self.slots().len(), self.depth + 1),
        );
        for slot in self.slots().iter().filter(|slot| **slot != 0) {
            let part = if slot >> (63 - self.depth) & 1 == 0 { &mut low } else { &mut high };
            part.place(*slot);
        }
        *self = low;
        high
    }

    fn position(&self, slot: u64) -> Option<usize> {
        let slots = self.slots();
        let mask = slots.len() - 1;
        let mut i = home(hash_of(slot)) & mask;
        while slots[i] != slot {
            if slots[i] == 0 {
                return None;
            }
            i = (i + 1) & mask;
        }
        Some(i)
    }

    /// Empties a position and moves later entries of the run back, so that no probe ends too early.
    fn clear(&mut self, position: usize) {
        let slots = self.slots_mut();
        let mask = slots.len() - 1;
        let (mut hole, mut i) = (position, position);
        loop {
            i = (i + 1) & mask;
            let slot = slots[i];
            if slot == 0 {
                break;
            }
            let from_home = i.wrapping_sub(home(hash_of(slot))) & mask;
            if from_home >= (i.wrapping_sub(hole) & mask) {
                slots[hole] = slot;
                hole = i;
            }
        }
        slots[hole] = 0;
        self.len -= 1;
    }
}

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

    fn part_mut(&mut self, hash: u32) -> &mut Part {
        let id = self.directory[self.entry(hash)];
        &mut self.parts[id as usize]
    }

    /// The slot where probing starts. Reading it brings the run into the cache.
    #[inline]
    pub(super) fn touch(&self, hash: u32) -> u64 {
        let slots = self.part(hash).slots();
        slots[home(hash) & (slots.len() - 1)]
    }

    /// The first address of that hash that the caller accepts.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut accept: impl FnMut(u32) -> bool) -> Option<u32> {
        let slots = self.part(hash).slots();
        let mask = slots.len() - 1;
        let mut i = home(hash) & mask;
        loop {
            let slot = slots[i];
            if slot == 0 {
                return None;
            }
            if hash_of(slot) == hash | 1 && accept(address_of(slot)) {
                return Some(address_of(slot));
            }
            i = (i + 1) & mask;
        }
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
        let slots: usize = self.parts.iter().map(|part| size_of_val(part.slots())).sum();
        slots
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
    fn an_empty_table_is_small() {
        assert!(Table::with_capacity(0).memory_bytes() < 1024);
    }
}
