//! How a store keeps its state.

use std::path::{Path, PathBuf};

use crate::storage::Storage;

/// When an acknowledged write is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Never: the state ends with the process.
    MemoryOnly,
    /// At once: every commit group is synced before it is acknowledged.
    Synced,
    /// After the next `flush` or `close`: groups are logged but not synced. A crash of the process
    /// loses nothing, a loss of power can lose everything since the last flush.
    Buffered,
}

/// When the log is compacted without being asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompactionPolicy {
    /// Whether it ever is.
    pub automatic: bool,
    /// How many times larger than what a compaction would leave the log must be. At least 1.
    pub ratio: f64,
    /// A log of fewer bytes than this is left alone.
    pub minimum_bytes: u64,
}

impl CompactionPolicy {
    /// The log is compacted by [`StoreEngine::compact`](super::StoreEngine::compact) alone.
    pub const MANUAL: Self = Self { automatic: false, ..Self::DEFAULT };
    /// Twice what a compaction would leave, and 4 MiB.
    pub const DEFAULT: Self = Self { automatic: true, ratio: 2.0, minimum_bytes: 4 << 20 };
}

impl Default for CompactionPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How a store keeps its state.
///
/// ```
/// use softadastra_store::{Durability, StoreConfig};
///
/// assert_eq!(StoreConfig::durable("data/node-a.wal").durability(), Durability::Synced);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StoreConfig {
    durability: Durability,
    path: PathBuf,
    compaction: CompactionPolicy,
}

impl StoreConfig {
    /// State in memory alone.
    pub fn memory_only() -> Self {
        Self::new(Durability::MemoryOnly, PathBuf::new())
    }

    /// A log at `path`; every acknowledged write is on stable storage.
    pub fn durable(path: impl Into<PathBuf>) -> Self {
        Self::new(Durability::Synced, path.into())
    }

    /// A log at `path` that is synced by `flush` and `close` alone.
    pub fn buffered(path: impl Into<PathBuf>) -> Self {
        Self::new(Durability::Buffered, path.into())
    }

    fn new(durability: Durability, path: PathBuf) -> Self {
        Self { durability, path, compaction: CompactionPolicy::DEFAULT }
    }

    /// The same, compacted by other rules.
    #[must_use]
    pub fn with_compaction(mut self, compaction: CompactionPolicy) -> Self {
        self.compaction = compaction;
        self
    }

    /// The same, whatever the working directory becomes. A path that cannot be made absolute is left to be
    /// refused when it is opened.
    pub(super) fn made_absolute(mut self, storage: &dyn Storage) -> Self {
        if let Ok(path) = storage.absolute(&self.path) {
            self.path = path;
        }
        self
    }

    /// When an acknowledged write is safe.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Where the log is; empty for a store in memory. That of a store is absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When the log is compacted without being asked.
    pub fn compaction(&self) -> CompactionPolicy {
        self.compaction
    }
}
