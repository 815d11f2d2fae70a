//! Opening the log, or opening it again, and replaying it.

use std::sync::Arc;
use std::time::Instant;

use super::config::{Durability, Verify};
use super::core::{Core, FOLLOWS, Log, Phase};
use super::indexing::index_if_due;
use super::locked::locked;
use super::open_log::OpenLog;
use super::outcome::RecoveryReport;
use super::store::StoreEngine;
use super::sweeping::sweep_if_due;
use super::warming::warm_in_background;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::index_file::IndexFile;
use crate::state::{Cold, KeyFilter, Loader, State, Tail, replay as replay_records};
use crate::sync::atomic::Ordering;
use crate::wal::consumers::Consumers;
use crate::wal::folder::OpenFolder;
use crate::wal::held::Held;
use crate::wal::open::{self, Replay, Resume};
use crate::wal::position::Position;
use crate::wal::reader::Record;
use crate::wal::writer::LogWriter;

impl StoreEngine {
    /// Opens the log if needed, replays it, and replaces the state in memory by what it says. The
    /// log is locked from here on. Called again it replays the log that it opened first, wherever links lead by
    /// then; [`Error::LogReplaced`] says that its name stands for another file, and changes nothing. Nor does a folder
    /// that cannot be opened.
    ///
    /// A log with a clean end is read without a sync. What it holds is made durable before a write is acknowledged,
    /// the history is read, or [`flush`](Self::flush), [`close`](Self::close), [`compact`](Self::compact) or
    /// [`backup`](Self::backup) succeeds. Any other log is durable when this returns.
    ///
    /// A log that has an index file is replayed from where that ends, and the store can be used. The whole log is
    /// replayed after that, by a thread; [`ready`](Self::ready) waits for it. Damage that it finds fails every later
    /// call with the error that an opening would have. Called again, a recovery always replays all of the log.
    ///
    /// If it fails, the store is not open. A damaged log is not changed.
    pub fn recover(&self) -> Result<RecoveryReport> {
        self.recover_with(&Control::default(), Verify::Later)
    }

    /// [`recover`](Self::recover), which gives up with [`Error::Aborted`] when it is asked to during the
    /// replay. Nothing of the log is changed by then. `verify` says whether an index file may stand for the log.
    pub fn recover_with(&self, control: &Control, verify: Verify) -> Result<RecoveryReport> {
        let begun = Instant::now();
        let core = &*self.core;
        if core.config.durability() == Durability::Following {
            return self.core.follow(control, verify);
        }
        // Whoever rewrites the log gives up first: it is about to become another one.
        let _turn = core.rewriting.stop();
        let mut log = locked(&core.log);
        // What was found damaged is to be judged before it is used again.
        let has_failed = matches!(*log, Log::Failed(_));
        let verify = if has_failed { Verify::First } else { verify };
        let held = let_go(core, &mut log)?;
        // Whoever closes the store meanwhile waits for the log, and closes what is open then.
        let _ = core.enter(Phase::Unopened);
        let mut opened = replay(core, held, control, verify)?;
        if !bug!(RecoveryKeepsOldState) {
            core.replace(std::mem::take(&mut opened.state))?;
        }
        if !bug!(RecoveryNotTold) {
            core.feed.end(Some(&RECOVERED));
        }
        *log = Log::Open(Box::new(opened.writer));
        core.last_recovered.store(opened.report.last_sequence, Ordering::Release);
        core.publish(&log);
        core.sweeping.begin(opened.expiring);
        let entered = core.enter(opened.phase);
        core.announce(&log);
        drop(log);
        entered?;
        go_on_in_background(&self.core);
        Ok(RecoveryReport { duration: begun.elapsed(), ..opened.report })
    }

    /// The sequence of the last operation that [`recover`](Self::recover) replayed.
    pub fn last_recovered_sequence(&self) -> u64 {
        self.core.last_recovered.load(Ordering::Acquire)
    }
}

/// What a failed sync left in doubt, and what a buffered store had not synced, may have come or gone.
const RECOVERED: Error = Error::InvalidState {
    reason: "the store was recovered, and what that changed is not known: watch it again",
};

/// Takes the writer out of an open log. Its lock is kept, so that nobody else gets in.
fn let_go(core: &Core, log: &mut Log) -> Result<Option<(Held, OpenFolder)>> {
    let writer = match log {
        Log::Open(writer) => writer,
        Log::Following(_) => return Err(FOLLOWS),
        Log::Unopened | Log::Failed(_) => return Ok(None),
        Log::Closed => return Err(Error::Closed),
        Log::Memory { .. } => {
            return Err(Error::InvalidState {
                reason: "a memory-only store has no log to recover from",
            });
        }
    };
    let checked = writer.check_name();
    let folder = writer.open_folder(&*core.storage);
    core.publish(log);
    checked?;
    let folder = folder?;
    let held = match std::mem::replace(log, Log::Unopened) {
        Log::Open(writer) => writer.into_held(),
        _ => None,
    };
    Ok(held.zip(Some(folder)))
}

/// What need not be done before a store can be used.
fn go_on_in_background(core: &Arc<Core>) {
    if core.is_warm() {
        index_if_due(core);
        sweep_if_due(core);
    } else if core.config.index().background {
        warm_in_background(core);
    }
}

/// A log that was opened, and what it says.
struct Opened {
    state: State,
    writer: LogWriter,
    report: RecoveryReport,
    phase: Phase,
    /// How many entries expire, when that is known.
    expiring: Option<usize>,
}

/// Reads the log: all of it, unless an index file stands for the first part.
fn replay(
    core: &Core,
    held: Option<(Held, OpenFolder)>,
    control: &Control,
    verify: Verify,
) -> Result<Opened> {
    // A repeated recovery should say what is in the log.
    let by_index = held.is_none() && verify == Verify::Later && core.config.index().enabled;
    let opening = core.begin_opening(held)?;
    let found = if by_index { core.index_file(&opening)? } else { None };
    let (file, tombstones) = found.map_or_else(Default::default, |(file, kept)| (Some(file), kept));
    let resume = file.as_deref().map(resume_of);
    let pages_out = core.pages_out() && file.is_none();
    let (mut loader, mut keys) = (None, None);
    let sink = |bytes, records: &[Record<'_>]| {
        if file.is_some() {
            note_keys(keys.get_or_insert_with(|| KeyFilter::for_log(bytes)), records);
        } else if !pages_out {
            replay_records(loader.get_or_insert_with(|| Loader::for_log(bytes)), records);
        }
    };
    let aborted = || control.is_aborted();
    let synced = core.config.durability() == Durability::Synced;
    let (mut writer, replay) = open::open(&*core.storage, opening, synced, resume, sink, aborted)?;
    let replayed =
        loader.map_or_else(State::default, |loader| State::loaded(loader, replay.last_sequence));
    if replayed.is_exhausted() {
        return Err(Error::StoreFull);
    }
    let report = RecoveryReport {
        checkpoint_entries: file.as_ref().map_or(replay.entries, |file| file.checkpoint_entries()),
        indexed_sequence: file.as_ref().map_or(0, |file| file.covered().last_sequence),
        bytes_unverified: file.as_ref().map_or(0, |file| file.covered().offset),
        index_failure: if by_index { core.indexing.failure() } else { None },
        ..report_of(replay)
    };
    let mut state = if pages_out {
        core.page_out_log(&mut writer, control)?
    } else if let Some(file) = file {
        let cold = cold(file, keys, OpenLog::of(&writer), writer.position());
        State { cold: Some(cold), tombstones, last_sequence: report.last_sequence, ..replayed }
    } else {
        State { last_sequence: report.last_sequence, ..replayed }
    };
    state.tombstones.forget_all(core.storage.now());
    core.note_opened(&state, report.bytes_unverified == 0);
    let phase = if state.cold.is_some() { Phase::Cold } else { Phase::Open };
    let report = RecoveryReport { entries: state.entries(), ..report };
    let expiring = state.cold.is_none().then(|| state.index.expiring());
    Ok(Opened { state, writer, report, phase, expiring })
}

/// Where the replay of a log begins that an index file stands for up to there.
pub(super) fn resume_of(file: &IndexFile) -> Resume {
    let consumers = if bug!(IndexedConsumersForgotten) {
        Consumers::default()
    } else {
        file.consumers().clone()
    };
    Resume { position: *file.covered(), history: *file.history(), consumers }
}

fn report_of(replay: Replay) -> RecoveryReport {
    RecoveryReport {
        records: replay.records,
        last_sequence: replay.last_sequence,
        bytes_kept: replay.bytes_kept,
        bytes_cut: replay.bytes_cut,
        cut_saved_to: replay.cut_saved_to,
        created: replay.created,
        clean_shutdown: replay.clean_shutdown,
        ..RecoveryReport::default()
    }
}

/// What an index file says, and which keys the log has after that.
fn cold(file: Arc<IndexFile>, keys: Option<KeyFilter>, log: OpenLog, end: Position) -> Cold {
    let begin = *file.covered();
    let tail = |keys| Tail {
        path: log.path.log().to_owned(),
        file: log.file,
        header: log.header,
        begin,
        end,
        keys,
    };
    let totals = file.totals_at(&end);
    let tail = keys.map(tail).map(Arc::new);
    Cold { tail, ..Cold::new(file, Index::new(), &Index::new(), totals) }
}

fn note_keys(keys: &mut KeyFilter, records: &[Record<'_>]) {
    for record in records {
        keys.add(record.operation.key.as_bytes());
    }
}
