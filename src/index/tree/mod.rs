//! The ordered view: a B+-tree of arena addresses in the order of their keys' bytes.
//!
//! A node skips the bytes that its keys share and keeps the next eight of each key at hand; only keys that agree in those
//! as well are compared as a whole. An inner node skips what its separators share, and checks that a key has it too. A
//! leaf lies between two fences, the separators beside it in its ancestors, and skips what these share: so must all keys
//! that can ever be routed to it.

mod build;
mod cursor;
mod inner;
mod leaf;
mod sort;

use std::sync::Arc;

use super::arena::Arena;
use inner::Inner;
use leaf::Leaf;

pub(super) use build::Ascending;
pub(super) use cursor::Cursor;
pub(super) use sort::sorted;

/// Entries of a leaf and children of an inner node.
const CAP: usize = 128;
/// A node with less is joined with a neighbour, or takes over a part of it.
const FEW: usize = CAP / 4;
/// Neighbours with no more than this together are joined.
const JOINED: usize = CAP * 13 / 16;
/// With every so many entries less, a node looks at its neighbours.
const LOOK: usize = 8;
/// A longer separator is made shorter when the key that it was made for goes, so that it outlives no long key.
const LONG: usize = 32;
/// What a node is filled to when it is joined or packed, so that the next insert does not split it.
const PACKED: usize = CAP * 7 / 8;

/// The separators around a node: keys are at least the lower and below the upper.
#[derive(Clone, Copy, Default)]
struct Fences<'a> {
    low: Option<&'a [u8]>,
    high: Option<&'a [u8]>,
}

impl<'a> Fences<'a> {
    /// How many leading bytes are the same for every key in between.
    fn skip(self) -> usize {
        self.low.zip(self.high).map_or(0, |(low, high)| common(low, high))
    }

    fn below(self, high: &'a [u8]) -> Self {
        Self { high: Some(high), ..self }
    }

    fn above(self, low: &'a [u8]) -> Self {
        Self { low: Some(low), ..self }
    }
}

/// One node, and perhaps a second one with the separator between them.
type OneOrTwo<T> = (T, Option<(Arc<[u8]>, T)>);

/// The length of the common prefix.
fn common(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count() * 8;
    let rest = a.iter().skip(words).zip(b.iter().skip(words));
    words + rest.take_while(|(a, b)| a == b).count()
}

/// Eight bytes of a key as a number that orders like the bytes; equal numbers decide nothing.
#[inline]
fn head(key: &[u8], skip: usize) -> u64 {
    let rest = key.get(skip..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk() {
        return u64::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

/// The shortest bytes above `left` and not above `right`.
fn separator(left: &[u8], right: &[u8]) -> Arc<[u8]> {
    Arc::from(right.get(..=common(left, right)).unwrap_or(right))
}

/// A node had no room. Nothing was changed.
#[derive(Clone, Copy)]
struct Full {
    /// The entry belongs after all others: a sign of keys that arrive in order.
    at_end: bool,
}

#[derive(Clone, Debug)]
enum Node {
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

    fn insert(
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
    fn split(&mut self, arena: &Arena, full: Full, fences: Fences<'_>) -> (Arc<[u8]>, Node) {
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
    fn remove(&mut self, arena: &Arena, key: &[u8], at: u32, fences: Fences<'_>) -> bool {
        match self {
            Node::Leaf(leaf) => Arc::make_mut(leaf).remove(key, at),
            Node::Inner(inner) => Arc::make_mut(inner).remove(arena, key, at, fences),
        }
    }

    fn replace(&mut self, key: &[u8], from: u32, to: u32) {
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

    fn memory_bytes(&self) -> usize {
        match self {
            Node::Leaf(_) => size_of::<Leaf>() + 16,
            Node::Inner(inner) => inner.memory_bytes(),
        }
    }
}

/// Keys in order. A clone shares all nodes; a write copies the nodes on its path.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: Node,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { root: Node::Leaf(Arc::new(Leaf::new())) }
    }

    /// Adds an entry whose key is not there yet and whose record is.
    pub(super) fn insert(&mut self, arena: &Arena, key: &[u8], at: u32) {
        let fences = Fences::default();
        while let Err(full) = self.root.insert(arena, key, at, fences) {
            let (separator, right) = self.root.split(arena, full, fences);
            let left = std::mem::replace(&mut self.root, Node::Inner(Arc::new(Inner::default())));
            self.root = Node::Inner(Arc::new(Inner::new(vec![separator], vec![left, right])));
        }
    }

    /// Takes an entry out; its record must still be there.
    pub(super) fn remove(&mut self, arena: &Arena, key: &[u8], at: u32) {
        self.root.remove(arena, key, at, Fences::default());
        if let Node::Inner(inner) = &self.root
            && let Some(only) = inner.only_child()
        {
            self.root = only.clone();
        }
    }

    /// Follows a record that moved.
    pub(super) fn replace(&mut self, key: &[u8], from: u32, to: u32) {
        self.root.replace(key, from, to);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.root.memory_bytes()
    }
}
