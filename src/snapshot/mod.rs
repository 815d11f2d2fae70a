//! A state that does not change: of a running store, or built from a log without opening it.

#![forbid(unsafe_code)]

mod builder;

use crate::engine::to_entry;
use crate::index::{Index, Range};
use crate::types::{Entry, Key};

pub use builder::SnapshotBuilderStore;
pub(crate) use builder::{load, loader_of};

/// The state of a store at one moment. Later writes do not change it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    index: Index,
    last_sequence: u64,
}

impl Snapshot {
    pub(crate) fn new(index: Index, last_sequence: u64) -> Self {
        Self { index, last_sequence }
    }

    /// The sequence of the last operation that the state shows.
    pub fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// How many entries there are.
    pub fn size(&self) -> usize {
        self.index.len()
    }

    /// The entry of a key.
    pub fn get(&self, key: &Key) -> Option<Entry> {
        self.index.get(key.as_bytes()).map(to_entry)
    }

    /// All entries in the order of their keys.
    pub fn all(&self) -> impl Iterator<Item = Entry> {
        self.index.scan(&Range::all()).map(to_entry)
    }

    /// The state itself.
    pub fn index(&self) -> &Index {
        &self.index
    }
}
