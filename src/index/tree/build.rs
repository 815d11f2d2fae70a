//! Packing a tree from entries that are sorted already.

use std::sync::Arc;

use super::super::arena::Arena;
use super::inner::Inner;
use super::leaf::Leaf;
use super::{Fences, Node, PACKED, Tree, separator};

impl Tree {
    /// Packs what `sorted` returned for the same `skip`.
    pub(in super::super) fn packed(arena: &Arena, entries: &[(u64, u32)], skip: usize) -> Self {
        if entries.is_empty() {
            return Self::new();
        }
        let parts: Vec<_> = shares(entries.len()).filter_map(|share| entries.get(share)).collect();
        let mut separators: Vec<Arc<[u8]>> = parts
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
        while nodes.len() > 1 {
            (nodes, separators) = level(nodes, &separators);
        }
        nodes.pop().map_or_else(Self::new, |root| Self { root })
    }
}

/// Splits a length evenly into as few shares as hold at most `PACKED` each.
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
