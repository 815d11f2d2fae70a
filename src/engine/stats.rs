//! Statistics of a running store.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::Restart;
use crate::control::Progress;
use crate::error::Error;
use crate::wal::consumers::Consumers;
use crate::wal::followed::Followed;
use crate::wal::writer::LogWriter;

/// Statistics of a running store.
#[derive(Debug, Clone, Default)]
pub struct StoreStats {
    /// Entries; nothing while that is unknown because the log was not replayed yet.
    pub entries: Option<u64>,
    /// How many of them expire, or have expired and were not removed yet; nothing while entries are in the log alone.
    pub expiring_entries: Option<u64>,
    /// Bytes of their keys and values; nothing while that is unknown.
    pub live_bytes: Option<u64>,
    /// Removals that are remembered, and maybe some whose time is over; nothing while that is unknown because the end of the log
    /// was not replayed yet.
    pub tombstones: Option<u64>,
    /// What the entries and tombstones take in memory: their bytes, what is needed to find them, and unused room.
    pub memory_bytes: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Bytes of the log that a compaction would keep for consumers and for current readers of the history.
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
    /// The consumers of the history and how far each has got.
    pub consumers: Arc<Consumers>,
    /// Whether writing has stopped because a sync failed.
    pub poisoned: bool,
    /// Snapshots of the store that exist.
    pub snapshots: u64,
    /// Watches of the store that have not ended, by whatever thread.
    pub watches: u64,
    /// Whether the store can be used.
    pub open: bool,
    /// Whether all entries are in memory.
    pub ready: bool,
    /// How far the replay that loads them all has got; its bytes are read, not written.
    pub warming: Option<Progress>,
    /// The sequence up to which the index file stands for the log; 0 without such a file.
    pub indexed_sequence: u64,
    /// Why there is none, or none that could be used.
    pub index_failure: Option<String>,
    /// Compactions that were completed since the store was created.
    pub compactions: u64,
    /// Why the last compaction failed; nothing if it did not.
    pub last_compaction_error: Option<Error>,
    /// How far the compaction or backup that is running now has got.
    pub rewriting: Option<Progress>,
    /// How often a store that follows a log started anew from it.
    pub restarts: u64,
    /// Why it last did.
    pub last_restart: Option<Restart>,
    /// Why a store that follows a log cannot do so just now.
    pub follow_error: Option<Error>,
}

impl StoreStats {
    /// Takes over what the log says about itself; its history is needed after the given sequence.
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

    /// The same for a log that another process writes.
    pub(super) fn take_from_followed(&mut self, followed: &Followed) {
        self.last_sequence = followed.position().last_sequence;
        self.log_bytes = followed.position().offset;
        self.floor = followed.header().base_sequence;
        if !Arc::ptr_eq(&self.consumers, followed.consumers()) {
            self.consumers = Arc::clone(followed.consumers());
        }
    }
}
