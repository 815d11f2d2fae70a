//! Compaction: the log is rewritten to a new file without what nobody needs, and replaced by a rename.
//!
//! Reads and writes go on. Only the last step, which copies what was written since the step before and
//! renames the new log, keeps writers waiting.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::catch_up::{ROUNDS, SHORT};
use super::core::Core;
use super::locked::locked;
use super::notices::Notice;
use super::outcome::CompactionReport;
use super::queue::QueuePosition;
use super::source::{Source, copy_to, live_log_bytes};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::sync::atomic::Ordering;
use crate::sync::thread;
use crate::wal::consumers::Consumers;
use crate::wal::patience::Patience;
use crate::wal::reader::LogReader;
use crate::wal::rewrite::Rewrite;

/// How often a compaction starts over because a reader came who needs more history.
const ATTEMPTS: usize = 4;

/// Rewrites the log of `core` when all compactions and backups before it are done.
pub(super) fn compact(
    core: &Core,
    position: &QueuePosition,
    control: &Control,
) -> Result<CompactionReport> {
    core.check_writes()?;
    let _turn = core.rewriting.begin(position, control)?;
    noted(core, control)
}

fn noted(core: &Core, control: &Control) -> Result<CompactionReport> {
    let outcome = compact_in_turn(core, control);
    if !matches!(outcome, Err(Error::Aborted)) {
        core.rewriting.note(&outcome);
        core.notices.tell(&Notice::Compaction(outcome.clone()));
    }
    if outcome.is_ok() {
        core.index_now();
    }
    outcome
}

fn compact_in_turn(core: &Core, control: &Control) -> Result<CompactionReport> {
    let begun = Instant::now();
    core.warm(control)?;
    core.secure_names()?;
    for _ in 0..ATTEMPTS {
        let source = Source::of(core)?;
        let mut reader = source.reader()?;
        let rewrite = source.rewrite(core, source.path.clone(), control)?;
        if let Some(pause) = finish(core, rewrite, &mut reader, &source, control)? {
            let (bytes_after, floor) = (core.log_bytes().0, source.begin.last_sequence);
            let (bytes_before, duration) = (source.bytes, begun.elapsed());
            return Ok(CompactionReport { bytes_before, bytes_after, floor, duration, pause });
        }
    }
    Err(Error::InvalidState { reason: "readers kept asking for history that a compaction drops" })
}

/// What became of the new log.
enum Switch<'s> {
    /// It has replaced the old one. Writers had to wait this long for that.
    Done(Duration),
    /// A reader has come who needs history that it does not have.
    Outdated,
    /// Its name cannot be given for a moment.
    Held(Box<Rewrite<'s>>, Error),
}

/// Brings the new log up to date, replaces the old one with it, and returns how long writers had to wait for that;
/// nothing when a reader has come who needs history that the new log does not have. While someone else blocks the
/// rename, writes go on.
fn finish(
    core: &Core,
    mut rewrite: Rewrite<'_>,
    reader: &mut LogReader<'_>,
    source: &Source,
    control: &Control,
) -> Result<Option<Duration>> {
    let mut patience = Patience::new();
    loop {
        catch_up(core, &mut rewrite, reader, source, control)?;
        let _turn = core.indexing.begin();
        match switch(core, rewrite, reader, source)? {
            Switch::Done(pause) => {
                core.page_compacted_log();
                return Ok(Some(pause));
            }
            Switch::Outdated => return Ok(None),
            Switch::Held(_, error) if !patience.wait() => return Err(error),
            Switch::Held(again, _) => rewrite = *again,
        }
    }
}

/// Copies what was written in the meantime until little is left, and checks and syncs all of it.
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

/// Replaces the old log with the new one.
fn switch<'s>(
    core: &Core,
    mut rewrite: Rewrite<'s>,
    reader: &mut LogReader<'_>,
    source: &Source,
) -> Result<Switch<'s>> {
    let mut log = locked(&core.log);
    let begun = Instant::now();
    let writer = log.writer()?;
    if writer.is_poisoned() {
        return Err(writer.poisoned());
    }
    if core.history_needed_after(writer) < source.begin.last_sequence {
        return Ok(Switch::Outdated);
    }
    if !bug!(CatchUpForgotten) {
        rewrite.copy_history(reader, &*source.file, &writer.position())?;
    }
    rewrite.set_consumers(Consumers::clone(writer.consumers()))?;
    rewrite.seal()?;
    rewrite.verify(&mut || Ok(()))?;
    match rewrite.replace(writer) {
        Ok(None) => {}
        Ok(Some(held)) => return Ok(Switch::Held(Box::new(rewrite), held)),
        Err(refused) => {
            core.publish(&log);
            return Err(refused);
        }
    }
    let secured = rewrite.secure_name();
    writer.take_over(rewrite.into_writer());
    core.indexing.note_none(None);
    if secured.is_err() {
        // After a crash the name may stand for either log. Both hold the same, so nothing is lost, but
        // what is written to one of them now could be.
        writer.poison();
    }
    core.publish(&log);
    core.announce(&log);
    secured.map(|()| Switch::Done(begun.elapsed()))
}

/// Compacts on a separate thread when the log has grown enough.
pub(super) fn compact_if_due(core: &Arc<Core>) {
    if !is_due(core) || core.rewriting.due.swap(true, Ordering::AcqRel) {
        return;
    }
    let (compacted, position) = (Arc::clone(core), core.rewriting.join());
    let begun = thread::Builder::new().name("compaction".into()).spawn(move || {
        compact_unattended(&compacted, &position);
        compacted.rewriting.due.store(false, Ordering::Release);
    });
    if begun.is_err() {
        core.rewriting.due.store(false, Ordering::Release);
    }
}

fn compact_unattended(core: &Core, position: &QueuePosition) {
    let control = Control::default();
    let Ok(_turn) = core.rewriting.begin(position, &control) else { return };
    // Whoever had the turn before may have done it.
    if core.check_open().is_err() || !is_due(core) {
        return;
    }
    if let Err(error) = noted(core, &control) {
        // An immediate retry would fail again.
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
        || !(core.is_warm() || core.is_paging())
        || log < core.rewriting.not_before.load(Ordering::Acquire)
    {
        return false;
    }
    let live = live_log_bytes(core).ok().flatten();
    let left = live.map_or(u64::MAX, |live| live.saturating_add(held));
    #[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact")]
    let grown = log as f64 >= left as f64 * policy.ratio;
    grown
}
