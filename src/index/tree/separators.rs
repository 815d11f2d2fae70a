//! The separators of an inner node.

#![expect(
    clippy::indexing_slicing,
    reason = "there is one head for each separator, and one child more than separators"
)]

use std::cmp::Ordering;
use std::sync::Arc;

use super::fences::{Fences, common, head};

/// Separators, owned and as short as they can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Separators {
    /// How many leading bytes all separators share. A key may still have others.
    skip: usize,
    heads: Vec<u64>,
    all: Vec<Arc<[u8]>>,
}

impl Separators {
    pub(super) fn new(all: Vec<Arc<[u8]>>) -> Self {
        let mut separators = Self { skip: 0, heads: Vec::new(), all };
        separators.set_skip(separators.shared());
        separators
    }

    /// The length of the common prefix of all; 0 for a single one.
    fn shared(&self) -> usize {
        match &self.all[..] {
            [first, .., last] => common(first, last),
            _ => 0,
        }
    }

    fn set_skip(&mut self, skip: usize) {
        self.skip = skip;
        self.heads = self.all.iter().map(|separator| head(separator, skip)).collect();
    }

    fn prefix(&self) -> &[u8] {
        self.all.first().and_then(|first| first.get(..self.skip)).unwrap_or_default()
    }

    pub(super) fn nth(&self, i: usize) -> &Arc<[u8]> {
        &self.all[i]
    }

    /// The fences of child `i` of a node.
    pub(super) fn fences_of<'a>(&'a self, i: usize, outer: Fences<'a>) -> Fences<'a> {
        Fences {
            low: i.checked_sub(1).map_or(outer.low, |before| Some(&self.all[before])),
            high: self.all.get(i).map_or(outer.high, |after| Some(after)),
        }
    }

    /// How many of them are not above the key.
    #[inline]
    pub(super) fn rank(&self, key: &[u8]) -> usize {
        match key.get(..self.skip).unwrap_or(key).cmp(self.prefix()) {
            Ordering::Less => return 0,
            Ordering::Greater => return self.all.len(),
            Ordering::Equal => {}
        }
        let head = head(key, self.skip);
        let start = self.heads.partition_point(|other| *other < head);
        let ties = self.heads[start..].partition_point(|other| *other == head);
        start + self.all[start..start + ties].partition_point(|separator| **separator <= *key)
    }

    /// Inserts one, and skips less when all of them share less, and more when the heads decide nothing.
    pub(super) fn insert(&mut self, i: usize, separator: Arc<[u8]>) {
        let head = head(&separator, self.skip);
        let fits = self.prefix() == separator.get(..self.skip).unwrap_or_default();
        let undecided = [i.checked_sub(1), Some(i)]
            .iter()
            .any(|near| near.and_then(|near| self.heads.get(near)) == Some(&head));
        self.heads.insert(i, head);
        self.all.insert(i, separator);
        let shared = self.shared();
        if !fits || undecided && shared > self.skip {
            self.set_skip(shared);
        }
    }

    pub(super) fn remove(&mut self, i: usize) {
        self.heads.remove(i);
        self.all.remove(i);
    }

    /// Removes those from `at` on, and the one before them, and returns them.
    pub(super) fn split(&mut self, at: usize) -> (Arc<[u8]>, Self) {
        let right = Self::new(self.all.split_off(at));
        let middle = self.all.remove(at - 1);
        *self = Self::new(std::mem::take(&mut self.all));
        (middle, right)
    }

    /// Those of two neighbours and the one between them.
    pub(super) fn joined(&self, between: &Arc<[u8]>, other: &Self) -> Self {
        Self::new(self.all.iter().chain([between]).chain(&other.all).cloned().collect())
    }

    /// What is allocated.
    pub(super) fn memory_bytes(&self) -> usize {
        let own = self.heads.capacity() * 8 + self.all.capacity() * 16;
        own + self.all.iter().map(|separator| separator.len() + 16).sum::<usize>()
    }
}
