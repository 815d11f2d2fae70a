//! A position between two entries of the ordered view.

use std::hint::black_box;
use std::ops::Bound;

use super::super::arena::Arena;
use super::super::entries::BATCH;
use super::Tree;
use super::leaf::Leaf;
use super::node::{Inner, Node};

/// A leaf, a position in it, and the path to it.
#[derive(Clone, Debug)]
pub(in super::super) struct Cursor<'a> {
    path: Vec<(&'a Inner, usize)>,
    leaf: &'a Leaf,
    position: usize,
}

impl Tree {
    /// The position before the first key inside a lower bound.
    pub(in super::super) fn lower(&self, arena: &Arena, bound: Bound<&[u8]>) -> Cursor<'_> {
        match bound {
            Bound::Included(key) => self.seek(arena, key, false),
            Bound::Excluded(key) => self.seek(arena, key, true),
            Bound::Unbounded => self.edge(|_| 0),
        }
    }

    /// The position after the last key inside an upper bound.
    pub(in super::super) fn upper(&self, arena: &Arena, bound: Bound<&[u8]>) -> Cursor<'_> {
        match bound {
            Bound::Included(key) => self.seek(arena, key, true),
            Bound::Excluded(key) => self.seek(arena, key, false),
            Bound::Unbounded => {
                let mut cursor = self.edge(|inner| inner.len().saturating_sub(1));
                cursor.position = cursor.leaf.len();
                cursor
            }
        }
    }

    /// Brings the leaves of a few keys into the cache: first finds them all, then reads them, so that misses overlap.
    pub(in super::super) fn warm(&self, keys: &[&[u8]]) {
        let mut leaves = [None; BATCH];
        for (leaf, key) in leaves.iter_mut().zip(keys) {
            let mut node = &self.root;
            *leaf = loop {
                match node {
                    Node::Leaf(leaf) => break Some(leaf),
                    Node::Inner(inner) => node = inner.nth(inner.child_of(key)),
                }
            };
        }
        black_box(leaves.iter().flatten().fold(0, |seen, leaf| seen ^ leaf.touch()));
    }

    fn seek(&self, arena: &Arena, key: &[u8], inclusive: bool) -> Cursor<'_> {
        let mut cursor = self.edge(|inner| inner.child_of(key));
        cursor.position = cursor.leaf.rank(arena, key, inclusive);
        cursor
    }

    fn edge(&self, choose: impl Fn(&Inner) -> usize) -> Cursor<'_> {
        let mut path = Vec::new();
        let leaf = descend(&self.root, &mut path, choose);
        Cursor { path, leaf, position: 0 }
    }
}

fn descend<'a>(
    mut node: &'a Node,
    path: &mut Vec<(&'a Inner, usize)>,
    choose: impl Fn(&Inner) -> usize,
) -> &'a Leaf {
    loop {
        match node {
            Node::Leaf(leaf) => return leaf,
            Node::Inner(inner) => {
                let i = choose(inner);
                path.push((inner, i));
                node = inner.nth(i);
            }
        }
    }
}

impl<'a> Cursor<'a> {
    pub(in super::super) fn leaf(&self) -> &'a Leaf {
        self.leaf
    }

    pub(in super::super) fn position(&self) -> usize {
        self.position
    }

    pub(in super::super) fn set_position(&mut self, position: usize) {
        self.position = position;
    }

    pub(in super::super) fn same_leaf(&self, other: &Self) -> bool {
        std::ptr::eq(self.leaf, other.leaf)
    }

    /// Goes to the start of the next leaf.
    pub(in super::super) fn next_leaf(&mut self) -> bool {
        let moved = self.turn(|i| Some(i + 1), |_| 0);
        self.position = 0;
        moved
    }

    /// Goes to the end of the leaf before.
    pub(in super::super) fn previous_leaf(&mut self) -> bool {
        let moved = self.turn(|i| i.checked_sub(1), |inner| inner.len().saturating_sub(1));
        self.position = self.leaf.len();
        moved
    }

    fn turn(
        &mut self,
        step: impl Fn(usize) -> Option<usize>,
        choose: impl Fn(&Inner) -> usize,
    ) -> bool {
        while let Some((inner, i)) = self.path.pop() {
            let Some((i, child)) = step(i).and_then(|i| Some((i, inner.child(i)?))) else {
                continue;
            };
            self.path.push((inner, i));
            self.leaf = descend(child, &mut self.path, choose);
            return true;
        }
        false
    }
}
