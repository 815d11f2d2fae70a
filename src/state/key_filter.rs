//! Telling quickly that a key is not among many.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

/// Remembers so little of its keys that it may take others for one of them, but never one of them for another.
#[derive(Debug)]
pub(crate) struct KeyFilter {
    words: Vec<u64>,
    hasher: RandomState,
}

impl KeyFilter {
    /// Room for the keys of so many bytes of log: at 128 bytes a record, one in 70 other keys is taken for one of them.
    pub(crate) fn for_log(bytes: u64) -> Self {
        let words = usize::try_from(bytes / 512 + 1).unwrap_or(1);
        Self { words: vec![0; words], hasher: RandomState::default() }
    }

    pub(crate) fn add(&mut self, key: &[u8]) {
        let (place, bits) = self.place(key);
        if let Some(word) = self.words.get_mut(place) {
            *word |= bits;
        }
    }

    pub(crate) fn may_have(&self, key: &[u8]) -> bool {
        let (place, bits) = self.place(key);
        self.words.get(place).is_none_or(|word| word & bits == bits)
    }

    /// The word of a key, and its two bits there.
    fn place(&self, key: &[u8]) -> (usize, u64) {
        let hash = self.hasher.hash_one(key);
        let scaled = (u128::from(hash) * self.words.len() as u128) >> u64::BITS;
        let bit = |shift: u32| 1 << ((hash >> shift) % u64::from(u64::BITS));
        (usize::try_from(scaled).unwrap_or(0), bit(0) | bit(6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_and_few_others_are() {
        let key = |number: usize| format!("user:{number:010}");
        let mut filter = KeyFilter::for_log(10_000 * 128);
        (0..10_000).for_each(|number| filter.add(key(number).as_bytes()));
        assert!((0..10_000).all(|number| filter.may_have(key(number).as_bytes())));
        let others = (10_000..20_000).filter(|number| filter.may_have(key(*number).as_bytes()));
        assert!(others.count() < 500);
    }

    #[test]
    fn a_filter_without_room_takes_every_key_for_one_of_its_own_at_worst() {
        let mut filter = KeyFilter::for_log(0);
        assert!(!filter.may_have(b"a"));
        filter.add(b"a");
        assert!(filter.may_have(b"a"));
    }
}
