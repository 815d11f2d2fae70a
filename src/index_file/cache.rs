//! The pages that were used lately, in memory.

use std::collections::HashMap;
use std::iter::repeat_n;
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Bytes of a page or a block that were found to be what was written.
pub(super) type Bytes = Arc<[u8]>;

/// What a slot of the cache holds, and whether it was asked for since the hand passed it.
#[derive(Debug)]
struct Slot {
    name: u64,
    bytes: Bytes,
    used: bool,
}

/// So many pages at most. The one that goes is found as CLOCK does: a hand passes over the slots and takes the first
/// that nobody has asked for since it came by the last time.
#[derive(Debug)]
pub(super) struct Cache {
    slots: Vec<Slot>,
    places: HashMap<u64, usize, RandomState>,
    hand: usize,
    /// What went last, when nobody uses it any more.
    spare: Option<Bytes>,
    capacity: usize,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        let (slots, places) = (Vec::new(), HashMap::default());
        Self { slots, places, hand: 0, spare: None, capacity: capacity.max(1) }
    }

    /// How many pages there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What goes by this name, or else room for so many bytes that nobody has.
    pub(super) fn get(&mut self, name: u64, len: usize) -> Result<Bytes, Bytes> {
        let place = self.places.get(&name).and_then(|place| self.slots.get_mut(*place));
        if let Some(slot) = place {
            slot.used = true;
            return Ok(Arc::clone(&slot.bytes));
        }
        let spare = self.spare.take().filter(|spare| spare.len() == len);
        Err(spare.unwrap_or_else(|| repeat_n(0, len).collect()))
    }

    pub(super) fn put(&mut self, name: u64, bytes: &Bytes) {
        if self.places.contains_key(&name) {
            return;
        }
        let slot = Slot { name, bytes: Arc::clone(bytes), used: false };
        if self.slots.len() < self.capacity {
            self.places.insert(name, self.slots.len());
            self.slots.push(slot);
            return;
        }
        let place = self.free_place();
        if let Some(room) = self.slots.get_mut(place) {
            self.places.remove(&room.name);
            self.places.insert(name, place);
            let gone = std::mem::replace(room, slot).bytes;
            self.spare = Some(gone).filter(|gone| Arc::strong_count(gone) == 1);
        }
    }

    fn free_place(&mut self) -> usize {
        // After one round at the latest, none is marked as used.
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.slots.len().max(1);
            match self.slots.get_mut(place) {
                Some(slot) if slot.used => slot.used = false,
                _ => return place,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_there_are_never_too_many() {
        let mut cache = Cache::new(4);
        let bytes = |name: u64| Bytes::from(name.to_le_bytes().to_vec());
        for name in 0..100 {
            cache.put(name, &bytes(name));
            assert_eq!(cache.get(0, 8), Ok(bytes(0)), "after {name}");
            assert!(cache.slots.len() <= 4 && cache.places.len() == cache.slots.len());
        }
        assert_eq!(cache.get(99, 8), Ok(bytes(99)));
        let mut room = cache.get(50, 8).unwrap_err();
        assert!(Arc::get_mut(&mut room).is_some(), "it is nobody else's");
    }
}
