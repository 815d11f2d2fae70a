//! One opener's part in a store that several threads of the process may have open.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use super::config::{Durability, StoreConfig};
use super::locked::locked;
use super::outcome::RecoveryReport;
use super::registry::{Registry, WhenBusy};
use super::store::StoreEngine;
use crate::background::{self, LARGE};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::wal::path::LogPath;

/// A [`StoreEngine`] as one of the threads of a process has it open. All threads that open the same log
/// share one engine; each holds a share, and the last share that is closed closes the engine.
///
/// It can be used like the engine itself. Before [`recover`](Self::recover) and after
/// [`close`](Self::close) it stands for a store that is not open, whatever others do with theirs. A store in
/// memory is never shared.
///
/// A thread has a log open at most once: another opener of the same thread is refused as
/// [`Error::Locked`], as one of another process is. A share belongs to the thread that made it, whichever
/// threads use it.
///
/// A share that is dropped is closed in the background: the engine goes on while others have it open, and
/// is closed by a thread of its own when none do.
///
/// ```
/// use softadastra_store::{Control, Key, Share, StoreConfig, Value};
///
/// # fn main() -> softadastra_store::Result<()> {
/// # let folder = tempfile::tempdir().expect("a folder");
/// let config = StoreConfig::durable(folder.path().join("node-a.wal"));
/// let store = Share::new(config.clone());
/// store.recover(&Control::default())?;
/// let other = std::thread::spawn(move || -> softadastra_store::Result<()> {
///     let store = Share::new(config);
///     store.recover(&Control::default())?;
///     store.put(&Key::new("from")?, &Value::from_string("the other thread"))?;
///     store.close()
/// });
/// other.join().expect("no panic")?;
/// assert!(store.contains(&Key::new("from")?));
/// store.close()
/// # }
/// ```
#[derive(Debug)]
pub struct Share {
    registry: Arc<Registry>,
    opener: ThreadId,
    /// What the share stands for while it has no part in a running engine.
    idle: Arc<StoreEngine>,
    running: OnceLock<Arc<StoreEngine>>,
    state: Mutex<State>,
    left: AtomicBool,
}

#[derive(Debug)]
enum State {
    Outside,
    /// One of those who have the log at this resolved path open.
    Inside(PathBuf),
    Closed,
}

impl Share {
    /// A share of the calling thread that touches no disk yet.
    pub fn new(config: StoreConfig) -> Self {
        Self::in_registry(Registry::of_process(), config)
    }

    /// [`new`](Self::new), shared with those of another registry.
    pub fn in_registry(registry: Arc<Registry>, config: StoreConfig) -> Self {
        let idle = StoreEngine::with_storage(config, Arc::clone(&registry.storage));
        Self {
            registry,
            opener: thread::current().id(),
            idle: Arc::new(idle),
            running: OnceLock::new(),
            state: Mutex::new(State::Outside),
            left: AtomicBool::new(false),
        }
    }

    /// Takes part in the engine that has the log open, waiting for it where another thread recovers it just
    /// now; where there is none, [recovers](StoreEngine::recover) one. The report is that of the recovery
    /// that made the running state, whoever asked for it.
    ///
    /// Called again it replays the log when this is the only share or when writing is stopped by a failed
    /// sync; in the second case for all. Otherwise nothing is done: others are at work, and what they
    /// see is what the log says.
    ///
    /// Errors are those of the engine, and [`Error::InvalidArgument`] when the engine runs with another
    /// configuration, [`Error::Locked`] when the same thread has the log open, [`Error::Aborted`].
    pub fn recover(&self, control: &Control) -> Result<RecoveryReport> {
        let recovered = self.take_part(control, WhenBusy::Wait)?;
        recovered.ok_or(Error::Internal { reason: "a recovery gave up" })
    }

    /// [`recover`](Self::recover) without waiting for another thread: nothing when one recovers or closes the
    /// engine just now, for a caller that has better to do than to block and comes again.
    pub fn try_recover(&self, control: &Control) -> Result<Option<RecoveryReport>> {
        self.take_part(control, WhenBusy::GiveUp)
    }

    fn take_part(&self, control: &Control, when_busy: WhenBusy) -> Result<Option<RecoveryReport>> {
        if self.idle.config().durability() == Durability::MemoryOnly {
            return self.idle.recover_with(control).map(Some);
        }
        let mut state = locked(&self.state);
        match &*state {
            State::Closed => Err(Error::Closed),
            State::Inside(path) => Ok(Some(self.registry.recover_again(path, control)?.1)),
            State::Outside => {
                let config = self.idle.config();
                let storage: &dyn Storage = &*self.registry.storage;
                let path = LogPath::resolve(storage, config.path())?.log().to_owned();
                let entered =
                    self.registry.enter(&path, config, self.opener, control, when_busy)?;
                let Some((engine, report)) = entered else { return Ok(None) };
                // What others have open may not be what the path leads to any more.
                if let Err(replaced) = engine.check_name() {
                    let _ = self.registry.leave(&path, self.opener);
                    return Err(replaced);
                }
                self.running.get_or_init(|| engine);
                *state = State::Inside(path);
                Ok(Some(report))
            }
        }
    }

    /// Ends this share. The last one seals the log and lets go of it, and has the result of that; any other
    /// makes everything acknowledged so far durable.
    pub fn close(&self) -> Result<()> {
        let mut state = locked(&self.state);
        let closed = match std::mem::replace(&mut *state, State::Closed) {
            State::Inside(path) => self.registry.leave(&path, self.opener),
            State::Outside | State::Closed => Ok(()),
        };
        if let Some(engine) = self.running.get() {
            self.idle.show_figures_of(engine);
        }
        let idle_closed = self.idle.close();
        self.left.store(true, Ordering::Release);
        closed.and(idle_closed)
    }
}

impl Deref for Share {
    type Target = StoreEngine;

    fn deref(&self) -> &StoreEngine {
        match self.running.get() {
            Some(engine) if !self.left.load(Ordering::Acquire) => engine,
            _ => &self.idle,
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Inside(path) = state {
            self.registry.abandon(path, self.opener);
        } else if self.idle.stats().live_bytes > LARGE {
            let engine = Arc::clone(&self.idle);
            background::free(move || drop(engine.close()));
        }
    }
}
