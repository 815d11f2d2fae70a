//! Adds and drops chunks, and gives them numbers.

use std::sync::Arc;

use super::{CHUNKS_MAX, Fill, Space};
use crate::index::chunk::Chunk;
use crate::index::class::CLASSES;
use crate::index::memory::spare;
use crate::index::record::UNIT;

impl Space {
    pub(super) fn add(&mut self, chunk: Chunk, class: usize) -> Option<usize> {
        let fill = Fill { live: 0, class: u8::try_from(class).ok()? };
        while let Some(id) = self.vacant.pop() {
            let id = id as usize;
            if let (Some(place @ None), Some(old)) =
                (self.chunks.get_mut(id), self.fills.get_mut(id))
            {
                (*place, *old) = (Some(Arc::new(chunk)), fill);
                self.count += 1;
                return Some(id);
            }
        }
        (self.chunks.len() < CHUNKS_MAX).then(|| {
            self.chunks.push(Some(Arc::new(chunk)));
            self.fills.push(fill);
            self.count += 1;
            self.chunks.len() - 1
        })
    }

    /// Drops a chunk in which nothing is live.
    pub(super) fn drop_chunk(&mut self, id: usize) {
        let Some(chunk) = self.chunks.get_mut(id).and_then(Option::take) else { return };
        self.count -= 1;
        let class = self.fills.get(id).map_or(CLASSES, |fill| usize::from(fill.class));
        if let Some(state) = self.classes.get_mut(class) {
            state.capacity -= chunk.capacity() / UNIT;
            if state.leaves(id) {
                state.emptied();
            }
        } else {
            self.large_bytes -= chunk.capacity();
        }
        self.vacant.extend(u32::try_from(id));
        while let Some(None) = self.chunks.last() {
            self.chunks.pop();
            self.fills.pop();
        }
        if self.chunks.is_empty() {
            self.vacant.clear();
        }
        spare(&mut self.chunks);
        spare(&mut self.fills);
        spare(&mut self.vacant);
    }
}
