//! Blocks of similar length share chunks, and pay for keeping these dense.

use super::bins::Bins;
use super::chunk::CHUNK_UNITS;

/// The longest blocks of each class, in units: 256 bytes, 2 KiB, and whatever does not get a chunk of its own.
const LONGEST: [usize; 2] = [32, 256];
pub(super) const CLASSES: usize = LONGEST.len() + 1;
/// The chunks of a class may be twice as long as what is live in them, plus this much.
const SLACK: usize = 2 * CHUNK_UNITS;
/// Credit for moving blocks is counted in this fraction of a unit.
const PART: usize = 16;

/// The chunks of one class.
///
/// Freeing a unit pays for moving blocks out of the sparsest chunk, and the sparser it is, the less there is to move
/// for a unit. Blocks of a class differ in length by a factor of eight at most (of 32 in the last class), so a write
/// never has to move more than a few dozen of them.
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
    /// How much to move for each unit that is freed, in fractions of a unit.
    pace: usize,
    /// How much is still to be moved, in fractions of a unit.
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

    /// Whether the chunks are longer than what is live in them allows.
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

    /// Begins to empty a chunk of which this much is live.
    ///
    /// Emptying it gains `gain` units for `live` that are moved, and every freed unit makes the chunks two units too
    /// long. Half of that gain would do; a quarter more makes up for chunks that were only begun.
    pub(super) fn empty(&mut self, chunk: usize, live: usize) {
        let gain = CHUNK_UNITS.saturating_sub(live).max(1);
        self.leaving = Some((chunk, 0));
        self.pace = (PART * 5 / 2 * live).div_ceil(gain).min(PART * 5 / 2);
        self.credit = 0;
    }

    /// Takes the credit for this much that was freed.
    pub(super) fn pay(&mut self, units: usize) {
        if self.leaving.is_some() {
            self.credit += units * self.pace;
        }
    }

    /// This much was moved, and the next block to move is not before `next`.
    pub(super) fn moved(&mut self, chunk: usize, next: usize, units: usize) {
        self.leaving = Some((chunk, next));
        self.credit = self.credit.saturating_sub(units * PART);
    }

    /// There is no address to move a block to.
    pub(super) fn pause(&mut self) {
        self.credit = 0;
    }

    /// The chunk that should be emptied is no longer there.
    pub(super) fn emptied(&mut self) {
        self.leaving = None;
        self.credit = 0;
    }
}
