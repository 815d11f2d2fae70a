//! A fixed stretch of the arena, the unit of copy-on-write.

use super::memory::{LARGE_PIECE, Memory};
use super::record::{Meta, UNIT};

/// 256 KiB: what one write may have to copy while a snapshot is held.
pub(super) const CHUNK_UNITS: usize = LARGE_PIECE;
/// A chunk with less free than this is not worth sweeping.
const WORTH_SWEEPING: usize = CHUNK_UNITS / 4;
/// How much more must become free before a chunk that proved too fragmented is tried again.
const RETRY_STEP: usize = CHUNK_UNITS / 16;

/// Blocks lie back to back from the start; the first `len` bytes of the memory are in use, the tail
/// is untouched.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    memory: Memory,
    len: usize,
    /// Units in free blocks, not counting the tail.
    free: usize,
    retry_at: usize,
    /// Whether this chunk is in the allocator's list of chunks to sweep.
    listed: bool,
    /// One oversized block and nothing else.
    large: bool,
}

impl Clone for Chunk {
    /// Keeps the capacity, so that the copy does not have to grow, and touches only what is used.
    fn clone(&self) -> Self {
        Self { memory: self.copied(self.capacity()), ..*self }
    }
}

impl Chunk {
    pub(super) fn with_capacity(units: usize) -> Self {
        Self { memory: Memory::zeroed(units), retry_at: WORTH_SWEEPING, ..Self::default() }
    }

    pub(super) fn large(units: usize) -> Self {
        let memory = Memory::zeroed(units);
        Self { memory, len: units * UNIT, large: true, ..Self::default() }
    }

    /// The used bytes in memory of another capacity.
    fn copied(&self, capacity: usize) -> Memory {
        self.memory.copied(capacity / UNIT, self.used())
    }

    pub(super) fn used(&self) -> usize {
        self.len / UNIT
    }

    pub(super) fn capacity(&self) -> usize {
        self.memory.bytes().len()
    }

    pub(super) fn is_listed(&self) -> bool {
        self.listed
    }

    pub(super) fn unlist(&mut self) {
        self.listed = false;
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.free = 0;
    }

    pub(super) fn bytes(&self, unit: usize) -> Option<&[u8]> {
        self.memory.bytes().get(unit * UNIT..self.len)
    }

    fn bytes_mut(&mut self, unit: usize) -> Option<&mut [u8]> {
        self.memory.bytes_mut().get_mut(unit * UNIT..self.len)
    }

    /// The memory of a block.
    pub(super) fn block_mut(&mut self, unit: usize, units: usize) -> Option<&mut [u8]> {
        self.bytes_mut(unit)?.get_mut(..units * UNIT)
    }

    pub(super) fn meta(&self, unit: usize) -> Option<Meta> {
        let word = self.bytes(unit)?.first_chunk()?;
        Some(Meta(u64::from_le_bytes(*word)))
    }

    fn set_meta(&mut self, unit: usize, meta: Meta) {
        if let Some(word) = self.bytes_mut(unit).and_then(<[u8]>::first_chunk_mut) {
            *word = meta.0.to_le_bytes();
        }
    }

    /// Takes a block from the untouched tail.
    pub(super) fn extend(&mut self, units: usize) -> Option<usize> {
        let at = self.used();
        if at + units > CHUNK_UNITS {
            return None;
        }
        let len = (at + units) * UNIT;
        if len > self.capacity() {
            let capacity = (self.capacity() * 2).max(len).min(CHUNK_UNITS * UNIT);
            self.memory = self.copied(capacity.next_multiple_of(UNIT));
        }
        self.len = len;
        Some(at)
    }

    /// Marks a block as free and counts it.
    pub(super) fn release(&mut self, unit: usize, units: usize, next: u16) {
        self.free += units;
        self.set_meta(unit, Meta::free(units, next));
    }

    /// The caller is about to fill this free block.
    pub(super) fn reuse(&mut self, units: usize) {
        self.free = self.free.saturating_sub(units);
    }

    /// True once each time enough has become free to make a sweep worthwhile.
    pub(super) fn becomes_worthwhile(&mut self) -> bool {
        let now = !self.listed && self.free >= self.retry_at;
        self.listed |= now;
        now
    }

    /// Allocation continues elsewhere; this chunk is tried again when noticeably more of it has become free.
    pub(super) fn leave(&mut self) {
        self.retry_at = (self.free + RETRY_STEP).max(WORTH_SWEEPING);
    }

    /// Joins neighbouring free blocks, returns them, and gives those at the end back to the tail.
    pub(super) fn sweep(&mut self) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        let (mut unit, mut start) = (0, None);
        while let Some(meta) = self.meta(unit) {
            if meta.is_free() {
                start = start.or(Some(unit));
            } else if let Some(start) = start.take() {
                runs.push((start, unit - start));
            }
            unit += meta.units().max(1);
        }
        if let Some(start) = start {
            self.len = start * UNIT;
        }
        self.free = 0;
        runs
    }

    /// The units at which live blocks start, beginning at a block.
    pub(super) fn live(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let mut unit = from;
        std::iter::from_fn(move || {
            while let Some(meta) = self.meta(unit) {
                let at = unit;
                unit = if self.large { usize::MAX / UNIT } else { at + meta.units().max(1) };
                if !meta.is_free() {
                    return Some(at);
                }
            }
            None
        })
    }
}
