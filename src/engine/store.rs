//! The store that applications use.

use std::path::Path;
use std::sync::Arc;

use super::config::{Durability, StoreConfig};
use super::core::{Core, Log};
use super::locked::locked;
use crate::control::Control;
use crate::error::Result;
use crate::storage::{DiskStorage, Storage};

/// The current local state: entries in memory, and the log that they can be recovered from.
///
/// Every method takes `&self`; any number of threads may use one engine. Reads never wait for the
/// disk. Writes block until they are as durable as the [`StoreConfig`] asks for.
#[derive(Debug)]
pub struct StoreEngine {
    pub(super) core: Arc<Core>,
}

impl StoreEngine {
    /// A store that touches no disk yet. A memory-only store can be used at once, any other after
    /// [`recover`](Self::recover).
    pub fn new(config: StoreConfig) -> Self {
        Self::with_storage(config, Arc::new(DiskStorage))
    }

    /// [`new`](Self::new) on another file system.
    pub fn with_storage(config: StoreConfig, storage: Arc<dyn Storage>) -> Self {
        Self { core: Arc::new(Core::new(config, storage)) }
    }

    /// [`with_storage`](Self::with_storage) for the log at this path, which is already resolved.
    pub(super) fn at(path: &Path, config: StoreConfig, storage: Arc<dyn Storage>) -> Self {
        let engine = Self::with_storage(config, storage);
        engine.core.resolved.get_or_init(|| path.to_owned());
        engine
    }

    /// A store that is ready: [`new`](Self::new), then [`recover`](Self::recover) if it has a log.
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

    /// Seals the log, releases its lock and forgets the state in memory; an error when another file has the name of
    /// the log. A closed store stays closed. A compaction or backup that is running gives up first.
    pub fn close(&self) -> Result<()> {
        let core = &*self.core;
        let was_warm = core.is_warm();
        core.note_closed();
        let _turn = core.rewriting.end();
        let _indexed = core.indexing.end();
        core.sweeping.end();
        let _warmed = core.warming.begin(&Control::default());
        let _read = (!bug!(ClosedWhileReading)).then(|| core.end_reading());
        let mut log = locked(&core.log);
        let closed = match std::mem::replace(&mut *log, Log::Closed) {
            Log::Open(mut writer) => {
                let checked = writer.check_not_replaced(&*core.storage);
                let closed = checked.and_then(|()| writer.close());
                if closed.is_ok() {
                    core.index_closed(&writer, was_warm);
                }
                closed
            }
            Log::Memory { .. }
            | Log::Following(_)
            | Log::Unopened
            | Log::Failed(_)
            | Log::Closed => Ok(()),
        };
        core.empty()?;
        core.announcements.end();
        core.feed.end(None);
        closed
    }

    /// Stops writing if the open log has lost its name.
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

    /// Continues to show what `other` last said about its log.
    pub(super) fn show_figures_of(&self, other: &Self) {
        self.core.show_figures_of(&other.core);
    }
}

/// Without a close the log stays as it is, unsealed; its lock is free afterwards.
impl Drop for StoreEngine {
    fn drop(&mut self) {
        let core = &*self.core;
        if core.check_open().is_ok() {
            core.note_closed();
        }
        drop(core.rewriting.end());
        drop(core.indexing.end());
        core.sweeping.end();
        // Threads that are about to end still hold the rest of the store.
        let _warmed = core.warming.begin(&Control::default());
        *locked(&core.log) = Log::Closed;
    }
}
