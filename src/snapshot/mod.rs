//! A state that does not change: of a running store, or built from a log without opening it.

#![forbid(unsafe_code)]

mod builder;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::index::{Index, Range, Record};
use crate::index_file::Unusable;
use crate::state::{ENTRY_OVERHEAD, Limit, Seen, State};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::types::{Entry, Key};

pub use builder::SnapshotBuilderStore;

/// The state of a store at one moment. Later writes do not change it, and what had not expired then does not expire in it.
///
/// A write copies the pieces of the state that a snapshot still needs, at most all of it once, so drop a snapshot when
/// you are done with it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    state: State,
    /// When it was taken: what expires later stays in it.
    at: i64,
    /// Bytes that the store has released, now and when this snapshot was taken.
    let_go: LetGo,
    before: u64,
}

/// Counts the bytes of a store's state that only snapshots can still need because the store has replaced them. It is
/// shared by the store and its snapshots, which counts these as well.
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
    /// The state of a running store.
    pub(crate) fn of_store(state: State, at: i64, let_go: &LetGo) -> Self {
        bug!(SnapshotNeverReleased, std::mem::forget(state.clone()));
        Self { state, at, let_go: let_go.clone(), before: let_go.bytes() }
    }

    /// A state with only one owner.
    fn alone(index: Index, last_sequence: u64, at: i64) -> Self {
        let let_go = LetGo::default();
        let_go.add_all(&index);
        Self { state: State::warm(index, last_sequence), at, let_go, before: 0 }
    }

    /// About how many bytes of memory only this snapshot needs, and not the store: what later writes have copied, or
    /// all of the state when the store is closed.
    pub fn held_bytes(&self) -> u64 {
        (self.let_go.bytes() - self.before).min(size_of_state(&self.state.index))
    }

    /// The sequence of the last operation that the state shows.
    pub fn last_sequence(&self) -> u64 {
        self.state.last_sequence
    }

    /// How many entries there are, those among them that had expired and were not removed yet.
    pub fn size(&self) -> usize {
        let entries = self.state.entries().unwrap_or(self.state.index.len() as u64);
        usize::try_from(entries).unwrap_or(usize::MAX)
    }

    /// The entry of a key. Only a snapshot that was taken before the log was replayed reads from the disk and can fail.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.view_record(key.as_bytes(), |record| record.map(Entry::of))
    }

    /// The entries of a range, in its order.
    pub fn scan(&self, range: &Range) -> Result<Vec<Entry>> {
        self.view_range(range, Limit::NONE, |seen| seen.scan(range).map(Entry::of).collect())
    }

    /// All entries in the order of their keys.
    pub fn all(&self) -> Result<Vec<Entry>> {
        self.scan(&Range::all())
    }

    /// Reads the record of a key.
    pub(crate) fn view_record<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(Option<Record<'_>>) -> R,
    ) -> Result<R> {
        let seen =
            |record: Option<Record<'_>>| look(record.filter(|record| !record.is_expired(self.at)));
        self.state.record(key, seen).map_err(|error| unreadable(&error))
    }

    /// Reads an index that has the first entries of a range.
    pub(crate) fn view_range<R>(
        &self,
        range: &Range,
        limit: Limit,
        look: impl FnOnce(Seen<'_>) -> R,
    ) -> Result<R> {
        let view = self.state.of_range(range, limit, self.at);
        Ok(look(view.map_err(|error| unreadable(&error))?.at(self.at)))
    }
}

/// A store falls back to a replay of its log, which an earlier snapshot cannot do.
fn unreadable(error: &Unusable) -> Error {
    Error::SnapshotLost { reason: error.to_string() }
}
