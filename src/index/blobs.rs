//! Long values, held outside the arena in shared memory of their own.

use std::sync::Arc;

const SEGMENT: usize = 512;
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
enum Slot {
    Full(Arc<[u8]>),
    /// The next free slot.
    Free(u32),
}

/// Numbered values in copy-on-write segments, so that a clone copies pointers to segments only.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    segments: Vec<Arc<Vec<Slot>>>,
    free: u32,
    bytes: usize,
}

impl Blobs {
    pub(super) fn new() -> Self {
        Self { segments: Vec::new(), free: NONE, bytes: 0 }
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Arc<[u8]>> {
        match self.segments.get(id as usize / SEGMENT)?.get(id as usize % SEGMENT)? {
            Slot::Full(value) => Some(value),
            Slot::Free(_) => None,
        }
    }

    fn slot(&mut self, id: u32) -> Option<&mut Slot> {
        Arc::make_mut(self.segments.get_mut(id as usize / SEGMENT)?).get_mut(id as usize % SEGMENT)
    }

    /// Stores a value, or `None` when 32 bits cannot number another.
    pub(super) fn insert(&mut self, value: Arc<[u8]>) -> Option<u32> {
        let id = if self.free == NONE { self.append()? } else { self.free };
        let slot = self.slot(id)?;
        let next = match slot {
            Slot::Free(next) => *next,
            Slot::Full(_) => NONE,
        };
        let bytes = value.len();
        *slot = Slot::Full(value);
        self.free = next;
        self.bytes += bytes;
        Some(id)
    }

    fn append(&mut self) -> Option<u32> {
        if self.segments.last().is_none_or(|last| last.len() == SEGMENT) {
            self.segments.push(Arc::new(Vec::new()));
        }
        let before = (self.segments.len() - 1) * SEGMENT;
        let last = Arc::make_mut(self.segments.last_mut()?);
        let id = u32::try_from(before + last.len()).ok().filter(|id| *id != NONE)?;
        last.push(Slot::Free(NONE));
        Some(id)
    }

    /// Drops a value; holders of its memory keep it.
    pub(super) fn remove(&mut self, id: u32) {
        let free = self.free;
        let Some(slot) = self.slot(id) else { return };
        if let Slot::Full(value) = std::mem::replace(slot, Slot::Free(free)) {
            self.bytes -= value.len();
        }
        self.free = id;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(super) fn has_room(&self, additional: u64) -> bool {
        additional + ((self.segments.len() * SEGMENT) as u64) < u64::from(NONE)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes + self.segments.len() * SEGMENT * size_of::<Slot>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_reused_and_clones_keep_their_values() {
        let mut blobs = Blobs::new();
        let ids: Vec<_> =
            (0..1000u32).map(|i| blobs.insert(Arc::from(i.to_le_bytes())).unwrap()).collect();
        let before = blobs.clone();
        for id in &ids {
            blobs.remove(*id);
        }
        assert_eq!(blobs.bytes, 0);
        let again: Vec<_> =
            (0..1000u32).map(|_| blobs.insert(Arc::from(*b"new")).unwrap()).collect();
        assert_eq!(blobs.segments.len(), before.segments.len());
        assert!(again.iter().all(|id| blobs.get(*id).unwrap()[..] == *b"new"));
        assert!(
            ids.iter().zip(0u32..).all(|(id, i)| before.get(*id).unwrap()[..] == i.to_le_bytes())
        );
    }
}
