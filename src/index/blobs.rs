//! Long values, held outside the arena in shared memory of their own.

use std::sync::Arc;

use super::memory::spare;

const SEGMENT: usize = 512;
const NONE: u32 = u32::MAX;
const SEGMENTS_MAX: usize = NONE as usize / SEGMENT;
/// A segment that is at least this full is not chosen to be filled.
const FULL: usize = SEGMENT * 7 / 8;
/// There may be twice as many slots as values, plus this many.
const SLACK: usize = 2 * SEGMENT;
/// How many values are renumbered for each one removed while there are too many slots. Two would do when the segment
/// that is being emptied is half full; the third makes up for segments that were only begun.
const PACE: usize = 3;
/// What a shared value takes besides its bytes.
const COUNTS: usize = 16;

#[derive(Clone, Debug)]
struct Slot {
    value: Option<Arc<[u8]>>,
    /// The address of the record with this value; of a free slot, the next one in its segment.
    link: u32,
}

#[derive(Clone, Debug)]
struct Segment {
    slots: Vec<Slot>,
    free: u32,
}

impl Segment {
    fn put(&mut self, value: Arc<[u8]>, owner: u32) -> Option<usize> {
        let slot = Slot { value: Some(value), link: owner };
        if self.free == NONE {
            self.slots.push(slot);
            return Some(self.slots.len() - 1);
        }
        let number = self.free as usize;
        let free = self.slots.get_mut(number)?;
        self.free = free.link;
        *free = slot;
        Some(number)
    }

    fn take(&mut self, number: usize) -> Option<(Arc<[u8]>, u32)> {
        let slot = self.slots.get_mut(number)?;
        let value = slot.value.take()?;
        let owner = std::mem::replace(&mut slot.link, self.free);
        self.free = u32::try_from(number).ok()?;
        Some((value, owner))
    }
}

/// Numbered values in copy-on-write segments, so that a clone copies only pointers to segments.
///
/// Segments that lost most of their values are emptied: removing a value renumbers a few others.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    segments: Vec<Option<Arc<Segment>>>,
    /// How many values each segment has; one without any is dropped.
    lens: Vec<u16>,
    /// How many segments there are.
    count: usize,
    /// The segment that is being filled.
    current: usize,
    /// The segment that is being emptied.
    leaving: Option<usize>,
    /// How many values are still to be renumbered.
    credit: usize,
    len: usize,
    bytes: usize,
}

fn split(id: u32) -> (usize, usize) {
    (id as usize / SEGMENT, id as usize % SEGMENT)
}

impl Blobs {
    pub(super) fn new() -> Self {
        Self {
            segments: Vec::new(),
            lens: Vec::new(),
            count: 0,
            current: 0,
            leaving: None,
            credit: 0,
            len: 0,
            bytes: 0,
        }
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Arc<[u8]>> {
        let (segment, number) = split(id);
        self.segments.get(segment)?.as_ref()?.slots.get(number)?.value.as_ref()
    }

    fn segment_mut(&mut self, segment: usize) -> Option<&mut Segment> {
        Some(Arc::make_mut(self.segments.get_mut(segment)?.as_mut()?))
    }

    /// Stores a value, or returns `None` when 32 bits cannot number another. The caller then says to which record it
    /// belongs.
    pub(super) fn insert(&mut self, value: Arc<[u8]>) -> Option<u32> {
        self.place(value, NONE)
    }

    /// Notes the address of the record of a value.
    pub(super) fn belongs_to(&mut self, id: u32, at: u32) {
        let (segment, number) = split(id);
        let segment = self.segment_mut(segment);
        if let Some(slot) = segment.and_then(|segment| segment.slots.get_mut(number)) {
            slot.link = at;
        }
    }

    fn place(&mut self, value: Arc<[u8]>, owner: u32) -> Option<u32> {
        let segment = self.with_room()?;
        let bytes = value.len();
        let number = self.segment_mut(segment)?.put(value, owner)?;
        *self.lens.get_mut(segment)? += 1;
        self.len += 1;
        self.bytes += bytes;
        u32::try_from(segment * SEGMENT + number).ok()
    }

    /// The segment for the next value: the one that is being filled, otherwise the fullest with some room.
    fn with_room(&mut self) -> Option<usize> {
        let len = |id: usize| self.lens.get(id).copied().map_or(0, usize::from);
        let current = self.segments.get(self.current).is_some_and(Option::is_some);
        if current && self.leaving != Some(self.current) && len(self.current) < SEGMENT {
            return Some(self.current);
        }
        let open = (0..self.lens.len()).filter(|id| (1..FULL).contains(&len(*id)));
        let fullest = open.filter(|id| self.leaving != Some(*id)).max_by_key(|id| len(*id));
        self.current = match fullest {
            Some(id) => id,
            None => self.add()?,
        };
        Some(self.current)
    }

    fn add(&mut self) -> Option<usize> {
        let id = self.segments.iter().position(Option::is_none).unwrap_or(self.segments.len());
        if id == SEGMENTS_MAX {
            return None;
        }
        if id == self.segments.len() {
            self.segments.push(None);
            self.lens.push(0);
        }
        *self.segments.get_mut(id)? = Some(Arc::new(Segment { slots: Vec::new(), free: NONE }));
        self.count += 1;
        Some(id)
    }

    fn take(&mut self, segment: usize, number: usize) -> Option<(Arc<[u8]>, u32)> {
        let taken = self.segment_mut(segment)?.take(number)?;
        let len = self.lens.get_mut(segment)?;
        *len -= 1;
        if *len == 0 {
            self.drop_segment(segment);
        }
        self.len -= 1;
        self.bytes -= taken.0.len();
        Some(taken)
    }

    fn drop_segment(&mut self, segment: usize) {
        if let Some(emptied) = self.segments.get_mut(segment) {
            *emptied = None;
            self.count -= 1;
        }
        if self.leaving == Some(segment) {
            self.leaving = None;
            self.credit = 0;
        }
        while let Some(None) = self.segments.last() {
            self.segments.pop();
            self.lens.pop();
        }
        spare(&mut self.segments);
        spare(&mut self.lens);
    }

    /// Drops a value; holders of its memory keep it.
    pub(super) fn remove(&mut self, id: u32) {
        let (segment, number) = split(id);
        if self.take(segment, number).is_none() {
            return;
        }
        if self.leaving.is_none() && self.count * SEGMENT > 2 * self.len + SLACK {
            let sparse = self.lens.iter().enumerate().filter(|(id, len)| {
                *id != self.current && (1..=SEGMENT / 2).contains(&usize::from(**len))
            });
            self.leaving = sparse.min_by_key(|(_, len)| **len).map(|(id, _)| id);
        }
        if self.leaving.is_some() {
            self.credit += PACE;
        }
    }

    /// Whether no value has to be renumbered.
    #[inline]
    pub(super) fn is_tidy(&self) -> bool {
        self.credit == 0
    }

    /// Renumbers one value if that is due, and returns its new number and the address of its record.
    pub(super) fn renumber(&mut self) -> Option<(u32, u32)> {
        let leaving = self.leaving.filter(|_| self.credit > 0)?;
        self.credit -= 1;
        // Before the value is taken out, so that there is a slot for it.
        self.with_room()?;
        let segment = self.segments.get(leaving)?.as_ref()?;
        let number = segment.slots.iter().position(|slot| slot.value.is_some())?;
        let (value, owner) = self.take(leaving, number)?;
        Some((owner, self.place(value, owner)?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(super) fn has_room(&self, additional: u64) -> bool {
        additional / FULL as u64 + 4 <= (SEGMENTS_MAX - self.count) as u64
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes
            + self.len * COUNTS
            + self.count * (SEGMENT * size_of::<Slot>() + size_of::<Segment>())
            + self.segments.capacity() * size_of::<Option<Arc<Segment>>>()
            + self.lens.capacity() * size_of::<u16>()
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
