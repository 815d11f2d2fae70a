//! One opener's part in a store that several threads of the process may have open.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use super::config::{Durability, StoreConfig, Verify};
use super::locked::locked;
use super::outcome::RecoveryReport;
use super::registry::{Registry, WhenBusy, Wish};
use super::store::StoreEngine;
use crate::background::{self, LARGE};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::wal::path::LogPath;

/// A [`StoreEngine`] as one of the threads of a process has it open. All threads that open the same log
/// share one engine; each holds a share, and the last share that is closed closes the engine.
///
/// It can be used like the engine itself. Before [`recover`](Self::recover) and after
/// [`close`](Self::close) it is a store that is not open, whatever others do with theirs. A memory-only
/// store is never shared, nor is one that follows a log.
///
/// A thread has a log open at most once: a second opener in the same thread is refused with
/// [`Error::Locked`], like one in another process. A share belongs to the thread that created it, whichever
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
    /// The closed store that the share stands for while it has no part in a running engine.
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

    /// Joins the engine that has the log open, and waits for it if another thread is recovering it; if there
    /// is none, [recovers](StoreEngine::recover) one. The report is that of the recovery that led to the
    /// running state, whoever asked for it.
    ///
    /// Called again, it replays the log if this is the only share or if writing has stopped after a failed
    /// sync; in the second case for all shares. Otherwise nothing is done: others use the engine, and what
    /// they see is what the log says.
    ///
    /// Errors are those of the engine, and [`Error::InvalidArgument`] when the engine runs with another
    /// configuration, [`Error::Locked`] when the same thread has the log open, [`Error::Aborted`].
    pub fn recover(&self, control: &Control) -> Result<RecoveryReport> {
        let (verify, when_busy) = (Verify::Later, WhenBusy::Wait);
        let recovered = self.take_part(Wish { control, verify, when_busy })?;
        recovered.ok_or(Error::Internal { reason: "a recovery gave up" })
    }

    /// [`recover`](Self::recover) without waiting for another thread: returns nothing when one is recovering
    /// or closing the engine, for a caller that must not block and tries again later.
    /// With [`Verify::First`] it is done once the whole log was replayed, whoever opened it.
    pub fn try_recover(&self, control: &Control, verify: Verify) -> Result<Option<RecoveryReport>> {
        let when_busy = WhenBusy::GiveUp;
        let recovered = self.take_part(Wish { control, verify, when_busy })?;
        if recovered.is_some() && verify == Verify::First {
            self.ready(control)?;
        }
        Ok(recovered)
    }

    fn take_part(&self, wish: Wish<'_>) -> Result<Option<RecoveryReport>> {
        let durability = self.idle.config().durability();
        if matches!(durability, Durability::MemoryOnly | Durability::Following) {
            return self.idle.recover_with(wish.control, wish.verify).map(Some);
        }
        let mut state = locked(&self.state);
        match &*state {
            State::Closed => Err(Error::Closed),
            State::Inside(path) => Ok(Some(self.registry.recover_again(path, wish)?.1)),
            State::Outside => {
                let config = self.idle.config();
                let storage: &dyn Storage = &*self.registry.storage;
                let path = LogPath::resolve(storage, config.path())?.log().to_owned();
                let entered = self.registry.enter(&path, config, self.opener, wish)?;
                let Some((engine, report)) = entered else { return Ok(None) };
                // What others have open may no longer be what the path leads to.
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

    /// Ends this share. The last one seals the log, releases it, and returns the result of that; any other
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
        } else if self.idle.stats().live_bytes.is_some_and(|bytes| bytes > LARGE) {
            let engine = Arc::clone(&self.idle);
            background::free(move || drop(engine.close()));
        }
    }
}
