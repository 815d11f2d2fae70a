//! The nodes: leaves, and those that route to other nodes.

#![expect(clippy::indexing_slicing, reason = "there is one child more than separators")]

use std::sync::Arc;

use super::super::arena::Arena;
use super::fences::{Fences, separator};
use super::fill::{CAP, FEW, Full, JOINED, LONG, LOOK, OneOrTwo, PACKED};
use super::leaf::Leaf;
use super::separators::Separators;

#[derive(Clone, Debug)]
pub(super) enum Node {
    Leaf(Arc<Leaf>),
    Inner(Arc<Inner>),
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.len(),
            Node::Inner(inner) => inner.len(),
        }
    }

    pub(super) fn insert(
        &mut self,
        arena: &Arena,
        key: &[u8],
        at: u32,
        fences: Fences<'_>,
    ) -> Result<(), Full> {
        match self {
            Node::Leaf(leaf) => Arc::make_mut(leaf).insert(arena, key, at),
            Node::Inner(inner) => Arc::make_mut(inner).insert(arena, key, at, fences),
        }
    }

    /// Moves the upper part to a new node, and returns it with the separator.
    pub(super) fn split(
        &mut self,
        arena: &Arena,
        full: Full,
        fences: Fences<'_>,
    ) -> (Arc<[u8]>, Node) {
        let at = if full.at_end { PACKED } else { self.len() / 2 };
        match self {
            Node::Leaf(leaf) => {
                let (separator, right) = Arc::make_mut(leaf).split(arena, at, fences);
                (separator, Node::Leaf(Arc::new(right)))
            }
            Node::Inner(inner) => {
                let (separator, right) = Arc::make_mut(inner).split(at);
                (separator, Node::Inner(Arc::new(right)))
            }
        }
    }

    /// Takes an entry out; true if it was the first of all in this node.
    pub(super) fn remove(
        &mut self,
        arena: &Arena,
        key: &[u8],
        at: u32,
        fences: Fences<'_>,
    ) -> bool {
        match self {
            Node::Leaf(leaf) => Arc::make_mut(leaf).remove(key, at),
            Node::Inner(inner) => Arc::make_mut(inner).remove(arena, key, at, fences),
        }
    }

    pub(super) fn replace(&mut self, key: &[u8], from: u32, to: u32) {
        match self {
            Node::Leaf(leaf) => Arc::make_mut(leaf).replace(key, from, to),
            Node::Inner(inner) => {
                Arc::make_mut(inner).child_mut(key, |child| child.replace(key, from, to));
            }
        }
    }

    /// The address of the first entry, or of the last.
    fn edge(&self, first: bool) -> Option<u32> {
        match self {
            Node::Leaf(leaf) if first => leaf.refs().first().copied(),
            Node::Leaf(leaf) => leaf.refs().last().copied(),
            Node::Inner(inner) => inner.edge_child(first)?.edge(first),
        }
    }

    /// Corrects the first or the last leaf, whose outer fence has changed.
    fn settle_edge(&mut self, arena: &Arena, first: bool, fences: Fences<'_>) {
        match self {
            Node::Leaf(leaf) => Arc::make_mut(leaf).settle(arena, fences),
            Node::Inner(inner) => Arc::make_mut(inner).settle_edge(arena, first, fences),
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        match self {
            Node::Leaf(_) => size_of::<Leaf>() + 16,
            Node::Inner(inner) => inner.memory_bytes(),
        }
    }
}

/// Separators and the children around them.
#[derive(Clone, Debug, Default)]
pub(super) struct Inner {
    separators: Separators,
    children: Vec<Node>,
}

impl Inner {
    pub(super) fn new(separators: Vec<Arc<[u8]>>, children: Vec<Node>) -> Self {
        Self { separators: Separators::new(separators), children }
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

    /// The child to which a key belongs: its position is the number of separators not above the key.
    pub(super) fn child_of(&self, key: &[u8]) -> usize {
        self.separators.rank(key)
    }

    fn child_mut(&mut self, key: &[u8], act: impl FnOnce(&mut Node)) {
        let i = self.separators.rank(key);
        act(&mut self.children[i]);
    }

    pub(super) fn insert(
        &mut self,
        arena: &Arena,
        key: &[u8],
        at: u32,
        fences: Fences<'_>,
    ) -> Result<(), Full> {
        let mut i = self.separators.rank(key);
        let inside = self.separators.fences_of(i, fences);
        let Err(full) = self.children[i].insert(arena, key, at, inside) else {
            return Ok(());
        };
        if self.children.len() == CAP {
            return Err(Full { at_end: full.at_end && i + 1 == CAP });
        }
        let (separator, right) = self.children[i].split(arena, full, inside);
        let after = *separator <= *key;
        self.separators.insert(i, separator);
        self.children.insert(i + 1, right);
        i += usize::from(after);
        let inside = self.separators.fences_of(i, fences);
        self.children[i].insert(arena, key, at, inside)
    }

    pub(super) fn split(&mut self, at: usize) -> (Arc<[u8]>, Self) {
        let children = self.children.split_off(at);
        let (middle, separators) = self.separators.split(at);
        (middle, Self { separators, children })
    }

    /// Takes an entry out; true if it was the first of all in this node.
    pub(super) fn remove(
        &mut self,
        arena: &Arena,
        key: &[u8],
        at: u32,
        fences: Fences<'_>,
    ) -> bool {
        let i = self.separators.rank(key);
        let inside = self.separators.fences_of(i, fences);
        let first = self.children[i].remove(arena, key, at, inside);
        if first && i > 0 {
            self.shorten(arena, i - 1, fences);
        }
        if let Some(left) = self.to_join(i) {
            self.rebalance(arena, left, fences);
        }
        first && i == 0
    }

    /// The left one of two children to join after one of them has become smaller.
    fn to_join(&self, i: usize) -> Option<usize> {
        let len = self.children[i].len();
        if len > JOINED || len >= FEW && !len.is_multiple_of(LOOK) {
            return None;
        }
        let fits = |other: usize| {
            self.children.get(other).is_some_and(|other| len + other.len() <= JOINED)
        };
        let before = i.checked_sub(1);
        if let Some(before) = before.filter(|before| fits(*before)) {
            return Some(before);
        }
        if fits(i + 1) {
            return Some(i);
        }
        (len < FEW && self.children.len() > 1).then(|| i.min(self.children.len() - 2))
    }

    /// Replaces separator `i` if it is long and the key for which it was made is gone, so that the separators never
    /// have more bytes than the keys that begin with them.
    fn shorten(&mut self, arena: &Arena, i: usize, fences: Fences<'_>) {
        let (Some(last), Some(first)) =
            (self.children[i].edge(false), self.children[i + 1].edge(true))
        else {
            return;
        };
        let old = self.separators.nth(i);
        if old.len() <= LONG || arena.key(first).starts_with(old) {
            return;
        }
        let new = separator(arena.key(last), arena.key(first));
        self.separators.remove(i);
        self.separators.insert(i, new);
        let [left, right] = [i, i + 1].map(|i| self.separators.fences_of(i, fences));
        self.children[i].settle_edge(arena, false, left);
        self.children[i + 1].settle_edge(arena, true, right);
    }

    pub(super) fn edge_child(&self, first: bool) -> Option<&Node> {
        if first { self.children.first() } else { self.children.last() }
    }

    pub(super) fn settle_edge(&mut self, arena: &Arena, first: bool, fences: Fences<'_>) {
        let i = if first { 0 } else { self.children.len().saturating_sub(1) };
        let inside = self.separators.fences_of(i, fences);
        self.children[i].settle_edge(arena, first, inside);
    }

    /// Joins child `i` with the next one, or divides their entries evenly.
    fn rebalance(&mut self, arena: &Arena, i: usize, fences: Fences<'_>) {
        let around = Fences {
            low: self.separators.fences_of(i, fences).low,
            high: self.separators.fences_of(i + 1, fences).high,
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
                let (left, rest) = left.join(right, self.separators.nth(i));
                (
                    Node::Inner(Arc::new(left)),
                    rest.map(|(separator, right)| (separator, Node::Inner(Arc::new(right)))),
                )
            }
            _ => return,
        };
        self.children[i] = left;
        if let Some((separator, right)) = rest {
            self.separators.remove(i);
            self.separators.insert(i, separator);
            self.children[i + 1] = right;
        } else {
            self.separators.remove(i);
            self.children.remove(i + 1);
        }
    }

    fn join(&self, other: &Self, between: &Arc<[u8]>) -> OneOrTwo<Self> {
        let separators = self.separators.joined(between, &other.separators);
        let children: Vec<_> = self.children.iter().chain(&other.children).cloned().collect();
        let (len, mut joined) = (children.len(), Self { separators, children });
        if len <= PACKED {
            return (joined, None);
        }
        let (separator, right) = joined.split(len / 2);
        (joined, Some((separator, right)))
    }

    fn memory_bytes(&self) -> usize {
        let children: usize = self.children.iter().map(Node::memory_bytes).sum();
        let own = self.separators.memory_bytes() + self.children.capacity() * size_of::<Node>();
        size_of::<Self>() + own + children
    }
}
