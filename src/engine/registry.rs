//! The engines that run in this process, and which threads have each of them open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use super::config::{Durability, StoreConfig, Verify};
use super::locked::locked;
use super::outcome::RecoveryReport;
use super::store::StoreEngine;
use crate::background;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::storage::{DiskStorage, LockOwner, Storage};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// How soon a thread that waits for another sees that it was asked to give up.
const PATIENCE: Duration = Duration::from_millis(20);

/// An engine, and the report of its recovery.
type Recovered = (Arc<StoreEngine>, RecoveryReport);

/// What to do while another thread recovers or closes the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenBusy {
    Wait,
    GiveUp,
}

/// How an opener wants a log to be opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'c> {
    pub(super) control: &'c Control,
    pub(super) verify: Verify,
    pub(super) when_busy: WhenBusy,
}

/// Where the threads of a process find the engine that already has a log open. A [`Share`](super::Share)
/// uses the registry of the process, unless it is told otherwise.
#[derive(Debug)]
pub struct Registry {
    pub(super) storage: Arc<dyn Storage>,
    /// Keyed by the resolved paths of the logs.
    logs: Mutex<HashMap<PathBuf, OpenLog>>,
    changed: Condvar,
}

/// One log: the engine that runs on it, and the threads that have it open.
#[derive(Debug)]
struct OpenLog {
    engine: Arc<StoreEngine>,
    report: RecoveryReport,
    openers: Vec<ThreadId>,
    /// Someone is recovering or closing the engine. Everyone else waits.
    busy: bool,
}

impl Registry {
    /// A separate registry for the logs of a file system.
    pub fn new(storage: Arc<dyn Storage>) -> Arc<Self> {
        Arc::new(Self { storage, logs: Mutex::default(), changed: Condvar::new() })
    }

    /// The registry of this process.
    pub(super) fn of_process() -> Arc<Self> {
        static OF_PROCESS: LazyLock<Arc<Registry>> =
            LazyLock::new(|| Registry::new(Arc::new(DiskStorage)));
        Arc::clone(&OF_PROCESS)
    }

    /// Makes `opener` one of those who have the log at `path` open, and returns the engine and the report of
    /// its recovery. A log that nobody has open is recovered, and so is one whose writing has stopped. Nothing
    /// when someone else is doing that and the caller did not want to wait.
    pub(super) fn enter(
        self: &Arc<Self>,
        path: &Path,
        config: &StoreConfig,
        opener: ThreadId,
        wish: Wish<'_>,
    ) -> Result<Option<Recovered>> {
        let mut logs = locked(&self.logs);
        while let Some(log) = logs.get(path) {
            if log.openers.contains(&opener) {
                let owner = LockOwner::ThisThread;
                return Err(Error::Locked { path: path.to_owned(), owner });
            }
            if !log.busy {
                break;
            }
            wish.control.check()?;
            if wish.when_busy == WhenBusy::GiveUp {
                return Ok(None);
            }
            logs = self.wait(logs);
        }
        let log = logs.entry(path.to_owned()).or_insert_with(|| OpenLog {
            engine: Arc::new(StoreEngine::at(path, config.clone(), Arc::clone(&self.storage))),
            report: RecoveryReport::default(),
            openers: Vec::new(),
            busy: false,
        });
        check_same(config, log.engine.config(), path)?;
        log.openers.push(opener);
        if log.engine.is_sound() {
            return Ok(Some((Arc::clone(&log.engine), log.report.clone())));
        }
        self.recover(logs, path, Some(opener), wish).map(Some)
    }

    /// Recovers the engine for an opener who already has it open. While others use it there is nothing to
    /// replay, unless writing has stopped: what they see is what the log says.
    pub(super) fn recover_again(
        self: &Arc<Self>,
        path: &Path,
        wish: Wish<'_>,
    ) -> Result<Recovered> {
        let logs = self.when_free(path);
        match logs.get(path) {
            None => Err(Error::Closed),
            Some(log) if log.openers.len() > 1 && log.engine.is_sound() => {
                let shared = (Arc::clone(&log.engine), log.report.clone());
                drop(logs);
                shared.0.check_name()?;
                Ok(shared)
            }
            Some(_) => self.recover(logs, path, None, wish),
        }
    }

    /// Recovers the engine without the lock on the logs. If that fails, `newcomer` is removed again.
    fn recover(
        self: &Arc<Self>,
        mut logs: MutexGuard<'_, HashMap<PathBuf, OpenLog>>,
        path: &Path,
        newcomer: Option<ThreadId>,
        wish: Wish<'_>,
    ) -> Result<Recovered> {
        let log = logs.get_mut(path).ok_or(Error::Closed)?;
        let engine = Arc::clone(&log.engine);
        let mut claim = self.claim(log, path, newcomer);
        drop(logs);
        let report = engine.recover_with(wish.control, wish.verify)?;
        if let Some(log) = locked(&self.logs).get_mut(path) {
            log.report = report.clone();
        }
        claim.leaving = None;
        Ok((engine, report))
    }

    /// Ends the part of `opener` in the log at `path`. The last one closes the engine.
    pub(super) fn leave(self: &Arc<Self>, path: &Path, opener: ThreadId) -> Result<()> {
        let mut logs = self.when_free(path);
        let mut flushed = Ok(());
        if let Some(log) = logs.get(path).filter(|log| log.openers.len() > 1) {
            // Before leaving: whoever is last then may close the engine at once.
            let engine = Arc::clone(&log.engine);
            drop(logs);
            if engine.is_open() {
                flushed = engine.flush();
            }
            logs = self.when_free(path);
        }
        let Some(log) = logs.get_mut(path) else { return flushed };
        log.openers.retain(|other| *other != opener);
        if !log.openers.is_empty() {
            return flushed;
        }
        let engine = Arc::clone(&log.engine);
        let _claim = self.claim(log, path, None);
        drop(logs);
        engine.close()
    }

    /// Like [`leave`](Self::leave), for an opener that ended without a close. It never waits: a thread of its
    /// own does what there is to do.
    pub(super) fn abandon(self: &Arc<Self>, path: &Path, opener: ThreadId) {
        let mut logs = locked(&self.logs);
        let Some(log) = logs.get_mut(path) else { return };
        log.openers.retain(|other| *other != opener);
        if !log.openers.is_empty() || log.busy {
            return;
        }
        let engine = Arc::clone(&log.engine);
        let closing = Closing { engine, _claim: self.claim(log, path, None) };
        drop(logs);
        background::close(move || drop(closing));
    }

    fn claim(self: &Arc<Self>, log: &mut OpenLog, path: &Path, leaving: Option<ThreadId>) -> Claim {
        log.busy = true;
        Claim { registry: Arc::clone(self), path: path.to_owned(), leaving }
    }

    /// The logs, once nobody is recovering or closing the engine of this one.
    fn when_free(&self, path: &Path) -> MutexGuard<'_, HashMap<PathBuf, OpenLog>> {
        let mut logs = locked(&self.logs);
        while logs.get(path).is_some_and(|log| log.busy) {
            logs = self.wait(logs);
        }
        logs
    }

    fn wait<'r>(
        &self,
        logs: MutexGuard<'r, HashMap<PathBuf, OpenLog>>,
    ) -> MutexGuard<'r, HashMap<PathBuf, OpenLog>> {
        let waited = self.changed.wait_timeout(logs, PATIENCE);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The right to recover or close the engine of a log. However it ends, a panic included, the others go on.
#[derive(Debug)]
struct Claim {
    registry: Arc<Registry>,
    path: PathBuf,
    /// The opener to remove when the claim ends.
    leaving: Option<ThreadId>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut logs = locked(&self.registry.logs);
        let mut empty = None;
        if let Some(log) = logs.get_mut(&self.path) {
            log.busy = false;
            log.openers.retain(|opener| Some(*opener) != self.leaving);
            if log.openers.is_empty() {
                empty = logs.remove(&self.path);
            }
        }
        drop(logs);
        // After releasing the lock: it can be large.
        drop(empty);
        self.registry.changed.notify_all();
    }
}

/// Closes an engine when it is dropped, on a thread started for that or, if none could be started, at once.
struct Closing {
    engine: Arc<StoreEngine>,
    _claim: Claim,
}

impl Drop for Closing {
    fn drop(&mut self) {
        // Nobody is left to be told. What was acknowledged is in the log already.
        let _ = self.engine.close();
    }
}

/// All openers of an engine must agree when a write is acknowledged, when a compaction is due, and whose the writes are.
fn check_same(wanted: &StoreConfig, running: &StoreConfig, path: &Path) -> Result<()> {
    let differs = if wanted.durability() != running.durability() {
        let name = |config: &StoreConfig| match config.durability() {
            Durability::Synced => "every write synced",
            Durability::Buffered => "writes synced only by flush and close",
            Durability::MemoryOnly | Durability::Following => "no log",
        };
        format!("{} there, {} here", name(running), name(wanted))
    } else if wanted.compaction() != running.compaction() {
        "another compaction policy".into()
    } else if wanted.memory_limit() != running.memory_limit() {
        "another memory limit".into()
    } else if wanted.node_id() != running.node_id() {
        "another node id".into()
    } else if wanted.tombstone_life() != running.tombstone_life() {
        "another life of tombstones".into()
    } else if wanted.sweeps() != running.sweeps() {
        "automatic sweeps only in one of them".into()
    } else {
        return Ok(());
    };
    let path = path.display();
    let reason = format!("log is open in another thread with other options, {differs}: {path}");
    Err(Error::InvalidArgument { reason })
}
