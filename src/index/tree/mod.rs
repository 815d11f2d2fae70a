//! The ordered view: a B+-tree of arena addresses in the order of their keys' bytes.
//!
//! A node skips the bytes that its keys share and keeps the next eight of each key, its head; only keys whose heads are
//! equal are compared as a whole. An inner node skips what its separators share, and checks that a key shares it too. A
//! leaf lies between two fences, the separators beside it in its ancestors, and skips what these share: every key that
//! can ever be routed to it shares that too.

mod build;
mod cursor;
mod fences;
mod fill;
mod leaf;
mod node;
mod separators;
mod sort;

use std::sync::Arc;

use super::arena::Arena;
use fences::Fences;
use leaf::Leaf;
use node::{Inner, Node};

pub(super) use build::Ascending;
pub(super) use cursor::Cursor;
pub(super) use sort::sorted;

/// Keys in order. A clone shares all nodes; a write copies the nodes on its path.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: Node,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { root: Node::Leaf(Arc::new(Leaf::new())) }
    }

    /// Adds an entry whose key is not there yet but whose record is.
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

    /// Updates the address of a record that moved.
    pub(super) fn replace(&mut self, key: &[u8], from: u32, to: u32) {
        self.root.replace(key, from, to);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.root.memory_bytes()
    }
}
