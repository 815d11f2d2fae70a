//! What the parts of a running store share: the log, the state in memory, and what is known of both.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use super::announce::Announcements;
use super::config::{Durability, StoreConfig};
use super::holds::Holds;
use super::locked::locked;
use super::rewriting::Rewriting;
use super::stats::StoreStats;
use super::ticket::Ticket;
use crate::error::{Error, Result};
use crate::index::{Index, copied_by_thread};
use crate::snapshot::{LetGo, Snapshot};
use crate::storage::Storage;
use crate::wal::folder::OpenFolder;
use crate::wal::held::{Held, Opening};
use crate::wal::path::LogPath;
use crate::wal::writer::LogWriter;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: StoreConfig,
    pub(super) storage: Arc<dyn Storage>,
    state: RwLock<State>,
    /// What of the state only snapshots need any more.
    let_go: LetGo,
    /// Groups that wait for the log, in the order of their writing.
    pub(super) queue: Mutex<VecDeque<Arc<Ticket>>>,
    pub(super) log: Mutex<Log>,
    /// The log that was opened, by the path that was resolved then: a link that is turned elsewhere later leads to
    /// another log.
    pub(super) resolved: OnceLock<PathBuf>,
    phase: AtomicU8,
    pub(super) last_recovered: AtomicU64,
    /// What the log last said of itself, so that asking never waits for the disk.
    published: Mutex<StoreStats>,
    /// Readers of the history, and who waits for more of it.
    pub(super) holds: Holds,
    pub(super) announcements: Announcements,
    /// Compactions and backups.
    pub(super) rewriting: Rewriting,
}

/// The entries, and the sequence up to which they show the history.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) index: Index,
    pub(super) last_sequence: u64,
}

/// The log and its state. Whoever holds it is the only writer.
#[derive(Debug)]
pub(super) enum Log {
    Memory { last_sequence: u64 },
    Unopened,
    Open(Box<LogWriter>),
    Closed,
}

impl Log {
    /// The writer of an open log.
    pub(super) fn writer(&mut self) -> Result<&mut LogWriter> {
        match self {
            Self::Open(writer) => Ok(writer),
            Self::Memory { .. } => Err(NO_LOG),
            Self::Unopened => Err(Error::NotOpen),
            Self::Closed => Err(Error::Closed),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    Unopened,
    Open,
    Closed,
}

impl Core {
    pub(super) fn new(config: StoreConfig, storage: Arc<dyn Storage>) -> Self {
        let config = config.made_absolute(&*storage);
        let (log, phase) = match config.durability() {
            Durability::MemoryOnly => (Log::Memory { last_sequence: 0 }, Phase::Open),
            Durability::Synced | Durability::Buffered => (Log::Unopened, Phase::Unopened),
        };
        Self {
            config,
            storage,
            state: RwLock::default(),
            let_go: LetGo::default(),
            queue: Mutex::default(),
            log: Mutex::new(log),
            resolved: OnceLock::new(),
            phase: AtomicU8::new(phase as u8),
            last_recovered: AtomicU64::new(0),
            published: Mutex::default(),
            holds: Holds::default(),
            announcements: Announcements::default(),
            rewriting: Rewriting::default(),
        }
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// The log to be replayed: the one that is held already, or the one that was opened before, or that of the
    /// configuration.
    pub(super) fn begin_opening(&self, held: Option<(Held, OpenFolder)>) -> Result<Opening> {
        let storage = &*self.storage;
        if let Some((held, folder)) = held {
            return Ok(Opening::again(held, folder));
        }
        let known = self.resolved.get().filter(|_| !bug!(LinksFollowedAnew));
        let path = LogPath::resolve(storage, known.map_or(self.config.path(), PathBuf::as_path))?;
        let opening = Opening::begin(storage, path)?;
        self.resolved.get_or_init(|| opening.path().to_owned());
        Ok(opening)
    }

    /// Stops writing when the log that is open has lost its name.
    pub(super) fn check_name(&self) -> Result<()> {
        let mut log = locked(&self.log);
        let checked = log.writer().and_then(LogWriter::check_name);
        self.publish(&log);
        checked
    }

    /// [`check_name`](Self::check_name) before the log is to be replaced.
    pub(super) fn secure_names(&self) -> Result<()> {
        let mut log = locked(&self.log);
        let secured = log.writer().and_then(|writer| writer.secure_names(&*self.storage));
        self.publish(&log);
        secured
    }

    /// Refuses unless the store is open.
    pub(super) fn check_open(&self) -> Result<()> {
        match self.phase.load(Ordering::Acquire) {
            phase if phase == Phase::Open as u8 => Ok(()),
            phase if phase == Phase::Closed as u8 => Err(Error::Closed),
            _ => Err(Error::NotOpen),
        }
    }

    /// Reads the state of an open store.
    pub(super) fn view<R>(&self, look: impl FnOnce(&State) -> R) -> Result<R> {
        self.check_open()?;
        self.read(|state| Ok(look(state)))
    }

    pub(super) fn read<R>(&self, look: impl FnOnce(&State) -> Result<R>) -> Result<R> {
        look(&*self.state.read().map_err(|_| PANICKED)?)
    }

    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> Result<R> {
        let mut state = self.state.write().map_err(|_| PANICKED)?;
        Ok(self.counting_copies(|| change(&mut state)))
    }

    /// Notes what `write` copies of the state, because others hold the old pieces.
    pub(super) fn counting_copies<R>(&self, write: impl FnOnce() -> R) -> R {
        let before = copied_by_thread();
        let written = write();
        self.let_go.add(copied_by_thread() - before);
        written
    }

    /// Goes on with another state. The old one is freed without the lock, as far as no snapshot has it.
    pub(super) fn replace(&self, state: State) -> Result<()> {
        let old = self.change(|current| std::mem::replace(current, state))?;
        self.let_go.add_all(&old.index);
        Ok(())
    }

    /// The state as it is now.
    pub(super) fn snapshot(&self) -> Result<Snapshot> {
        self.view(|State { index, last_sequence }| {
            Snapshot::of_store(index.clone(), *last_sequence, &self.let_go)
        })
    }

    /// How many snapshots there are.
    pub(super) fn snapshots(&self) -> u64 {
        self.let_go.snapshots()
    }

    /// What the log says of itself now, or what it last said while somebody has it. Readers of the history come and go
    /// without it.
    pub(super) fn figures(&self) -> StoreStats {
        if let Ok(log) = self.log.try_lock() {
            self.publish(&log);
        }
        self.published()
    }

    /// What the log last said of itself.
    pub(super) fn published(&self) -> StoreStats {
        locked(&self.published).clone()
    }

    /// Takes over what another log last said of itself.
    pub(super) fn show_figures_of(&self, other: &Self) {
        *locked(&self.published) = other.published();
        self.last_recovered.store(other.last_recovered.load(Ordering::Acquire), Ordering::Release);
    }

    /// Bytes of the log, and those of its history that readers and consumers still need.
    pub(super) fn log_bytes(&self) -> (u64, u64) {
        let published = locked(&self.published);
        (published.log_bytes, published.held_bytes)
    }

    pub(super) fn last_sequence(&self) -> u64 {
        locked(&self.published).last_sequence
    }

    /// Notes what the log says of itself.
    pub(super) fn publish(&self, log: &Log) {
        let mut published = locked(&self.published);
        match log {
            Log::Open(writer) => {
                let held = self.history_needed_after(writer);
                published.take_from(writer, held);
            }
            Log::Memory { last_sequence } => published.last_sequence = *last_sequence,
            Log::Unopened | Log::Closed => {}
        }
    }

    /// Lets followers of the history have what is durable and visible.
    pub(super) fn announce(&self, log: &Log) {
        let Log::Open(writer) = log else { return };
        let last = writer.last_sequence();
        if !writer.is_secured() {
            bug!(ReplayedHistoryShown, return self.announcements.announce(last));
            return self.announcements.announce_replayed(last);
        }
        let ahead = bug!(FollowersRunAhead);
        self.announcements.announce(if ahead { last } else { writer.durable_sequence() });
    }

    /// Makes what was replayed durable, so that followers may have it.
    pub(super) fn secure(&self) -> Result<()> {
        let mut log = locked(&self.log);
        let secured = log.writer()?.secure();
        self.publish(&log);
        self.announce(&log);
        secured
    }

    /// The sequence after which somebody may still read the history.
    pub(super) fn history_needed_after(&self, writer: &LogWriter) -> u64 {
        let holds = [self.holds.slowest(), writer.consumers().slowest()];
        let slowest = holds.into_iter().flatten().min();
        let slowest = slowest.filter(|_| !bug!(ConsumersDoNotHold));
        slowest.map_or(writer.last_sequence(), |held| held.min(writer.last_sequence()))
    }
}

/// A panic while the index was being changed leaves it in an unknown state.
const PANICKED: Error = Error::Internal { reason: "the index was left half changed by a panic" };

pub(super) const NO_LOG: Error =
    Error::InvalidState { reason: "a memory-only store has no log and keeps no history" };
