//! Builds a state from a log.

use std::path::Path;

use super::Snapshot;
use crate::control::{Control, Steps};
use crate::error::{Error, Result};
use crate::state::{Loader, State, replay};
use crate::storage::{Access, DiskStorage, Storage};
use crate::wal::durable::Mark;
use crate::wal::followed::Committed;
use crate::wal::path::LogPath;
use crate::wal::reader::{LogReader, Record};
use crate::wal::tail::{Tail, judge};

/// How often a damaged log is read again, in case it was a write in progress.
const ATTEMPTS: u32 = 3;

/// Builds the state of a store from its log, for diagnostics and checks. The log is only read, so
/// another process may have it open.
///
/// ```
/// use softadastra_store::{Key, SnapshotBuilderStore, StoreConfig, StoreEngine, Value};
///
/// # fn main() -> Result<(), softadastra_store::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("items.wal");
/// let engine = StoreEngine::open(StoreConfig::durable(&path))?;
/// engine.put(&Key::new("item:1")?, &Value::from_string("alpha"))?;
///
/// let snapshot = SnapshotBuilderStore::build(&path)?;
/// assert_eq!(snapshot.size(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SnapshotBuilderStore;

impl SnapshotBuilderStore {
    /// The state that the log at `path` leads to. The end of an interrupted write is left out, as
    /// recovery would; damage is refused.
    pub fn build(path: impl AsRef<Path>) -> Result<Snapshot> {
        Self::build_with(path, &Control::default())
    }

    /// Like [`build`](Self::build), but shows how much of the log is read, and gives up with [`Error::Aborted`] when
    /// asked to.
    pub fn build_with(path: impl AsRef<Path>, control: &Control) -> Result<Snapshot> {
        build(&DiskStorage, path.as_ref(), control, false)
    }

    /// Like [`build_with`](Self::build_with), but without what a process that has the log open may still take back: a
    /// write that is not on stable storage yet, or that fails. All of the log is checked nevertheless.
    ///
    /// Such a process keeps a file beside the log that tells what that is. Where there is none, nothing is left out.
    pub fn build_committed(path: impl AsRef<Path>, control: &Control) -> Result<Snapshot> {
        build(&DiskStorage, path.as_ref(), control, true)
    }

    /// [`build_committed`](Self::build_committed) on another file system.
    pub fn build_committed_on(storage: &dyn Storage, path: &Path) -> Result<Snapshot> {
        build(storage, path, &Control::default(), true)
    }

    /// [`build`](Self::build) on another file system.
    pub fn build_on(storage: &dyn Storage, path: &Path) -> Result<Snapshot> {
        build(storage, path, &Control::default(), false)
    }
}

fn build(
    storage: &dyn Storage,
    path: &Path,
    control: &Control,
    only_committed: bool,
) -> Result<Snapshot> {
    let path = LogPath::resolve(storage, path)?;
    let mark = only_committed.then(|| Mark::read(storage, &path)).flatten();
    let file = storage.open(path.log(), Access::Read);
    let file = file.map_err(|error| Error::io(path.log(), "open the log", error))?;
    let mut reader = LogReader::new(path.log(), &*file)?;
    let log_bytes = reader.window().file_len();
    let mut loader = Loader::for_log(log_bytes);
    let mut steps = Steps::new(control, log_bytes);
    let mut committed = Committed::of(mark, reader.header());
    let mut last_sequence = reader.position().last_sequence;
    let mut attempts = 0;
    loop {
        loop {
            let at = reader.position().offset;
            let is_shown = committed.has_next(&mut reader)?;
            let mut sink = |records: &[Record<'_>]| {
                if is_shown {
                    replay(&mut loader, records);
                }
            };
            if !reader.next_frame(&mut sink)? {
                break;
            }
            if is_shown {
                last_sequence = reader.position().last_sequence;
            }
            steps.add(reader.position().offset - at)?;
        }
        let Tail::Corrupt { reason } = judge(&mut reader)? else { break };
        attempts += 1;
        if attempts == ATTEMPTS {
            let position = reader.position();
            return Err(Error::CorruptLog {
                path: path.log().to_owned(),
                sequence: position.last_sequence + 1,
                offset: position.offset,
                reason,
            });
        }
        reader.refresh()?;
    }
    let state = State::loaded(loader, last_sequence);
    if state.is_exhausted() {
        return Err(Error::StoreFull);
    }
    control.check()?;
    Ok(Snapshot::alone(state.index, last_sequence, storage.now()))
}
