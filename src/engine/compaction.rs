//! Compaction: the log is rewritten beside itself without what nobody needs, and replaced by a rename.
//!
//! Reads and writes go on. Only the last step, which copies what was written since the step before and
//! renames the new log, keeps writers waiting.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::checkpoint::write_entries;
use super::config::Durability;
use super::core::{Core, NO_LOG};
use super::line::Place;
use super::locked::locked;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::operation::PAYLOAD_OVERHEAD;
use crate::storage::{Protection, StorageFile};
use crate::wal::consumers::Consumers;
use crate::wal::format::FileHeader;
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::reader::LogReader;
use crate::wal::rewrite::Rewrite;

/// With less than this left to copy, writers can wait for it.
const SHORT: u64 = 256 << 10;
/// After so many rounds writers wait for what is left, however much that is.
const ROUNDS: usize = 16;
/// How often a compaction begins again because a reader came who needs more history.
const ATTEMPTS: usize = 4;

/// What a compaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactionReport {
    /// Bytes of the log when the compaction began.
    pub bytes_before: u64,
    /// Bytes of the log that took its place.
    pub bytes_after: u64,
    /// The history after this sequence is still there.
    pub floor: u64,
    /// How long it took.
    pub duration: Duration,
    /// For how long writers had to wait at the end.
    pub pause: Duration,
}

/// The log that is rewritten, as it was when the rewriting began.
pub(super) struct Source {
    pub(super) path: LogPath,
    pub(super) file: Arc<dyn StorageFile>,
    pub(super) header: FileHeader,
    /// The history from here on is kept.
    pub(super) begin: Position,
    pub(super) bytes: u64,
    /// About how many bytes the new log will have.
    pub(super) expected: u64,
}

/// Rewrites the log of `core` when all compactions and backups before it are done.
pub(super) fn compact(core: &Core, place: &Place, control: &Control) -> Result<CompactionReport> {
    if core.config.durability() == Durability::MemoryOnly {
        return Err(NO_LOG);
    }
    core.check_open()?;
    let _turn = core.rewriting.begin(place, control)?;
    noted(core, control)
}

fn noted(core: &Core, control: &Control) -> Result<CompactionReport> {
    let outcome = compact_in_turn(core, control);
    if !matches!(outcome, Err(Error::Aborted)) {
        core.rewriting.note(&outcome);
    }
    outcome
}

fn compact_in_turn(core: &Core, control: &Control) -> Result<CompactionReport> {
    let begun = Instant::now();
    core.secure_names()?;
    for _ in 0..ATTEMPTS {
        let source = Source::of(core)?;
        let mut reader = source.reader()?;
        let mut rewrite = source.rewrite(core, source.path.clone(), control)?;
        catch_up(core, &mut rewrite, &mut reader, &source, control)?;
        if let Some(pause) = switch(core, rewrite, &mut reader, &source)? {
            let (bytes_after, floor) = (core.log_bytes().0, source.begin.last_sequence);
            let (bytes_before, duration) = (source.bytes, begun.elapsed());
            return Ok(CompactionReport { bytes_before, bytes_after, floor, duration, pause });
        }
    }
    Err(Error::InvalidState { reason: "readers kept asking for history that a compaction drops" })
}

impl Source {
    /// The log as it is now, and the boundary of frames up to which its history is not needed.
    pub(super) fn of(core: &Core) -> Result<Self> {
        // Finds out whether the folder can be synced before anything has been renamed.
        core.secure()?;
        let mut log = locked(&core.log);
        let writer = log.writer()?;
        if writer.is_poisoned() {
            return Err(writer.poisoned());
        }
        let needed_after = core.history_needed_after(writer);
        let end = writer.position();
        let landmark = writer.landmarks().before(needed_after).unwrap_or(end);
        let (file, header) = (Arc::clone(writer.file()), writer.header().clone());
        let path = LogPath::of_open_log(writer.path());
        drop(log);
        let begin = if needed_after >= end.last_sequence {
            end
        } else {
            let mut reader = LogReader::at(path.log(), &*file, &header, landmark)?;
            reader.skip_to(needed_after, end.offset)?;
            *reader.position()
        };
        let expected = live_log_bytes(core)? + (end.offset - begin.offset);
        Ok(Self { path, file, header, begin, bytes: end.offset, expected })
    }

    /// A reader of the history that is kept.
    pub(super) fn reader(&self) -> Result<LogReader<'_>> {
        LogReader::at(self.path.log(), &*self.file, &self.header, self.begin)
    }

    /// Who may read it.
    pub(super) fn protection(&self) -> Result<Protection> {
        let found = self.file.protection();
        found.map_err(|error| Error::io(self.path.log(), "look at the log", error))
    }

    /// Begins a new log for `path` with the entries.
    pub(super) fn rewrite<'c>(
        &self,
        core: &'c Core,
        path: LogPath,
        control: &Control,
    ) -> Result<Rewrite<'c>> {
        let header = FileHeader {
            salt: if bug!(CompactionKeepsSalt) { self.header.salt } else { core.storage.random() },
            generation: self.header.generation + 1,
            base_sequence: self.begin.last_sequence,
            has_checkpoint: true,
        };
        let mut rewrite = Rewrite::begin(&*core.storage, path, header, &self.protection()?)?;
        write_entries(core, &mut rewrite, self.begin.last_sequence, control, self.expected)?;
        Ok(rewrite)
    }
}

/// Copies what was written meanwhile until little is left, and checks and syncs all of it.
fn catch_up(
    core: &Core,
    rewrite: &mut Rewrite<'_>,
    reader: &mut LogReader<'_>,
    source: &Source,
    control: &Control,
) -> Result<()> {
    for _ in 0..ROUNDS {
        copy_to(core, rewrite, reader, source, control, core.log_bytes().0)?;
        rewrite.flush()?;
        rewrite.verify(&mut || core.rewriting.check(control))?;
        if core.log_bytes().0.saturating_sub(reader.position().offset) < SHORT {
            break;
        }
    }
    Ok(())
}

/// Copies the history up to the frame boundary `end`, which must be there already.
pub(super) fn copy_to(
    core: &Core,
    rewrite: &mut Rewrite<'_>,
    reader: &mut LogReader<'_>,
    source: &Source,
    control: &Control,
    end: u64,
) -> Result<()> {
    reader.refresh()?;
    while reader.position().offset < end {
        rewrite.copy_frame(reader, &*source.file)?;
        let written = rewrite.position().offset;
        core.rewriting.step(control, written, source.expected)?;
    }
    Ok(())
}

/// Puts the new log in the place of the old one, and says how long writers had to wait for that; nothing
/// when a reader has come who needs history that the new log does not have.
fn switch(
    core: &Core,
    mut rewrite: Rewrite<'_>,
    reader: &mut LogReader<'_>,
    source: &Source,
) -> Result<Option<Duration>> {
    let mut log = locked(&core.log);
    let begun = Instant::now();
    let writer = log.writer()?;
    if writer.is_poisoned() {
        return Err(writer.poisoned());
    }
    if core.history_needed_after(writer) < source.begin.last_sequence {
        return Ok(None);
    }
    if !bug!(CatchUpForgotten) {
        rewrite.copy_history(reader, &*source.file, &writer.position())?;
    }
    rewrite.set_consumers(Consumers::clone(writer.consumers()))?;
    rewrite.seal()?;
    rewrite.verify(&mut || Ok(()))?;
    if let Err(refused) = rewrite.replace(writer) {
        core.publish(&log);
        return Err(refused);
    }
    let secured = rewrite.secure_name();
    writer.take_over(rewrite.into_writer());
    if secured.is_err() {
        // After a crash the name may stand for either log. Both hold the same, so nothing is lost, but
        // what would be written to one of them now could be.
        writer.poison();
    }
    core.publish(&log);
    core.announce(&log);
    secured.map(|()| Some(begun.elapsed()))
}

/// About what a compaction leaves when nobody needs any history.
fn live_log_bytes(core: &Core) -> Result<u64> {
    let entry = (size_of::<u64>() + PAYLOAD_OVERHEAD) as u64;
    core.read(|state| Ok(state.index.live_bytes() + state.index.len() as u64 * entry))
}

/// Compacts on a thread of its own when the log has grown enough.
pub(super) fn compact_if_due(core: &Arc<Core>) {
    if !is_due(core) || core.rewriting.due.swap(true, Ordering::AcqRel) {
        return;
    }
    let (compacted, place) = (Arc::clone(core), core.rewriting.join());
    let begun = thread::Builder::new().name("compaction".into()).spawn(move || {
        compact_unattended(&compacted, &place);
        compacted.rewriting.due.store(false, Ordering::Release);
    });
    if begun.is_err() {
        core.rewriting.due.store(false, Ordering::Release);
    }
}

fn compact_unattended(core: &Core, place: &Place) {
    let control = Control::default();
    let Ok(_turn) = core.rewriting.begin(place, &control) else { return };
    // Whoever was before may have done it.
    if core.check_open().is_err() || !is_due(core) {
        return;
    }
    if let Err(error) = noted(core, &control) {
        // Trying again at once would fail again.
        let again = core.log_bytes().0 + core.config.compaction().minimum_bytes;
        core.rewriting.not_before.store(again, Ordering::Release);
        if !matches!(error, Error::Aborted) {
            core.rewriting.note_unattended(error);
        }
    }
}

fn is_due(core: &Core) -> bool {
    let policy = core.config.compaction();
    let (log, held) = core.log_bytes();
    if !policy.automatic
        || log < policy.minimum_bytes
        || log < core.rewriting.not_before.load(Ordering::Acquire)
    {
        return false;
    }
    let left = live_log_bytes(core).map_or(u64::MAX, |live| live.saturating_add(held));
    #[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact")]
    let grown = log as f64 >= left as f64 * policy.ratio;
    grown
}
