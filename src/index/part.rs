//! A part of the point table: open addressing over slots that share leading hash bits.

#![expect(clippy::indexing_slicing, reason = "positions are masked by the length")]

use std::sync::Arc;

use super::memory::{Memory, SMALL_PIECE};

/// 32 KiB: what a write may have to copy while a snapshot is held, and what one split moves.
pub(super) const PART_SLOTS: usize = SMALL_PIECE;

/// The smallest part.
pub(super) const FIRST_SLOTS: usize = 16;
/// Two parts with fewer entries than this are joined; the joined part has room for some more before it is split.
const JOINED: usize = PART_SLOTS * 5 / 8;

/// A slot holds a hash in its upper half and an address in its lower; the hash is odd, so that 0 means empty.
#[derive(Clone, Debug)]
pub(super) struct Part {
    slots: Arc<Memory>,
    pub(super) len: usize,
    /// How many leading bits of the hash all entries share.
    pub(super) depth: u32,
    /// These bits, followed by zeros.
    pub(super) prefix: u32,
}

pub(super) fn hash_of(slot: u64) -> u32 {
    u32::try_from(slot >> 32).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is the address")]
pub(super) fn address_of(slot: u64) -> u32 {
    slot as u32
}

pub(super) fn slot_of(hash: u32, at: u32) -> u64 {
    u64::from(hash | 1) << 32 | u64::from(at)
}

/// Where probing for a hash starts, before masking.
pub(super) fn home(hash: u32) -> usize {
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
    /// Whether a clone has the same slots.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.slots) > 1
    }

    pub(super) fn new(count: usize, depth: u32, prefix: u32) -> Self {
        Self { slots: Arc::new(Memory::zeroed(count)), len: 0, depth, prefix }
    }

    pub(super) fn slots(&self) -> &[u64] {
        self.slots.words()
    }

    pub(super) fn slots_mut(&mut self) -> &mut [u64] {
        Arc::make_mut(&mut self.slots).words_mut()
    }

    pub(super) fn prefetch(&self, hash: u32) {
        self.slots.prefetch(home(hash) & (self.slots().len() - 1));
    }

    pub(super) fn is_full(&self) -> bool {
        (self.len + 1) * 5 > self.slots().len() * 4
    }

    pub(super) fn place(&mut self, slot: u64) {
        place(self.slots_mut(), slot);
        self.len += 1;
    }

    pub(super) fn double(&mut self) {
        self.resize(self.slots().len() * 2);
    }

    /// Moves to half as many slots if three quarters are empty.
    pub(super) fn halve_if_sparse(&mut self) {
        let slots = self.slots().len();
        if slots > FIRST_SLOTS && self.len < slots / 4 {
            self.resize(slots / 2);
        }
    }

    fn resize(&mut self, slots: usize) {
        let mut other = Memory::zeroed(slots);
        for slot in self.slots().iter().filter(|slot| **slot != 0) {
            place(other.words_mut(), *slot);
        }
        self.slots = Arc::new(other);
    }

    /// Whether this part and its sibling are worth joining.
    pub(super) fn joins(&self, other: &Self) -> bool {
        self.depth == other.depth && self.len + other.len <= JOINED
    }

    /// Whether it could be joined with another at all.
    pub(super) fn may_join(&self) -> bool {
        self.depth > 0 && self.len <= JOINED
    }

    /// A hash that leads to the sibling of this part.
    pub(super) fn sibling(&self) -> u32 {
        self.prefix ^ (1 << (u32::BITS - self.depth))
    }

    /// Adds the entries of its sibling.
    pub(super) fn join(&mut self, other: &Self) {
        let needed = ((self.len + other.len) * 3 / 2).next_power_of_two();
        let slots = needed.clamp(FIRST_SLOTS, PART_SLOTS);
        if self.slots().len() != slots {
            self.resize(slots);
        }
        let to = self.slots_mut();
        other.slots().iter().filter(|slot| **slot != 0).for_each(|slot| place(to, *slot));
        self.len += other.len;
        self.depth -= 1;
        self.prefix &= other.prefix;
    }

    /// Keeps the entries whose next hash bit is 0 and returns the others.
    pub(super) fn split(&mut self) -> Self {
        let (slots, depth) = (self.slots().len(), self.depth + 1);
        let bit = 1 << (u32::BITS - depth);
        let mut low = Self::new(slots, depth, self.prefix);
        let mut high = Self::new(slots, depth, self.prefix | bit);
        for slot in self.slots().iter().filter(|slot| **slot != 0) {
            let part = if slot >> (63 - self.depth) & 1 == 0 { &mut low } else { &mut high };
            part.place(*slot);
        }
        *self = low;
        high
    }

    pub(super) fn position(&self, slot: u64) -> Option<usize> {
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
    pub(super) fn clear(&mut self, position: usize) {
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
