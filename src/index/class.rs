//! Blocks of similar length share chunks, and pay for each other's order.

use super::bins::Bins;
use super::chunk::CHUNK_UNITS;

/// The longest blocks of each class, in units: 256 bytes, 2 KiB, and all that do not get a chunk of their own.
const LONGEST: [usize; 2] = [32, 256];
pub(super) const CLASSES: usize = LONGEST.len() + 1;
/// The chunks of a class may have twice the length of what is live in them, and so much more.
const SLACK: usize = 2 * CHUNK_UNITS;
/// Credit for moving blocks is counted in this part of a unit.
const PART: usize = 16;

/// The chunks of one class.
///
/// Whoever frees a unit pays for moving blocks out of the sparsest chunk, and the sparser it is the less there is to
/// move for a unit. As blocks of a class differ eight times in length (in the last class thirty-two times), a write never
/// has to move more than a few dozen of them.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// The chunk that is being filled.
    pub(super) current: Option<usize>,
    /// Its free blocks.
    pub(super) bins: Bins,
    /// Chunks worth sweeping; an entry counts only while its chunk says so too.
    pub(super) worthwhile: Vec<u32>,
    /// The length of all chunks, in units.
    pub(super) capacity: usize,
    /// The length of all live blocks, in units.
    pub(super) live: usize,
    /// The chunk that is being emptied, and the first of its blocks that has not been moved.
    pub(super) leaving: Option<(usize, usize)>,
    /// How much is to be moved for each unit that is freed, in parts of a unit.
    pace: usize,
    /// How much is still to be moved, in parts of a unit.
    credit: usize,
}

pub(super) fn class_of(units: usize) -> usize {
    LONGEST.iter().take_while(|longest| units > **longest).count()
}

impl Class {
    pub(super) fn new() -> Self {
        Self {
            current: None,
            bins: Bins::new(),
            worthwhile: Vec::new(),
            capacity: 0,
            live: 0,
            leaving: None,
            pace: 0,
            credit: 0,
        }
    }

    /// Whether the chunks are longer than what lives in them allows.
    fn is_sparse(&self) -> bool {
        self.capacity > 2 * self.live + SLACK
    }

    pub(super) fn wants_to_empty_a_chunk(&self) -> bool {
        self.leaving.is_none() && self.is_sparse()
    }

    pub(super) fn owes(&self) -> bool {
        self.credit > 0 && self.leaving.is_some()
    }

    pub(super) fn leaves(&self, chunk: usize) -> bool {
        self.leaving.is_some_and(|(id, _)| id == chunk)
    }

    /// Begins to empty a chunk of which so much is live.
    ///
    /// Emptying it gives `gain` units for `live` that are moved, and every unit that is freed makes two too many. Half of
    /// that gain would do; a quarter more makes up for chunks that are begun.
    pub(super) fn empty(&mut self, chunk: usize, live: usize) {
        let gain = CHUNK_UNITS.saturating_sub(live).max(1);
        self.leaving = Some((chunk, 0));
        self.pace = (PART * 5 / 2 * live).div_ceil(gain).min(PART * 5 / 2);
        self.credit = 0;
    }

    /// Takes the pay for so much that was freed.
    pub(super) fn pay(&mut self, units: usize) {
        if self.leaving.is_some() {
            self.credit += units * self.pace;
        }
    }

    /// So much was moved, and the next block to move is not before `next`.
    pub(super) fn moved(&mut self, chunk: usize, next: usize, units: usize) {
        self.leaving = Some((chunk, next));
        self.credit = self.credit.saturating_sub(units * PART);
    }

    /// There is no address to move a block to.
    pub(super) fn pause(&mut self) {
        self.credit = 0;
    }

    /// The chunk that was to be emptied is no longer there.
    pub(super) fn emptied(&mut self) {
        self.leaving = None;
        self.credit = 0;
    }
}
