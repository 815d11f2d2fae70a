//! The store that applications use.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use super::commit::Ticket;
use super::config::{Durability, StoreConfig};
use super::group::Group;
use super::outcome::{
    ApplyResult, BatchResult, GroupOutcome, Outcome, PutResult, RecoveryReport, RemoveResult,
    StoreStats, WriteResult,
};
use super::write::Write;
use crate::error::{Error, Result};
use crate::index::{Index, IndexLoader, Range, Record};
use crate::operation::{Operation, OperationRef};
use crate::snapshot::{Snapshot, load, loader_of};
use crate::storage::{DiskStorage, Storage};
use crate::types::{Entry, Key, Value};
use crate::wal::{self, writer::LogWriter};

/// The current local state: entries in memory, and the log that they can be recovered from.
///
/// Every method takes `&self`; any number of threads may use one engine. Reads never wait for the
/// disk. Writes block until they are as durable as the [`StoreConfig`] asks for.
#[derive(Debug)]
pub struct StoreEngine {
    config: StoreConfig,
    storage: Arc<dyn Storage>,
    index: RwLock<Index>,
    /// Groups that wait for the log, in the order of their writing.
    pub(super) queue: Mutex<VecDeque<Arc<Ticket>>>,
    pub(super) log: Mutex<Log>,
    phase: AtomicU8,
    last_recovered: AtomicU64,
    /// What the log last said of itself, so that asking never waits for the disk.
    published: Mutex<StoreStats>,
}

/// The log and its state. Whoever holds it is the only writer.
#[derive(Debug)]
pub(super) enum Log {
    Memory { last_sequence: u64 },
    Unopened,
    Open(LogWriter),
    Closed,
}

const UNOPENED: u8 = 0;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;

impl StoreEngine {
    /// A store that touches no disk yet. A store in memory can be used at once, any other after
    /// [`recover`](Self::recover).
    pub fn new(config: StoreConfig) -> Self {
        Self::with_storage(config, Arc::new(DiskStorage))
    }

    /// [`new`](Self::new) on another file system.
    pub fn with_storage(config: StoreConfig, storage: Arc<dyn Storage>) -> Self {
        let (log, phase) = match config.durability() {
            Durability::MemoryOnly => (Log::Memory { last_sequence: 0 }, OPEN),
            Durability::Synced | Durability::Buffered => (Log::Unopened, UNOPENED),
        };
        Self {
            config,
            storage,
            index: RwLock::new(Index::new()),
            queue: Mutex::default(),
            log: Mutex::new(log),
            phase: AtomicU8::new(phase),
            last_recovered: AtomicU64::new(0),
            published: Mutex::default(),
        }
    }

    /// A store that is ready: [`new`](Self::new), then [`recover`](Self::recover) where there is a
    /// log.
    pub fn open(config: StoreConfig) -> Result<Self> {
        let engine = Self::new(config);
        if engine.config.durability() != Durability::MemoryOnly {
            engine.recover()?;
        }
        Ok(engine)
    }

    /// How the store keeps its state.
    pub fn config(&self) -> &StoreConfig {
        &self.config
    }

    /// Opens the log if needed, replays it, and replaces the state in memory by what it says. The
    /// log is locked from here on.
    ///
    /// When it fails the store is not open. A log that is damaged is not changed.
    pub fn recover(&self) -> Result<RecoveryReport> {
        let begun = Instant::now();
        let mut log = locked(&self.log);
        match &*log {
            Log::Memory { .. } => {
                return Err(Error::InvalidState {
                    reason: "a memory-only store has no log to recover from",
                });
            }
            Log::Closed => return Err(Error::Closed),
            Log::Unopened | Log::Open(_) => {}
        }
        // Lets go of the lock, so that it can be taken again.
        *log = Log::Unopened;
        self.phase.store(UNOPENED, Ordering::Release);
        let synced = self.config.durability() == Durability::Synced;
        let mut loader = None;
        let sink = |log_bytes, records: &[wal::reader::Record<'_>]| {
            load(loader.get_or_insert_with(|| loader_of(log_bytes)), records);
        };
        let (writer, replay) = wal::open::open(&*self.storage, self.config.path(), synced, sink)?;
        let index = loader.map_or_else(Index::new, IndexLoader::finish);
        if index.is_exhausted() {
            return Err(Error::StoreFull);
        }
        let entries = index.len() as u64;
        if !bug!(RecoveryKeepsOldState) {
            self.change(|current| *current = index)?;
        }
        *log = Log::Open(writer);
        self.last_recovered.store(replay.last_sequence, Ordering::Release);
        self.publish(&log);
        self.phase.store(OPEN, Ordering::Release);
        Ok(RecoveryReport {
            records: replay.records,
            entries,
            last_sequence: replay.last_sequence,
            bytes_kept: replay.bytes_kept,
            bytes_cut: replay.bytes_cut,
            cut_saved_to: replay.cut_saved_to,
            duration: begun.elapsed(),
            created: replay.created,
            clean_shutdown: replay.clean_shutdown,
        })
    }

    /// Writes or replaces the value of a key.
    pub fn put(&self, key: &Key, value: &Value) -> Result<PutResult> {
        self.put_if(key, value, None)
    }

    /// [`put`](Self::put), done only when the entry has this version; 0 means that the key must be
    /// missing.
    pub fn put_if(&self, key: &Key, value: &Value, if_version: Option<u64>) -> Result<PutResult> {
        let mut group = Group::new();
        group.put(key.as_str(), value.as_bytes(), if_version)?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(put_result(key, outcome, version))
    }

    /// Removes a key. A missing key is not an error.
    pub fn remove(&self, key: &Key) -> Result<RemoveResult> {
        self.remove_if(key, None)
    }

    /// [`remove`](Self::remove), done only when the entry has this version.
    pub fn remove_if(&self, key: &Key, if_version: Option<u64>) -> Result<RemoveResult> {
        let mut group = Group::new();
        group.remove(key.as_str(), if_version)?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(remove_result(key, outcome, version))
    }

    /// Does all of the writes or none, in memory and across a crash.
    pub fn batch(&self, writes: &[Write]) -> Result<BatchResult> {
        let mut group = Group::new();
        group.begin_batch();
        for write in writes {
            match write {
                Write::Put { key, value, if_version } => {
                    group.put(key.as_str(), value.as_bytes(), *if_version)?;
                }
                Write::Remove { key, if_version } => group.remove(key.as_str(), *if_version)?,
            }
        }
        let outcome = refused_as_error(self.commit(&mut group)?)?;
        let results = writes.iter().zip(&outcome.outcomes).zip(outcome.first_sequence..);
        let results = results.map(|((write, &outcome), version)| match write {
            Write::Put { key, .. } => WriteResult::Put(put_result(key, outcome, version)),
            Write::Remove { key, .. } => WriteResult::Remove(remove_result(key, outcome, version)),
        });
        Ok(BatchResult { results: results.collect() })
    }

    /// Does an operation that was made elsewhere. It is logged like any other and gets its own
    /// sequence here; its timestamp is kept.
    pub fn apply(&self, operation: &Operation) -> Result<ApplyResult> {
        let mut group = Group::new();
        group.apply(OperationRef::from(operation))?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(ApplyResult {
            kind: operation.kind,
            key: operation.key.clone(),
            version,
            created: outcome == Outcome::Created,
            updated: outcome == Outcome::Updated,
            deleted: outcome == Outcome::Deleted,
        })
    }

    /// The entry of a key.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.view(|index| index.get(key.as_bytes()).map(to_entry))
    }

    /// Whether the key has an entry. False for a store that is not open.
    pub fn contains(&self, key: &Key) -> bool {
        self.view(|index| index.contains(key.as_bytes())).unwrap_or(false)
    }

    /// All entries in the order of their keys.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        self.scan(&Range::all())
    }

    /// The entries of a range, in its order.
    pub fn scan(&self, range: &Range) -> Result<Vec<Entry>> {
        self.view(|index| index.scan(range).map(to_entry).collect())
    }

    /// How many entries there are; 0 for a store that is not open.
    pub fn size(&self) -> usize {
        self.view(Index::len).unwrap_or(0)
    }

    /// The state as it is now, unaffected by later writes.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.view(|index| Snapshot::new(index.clone()))
    }

    /// The sequence of the last operation; 0 before the first.
    pub fn last_sequence(&self) -> u64 {
        locked(&self.published).last_sequence
    }

    /// The sequence of the last operation that [`recover`](Self::recover) replayed.
    pub fn last_recovered_sequence(&self) -> u64 {
        self.last_recovered.load(Ordering::Acquire)
    }

    /// Makes everything acknowledged so far durable. Does nothing where it is so already.
    pub fn flush(&self) -> Result<()> {
        let mut log = locked(&self.log);
        let flushed = match &mut *log {
            Log::Memory { .. } => Ok(()),
            Log::Open(writer) => writer.flush(),
            Log::Unopened => Err(Error::NotOpen),
            Log::Closed => Err(Error::Closed),
        };
        self.publish(&log);
        flushed
    }

    /// Seals the log, releases its lock and forgets the state in memory. A store that is closed
    /// already stays so.
    pub fn close(&self) -> Result<()> {
        let mut log = locked(&self.log);
        self.phase.store(CLOSED, Ordering::Release);
        let closed = match std::mem::replace(&mut *log, Log::Closed) {
            Log::Open(writer) => writer.close(),
            Log::Memory { .. } | Log::Unopened | Log::Closed => Ok(()),
        };
        self.change(|index| *index = Index::new())?;
        closed
    }

    /// A look at the store; never waits for the disk.
    pub fn stats(&self) -> StoreStats {
        let published = *locked(&self.published);
        let sizes = self.view(|index| (index.len() as u64, index.live_bytes()));
        let (entries, live_bytes) = sizes.as_ref().copied().unwrap_or_default();
        StoreStats { entries, live_bytes, open: sizes.is_ok(), ..published }
    }

    /// Reads the index of an open store. Writers wait while `look` runs, so it must be short.
    pub fn view<R>(&self, look: impl FnOnce(&Index) -> R) -> Result<R> {
        match self.phase.load(Ordering::Acquire) {
            OPEN => self.read(|index| Ok(look(index))),
            CLOSED => Err(Error::Closed),
            _ => Err(Error::NotOpen),
        }
    }

    pub(super) fn read<R>(&self, look: impl FnOnce(&Index) -> Result<R>) -> Result<R> {
        look(&*self.index.read().map_err(|_| PANICKED)?)
    }

    pub(super) fn change<R>(&self, change: impl FnOnce(&mut Index) -> R) -> Result<R> {
        Ok(change(&mut *self.index.write().map_err(|_| PANICKED)?))
    }

    /// Notes what the log says of itself.
    pub(super) fn publish(&self, log: &Log) {
        let mut published = locked(&self.published);
        match log {
            Log::Open(writer) => {
                let stats = writer.stats();
                published.last_sequence = writer.last_sequence();
                published.log_bytes = writer.log_len();
                published.groups = stats.groups;
                published.syncs = stats.syncs;
                published.poisoned = writer.is_poisoned();
            }
            Log::Memory { last_sequence } => published.last_sequence = *last_sequence,
            Log::Unopened | Log::Closed => {}
        }
    }

    fn commit_one(&self, group: &mut Group) -> Result<(Outcome, u64)> {
        let outcome = refused_as_error(self.commit(group)?)?;
        let first = outcome.outcomes.first().copied();
        let first = first.ok_or(Error::Internal { reason: "a commit without an outcome" })?;
        Ok((first, outcome.first_sequence))
    }
}

/// A panic while the index was being changed leaves it in an unknown state.
const PANICKED: Error = Error::Internal { reason: "the index was left half changed by a panic" };

/// The data behind these locks is valid between any two statements, so a panic elsewhere does not
/// spoil it.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused_as_error(outcome: GroupOutcome) -> Result<GroupOutcome> {
    match outcome.refusals.first() {
        Some(refusal) => Err(refusal.error.clone()),
        None => Ok(outcome),
    }
}

fn put_result(key: &Key, outcome: Outcome, version: u64) -> PutResult {
    let created = outcome == Outcome::Created;
    PutResult { key: key.clone(), version, created, updated: !created }
}

fn remove_result(key: &Key, outcome: Outcome, version: u64) -> RemoveResult {
    RemoveResult { key: key.clone(), version, deleted: outcome == Outcome::Deleted }
}

pub(crate) fn to_entry(record: Record<'_>) -> Entry {
    Entry {
        key: Key::from_stored(record.key()),
        value: Value::from_bytes(record.value()),
        version: record.version(),
        timestamp: record.timestamp(),
    }
}
