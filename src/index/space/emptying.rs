//! Moves blocks out of sparse chunks, paid for by freeing.

use std::sync::Arc;

use super::{Space, join, split};
use crate::index::chunk::CHUNK_UNITS;
use crate::index::class::Class;
use crate::index::record::UNIT;

impl Space {
    /// Notes that this much was freed, and what has to be moved for it.
    pub(super) fn pay(&mut self, class: usize, units: usize) {
        let Some(state) = self.classes.get_mut(class) else { return };
        state.live -= units;
        let wanted = state.wants_to_empty_a_chunk().then_some(state.current);
        let sparsest = wanted.and_then(|current| self.sparsest(class, current));
        let Some(state) = self.classes.get_mut(class) else { return };
        if let Some((id, live)) = sparsest {
            state.empty(id, live);
        }
        state.pay(units);
    }

    fn sparsest(&self, class: usize, except: Option<usize>) -> Option<(usize, usize)> {
        let fills = self.fills.iter().enumerate();
        fills
            .filter(|(id, fill)| usize::from(fill.class) == class && Some(*id) != except)
            .filter(|(_, fill)| (1..=CHUNK_UNITS / 2).contains(&usize::from(fill.live)))
            .min_by_key(|(_, fill)| fill.live)
            .map(|(id, fill)| (id, usize::from(fill.live)))
    }

    /// Whether no block has to be moved.
    #[inline]
    pub(in crate::index) fn is_tidy(&self) -> bool {
        !self.classes.iter().any(Class::owes)
    }

    /// The next block that has to be moved for what was freed.
    pub(in crate::index) fn due(&mut self) -> Option<u32> {
        let state = self.classes.iter().find(|state| state.owes())?;
        let (id, from) = state.leaving?;
        let unit = self.chunk(id)?.live(from).next()?;
        join(id, unit)
    }

    /// Moves a block that is due; the old one is gone.
    pub(in crate::index) fn relocate(&mut self, at: u32) -> Option<u32> {
        let (id, unit) = split(at);
        let class = usize::from(self.fills.get(id)?.class);
        let chunk = Arc::clone(self.chunk(id)?);
        let units = chunk.meta(unit)?.units();
        let block = chunk.bytes(unit)?.get(..units * UNIT)?;
        let to = self.alloc(units, &|place: &mut [u8]| place.copy_from_slice(block));
        drop(chunk);
        let Some(state) = self.classes.get_mut(class) else { return to };
        if to.is_none() {
            state.pause();
            return None;
        }
        state.live -= units;
        state.moved(id, unit + units, units);
        if self.uncount(id, units) == 0 {
            self.drop_chunk(id);
        }
        to
    }
}
