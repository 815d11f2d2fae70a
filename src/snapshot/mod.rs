//! A state that does not change: of a running store, or built from a log without opening it.

#![forbid(unsafe_code)]

mod builder;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::index::{Index, Range};
use crate::types::{Entry, Key};

pub use builder::SnapshotBuilderStore;
pub(crate) use builder::{load, loader_of};

/// What an entry takes in memory besides its key and value, about.
const ENTRY_OVERHEAD: u64 = 60;

/// The state of a store at one moment. Later writes do not change it.
///
/// A write copies the pieces of the state that a snapshot still needs, at most all of it once, so a snapshot is to be
/// dropped when it has served.
#[derive(Debug, Clone)]
pub struct Snapshot {
    index: Index,
    last_sequence: u64,
    /// Bytes that the store has let go of, now and when this snapshot was taken.
    let_go: LetGo,
    before: u64,
}

/// Counts the bytes of a store's state that only snapshots can still need, since the store goes on with others. It is
/// shared by the store and its snapshots, which are thereby counted as well.
#[derive(Debug, Clone, Default)]
pub(crate) struct LetGo(Arc<AtomicU64>);

impl LetGo {
    pub(crate) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Everything of a state.
    pub(crate) fn add_all(&self, index: &Index) {
        self.add(size_of_state(index));
    }

    fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// How many snapshots share this with the store.
    pub(crate) fn snapshots(&self) -> u64 {
        Arc::strong_count(&self.0).saturating_sub(1) as u64
    }
}

fn size_of_state(index: &Index) -> u64 {
    index.live_bytes() + index.len() as u64 * ENTRY_OVERHEAD
}

impl Snapshot {
    /// The state of a store that goes on.
    pub(crate) fn of_store(index: Index, last_sequence: u64, let_go: &LetGo) -> Self {
        bug!(SnapshotNeverReleased, std::mem::forget(index.clone()));
        Self { index, last_sequence, let_go: let_go.clone(), before: let_go.bytes() }
    }

    /// A state that nobody else has.
    fn alone(index: Index, last_sequence: u64) -> Self {
        let let_go = LetGo::default();
        let_go.add_all(&index);
        Self { index, last_sequence, let_go, before: 0 }
    }

    /// About how many bytes of memory are there for this snapshot and not for the store: what later writes have copied,
    /// or all of the state when the store is closed.
    pub fn held_bytes(&self) -> u64 {
        (self.let_go.bytes() - self.before).min(size_of_state(&self.index))
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
        self.index.get(key.as_bytes()).map(Entry::of)
    }

    /// All entries in the order of their keys.
    pub fn all(&self) -> impl Iterator<Item = Entry> {
        self.index.scan(&Range::all()).map(Entry::of)
    }

    /// The state itself.
    pub fn index(&self) -> &Index {
        &self.index
    }
}
