//! The allocator of the arena: chunks, the one that is being filled, and those worth sweeping.

use std::sync::Arc;

use super::bins::Bins;
use super::chunk::{CHUNK_UNITS, Chunk};
use super::record::UNIT;

const OFFSET_BITS: u32 = CHUNK_UNITS.ilog2();
const CHUNKS_MAX: usize = 1 << (u32::BITS - OFFSET_BITS);
/// Longer records get a chunk of their own, addressed by its start, so that they waste and fragment nothing.
const LARGE: usize = CHUNK_UNITS / 4;
/// A small store's only chunk starts like this and doubles.
const FIRST_UNITS: usize = 512;
/// How many fragmented chunks one allocation may sweep before it opens a new one.
const SWEEPS: usize = 2;

/// Hands out blocks, addressed by chunk and unit in 32 bits.
///
/// Only one chunk is filled at a time. Freeing elsewhere merely marks the block; when a chunk has enough of them it is
/// swept, which also joins neighbours, and filled again. So fragments do not outlive a sweep, and writes that follow
/// each other land in the same chunk, which keeps copy-on-write cheap.
#[derive(Clone, Debug)]
pub(super) struct Space {
    chunks: Vec<Arc<Chunk>>,
    /// Numbers of chunks that were emptied and dropped.
    vacant: Vec<usize>,
    current: Option<usize>,
    /// Free blocks of the current chunk.
    bins: Bins,
    /// Chunks worth sweeping; an entry counts only while its chunk says so too.
    worthwhile: Vec<usize>,
}

fn split(at: u32) -> (usize, usize) {
    ((at >> OFFSET_BITS) as usize, at as usize & (CHUNK_UNITS - 1))
}

fn join(chunk: usize, unit: usize) -> Option<u32> {
    u32::try_from(chunk << OFFSET_BITS | unit).ok()
}

impl Space {
    pub(super) fn new() -> Self {
        Self {
            chunks: Vec::new(),
            vacant: Vec::new(),
            current: None,
            bins: Bins::new(),
            worthwhile: Vec::new(),
        }
    }

    /// The memory from a block to the end of its chunk.
    #[inline]
    pub(super) fn bytes(&self, at: u32) -> Option<&[u8]> {
        let (id, unit) = split(at);
        self.chunks.get(id)?.bytes(unit)
    }

    /// The chunk of a block when a write to it would have to copy it.
    pub(super) fn shared_chunk(&self, at: u32) -> Option<usize> {
        let (id, _) = split(at);
        self.chunks.get(id).filter(|chunk| Arc::strong_count(chunk) > 1).map(|_| id)
    }

    /// The memory of a block.
    pub(super) fn block_mut(&mut self, at: u32, units: usize) -> Option<&mut [u8]> {
        let (id, unit) = split(at);
        Arc::make_mut(self.chunks.get_mut(id)?).block_mut(unit, units)
    }

    /// Reserves a block and has `fill` write it, or `None` when 32 bits cannot address another chunk.
    pub(super) fn alloc(&mut self, units: usize, fill: &impl Fn(&mut [u8])) -> Option<u32> {
        if units > LARGE {
            let mut chunk = Chunk::large(units);
            fill(chunk.block_mut(0, units)?);
            let id = self.add(chunk)?;
            return join(id, 0);
        }
        if let Some(at) = self.take(units, fill) {
            return Some(at);
        }
        for _ in 0..SWEEPS {
            if !self.sweep_next() {
                break;
            }
            if let Some(at) = self.take(units, fill) {
                return Some(at);
            }
        }
        self.leave();
        let first = self.chunks.is_empty();
        self.current =
            self.add(Chunk::with_capacity(if first { FIRST_UNITS } else { CHUNK_UNITS }));
        self.take(units, fill)
    }

    fn take(&mut self, units: usize, fill: &impl Fn(&mut [u8])) -> Option<u32> {
        let id = self.current?;
        let chunk = Arc::make_mut(self.chunks.get_mut(id)?);
        let unit = self.bins.take(chunk, units).or_else(|| chunk.extend(units))?;
        fill(chunk.block_mut(unit, units)?);
        join(id, unit)
    }

    fn add(&mut self, chunk: Chunk) -> Option<usize> {
        if let Some(id) = self.vacant.pop() {
            *self.chunks.get_mut(id)? = Arc::new(chunk);
            return Some(id);
        }
        (self.chunks.len() < CHUNKS_MAX).then(|| {
            self.chunks.push(Arc::new(chunk));
            self.chunks.len() - 1
        })
    }

    fn leave(&mut self) {
        self.bins = Bins::new();
        if let Some(chunk) = self.current.take().and_then(|id| self.chunks.get_mut(id)) {
            Arc::make_mut(chunk).leave();
        }
    }

    /// Makes the next worthwhile chunk the current one.
    fn sweep_next(&mut self) -> bool {
        while let Some(id) = self.worthwhile.pop() {
            if !self.chunks.get(id).is_some_and(|chunk| chunk.is_listed())
                || self.current == Some(id)
            {
                continue;
            }
            self.leave();
            let Some(chunk) = self.chunks.get_mut(id) else {
                continue;
            };
            let chunk = Arc::make_mut(chunk);
            chunk.unlist();
            for (unit, units) in chunk.sweep() {
                self.bins.push(chunk, unit, units);
            }
            self.current = Some(id);
            return true;
        }
        false
    }

    /// Gives a block back.
    pub(super) fn free(&mut self, at: u32, units: usize) {
        let (id, unit) = split(at);
        let Some(shared) = self.chunks.get_mut(id) else {
            return;
        };
        let current = self.current == Some(id);
        if shared.empty_without(units) {
            if current {
                self.bins = Bins::new();
                Arc::make_mut(shared).clear();
            } else {
                *shared = Arc::new(Chunk::default());
                self.vacant.push(id);
            }
            return;
        }
        self.free_part(id, unit, units);
    }

    /// Gives back what a block no longer needs at its end.
    pub(super) fn shrink(&mut self, at: u32, from: usize, to: usize) {
        let (id, unit) = split(at);
        let large = self.chunks.get(id).is_none_or(|chunk| chunk.is_large());
        if !large && to < from {
            self.free_part(id, unit + to, from - to);
        }
    }

    fn free_part(&mut self, id: usize, unit: usize, units: usize) {
        let Some(chunk) = self.chunks.get_mut(id) else {
            return;
        };
        let chunk = Arc::make_mut(chunk);
        if self.current == Some(id) {
            return self.bins.push(chunk, unit, units);
        }
        chunk.release(unit, units, 0);
        if chunk.becomes_worthwhile() {
            self.worthwhile.push(id);
        }
    }

    /// The addresses of all live blocks, in the order of memory.
    pub(super) fn live(&self) -> impl Iterator<Item = u32> + '_ {
        self.chunks
            .iter()
            .enumerate()
            .flat_map(|(id, chunk)| chunk.live().filter_map(move |unit| join(id, unit)))
    }

    /// Whether `bytes` more in blocks surely fit: every chunk takes at least what makes a block large.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        let chunks = bytes / (LARGE * UNIT) as u64 + 2;
        chunks <= (CHUNKS_MAX - self.chunks.len() + self.vacant.len()) as u64
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let chunks: usize =
            self.chunks.iter().map(|chunk| chunk.capacity() + size_of::<Chunk>()).sum();
        chunks
            + (self.chunks.capacity() + self.vacant.capacity() + self.worthwhile.capacity())
                * size_of::<usize>()
    }
}
