//! A look at a running store.

use std::sync::Arc;
use std::time::Duration;

use crate::control::Progress;
use crate::error::Error;
use crate::wal::consumers::Consumers;
use crate::wal::writer::LogWriter;

/// A look at a running store.
#[derive(Debug, Clone, Default)]
pub struct StoreStats {
    /// Entries.
    pub entries: u64,
    /// Bytes of their keys and values.
    pub live_bytes: u64,
    /// What the entries take in memory: their bytes, what is needed to find them, and room that is not used yet.
    pub memory_bytes: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Bytes of the log that a compaction would keep for consumers and for those who read the history now.
    pub held_bytes: u64,
    /// Commit groups written since the log was opened.
    pub groups: u64,
    /// Syncs of the log since it was opened.
    pub syncs: u64,
    /// When the last one ended, in milliseconds since the Unix epoch; 0 before the first.
    pub last_sync_at: i64,
    /// How long the last one took.
    pub last_sync_took: Duration,
    /// The sequence of the last operation.
    pub last_sequence: u64,
    /// The log has the operations after this sequence.
    pub floor: u64,
    /// The consumers of the history and how far each has come.
    pub consumers: Arc<Consumers>,
    /// Whether writing stopped because a sync failed.
    pub poisoned: bool,
    /// Snapshots of the store that there are.
    pub snapshots: u64,
    /// Whether the store can be used.
    pub open: bool,
    /// Compactions that were completed since the store was made.
    pub compactions: u64,
    /// Why the last compaction failed; nothing when it did not.
    pub last_compaction_error: Option<Error>,
    /// How far the compaction or backup is that is running now.
    pub rewriting: Option<Progress>,
}

impl StoreStats {
    /// Takes over what the log says of itself, given after which sequence its history is needed.
    pub(super) fn take_from(&mut self, writer: &LogWriter, needed_after: u64) {
        let stats = writer.stats();
        let end = writer.position().offset;
        let is_held = needed_after < writer.last_sequence();
        let held_from = writer.landmarks().before(needed_after).filter(|_| is_held);
        self.last_sequence = writer.last_sequence();
        self.log_bytes = end;
        self.held_bytes = held_from.map_or(0, |from| end - from.offset);
        self.groups = stats.groups;
        self.syncs = stats.syncs;
        self.last_sync_at = stats.last_sync_at;
        self.last_sync_took = stats.last_sync_took;
        self.floor = writer.header().base_sequence;
        if !Arc::ptr_eq(&self.consumers, writer.consumers()) {
            self.consumers = Arc::clone(writer.consumers());
        }
        self.poisoned = writer.is_poisoned();
    }
}
