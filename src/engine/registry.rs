//! The engines that run in this process, and which threads have each of them open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use super::config::{Durability, StoreConfig};
use super::locked::locked;
use super::outcome::RecoveryReport;
use super::store::StoreEngine;
use crate::background;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::storage::{DiskStorage, LockOwner, Storage};

/// How soon a thread that waits for another one sees that it was asked to give up.
const PATIENCE: Duration = Duration::from_millis(20);

/// An engine, and the report of its recovery.
type Recovered = (Arc<StoreEngine>, RecoveryReport);

/// What to do while another thread recovers or closes the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenBusy {
    Wait,
    GiveUp,
}

/// Where the threads of a process find the engine that has a log open already. A [`Share`](super::Share)
/// uses the one of the process, unless it is told otherwise.
#[derive(Debug)]
pub struct Registry {
    pub(super) storage: Arc<dyn Storage>,
    /// By the resolved paths of the logs.
    logs: Mutex<HashMap<PathBuf, OpenLog>>,
    changed: Condvar,
}

/// One log: the engine that runs on it, and the threads that have it open.
#[derive(Debug)]
struct OpenLog {
    engine: Arc<StoreEngine>,
    report: RecoveryReport,
    openers: Vec<ThreadId>,
    /// Somebody recovers or closes the engine. Everybody else waits.
    busy: bool,
}

impl Registry {
    /// One of its own for the logs of a file system.
    pub fn new(storage: Arc<dyn Storage>) -> Arc<Self> {
        Arc::new(Self { storage, logs: Mutex::default(), changed: Condvar::new() })
    }

    /// The one of this process.
    pub(super) fn of_process() -> Arc<Self> {
        static OF_PROCESS: LazyLock<Arc<Registry>> =
            LazyLock::new(|| Registry::new(Arc::new(DiskStorage)));
        Arc::clone(&OF_PROCESS)
    }

    /// Makes `opener` one of those who have the log at `path` open, and gives the engine and the report of
    /// its recovery. A log that nobody has open is recovered, one whose writing stopped as well. Nothing when
    /// somebody else is at that and was not to be waited for.
    pub(super) fn enter(
        self: &Arc<Self>,
        path: &Path,
        config: &StoreConfig,
        opener: ThreadId,
        control: &Control,
        when_busy: WhenBusy,
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
            if control.is_aborted() {
                return Err(Error::Aborted);
            }
            if when_busy == WhenBusy::GiveUp {
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
        self.recover(logs, path, Some(opener), control).map(Some)
    }

    /// Recovers the engine for one who has it open already. With others at work on it there is nothing to
    /// replay, unless writing stopped: what they see is what the log says.
    pub(super) fn recover_again(
        self: &Arc<Self>,
        path: &Path,
        control: &Control,
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
            Some(_) => self.recover(logs, path, None, control),
        }
    }

    /// Recovers the engine without the lock on the logs. When that fails `newcomer` is out again.
    fn recover(
        self: &Arc<Self>,
        mut logs: MutexGuard<'_, HashMap<PathBuf, OpenLog>>,
        path: &Path,
        newcomer: Option<ThreadId>,
        control: &Control,
    ) -> Result<Recovered> {
        let log = logs.get_mut(path).ok_or(Error::Closed)?;
        let engine = Arc::clone(&log.engine);
        let mut claim = self.claim(log, path, newcomer);
        drop(logs);
        let report = engine.recover_with(control)?;
        if let Some(log) = locked(&self.logs).get_mut(path) {
            log.report = report.clone();
        }
        claim.leaving = None;
        Ok((engine, report))
    }

    /// Ends what `opener` has of the log at `path`. The last one closes the engine.
    pub(super) fn leave(self: &Arc<Self>, path: &Path, opener: ThreadId) -> Result<()> {
        let mut logs = self.when_free(path);
        let mut flushed = Ok(());
        if let Some(log) = logs.get(path).filter(|log| log.openers.len() > 1) {
            // Before leaving: whoever is the last one then may close the engine at once.
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

    /// As [`leave`](Self::leave), for an opener that ended without a close. Never waits: what is to be done
    /// is done on a thread of its own.
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

    /// The logs, when nobody recovers or closes the engine of this one.
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
    /// Who is out again when the claim ends.
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
        // After the lock: it can be large.
        drop(empty);
        self.registry.changed.notify_all();
    }
}

/// Closes an engine when it is dropped, by a thread that was begun for it or, when none could be, at once.
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

/// Two openers of one engine must mean the same by an acknowledged write and by a due compaction.
fn check_same(wanted: &StoreConfig, running: &StoreConfig, path: &Path) -> Result<()> {
    let differs = if wanted.durability() != running.durability() {
        let name = |config: &StoreConfig| match config.durability() {
            Durability::Synced => "every write synced",
            Durability::Buffered => "writes synced by flush and close alone",
            Durability::MemoryOnly => "no log",
        };
        format!("{} there, {} here", name(running), name(wanted))
    } else if wanted.compaction() != running.compaction() {
        "another compaction policy".into()
    } else {
        return Ok(());
    };
    let path = path.display();
    let reason = format!("log is open in another thread with other options, {differs}: {path}");
    Err(Error::InvalidArgument { reason })
}
