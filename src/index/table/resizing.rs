//! How the table grows and shrinks: parts are split and joined, the directory is doubled and halved.

#![expect(clippy::indexing_slicing, reason = "directory entries name existing parts")]

use super::Table;
use crate::index::memory::spare;
use crate::index::part::{FIRST_SLOTS, PART_SLOTS, Part, address_of, hash_of};

/// Beyond this the directory would use bits that place an entry inside its part.
const DEPTH_MAX: u32 = 18;

impl Table {
    /// A table that takes this many entries without a split.
    pub(in crate::index) fn with_capacity(entries: usize) -> Self {
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
            parts: (0..1 << bits).map(|i| Part::new(slots, bits, prefix(i, bits))).collect(),
            deepest: 1 << bits,
            len: 0,
            reserved: entries > 0,
        }
    }

    /// Grows until this many entries fit without a split.
    pub(in crate::index) fn reserve(&mut self, entries: usize) {
        let other = Self::with_capacity(entries);
        if other.slots() > self.slots() {
            self.move_to(other);
        }
    }

    /// Gives memory back if room was made for far more than there is, and from now on with every removal.
    pub(in crate::index) fn shrink(&mut self) {
        if self.len < self.slots() / 4 && self.slots() > FIRST_SLOTS {
            self.move_to(Self::with_capacity(self.len));
        }
        self.reserved = false;
    }

    fn move_to(&mut self, mut other: Self) {
        let slots = self.parts.iter().flat_map(Part::slots).filter(|slot| **slot != 0);
        slots.for_each(|slot| other.insert(hash_of(*slot), address_of(*slot)));
        *self = other;
    }

    /// Makes room in one part. It is not split where that would not help, as with many equal hashes.
    pub(super) fn grow(&mut self, hash: u32) {
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
            self.deepest = 0;
        }
        let high = self.part_mut(hash).split();
        if high.depth == self.bits {
            self.deepest += 2;
        }
        self.parts.push(high);
        self.enter(self.parts.len() - 1);
    }

    /// Points the directory to a part.
    fn enter(&mut self, id: usize) {
        let part = &self.parts[id];
        let (start, count) = (self.entry(part.prefix), 1 << (self.bits - part.depth));
        let id = u32::try_from(id).unwrap_or_default();
        self.directory[start..start + count].fill(id);
    }

    /// Joins a part with its sibling, or halves it, if that leaves enough room.
    pub(super) fn give_back(&mut self, hash: u32) {
        let part = self.part(hash);
        if part.may_join() {
            let sibling = part.sibling();
            if part.joins(self.part(sibling)) {
                return self.join(hash, sibling);
            }
        }
        self.part_mut(hash).halve_if_sparse();
    }

    fn join(&mut self, hash: u32, sibling: u32) {
        let [to, from] = [hash, sibling].map(|hash| self.directory[self.entry(hash)] as usize);
        let other = self.parts[from].clone();
        self.parts[to].join(&other);
        if other.depth == self.bits {
            self.deepest -= 2;
        }
        self.enter(to);
        self.parts.swap_remove(from);
        if from < self.parts.len() {
            self.enter(from);
        }
        spare(&mut self.parts);
        while self.deepest == 0 && self.bits > 0 {
            self.directory = self.directory.iter().step_by(2).copied().collect();
            self.bits -= 1;
            self.deepest = self.parts.iter().filter(|part| part.depth == self.bits).count();
        }
    }
}

/// The leading bits that the parts of entry `i` of a directory have in common.
pub(super) fn prefix(i: u32, bits: u32) -> u32 {
    i.checked_shl(u32::BITS - bits).unwrap_or(0)
}
