//! How a store keeps its state.

use std::path::{Path, PathBuf};

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

/// How a store keeps its state.
///
/// ```
/// use softadastra_store::{Durability, StoreConfig};
///
/// assert_eq!(StoreConfig::durable("data/node-a.wal").durability(), Durability::Synced);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    durability: Durability,
    path: PathBuf,
}

impl StoreConfig {
    /// State in memory alone.
    pub fn memory_only() -> Self {
        Self { durability: Durability::MemoryOnly, path: PathBuf::new() }
    }

    /// A log at `path`; every acknowledged write is on stable storage.
    pub fn durable(path: impl Into<PathBuf>) -> Self {
        Self { durability: Durability::Synced, path: path.into() }
    }

    /// A log at `path` that is synced by `flush` and `close` alone.
    pub fn buffered(path: impl Into<PathBuf>) -> Self {
        Self { durability: Durability::Buffered, path: path.into() }
    }

    /// When an acknowledged write is safe.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Where the log is; empty for a store in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
