//! A consistent copy of the log under another name, while writes go on.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::compaction::{Source, copy_to};
use super::config::Durability;
use super::core::{Core, NO_LOG};
use super::line::Place;
use super::locked::locked;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::wal::consumers::Consumers;
use crate::wal::held::take_lock;
use crate::wal::path::LogPath;
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
    place: &Place,
    control: &Control,
) -> Result<BackupReport> {
    if core.config.durability() == Durability::MemoryOnly {
        return Err(NO_LOG);
    }
    let begun = Instant::now();
    core.check_open()?;
    let path = LogPath::resolve(&*core.storage, path)?;
    refuse_to_replace(&path)?;
    check_side_names(&*core.storage, &path)?;
    let _turn = core.rewriting.begin(place, control)?;
    // Keeps another backup to the same place out.
    let source = Source::of(core)?;
    let _lock = take_lock(&*core.storage, &path, &source.protection()?)?;
    let path = LogPath::resolve(&*core.storage, path.log())?;
    refuse_to_replace(&path)?;
    let mut reader = source.reader()?;
    let mut rewrite = source.rewrite(core, path.clone(), control)?;
    // Everything that the scan of the entries can have seen is in the log up to here.
    let (end, consumers, entries) = {
        let mut log = locked(&core.log);
        let writer = log.writer()?;
        let entries = core.read(|state| Ok(state.index.len() as u64))?;
        (writer.position(), Consumers::clone(writer.consumers()), entries)
    };
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

fn refuse_to_replace(path: &LogPath) -> Result<()> {
    if path.exists() {
        return Err(Error::FileExists { path: path.log().to_owned() });
    }
    Ok(())
}
