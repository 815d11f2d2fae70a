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
    /// Never: another process writes, and this store shows what it has written.
    Following,
}

/// When the log is compacted automatically.
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
    /// The log is compacted only by [`StoreEngine::compact`](super::StoreEngine::compact).
    pub const MANUAL: Self = Self { automatic: false, ..Self::DEFAULT };
    /// Twice what a compaction would leave, and 4 MiB.
    pub const DEFAULT: Self = Self { automatic: true, ratio: 2.0, minimum_bytes: 4 << 20 };
}

impl Default for CompactionPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// When an opening reads what an index file stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// Afterwards, on a thread: the store can be used at once.
    #[default]
    Later,
    /// Before it is done. A log that is damaged anywhere is refused and not changed.
    First,
}

/// How a store that has a log is opened: by the index file beside the log, and when that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexPolicy {
    /// Whether index files are used and written. Without them a store opens when its whole log was replayed.
    pub enabled: bool,
    /// A log of fewer bytes than this has no index file: replaying it takes no time.
    pub minimum_bytes: u64,
    /// The file is written again when more operations than this, and than a 40th of the entries, follow what it stands
    /// for: those are what an opening replays first.
    pub tail: u64,
    /// Whether threads replay the log and write the file. Otherwise the first call that needs all entries replays the
    /// log, and compacting or closing writes the file.
    pub background: bool,
}

impl IndexPolicy {
    /// Logs of 1 MiB or more have an index file, and nobody waits for it.
    pub const DEFAULT: Self =
        Self { enabled: true, minimum_bytes: 1 << 20, tail: 10_000, background: true };
    /// No index file is read or written.
    pub const DISABLED: Self = Self { enabled: false, ..Self::DEFAULT };
}

impl Default for IndexPolicy {
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
    index: IndexPolicy,
    memory_limit: Option<u64>,
    node_id: Option<u64>,
    tombstone_life: Option<i64>,
    sweeps: bool,
    waits: bool,
    attends: bool,
}

impl StoreConfig {
    /// State only in memory.
    pub fn memory_only() -> Self {
        Self::new(Durability::MemoryOnly, PathBuf::new())
    }

    /// A log at `path`; every acknowledged write is on stable storage.
    pub fn durable(path: impl Into<PathBuf>) -> Self {
        Self::new(Durability::Synced, path.into())
    }

    /// A log at `path` that is synced only by `flush` and `close`.
    pub fn buffered(path: impl Into<PathBuf>) -> Self {
        Self::new(Durability::Buffered, path.into())
    }

    /// The log at `path`, which another process writes. The store can only be read; it shows a prefix of what that process
    /// has made durable, or will not take back, and later ones as time goes on.
    pub fn following(path: impl Into<PathBuf>) -> Self {
        Self::new(Durability::Following, path.into())
    }

    fn new(durability: Durability, path: PathBuf) -> Self {
        Self {
            durability,
            path,
            compaction: CompactionPolicy::DEFAULT,
            index: IndexPolicy::DEFAULT,
            memory_limit: None,
            node_id: None,
            tombstone_life: None,
            sweeps: true,
            waits: false,
            attends: true,
        }
    }

    /// The same, compacted by other rules.
    #[must_use]
    pub fn with_compaction(mut self, compaction: CompactionPolicy) -> Self {
        self.compaction = compaction;
        self
    }

    /// The same, opened by other rules.
    #[must_use]
    pub fn with_index(mut self, index: IndexPolicy) -> Self {
        self.index = index;
        self
    }

    /// The same, with about so many bytes of memory for entries at most. A store that has a log keeps the others there,
    /// and reads them when they are asked for; a store in memory refuses writes that need more.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// The same as one node of several that keep the same entries: each of its writes is stored with this id, a number from 1
    /// to 2^53 − 1, and with a later time than what it replaces, so that [`IfNewer`](super::IfNewer) makes all nodes agree.
    #[must_use]
    pub fn with_node_id(mut self, id: u64) -> Self {
        self.node_id = Some(id);
        self
    }

    /// The same, where a removal is remembered for so many milliseconds after it was logged here: until then
    /// [`IfNewer`](super::IfNewer) lets no older write bring the entry back. 0 for none; without a call, a store with the id
    /// of a node has [`TOMBSTONE_LIFE`](Self::TOMBSTONE_LIFE), and others none.
    #[must_use]
    pub fn with_tombstones(mut self, life: i64) -> Self {
        self.tombstone_life = Some(life);
        self
    }

    /// For how many milliseconds one node of several remembers removals, unless it is told otherwise: a week.
    pub const TOMBSTONE_LIFE: i64 = 7 * 24 * 60 * 60 * 1000;

    /// The same, where a thread removes what has expired, or only [`StoreEngine::sweep`](super::StoreEngine::sweep) does. Without
    /// [threads](IndexPolicy::background) for the index file there is none for this.
    #[must_use]
    pub fn with_sweeping(mut self, automatic: bool) -> Self {
        self.sweeps = automatic;
        self
    }

    /// The same, opened once there is a log to follow.
    #[must_use]
    pub fn waiting(mut self) -> Self {
        self.waits = true;
        self
    }

    /// The same, following its log only when it is told to.
    #[must_use]
    pub fn unattended(mut self) -> Self {
        self.attends = false;
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

    /// When the log is compacted automatically.
    pub fn compaction(&self) -> CompactionPolicy {
        self.compaction
    }

    /// How the store is opened.
    pub fn index(&self) -> IndexPolicy {
        self.index
    }

    /// How much memory entries may take.
    pub fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }

    /// The id with which writes are stored.
    pub fn node_id(&self) -> Option<u64> {
        self.node_id
    }

    /// For how many milliseconds removals are remembered; nothing if they are not.
    pub fn tombstone_life(&self) -> Option<i64> {
        let of_node = self.node_id.map(|_| Self::TOMBSTONE_LIFE);
        self.tombstone_life.or(of_node).filter(|life| *life > 0)
    }

    /// Whether a thread removes what has expired.
    pub fn sweeps(&self) -> bool {
        self.sweeps && self.index.background
    }

    /// The limit of a store that keeps in its log what does not fit.
    pub(super) fn paging_limit(&self) -> Option<u64> {
        let logged = matches!(self.durability, Durability::Synced | Durability::Buffered);
        self.memory_limit.filter(|_| logged)
    }

    /// Whether a log that does not exist yet is waited for.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Whether a thread follows the log.
    pub(super) fn attends(&self) -> bool {
        self.attends
    }
}
