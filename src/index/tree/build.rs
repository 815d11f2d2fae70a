//! Packs a tree from entries that are already in order.

use std::sync::Arc;

use super::super::arena::Arena;
use super::Tree;
use super::fences::{Fences, separator};
use super::fill::{FEW, PACKED};
use super::leaf::Leaf;
use super::node::{Inner, Node};

impl Tree {
    /// Packs what `sorted` returned for the same `skip`.
    pub(in super::super) fn packed(arena: &Arena, entries: &[(u64, u32)], skip: usize) -> Self {
        let parts: Vec<_> = shares(entries.len()).filter_map(|share| entries.get(share)).collect();
        let separators: Vec<Arc<[u8]>> = parts
            .iter()
            .zip(parts.iter().skip(1))
            .filter_map(|(left, right)| {
                Some(separator(arena.key(left.last()?.1), arena.key(right.first()?.1)))
            })
            .collect();
        let mut nodes = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            let mut leaf = Leaf::packed(part, skip);
            leaf.settle(arena, around(&separators, i, i));
            nodes.push(Node::Leaf(Arc::new(leaf)));
        }
        Self::above(nodes, separators)
    }

    /// Puts inner nodes above leaves.
    fn above(mut nodes: Vec<Node>, mut separators: Vec<Arc<[u8]>>) -> Self {
        while nodes.len() > 1 {
            (nodes, separators) = level(nodes, &separators);
        }
        nodes.pop().map_or_else(Self::new, |root| Self { root })
    }
}

/// Packs entries that come one by one in key order, while each is still in the processor's cache.
#[derive(Debug, Default)]
pub(in super::super) struct Ascending {
    leaves: Vec<Arc<Leaf>>,
    separators: Vec<Arc<[u8]>>,
    /// The entries of the next leaf.
    open: Vec<u32>,
}

impl Ascending {
    /// Whether the key is above the last one.
    pub(in super::super) fn takes(&self, arena: &Arena, key: &[u8]) -> bool {
        self.open.last().is_none_or(|last| arena.key(*last) < key)
    }

    /// Adds an entry whose key it [takes](Self::takes).
    pub(in super::super) fn push(&mut self, arena: &Arena, key: &[u8], at: u32) {
        if self.open.len() == PACKED
            && let Some(last) = self.open.last()
        {
            let between = separator(arena.key(*last), key);
            self.close(arena, Some(&between));
            self.separators.push(between);
        }
        self.open.push(at);
    }

    /// Makes a leaf of the collected entries.
    fn close(&mut self, arena: &Arena, high: Option<&[u8]>) {
        let low = self.separators.last().map(|low| &**low);
        let leaf = Leaf::of(arena, &self.open, Fences { low, high }.skip());
        self.leaves.push(Arc::new(leaf));
        self.open.clear();
    }

    /// The tree of everything that was added.
    pub(in super::super) fn finish(mut self, arena: &Arena) -> Tree {
        self.close(arena, None);
        self.fill_last(arena);
        let nodes = self.leaves.into_iter().map(Node::Leaf).collect();
        Tree::above(nodes, self.separators)
    }

    /// Lets the last leaf share entries with the one before if it has few.
    fn fill_last(&mut self, arena: &Arena) {
        let Some((right, before)) = self.leaves.split_last() else { return };
        let Some(left) = before.last().filter(|_| right.len() < FEW) else { return };
        let outside = self.separators.len().checked_sub(2).and_then(|i| self.separators.get(i));
        let fences = Fences { low: outside.map(|low| &**low), high: None };
        let (left, rest) = left.rebalance(right, arena, fences);
        self.leaves.truncate(self.leaves.len() - 2);
        self.separators.pop();
        self.leaves.push(Arc::new(left));
        if let Some((separator, right)) = rest {
            self.separators.push(separator);
            self.leaves.push(Arc::new(right));
        }
    }
}

/// Splits a length evenly into the fewest shares of at most `PACKED` each.
fn shares(len: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = len.div_ceil(PACKED);
    (0..count).map(move |i| i * len / count..(i + 1) * len / count)
}

/// The fences around the nodes from `first` to `last`.
fn around(separators: &[Arc<[u8]>], first: usize, last: usize) -> Fences<'_> {
    let low = first.checked_sub(1).and_then(|i| separators.get(i));
    Fences { low: low.map(|low| &**low), high: separators.get(last).map(|high| &**high) }
}

/// Puts nodes under parents; returns the parents and the separators between them.
fn level(nodes: Vec<Node>, separators: &[Arc<[u8]>]) -> (Vec<Node>, Vec<Arc<[u8]>>) {
    let shares: Vec<_> = shares(nodes.len()).collect();
    let mut nodes = nodes.into_iter();
    let (mut parents, mut between) =
        (Vec::with_capacity(shares.len()), Vec::with_capacity(shares.len()));
    for share in shares {
        let last = share.end - 1;
        let inside = separators.get(share.start..last).unwrap_or_default().to_vec();
        let children = nodes.by_ref().take(share.len()).collect();
        let inner = Inner::new(inside, children);
        parents.push(Node::Inner(Arc::new(inner)));
        between.extend(separators.get(last).cloned());
    }
    (parents, between)
}

#[cfg(test)]
mod tests {
    use super::super::super::record::{Entry, Marks};
    use super::super::fill::CAP;
    use super::*;

    #[test]
    fn entries_that_come_in_order_are_packed_like_sorted_ones() {
        let (mut arena, mut all) = (Arena::new(), Vec::new());
        for n in 0..=4 * PACKED {
            let mut ascending = Ascending::default();
            for at in &all {
                assert!(ascending.takes(&arena, arena.key(*at)));
                ascending.push(&arena, arena.key(*at), *at);
            }
            let last = all.last().map(|at| arena.key(*at));
            assert!(last.is_none_or(|last| !ascending.takes(&arena, last)));
            let leaves = leaves(&ascending.finish(&arena));
            assert_eq!(leaves.concat(), all);
            assert!(leaves.iter().all(|leaf| leaf.len() <= CAP));
            assert!(leaves.len() == 1 || leaves.iter().all(|leaf| leaf.len() >= FEW));
            let key = format!("a prefix/{n:06}").into_bytes();
            let entry = Entry {
                key: &key,
                value: b"",
                blob: None,
                version: 1,
                timestamp: 0,
                marks: Marks::NONE,
            };
            all.push(arena.insert(&entry).unwrap());
        }
    }

    fn leaves(tree: &Tree) -> Vec<Vec<u32>> {
        match &tree.root {
            Node::Leaf(leaf) => vec![leaf.refs().to_vec()],
            Node::Inner(inner) => (0..inner.len())
                .filter_map(|i| inner.child(i))
                .map(|child| match child {
                    Node::Leaf(leaf) => leaf.refs().to_vec(),
                    Node::Inner(_) => unreachable!("two levels suffice here"),
                })
                .collect(),
        }
    }
}
