//! What the parts of a running store share: the log, the state in memory, and what is known about both.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError};

use super::announce::Announcements;
use super::config::{Durability, StoreConfig};
use super::feed::Feed;
use super::follow_notes::Following;
use super::holds::Holds;
use super::indexed::Indexing;
use super::locked::locked;
use super::notices::{Notice, Notices};
use super::open_log::OpenLog;
use super::rewriting::Rewriting;
use super::shared_state::SharedState;
use super::stats::StoreStats;
use super::sweeper::Sweeping;
use super::ticket::Ticket;
use super::warmth::Warming;
use crate::error::{Error, Result};
use crate::index::copied_by_thread;
use crate::snapshot::LetGo;
use crate::state::State;
use crate::storage::{Storage, StorageFile};
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use crate::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::wal::folder::OpenFolder;
use crate::wal::followed::Followed;
use crate::wal::format::FileHeader;
use crate::wal::held::{Held, Opening};
use crate::wal::landmarks::Landmarks;
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::writer::LogWriter;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: StoreConfig,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) state: SharedState,
    /// The parts of the state that only snapshots still need.
    pub(super) let_go: LetGo,
    /// Groups that wait for the log, in the order in which they will be written.
    pub(super) queue: Mutex<VecDeque<Arc<Ticket>>>,
    pub(super) log: Mutex<Log>,
    /// The log that was opened, by the path that was resolved then: a link that is turned elsewhere later leads to
    /// another log.
    pub(super) resolved: OnceLock<PathBuf>,
    phase: AtomicU8,
    pub(super) last_recovered: AtomicU64,
    /// What the log last said about itself, so that asking never waits for the disk.
    published: Mutex<StoreStats>,
    /// Readers of the history, and who waits for more of it.
    pub(super) holds: Holds,
    pub(super) announcements: Announcements,
    /// Who is told of what becomes visible.
    pub(super) feed: Feed,
    pub(super) notices: Notices,
    pub(super) following: Following,
    /// Compactions and backups.
    pub(super) rewriting: Rewriting,
    pub(super) warming: Warming,
    pub(super) indexing: Indexing,
    pub(super) sweeping: Sweeping,
    /// Whether entries are in the log alone that do not fit into memory.
    pub(super) paging: AtomicBool,
    /// Shared by those who read files of the store with neither the log nor the state locked.
    reading: RwLock<()>,
}

/// The log and its state. Whoever holds it is the only writer.
#[derive(Debug)]
pub(super) enum Log {
    Memory {
        last_sequence: u64,
    },
    Unopened,
    Open(Box<LogWriter>),
    /// Another process writes it.
    Following(Box<Followed>),
    /// It was open, and turned out to be damaged.
    Failed(Error),
    Closed,
}

impl Log {
    /// The writer of an open log.
    pub(super) fn writer(&mut self) -> Result<&mut LogWriter> {
        match self {
            Self::Open(writer) => Ok(writer),
            Self::Memory { .. } => Err(NO_LOG),
            Self::Following(_) => Err(FOLLOWS),
            Self::Unopened => Err(Error::NotOpen),
            Self::Failed(error) => Err(error.clone()),
            Self::Closed => Err(Error::Closed),
        }
    }

    /// What readers of an open log need, and the boundary of frames up to which the state goes.
    pub(super) fn opened(&mut self) -> Result<(OpenLog, Position)> {
        if let Self::Following(followed) = self {
            return Ok((OpenLog::of_followed(followed), *followed.position()));
        }
        let writer = self.writer()?;
        Ok((OpenLog::of(writer), writer.position()))
    }

    /// Notes where the history can be read from.
    pub(super) fn set_landmarks(&mut self, landmarks: Landmarks) {
        match self {
            Self::Open(writer) => writer.set_landmarks(landmarks),
            Self::Following(followed) => followed.set_landmarks(landmarks),
            Self::Memory { .. } | Self::Unopened | Self::Failed(_) | Self::Closed => {}
        }
    }

    /// What readers of the history need of an open log.
    pub(super) fn history(&mut self) -> Result<History<'_>> {
        if let Self::Following(followed) = self {
            return Ok(History {
                path: followed.path(),
                file: followed.file(),
                header: followed.header(),
                landmarks: followed.landmarks(),
                last_sequence: followed.position().last_sequence,
            });
        }
        let writer = self.writer()?;
        Ok(History {
            path: writer.path(),
            file: writer.file(),
            header: writer.header(),
            landmarks: writer.landmarks(),
            last_sequence: writer.last_sequence(),
        })
    }
}

/// The history that a log has.
pub(super) struct History<'l> {
    pub(super) path: &'l Path,
    pub(super) file: &'l Arc<dyn StorageFile>,
    pub(super) header: &'l FileHeader,
    pub(super) landmarks: &'l Landmarks,
    pub(super) last_sequence: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    Unopened,
    /// All entries are in memory.
    Open,
    /// It can be read and written, but the log was not replayed yet.
    Cold,
    /// The log turned out to be damaged.
    Failed,
    Closed,
}

impl Core {
    pub(super) fn new(config: StoreConfig, storage: Arc<dyn Storage>) -> Self {
        let config = config.made_absolute(&*storage);
        let (log, phase) = match config.durability() {
            Durability::MemoryOnly => (Log::Memory { last_sequence: 0 }, Phase::Open),
            Durability::Synced | Durability::Buffered | Durability::Following => {
                (Log::Unopened, Phase::Unopened)
            }
        };
        Self {
            config,
            storage,
            state: SharedState::default(),
            let_go: LetGo::default(),
            queue: Mutex::default(),
            log: Mutex::new(log),
            resolved: OnceLock::new(),
            phase: AtomicU8::new(phase as u8),
            last_recovered: AtomicU64::new(0),
            published: Mutex::default(),
            holds: Holds::default(),
            announcements: Announcements::default(),
            feed: Feed::default(),
            notices: Notices::default(),
            following: Following::default(),
            rewriting: Rewriting::default(),
            warming: Warming::default(),
            indexing: Indexing::default(),
            sweeping: Sweeping::default(),
            paging: AtomicBool::new(false),
            reading: RwLock::default(),
        }
    }

    /// For the time in which files of the store are read with neither the log nor the state locked. It comes before both
    /// locks, and after a turn to write the index file.
    pub(super) fn reading(&self) -> RwLockReadGuard<'_, ()> {
        self.reading.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for everybody who is [`reading`](Self::reading).
    pub(super) fn end_reading(&self) -> RwLockWriteGuard<'_, ()> {
        self.reading.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves on to another phase, unless the store was closed meanwhile: whoever closes it does not wait for the log before
    /// saying so.
    pub(super) fn enter(&self, phase: Phase) -> Result<()> {
        let closed = Phase::Closed as u8;
        let next = |now| (now != closed || bug!(ClosedStoreOpens)).then_some(phase as u8);
        let entered = self.phase.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        entered.map(drop).map_err(|_| Error::Closed)
    }

    pub(super) fn note_closed(&self) {
        self.phase.store(Phase::Closed as u8, Ordering::Release);
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

    /// Stops writing if the open log has lost its name.
    pub(super) fn check_name(&self) -> Result<()> {
        let mut log = locked(&self.log);
        let checked = log.writer().and_then(LogWriter::check_name);
        self.publish(&log);
        checked
    }

    /// [`check_name`](Self::check_name) before the log is replaced.
    pub(super) fn secure_names(&self) -> Result<()> {
        let mut log = locked(&self.log);
        let secured = log.writer().and_then(|writer| writer.secure_names(&*self.storage));
        self.publish(&log);
        secured
    }

    /// Whether all entries of an open store are in memory.
    pub(super) fn is_warm(&self) -> bool {
        self.phase.load(Ordering::Acquire) == Phase::Open as u8
    }

    /// Whether the store is open but the log was not replayed yet.
    pub(super) fn is_cold(&self) -> bool {
        self.phase.load(Ordering::Acquire) == Phase::Cold as u8
    }

    /// Refuses unless the store is open.
    pub(super) fn check_open(&self) -> Result<()> {
        match self.phase.load(Ordering::Acquire) {
            phase if phase == Phase::Open as u8 || phase == Phase::Cold as u8 => Ok(()),
            phase if phase == Phase::Closed as u8 => Err(Error::Closed),
            phase if phase == Phase::Failed as u8 => Err(self.warming.failure()),
            _ => Err(Error::NotOpen),
        }
    }

    /// Refuses unless the store is open and has a log to write to.
    pub(super) fn check_writes(&self) -> Result<()> {
        match self.config.durability() {
            Durability::MemoryOnly => Err(NO_LOG),
            Durability::Following => Err(FOLLOWS),
            Durability::Synced | Durability::Buffered => self.check_open(),
        }
    }

    /// Looks at the state, which is settled.
    pub(super) fn read<R>(&self, look: impl FnOnce(&State) -> Result<R>) -> Result<R> {
        self.state.read_unless(|_| true, look)
    }

    /// Changes the state, which is settled.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> Result<R> {
        self.state.change(|state| self.counting_copies(|| change(state)))
    }

    /// Notes what `write` copies of the state, because others hold the old pieces.
    pub(super) fn counting_copies<R>(&self, write: impl FnOnce() -> R) -> R {
        let before = copied_by_thread();
        let written = write();
        self.let_go.add(copied_by_thread() - before);
        written
    }

    /// Continues with another state. The old one is freed without the lock, as far as no snapshot has it.
    pub(super) fn replace(&self, state: State) -> Result<()> {
        let old = self.state.replace(state)?;
        self.let_go.add_all(&old.index);
        Ok(())
    }

    /// Leaves nothing in memory, and the log to whoever wants it: no thread of this store reads it any more.
    pub(super) fn empty(&self) -> Result<()> {
        let old = self.state.end()?;
        self.let_go.add_all(&old.index);
        Ok(())
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

    /// What the log last said about itself.
    pub(super) fn published(&self) -> StoreStats {
        locked(&self.published).clone()
    }

    /// Takes over what another log last said about itself.
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

    /// Notes what the log says about itself.
    pub(super) fn publish(&self, log: &Log) {
        let mut published = locked(&self.published);
        match log {
            Log::Open(writer) => {
                let held = self.history_needed_after(writer);
                let was_poisoned = published.poisoned;
                published.take_from(writer, held);
                if published.poisoned && !was_poisoned {
                    drop(published);
                    self.notices.tell(&Notice::Poisoned(writer.poisoned()));
                }
            }
            Log::Following(followed) => published.take_from_followed(followed),
            Log::Memory { last_sequence } => published.last_sequence = *last_sequence,
            Log::Unopened | Log::Failed(_) | Log::Closed => {}
        }
    }

    /// Lets followers of the history have what is durable and visible.
    pub(super) fn announce(&self, log: &Log) {
        let writer = match log {
            Log::Open(writer) => writer,
            Log::Following(followed) => {
                return self.announcements.announce(followed.position().last_sequence);
            }
            _ => return,
        };
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

    /// The sequence after which someone may still read the history.
    pub(super) fn history_needed_after(&self, writer: &LogWriter) -> u64 {
        let holds = [self.holds.slowest(), writer.consumers().slowest()];
        let slowest = holds.into_iter().flatten().min();
        let slowest = slowest.filter(|_| !bug!(ConsumersDoNotHold));
        slowest.map_or(writer.last_sequence(), |held| held.min(writer.last_sequence()))
    }
}

pub(super) const NO_LOG: Error =
    Error::InvalidState { reason: "a memory-only store has no log and keeps no history" };

pub(super) const FOLLOWS: Error = Error::InvalidState {
    reason: "this store follows a log that another process writes, and can only be read: write with the process that has it open",
};
