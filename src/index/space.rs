//! The allocator of the arena: chunks that are being filled, are worth sweeping, or are being emptied.

mod chunks;
mod emptying;

use std::sync::Arc;

use super::bins::Bins;
use super::chunk::{CHUNK_UNITS, Chunk};
use super::class::{CLASSES, Class, class_of};
use super::record::UNIT;

const OFFSET_BITS: u32 = CHUNK_UNITS.ilog2();
const CHUNKS_MAX: usize = 1 << (u32::BITS - OFFSET_BITS);
/// Longer records get a chunk of their own, addressed by its start, so that they waste and fragment nothing.
const LARGE: usize = CHUNK_UNITS / 4;
/// The first chunk of a class starts with this size and doubles.
const FIRST_UNITS: usize = 512;
/// How many fragmented chunks one allocation may sweep before it opens a new one.
const SWEEPS: usize = 2;
/// Chunks that were begun or are being emptied, for which there must be addresses too.
const BEGUN: u64 = 4 * CLASSES as u64;

/// Hands out blocks, addressed by chunk and unit in 32 bits.
///
/// Only one chunk of a class is filled at a time. Freeing elsewhere only marks the block; when a chunk has enough free
/// blocks it is swept, which also joins neighbours, and filled again. So fragments do not outlive a sweep, and
/// consecutive writes land in the same chunk, which keeps copy-on-write cheap.
///
/// When less is written than freed, the sparsest chunks are emptied: whoever frees asks for [`due`](Self::due) blocks
/// and moves them until no more are due. Then the chunks are at most twice as long as what is live in them, plus four
/// chunks in each class.
#[derive(Clone, Debug)]
pub(super) struct Space {
    chunks: Vec<Option<Arc<Chunk>>>,
    /// What is live in each chunk.
    fills: Vec<Fill>,
    /// Numbers of chunks that were emptied and dropped; an entry counts only while no chunk has that number.
    vacant: Vec<u32>,
    /// How many chunks there are.
    count: usize,
    classes: [Class; CLASSES],
    /// The bytes of chunks with one large record.
    large_bytes: usize,
}

/// How much of a chunk is live, kept apart so that the sparsest is found without looking at the chunks.
#[derive(Clone, Copy, Debug)]
struct Fill {
    live: u16,
    /// `CLASSES` for a large record.
    class: u8,
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
            fills: Vec::new(),
            vacant: Vec::new(),
            count: 0,
            classes: std::array::from_fn(|_| Class::new()),
            large_bytes: 0,
        }
    }

    /// The memory from a block to the end of its chunk.
    #[inline]
    pub(super) fn bytes(&self, at: u32) -> Option<&[u8]> {
        let (id, unit) = split(at);
        self.chunks.get(id)?.as_ref()?.bytes(unit)
    }

    fn chunk(&self, id: usize) -> Option<&Arc<Chunk>> {
        self.chunks.get(id)?.as_ref()
    }

    fn chunk_mut(&mut self, id: usize) -> Option<&mut Chunk> {
        Some(Arc::make_mut(self.chunks.get_mut(id)?.as_mut()?))
    }

    /// The chunk of a block when a write to it would have to copy it.
    pub(super) fn shared_chunk(&self, at: u32) -> Option<usize> {
        let (id, _) = split(at);
        self.chunk(id).filter(|chunk| Arc::strong_count(chunk) > 1).map(|_| id)
    }

    /// The memory of a block.
    pub(super) fn block_mut(&mut self, at: u32, units: usize) -> Option<&mut [u8]> {
        let (id, unit) = split(at);
        self.chunk_mut(id)?.block_mut(unit, units)
    }

    /// Reserves a block and has `fill` write it, or `None` when 32 bits cannot address another chunk.
    pub(super) fn alloc(&mut self, units: usize, fill: &impl Fn(&mut [u8])) -> Option<u32> {
        if units > LARGE {
            let mut chunk = Chunk::large(units);
            fill(chunk.block_mut(0, units)?);
            let bytes = chunk.capacity();
            let id = self.add(chunk, CLASSES)?;
            self.large_bytes += bytes;
            return join(id, 0);
        }
        let class = class_of(units);
        if let Some(at) = self.take(class, units, fill) {
            return Some(at);
        }
        for _ in 0..SWEEPS {
            if !self.sweep_next(class) {
                break;
            }
            if let Some(at) = self.take(class, units, fill) {
                return Some(at);
            }
        }
        self.leave(class);
        let state = self.classes.get_mut(class)?;
        let capacity = if state.capacity == 0 { FIRST_UNITS } else { CHUNK_UNITS };
        let id = self.add(Chunk::with_capacity(capacity), class)?;
        let state = self.classes.get_mut(class)?;
        state.current = Some(id);
        state.capacity += capacity;
        self.take(class, units, fill)
    }

    fn take(&mut self, class: usize, units: usize, fill: &impl Fn(&mut [u8])) -> Option<u32> {
        let state = self.classes.get_mut(class)?;
        let id = state.current?;
        let chunk = Arc::make_mut(self.chunks.get_mut(id)?.as_mut()?);
        let before = chunk.capacity();
        let unit = state.bins.take(chunk, units).or_else(|| chunk.extend(units))?;
        state.capacity += (chunk.capacity() - before) / UNIT;
        state.live += units;
        fill(chunk.block_mut(unit, units)?);
        let live = &mut self.fills.get_mut(id)?.live;
        *live = live.saturating_add(u16::try_from(units).ok()?);
        join(id, unit)
    }

    fn leave(&mut self, class: usize) {
        let Some(state) = self.classes.get_mut(class) else { return };
        state.bins = Bins::new();
        if let Some(chunk) = state.current.take().and_then(|id| self.chunk_mut(id)) {
            chunk.leave();
        }
    }

    /// Makes the next worthwhile chunk the current one.
    fn sweep_next(&mut self, class: usize) -> bool {
        loop {
            let Some(state) = self.classes.get_mut(class) else { return false };
            let Some(id) = state.worthwhile.pop() else { return false };
            let id = id as usize;
            let skip = state.current == Some(id) || state.leaves(id);
            let of_class = self.fills.get(id).is_some_and(|fill| usize::from(fill.class) == class);
            if skip || !of_class || !self.chunk(id).is_some_and(|chunk| chunk.is_listed()) {
                continue;
            }
            self.leave(class);
            let (Some(state), Some(Some(chunk))) =
                (self.classes.get_mut(class), self.chunks.get_mut(id))
            else {
                continue;
            };
            let chunk = Arc::make_mut(chunk);
            chunk.unlist();
            for (unit, units) in chunk.sweep() {
                state.bins.push(chunk, unit, units);
            }
            state.current = Some(id);
            return true;
        }
    }

    /// Gives a block back.
    pub(super) fn free(&mut self, at: u32, units: usize) {
        let (id, unit) = split(at);
        let Some(fill) = self.fills.get(id).copied() else { return };
        let class = usize::from(fill.class);
        if class == CLASSES {
            return self.drop_chunk(id);
        }
        if self.uncount(id, units) > 0 {
            self.mark(id, unit, units);
        } else if self.classes.get(class).is_some_and(|state| state.current == Some(id)) {
            if let (Some(state), Some(Some(chunk))) =
                (self.classes.get_mut(class), self.chunks.get_mut(id))
            {
                state.bins = Bins::new();
                Arc::make_mut(chunk).clear();
            }
        } else {
            self.drop_chunk(id);
        }
        self.pay(class, units);
    }

    /// Gives back what a block no longer needs at its end.
    pub(super) fn shrink(&mut self, at: u32, from: usize, to: usize) {
        let (id, unit) = split(at);
        let class = self.fills.get(id).map_or(CLASSES, |fill| usize::from(fill.class));
        if class < CLASSES && to < from {
            self.uncount(id, from - to);
            self.mark(id, unit + to, from - to);
            self.pay(class, from - to);
        }
    }

    /// Subtracts this much from what is live in a chunk, and returns what is left.
    fn uncount(&mut self, id: usize, units: usize) -> u16 {
        let Some(fill) = self.fills.get_mut(id) else { return 0 };
        fill.live = fill.live.saturating_sub(u16::try_from(units).unwrap_or(u16::MAX));
        fill.live
    }

    /// Makes a free block of units in a chunk that stays.
    fn mark(&mut self, id: usize, unit: usize, units: usize) {
        let class = self.fills.get(id).map_or(CLASSES, |fill| usize::from(fill.class));
        let (Some(state), Some(Some(chunk))) =
            (self.classes.get_mut(class), self.chunks.get_mut(id))
        else {
            return;
        };
        let chunk = Arc::make_mut(chunk);
        if state.current == Some(id) {
            return state.bins.push(chunk, unit, units);
        }
        chunk.release(unit, units, 0);
        if chunk.becomes_worthwhile() {
            state.worthwhile.extend(u32::try_from(id));
        }
    }

    /// The addresses of all live blocks, in the order of memory.
    pub(super) fn live(&self) -> impl Iterator<Item = u32> + '_ {
        self.chunks.iter().enumerate().flat_map(|(id, chunk)| {
            let leaving = self.classes.iter().filter_map(|state| state.leaving);
            let from = leaving.filter(|leaving| leaving.0 == id).map(|(_, unit)| unit).next();
            let live = chunk.iter().flat_map(move |chunk| chunk.live(from.unwrap_or(0)));
            live.filter_map(move |unit| join(id, unit))
        })
    }

    /// Whether blocks of `bytes` in all certainly fit: every chunk takes at least what makes a block large.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        bytes / (LARGE * UNIT) as u64 + BEGUN <= (CHUNKS_MAX - self.count) as u64
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let units: usize = self.classes.iter().map(|class| class.capacity).sum();
        let worthwhile: usize = self.classes.iter().map(|class| class.worthwhile.capacity()).sum();
        units * UNIT
            + self.large_bytes
            + self.count * (size_of::<Chunk>() + 16)
            + self.chunks.capacity() * size_of::<Option<Arc<Chunk>>>()
            + self.fills.capacity() * size_of::<Fill>()
            + (self.vacant.capacity() + worthwhile) * size_of::<u32>()
    }
}
