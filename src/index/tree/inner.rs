//! The nodes that route.

#![expect(
    clippy::indexing_slicing,
    reason = "there is one child more than separators, and one head for each separator"
)]

use std::sync::Arc;

use super::super::arena::Arena;
use super::{CAP, FEW, Fences, Full, Node, OneOrTwo, PACKED, head};

/// Separators, owned and as short as they can be, and the children around them.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Inner {
    skip: usize,
    heads: Vec<u64>,
    separators: Vec<Arc<[u8]>>,
    children: Vec<Node>,
}

/// The fences of child `i` of a node.
fn fences_of<'a>(separators: &'a [Arc<[u8]>], i: usize, outer: Fences<'a>) -> Fences<'a> {
    Fences {
        low: i.checked_sub(1).map_or(outer.low, |before| Some(&separators[before])),
        high: separators.get(i).map_or(outer.high, |after| Some(after)),
    }
}

impl Inner {
    pub(super) fn new(separators: Vec<Arc<[u8]>>, children: Vec<Node>, fences: Fences<'_>) -> Self {
        let skip = fences.skip();
        let heads = separators.iter().map(|separator| head(separator, skip)).collect();
        Self { skip, heads, separators, children }
    }

    pub(super) fn len(&self) -> usize {
        self.children.len()
    }

    pub(super) fn child(&self, i: usize) -> Option<&Node> {
        self.children.get(i)
    }

    /// A child by a position below `len`.
    pub(super) fn nth(&self, i: usize) -> &Node {
        &self.children[i]
    }

    pub(super) fn only_child(&self) -> Option<&Node> {
        (self.children.len() == 1).then(|| &self.children[0])
    }

    /// Which child a key belongs to: as many as there are separators not above the key.
    pub(super) fn child_of(&self, key: &[u8]) -> usize {
        let head = head(key, self.skip);
        let start = self.heads.partition_point(|other| *other < head);
        let ties = self.heads[start..].partition_point(|other| *other == head);
        start
            + self.separators[start..start + ties].partition_point(|separator| **separator <= *key)
    }

    pub(super) fn child_mut(&mut self, key: &[u8], act: impl FnOnce(&mut Node)) {
        let i = self.child_of(key);
        act(&mut self.children[i]);
    }

    pub(super) fn insert(
        &mut self,
        arena: &Arena,
        key: &[u8],
        at: u32,
        fences: Fences<'_>,
    ) -> Result<(), Full> {
        let mut i = self.child_of(key);
        let inside = fences_of(&self.separators, i, fences);
        let Err(full) = self.children[i].insert(arena, key, at, inside) else {
            return Ok(());
        };
        if self.children.len() == CAP {
            return Err(Full { at_end: full.at_end && i + 1 == CAP });
        }
        let (separator, right) = self.children[i].split(arena, full, inside);
        let after = *separator <= *key;
        self.heads.insert(i, head(&separator, self.skip));
        self.separators.insert(i, separator);
        self.children.insert(i + 1, right);
        i += usize::from(after);
        let inside = fences_of(&self.separators, i, fences);
        self.children[i].insert(arena, key, at, inside)
    }

    pub(super) fn split(&mut self, at: usize, fences: Fences<'_>) -> (Arc<[u8]>, Self) {
        let children = self.children.split_off(at);
        let separators = self.separators.split_off(at);
        let middle = self.separators.remove(at - 1);
        let right = Self::new(separators, children, fences.above(&middle));
        *self = Self::new(
            std::mem::take(&mut self.separators),
            std::mem::take(&mut self.children),
            fences.below(&middle),
        );
        (middle, right)
    }

    pub(super) fn remove(&mut self, arena: &Arena, key: &[u8], at: u32, fences: Fences<'_>) {
        let i = self.child_of(key);
        let inside = fences_of(&self.separators, i, fences);
        self.children[i].remove(arena, key, at, inside);
        if self.children[i].len() < FEW && self.children.len() > 1 {
            self.rebalance(arena, i.min(self.children.len() - 2), fences);
        }
    }

    /// Joins child `i` with the next one, or shares their entries out evenly.
    fn rebalance(&mut self, arena: &Arena, i: usize, fences: Fences<'_>) {
        let around = Fences {
            low: fences_of(&self.separators, i, fences).low,
            high: fences_of(&self.separators, i + 1, fences).high,
        };
        let (left, rest) = match (&self.children[i], &self.children[i + 1]) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                let (left, rest) = left.rebalance(right, arena, around);
                (
                    Node::Leaf(Arc::new(left)),
                    rest.map(|(separator, right)| (separator, Node::Leaf(Arc::new(right)))),
                )
            }
            (Node::Inner(left), Node::Inner(right)) => {
                let (left, rest) = left.join(right, &self.separators[i], around);
                (
                    Node::Inner(Arc::new(left)),
                    rest.map(|(separator, right)| (separator, Node::Inner(Arc::new(right)))),
                )
            }
            _ => return,
        };
        self.children[i] = left;
        if let Some((separator, right)) = rest {
            self.heads[i] = head(&separator, self.skip);
            self.separators[i] = separator;
            self.children[i + 1] = right;
        } else {
            self.heads.remove(i);
            self.separators.remove(i);
            self.children.remove(i + 1);
        }
    }

    fn join(&self, other: &Self, between: &Arc<[u8]>, fences: Fences<'_>) -> OneOrTwo<Self> {
        let separators =
            self.separators.iter().chain([between]).chain(&other.separators).cloned().collect();
        let children: Vec<_> = self.children.iter().chain(&other.children).cloned().collect();
        let half = children.len() / 2;
        let fits = children.len() <= PACKED;
        let mut joined = Self { separators, children, ..Self::default() };
        if fits {
            return (Self::new(joined.separators, joined.children, fences), None);
        }
        let (separator, right) = joined.split(half, fences);
        (joined, Some((separator, right)))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let own = self.heads.capacity() * 8
            + self.separators.capacity() * 16
            + self.children.capacity() * size_of::<Node>();
        let separators: usize = self.separators.iter().map(|separator| separator.len() + 16).sum();
        let children: usize = self.children.iter().map(Node::memory_bytes).sum();
        size_of::<Self>() + own + separators + children
    }
}
