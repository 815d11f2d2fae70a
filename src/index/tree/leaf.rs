//! The nodes that hold entries.

#![expect(
    clippy::indexing_slicing,
    reason = "len never exceeds CAP, and positions come from searches below len"
)]

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::arena::Arena;
use super::fences::{Fences, head, separator};
use super::fill::{CAP, Full, OneOrTwo, PACKED};

/// Heads and addresses in key order.
#[derive(Clone, Debug)]
pub(in super::super) struct Leaf {
    len: usize,
    skip: usize,
    heads: [u64; CAP],
    refs: [u32; CAP],
}

impl Leaf {
    pub(super) fn new() -> Self {
        Self { len: 0, skip: 0, heads: [0; CAP], refs: [0; CAP] }
    }

    /// A leaf of sorted entries with their heads after `skip`; at most `CAP` of them.
    pub(super) fn packed(entries: &[(u64, u32)], skip: usize) -> Self {
        let mut leaf = Self { skip, ..Self::new() };
        for (i, (head, at)) in entries.iter().take(CAP).enumerate() {
            leaf.heads[i] = *head;
            leaf.refs[i] = *at;
            leaf.len = i + 1;
        }
        leaf
    }

    /// A leaf of sorted entries that share their first `skip` bytes; at most `CAP` of them.
    pub(super) fn of(arena: &Arena, refs: &[u32], skip: usize) -> Self {
        let mut leaf = Self { skip, ..Self::new() };
        for (i, at) in refs.iter().take(CAP).enumerate() {
            leaf.heads[i] = head(arena.key(*at), skip);
            leaf.refs[i] = *at;
            leaf.len = i + 1;
        }
        leaf
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(in super::super) fn refs(&self) -> &[u32] {
        &self.refs[..self.len]
    }

    /// Reads a word of every cache line.
    pub(super) fn touch(&self) -> u64 {
        let heads = self.heads().iter().step_by(8).fold(0, |seen, head| seen ^ head);
        self.refs().iter().step_by(16).fold(heads, |seen, at| seen ^ u64::from(*at))
    }

    fn heads(&self) -> &[u64] {
        &self.heads[..self.len]
    }

    /// The positions whose heads equal the key's.
    fn ties(&self, key: &[u8]) -> std::ops::Range<usize> {
        let head = head(key, self.skip);
        let start = self.heads().partition_point(|other| *other < head);
        let ties = self.heads()[start..].partition_point(|other| *other == head);
        start..start + ties
    }

    /// How many keys are below the given one, or not above it.
    pub(super) fn rank(&self, arena: &Arena, key: &[u8], inclusive: bool) -> usize {
        let ties = self.ties(key);
        let rest = key.get(self.skip..);
        let before = self.refs[ties.clone()].partition_point(|at| {
            match arena.key(*at).get(self.skip..).cmp(&rest) {
                Ordering::Less => true,
                Ordering::Equal => inclusive,
                Ordering::Greater => false,
            }
        });
        ties.start + before
    }

    fn position(&self, key: &[u8], at: u32) -> Option<usize> {
        self.ties(key).find(|i| self.refs[*i] == at)
    }

    pub(super) fn insert(&mut self, arena: &Arena, key: &[u8], at: u32) -> Result<(), Full> {
        let position = self.rank(arena, key, false);
        if self.len == CAP {
            return Err(Full { at_end: position == CAP });
        }
        self.heads.copy_within(position..self.len, position + 1);
        self.refs.copy_within(position..self.len, position + 1);
        self.heads[position] = head(key, self.skip);
        self.refs[position] = at;
        self.len += 1;
        Ok(())
    }

    /// Takes an entry out; true if it was the first.
    pub(super) fn remove(&mut self, key: &[u8], at: u32) -> bool {
        let Some(position) = self.position(key, at) else { return false };
        self.heads.copy_within(position + 1..self.len, position);
        self.refs.copy_within(position + 1..self.len, position);
        self.len -= 1;
        position == 0
    }

    pub(super) fn replace(&mut self, key: &[u8], from: u32, to: u32) {
        if let Some(position) = self.position(key, from) {
            self.refs[position] = to;
        }
    }

    pub(super) fn split(
        &mut self,
        arena: &Arena,
        at: usize,
        fences: Fences<'_>,
    ) -> (Arc<[u8]>, Self) {
        let mut right = Self { skip: self.skip, ..Self::new() };
        right.len = self.len - at;
        right.heads[..right.len].copy_from_slice(&self.heads[at..self.len]);
        right.refs[..right.len].copy_from_slice(&self.refs[at..self.len]);
        let separator = separator(arena.key(self.refs[at - 1]), arena.key(self.refs[at]));
        self.len = at;
        self.deepen(arena, fences.below(&separator));
        right.deepen(arena, fences.above(&separator));
        (separator, right)
    }

    /// Skips as much as the fences allow if the present heads leave keys undecided.
    fn deepen(&mut self, arena: &Arena, fences: Fences<'_>) {
        if self.heads().windows(2).any(|pair| pair[0] == pair[1]) {
            self.set_skip(arena, fences.skip());
        }
    }

    /// Corrects the heads of a leaf that was packed before its fences were known.
    pub(super) fn settle(&mut self, arena: &Arena, fences: Fences<'_>) {
        if self.skip > fences.skip() {
            self.set_skip(arena, fences.skip());
        } else {
            self.deepen(arena, fences);
        }
    }

    fn set_skip(&mut self, arena: &Arena, skip: usize) {
        if skip != self.skip {
            self.skip = skip;
            for (to, at) in self.heads.iter_mut().zip(&self.refs[..self.len]) {
                *to = head(arena.key(*at), skip);
            }
        }
    }

    /// Joins two neighbours into one leaf, or two of equal length with a new separator.
    pub(super) fn rebalance(
        &self,
        other: &Self,
        arena: &Arena,
        fences: Fences<'_>,
    ) -> OneOrTwo<Self> {
        let skip = fences.skip();
        let refs = self.refs().iter().chain(other.refs());
        let all: Vec<_> = refs.map(|at| (head(arena.key(*at), skip), *at)).collect();
        if all.len() <= PACKED {
            return (Self::packed(&all, skip), None);
        }
        let (left, right) = all.split_at(all.len() / 2);
        let separator = separator(arena.key(left[left.len() - 1].1), arena.key(right[0].1));
        let (mut left, mut right) = (Self::packed(left, skip), Self::packed(right, skip));
        left.deepen(arena, fences.below(&separator));
        right.deepen(arena, fences.above(&separator));
        (left, Some((separator, right)))
    }
}
