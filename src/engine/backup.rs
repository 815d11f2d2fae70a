//! A consistent copy of the log under another name, while writes go on.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::core::Core;
use super::locked::locked;
use super::queue::QueuePosition;
use super::source::{Source, copy_to};
use super::view::unreadable;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::state::State;
use crate::wal::consumers::Consumers;
use crate::wal::held::take_lock;
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::side_names::check_side_names;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// Where it is, with all links resolved.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// How many entries it holds.
    pub entries: u64,
    /// The sequence of the last operation in it.
    pub last_sequence: u64,
    /// How long it took.
    pub duration: Duration,
}

/// Writes a log that holds the state of `core`, and the history that its consumers still need, to `path`.
/// It gets its name when it is complete, durable and read back.
pub(super) fn backup(
    core: &Core,
    path: &Path,
    position: &QueuePosition,
    control: &Control,
) -> Result<BackupReport> {
    let begun = Instant::now();
    core.check_writes()?;
    let path = LogPath::resolve(&*core.storage, path)?;
    refuse_to_replace(&path)?;
    check_side_names(&*core.storage, &path)?;
    let _turn = core.rewriting.begin(position, control)?;
    core.warm(control)?;
    // Keeps out another backup to the same place.
    let source = Source::of(core)?;
    let _lock = take_lock(&*core.storage, &path, &source.protection()?)?;
    let path = LogPath::resolve(&*core.storage, path.log())?;
    refuse_to_replace(&path)?;
    let mut reader = source.reader()?;
    let mut rewrite = source.rewrite(core, path.clone(), control)?;
    // Everything that the scan of the entries can have seen is in the log up to here.
    let (end, consumers, state) = end_of_log(core)?;
    let entries = state.count().map_err(unreadable)?.entries;
    drop(state);
    copy_to(core, &mut rewrite, &mut reader, &source, control, end.offset)?;
    rewrite.set_consumers(consumers)?;
    rewrite.seal()?;
    rewrite.verify(&mut || core.rewriting.check(control))?;
    rewrite.name()?;
    rewrite.secure_name()?;
    Ok(BackupReport {
        path: path.log().to_owned(),
        bytes: rewrite.position().offset,
        entries,
        last_sequence: end.last_sequence,
        duration: begun.elapsed(),
    })
}

/// The end of the log, and its consumers and the entries at that moment.
fn end_of_log(core: &Core) -> Result<(Position, Consumers, State)> {
    let mut log = locked(&core.log);
    let writer = log.writer()?;
    let state = core.read(|state| Ok(state.clone()))?;
    Ok((writer.position(), Consumers::clone(writer.consumers()), state))
}

fn refuse_to_replace(path: &LogPath) -> Result<()> {
    if path.exists() {
        return Err(Error::FileExists { path: path.log().to_owned() });
    }
    Ok(())
}
