//! The store that applications use.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::announce::Waiting;
use super::backup::{BackupReport, backup};
use super::compaction::{CompactionReport, compact, compact_if_due};
use super::config::{Durability, StoreConfig};
use super::consumer::{self, Consumer};
use super::core::{Core, Log, Phase, State};
use super::group::Group;
use super::history::Operations;
use super::line::Place;
use super::locked::locked;
use super::outcome::{
    ApplyResult, BatchResult, GroupOutcome, Outcome, PutResult, RecoveryReport, RemoveResult,
    WriteResult,
};
use super::stats::StoreStats;
use super::write::Write;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::index::{Index, IndexLoader, Range};
use crate::operation::{Operation, OperationRef};
use crate::snapshot::{Snapshot, load, loader_of};
use crate::storage::{DiskStorage, Storage};
use crate::types::{Entry, Key, Value};
use crate::wal;

/// The current local state: entries in memory, and the log that they can be recovered from.
///
/// Every method takes `&self`; any number of threads may use one engine. Reads never wait for the
/// disk. Writes block until they are as durable as the [`StoreConfig`] asks for.
#[derive(Debug)]
pub struct StoreEngine {
    pub(super) core: Arc<Core>,
}

impl StoreEngine {
    /// A store that touches no disk yet. A store in memory can be used at once, any other after
    /// [`recover`](Self::recover).
    pub fn new(config: StoreConfig) -> Self {
        Self::with_storage(config, Arc::new(DiskStorage))
    }

    /// [`new`](Self::new) on another file system.
    pub fn with_storage(config: StoreConfig, storage: Arc<dyn Storage>) -> Self {
        Self { core: Arc::new(Core::new(config, storage)) }
    }

    /// [`with_storage`](Self::with_storage) for the log at this path, which was resolved already.
    pub(super) fn at(path: &Path, config: StoreConfig, storage: Arc<dyn Storage>) -> Self {
        let engine = Self::with_storage(config, storage);
        engine.core.resolved.get_or_init(|| path.to_owned());
        engine
    }

    /// A store that is ready: [`new`](Self::new), then [`recover`](Self::recover) where there is a
    /// log.
    pub fn open(config: StoreConfig) -> Result<Self> {
        let engine = Self::new(config);
        if engine.config().durability() != Durability::MemoryOnly {
            engine.recover()?;
        }
        Ok(engine)
    }

    /// How the store keeps its state.
    pub fn config(&self) -> &StoreConfig {
        &self.core.config
    }

    /// Opens the log if needed, replays it, and replaces the state in memory by what it says. The
    /// log is locked from here on. Called again it replays the log that it opened first, wherever links lead by
    /// then; [`Error::LogReplaced`] says that its name stands for another file, and changes nothing. Nor does a folder
    /// that cannot be opened.
    ///
    /// A log with a clean end is read without a sync. What it holds is made durable before a write is acknowledged,
    /// the history is read, or [`flush`](Self::flush), [`close`](Self::close), [`compact`](Self::compact) or
    /// [`backup`](Self::backup) succeeds. Any other log is durable when this returns.
    ///
    /// When it fails the store is not open. A log that is damaged is not changed.
    pub fn recover(&self) -> Result<RecoveryReport> {
        self.recover_with(&Control::default())
    }

    /// [`recover`](Self::recover), which gives up with [`Error::Aborted`] when it is asked to during the
    /// replay. Nothing of the log is changed by then.
    pub fn recover_with(&self, control: &Control) -> Result<RecoveryReport> {
        let begun = Instant::now();
        let core = &*self.core;
        // Whoever rewrites the log gives up first: it is about to be another one.
        let _turn = core.rewriting.stop();
        let mut log = locked(&core.log);
        match &*log {
            Log::Memory { .. } => {
                return Err(Error::InvalidState {
                    reason: "a memory-only store has no log to recover from",
                });
            }
            Log::Closed => return Err(Error::Closed),
            Log::Unopened | Log::Open(_) => {}
        }
        let mut folder = None;
        if let Log::Open(writer) = &mut *log {
            let checked = writer.check_name();
            let opened = writer.open_folder(&*core.storage);
            core.publish(&log);
            checked?;
            folder = Some(opened?);
        }
        // The lock is kept, so that nobody else comes in between.
        let held = match std::mem::replace(&mut *log, Log::Unopened) {
            Log::Open(writer) => writer.into_held(),
            _ => None,
        };
        core.set_phase(Phase::Unopened);
        let synced = core.config.durability() == Durability::Synced;
        let mut loader = None;
        let sink = |log_bytes, records: &[wal::reader::Record<'_>]| {
            load(loader.get_or_insert_with(|| loader_of(log_bytes)), records);
        };
        let aborted = || control.is_aborted();
        let opening = core.begin_opening(held.zip(folder))?;
        let (writer, replay) = wal::open::open(&*core.storage, opening, synced, sink, aborted)?;
        let index = loader.map_or_else(Index::new, IndexLoader::finish);
        if index.is_exhausted() {
            return Err(Error::StoreFull);
        }
        let entries = index.len() as u64;
        let last_sequence = replay.last_sequence;
        if !bug!(RecoveryKeepsOldState) {
            core.replace(State { index, last_sequence })?;
        }
        *log = Log::Open(Box::new(writer));
        core.last_recovered.store(last_sequence, Ordering::Release);
        core.publish(&log);
        core.set_phase(Phase::Open);
        core.announce(&log);
        Ok(RecoveryReport {
            checkpoint_entries: replay.entries,
            records: replay.records,
            entries,
            last_sequence,
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

    /// Makes a group durable and then visible, and leaves it empty.
    ///
    /// The call blocks on the disk. Groups of several threads that arrive while one is being
    /// written become one frame: whoever gets the log next writes for all that wait.
    ///
    /// An error is the fate of the whole group. Refused conditions are part of the outcome.
    pub fn commit(&self, group: &mut Group) -> Result<GroupOutcome> {
        let outcome = self.core.commit(group);
        compact_if_due(&self.core);
        outcome
    }

    /// The entry of a key.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.view(|index| index.get(key.as_bytes()).map(Entry::of))
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
        self.view(|index| index.scan(range).map(Entry::of).collect())
    }

    /// How many entries there are; 0 for a store that is not open.
    pub fn size(&self) -> usize {
        self.view(Index::len).unwrap_or(0)
    }

    /// The state as it is now, unaffected by later writes.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.core.snapshot()
    }

    /// The operations after the sequence `since`, in their order, read from the log as the iteration goes
    /// on. It ends with the last one that is durable; with `follow` it waits for more until the store is
    /// closed. Nothing that it has not read yet is compacted away while it lives.
    pub fn operations(&self, since: u64, follow: bool) -> Result<Operations> {
        Operations::behind(&self.core, since, follow)
    }

    /// The last sequence that readers of the history may have: what is after it is not durable or not visible yet.
    pub fn readable_sequence(&self) -> u64 {
        self.core.announcements.announced()
    }

    /// Calls `wake` once when the history can be read beyond `sequence` or the store is closed, unless what this
    /// gives is dropped before. Whoever commits calls it, with the log locked: `wake` must be short, and must not use
    /// the store.
    pub fn when_more(&self, sequence: u64, wake: impl FnOnce() + Send + 'static) -> Waiting {
        self.core.announcements.when_behind(sequence, Box::new(wake))
    }

    /// The consumer called `name`, whose position the log keeps. One that is new begins after the sequence
    /// `since`; one that is known goes on where it was, whatever `since` says.
    pub fn consumer(&self, name: &str, since: u64) -> Result<Consumer> {
        Consumer::open(&self.core, name, since)
    }

    /// Stores that a consumer needs nothing up to `sequence` any more. Unlike
    /// [`Consumer::acknowledge`] it cannot know what was read.
    pub fn acknowledge(&self, name: &str, sequence: u64) -> Result<()> {
        consumer::acknowledge(&self.core, name, sequence)
    }

    /// Forgets a consumer, so that it holds back no history any more.
    pub fn remove_consumer(&self, name: &str) -> Result<()> {
        consumer::remove(&self.core, name)
    }

    /// Rewrites the log without what nobody needs any more: overwritten values, removed keys, history that
    /// every consumer has acknowledged. Reads and writes go on. Versions, timestamps and sequences stay.
    ///
    /// It waits for compactions and backups that were asked for before. Until it is done the disk holds both logs.
    /// When it fails the old one stays as it is.
    pub fn compact(&self, control: &Control) -> Result<CompactionReport> {
        self.compact_at(&self.line_up(), control)
    }

    /// [`compact`](Self::compact) from a place that was taken earlier.
    pub fn compact_at(&self, place: &Place, control: &Control) -> Result<CompactionReport> {
        compact(&self.core, place, control)
    }

    /// A place in the line of compactions and backups, which are done one by one, in this order. For a caller that
    /// leaves the call itself to another thread.
    pub fn line_up(&self) -> Place {
        self.core.rewriting.join()
    }

    /// Writes a copy of the store to `path`, where no file may be, while writes go on. It is one moment of
    /// the store, read back after it was written, and appears under its name when it is complete and
    /// durable. It is a log like any other, with the positions of the consumers.
    pub fn backup(&self, path: impl AsRef<Path>, control: &Control) -> Result<BackupReport> {
        self.backup_at(path, &self.line_up(), control)
    }

    /// [`backup`](Self::backup) from a place that was taken earlier.
    pub fn backup_at(
        &self,
        path: impl AsRef<Path>,
        place: &Place,
        control: &Control,
    ) -> Result<BackupReport> {
        backup(&self.core, path.as_ref(), place, control)
    }

    /// The sequence of the last operation; 0 before the first.
    pub fn last_sequence(&self) -> u64 {
        self.core.last_sequence()
    }

    /// The sequence of the last operation that [`recover`](Self::recover) replayed.
    pub fn last_recovered_sequence(&self) -> u64 {
        self.core.last_recovered.load(Ordering::Acquire)
    }

    /// Makes everything acknowledged so far durable, also by an earlier process. Does nothing where it is so already.
    pub fn flush(&self) -> Result<()> {
        let mut log = locked(&self.core.log);
        let flushed = match &mut *log {
            Log::Memory { .. } => Ok(()),
            log => log.writer().and_then(|writer| {
                writer.flush()?;
                writer.check_name()
            }),
        };
        self.core.publish(&log);
        self.core.announce(&log);
        flushed
    }

    /// Seals the log, releases its lock and forgets the state in memory; an error when another file has the name of
    /// the log. A store that is closed already stays so. A compaction or backup that is running gives up first.
    pub fn close(&self) -> Result<()> {
        let core = &*self.core;
        core.set_phase(Phase::Closed);
        let _turn = core.rewriting.end();
        let mut log = locked(&core.log);
        let closed = match std::mem::replace(&mut *log, Log::Closed) {
            Log::Open(mut writer) => {
                let checked = writer.check_not_replaced(&*core.storage);
                checked.and(writer.close())
            }
            Log::Memory { .. } | Log::Unopened | Log::Closed => Ok(()),
        };
        core.replace(State::default())?;
        core.announcements.end();
        closed
    }

    /// A look at the store; never waits for the disk.
    pub fn stats(&self) -> StoreStats {
        let core = &*self.core;
        let sizes = self
            .view(|index| (index.len() as u64, index.live_bytes(), index.memory_bytes() as u64));
        let (entries, live_bytes, memory_bytes) = sizes.as_ref().copied().unwrap_or_default();
        StoreStats {
            entries,
            live_bytes,
            memory_bytes,
            open: sizes.is_ok(),
            snapshots: if sizes.is_ok() { core.snapshots() } else { 0 },
            compactions: core.rewriting.compactions(),
            last_compaction_error: core.rewriting.last_error(),
            rewriting: core.rewriting.progress(),
            ..core.figures()
        }
    }

    /// Why an automatic compaction failed for the first time, told once: the log grows until one succeeds.
    pub fn take_untold_failure(&self) -> Option<Error> {
        self.core.rewriting.take_untold()
    }

    /// Reads the index of an open store. Writers wait while `look` runs, so it must be short.
    pub fn view<R>(&self, look: impl FnOnce(&Index) -> R) -> Result<R> {
        self.core.view(|state| look(&state.index))
    }

    /// Stops writing when the log that is open has lost its name.
    pub(super) fn check_name(&self) -> Result<()> {
        self.core.check_name()
    }

    /// Whether the store can be read.
    pub(super) fn is_open(&self) -> bool {
        self.core.check_open().is_ok()
    }

    /// Whether the store can be read and written.
    pub(super) fn is_sound(&self) -> bool {
        self.is_open() && !self.core.published().poisoned
    }

    /// Goes on to show what `other` last said of its log.
    pub(super) fn show_figures_of(&self, other: &Self) {
        self.core.show_figures_of(&other.core);
    }

    fn commit_one(&self, group: &mut Group) -> Result<(Outcome, u64)> {
        let outcome = refused_as_error(self.commit(group)?)?;
        let first = outcome.outcomes.first().copied();
        let first = first.ok_or(Error::Internal { reason: "a commit without an outcome" })?;
        Ok((first, outcome.first_sequence))
    }
}

/// Without a close the log stays as it is, unsealed, and its lock is free when this is done.
impl Drop for StoreEngine {
    fn drop(&mut self) {
        drop(self.core.rewriting.end());
    }
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
