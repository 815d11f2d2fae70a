//! A part of the point table: open addressing over slots that share leading hash bits.

#![expect(clippy::indexing_slicing, reason = "positions are masked by the length")]

use std::sync::Arc;

use super::memory::{Memory, SMALL_PIECE};

/// 32 KiB: what a write may have to copy while a snapshot is held, and what one split moves.
pub(super) const PART_SLOTS: usize = SMALL_PIECE;

/// A slot holds a hash in its upper half and an address in its lower; the hash is odd, so that 0 means empty.
#[derive(Clone, Debug)]
pub(super) struct Part {
    slots: Arc<Memory>,
    pub(super) len: usize,
    /// How many leading hash bits all entries share.
    pub(super) depth: u32,
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

    pub(super) fn new(count: usize, depth: u32) -> Self {
        Self { slots: Arc::new(Memory::zeroed(count)), len: 0, depth }
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
        let mut larger = Memory::zeroed(self.slots().len() * 2);
        for slot in self.slots().iter().filter(|slot| **slot != 0) {
            place(larger.words_mut(), *slot);
        }
        self.slots = Arc::new(larger);
    }

    /// Keeps the entries whose next hash bit is 0 and returns the others.
    pub(super) fn split(&mut self) -> Self {
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
