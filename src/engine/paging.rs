//! A store with a memory limit: what does not fit is in the log alone, found by the index file.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::catch_up::{ROUNDS, SHORT};
use super::core::{Core, Log};
use super::folding::fold;
use super::indexed::Known;
use super::indexing::on_a_thread;
use super::locked::locked;
use super::open_log::OpenLog;
use super::view::unreadable;
use crate::error::{Error, Result};
use crate::index::{Index, Range};
use crate::index_file::Found;
use crate::state::{Cold, State};
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use crate::wal::landmarks::Landmarks;
use crate::wal::position::Position;
use crate::wal::reader::{LogReader, Record};
use crate::wal::writer::LogWriter;

/// Of the memory limit, this part is for entries that were written since the index file. With twice as much, writers
/// wait until it is written anew.
const WRITTEN_PART: u64 = 4;
/// After a failure it is not tried again for ten times this.
const FAILED_FOR: Duration = Duration::from_secs(1);

impl Core {
    /// Whether entries are in the log alone that do not fit into memory.
    pub(super) fn is_paging(&self) -> bool {
        self.paging.load(Ordering::Acquire)
    }

    pub(super) fn budget(&self) -> u64 {
        self.config.paging_limit().map_or(u64::MAX, |limit| limit / WRITTEN_PART)
    }

    /// Whether the store is to keep in its log what does not fit into memory.
    pub(super) fn pages_out(&self) -> bool {
        self.config.paging_limit().is_some()
    }

    /// What is to be known of a store that is about to be open: whether it keeps entries in its log, and whether all
    /// of that was found sound.
    pub(super) fn note_opened(&self, state: &State, is_verified: bool) {
        self.paging.store(self.pages_out() && state.cold.is_some(), Ordering::Release);
        self.warming.note_verified(is_verified);
    }

    /// Notes that the index file which `state` goes by is the one of the log.
    pub(super) fn note_paged(&self, log: &OpenLog, state: &State) {
        if let Some(cold) = &state.cold {
            let sequence = cold.file.covered().last_sequence;
            self.indexing.note(Known { id: cold.file.id(), log: log.header.clone(), sequence }, 0);
        }
    }

    /// Writes the index file anew, so that what was written so far need not be in memory. Reads and writes go on.
    fn fold_written(&self) -> Result<()> {
        let _turn = self.indexing.begin();
        let begun = Instant::now();
        if !self.is_over_budget(1) {
            return Ok(());
        }
        let (log, end, state) = self.durable_log(|state| Ok(state.clone()))?;
        let mut check = || self.check_paging();
        if state.cold.as_ref().is_none_or(|cold| !cold.file.is_of(&log.header)) {
            // A compaction left another log, for which no index file could be written then.
            drop(state);
            return self.page_compacted(&mut check);
        }
        let covered = log.covered(&*self.storage, end);
        let folded = match fold(&covered, &state, self.cached_pages(), &mut check) {
            Err(error) if !matches!(error, Error::Aborted) => {
                // The file before may be damaged, and would be in the way of every other.
                drop(state);
                return self.page_compacted(&mut check);
            }
            folded => folded?,
        };
        drop(state);
        let held = self.hold(&log)?;
        self.note_paged(&log, &folded);
        self.go_on_with(folded, &end)?;
        drop(held);
        self.indexing.rest(begun.elapsed());
        Ok(())
    }

    /// The log, where it ends now that all of it is on stable storage, and what `look` sees in the state there.
    fn durable_log<R>(
        &self,
        look: impl FnOnce(&State) -> Result<R>,
    ) -> Result<(OpenLog, Position, R)> {
        let mut log = locked(&self.log);
        let writer = log.writer()?;
        if !writer.is_all_durable() {
            writer.flush()?;
        }
        let (open, end) = (OpenLog::of(writer), writer.position());
        let seen = self.read(look)?;
        self.publish(&log);
        self.announce(&log);
        Ok((open, end, seen))
    }

    /// Keeps everybody else out of the log, if it is still this one.
    fn hold(&self, log: &OpenLog) -> Result<MutexGuard<'_, Log>> {
        let mut held = locked(&self.log);
        if *held.writer()?.header() == log.header { Ok(held) } else { Err(Error::Aborted) }
    }

    /// Puts `folded` in the place of the state, with what was written after `end`. The log must be locked.
    fn go_on_with(&self, folded: State, end: &Position) -> Result<()> {
        let Some(file) = folded.cold.map(|cold| cold.file) else { return Ok(()) };
        let next = self.read(|state| {
            let index = written_after(&state.index, end.last_sequence);
            let removed = state.cold.as_ref().map(|cold| &cold.removed);
            let removed = removed.map(|keys| written_after(keys, end.last_sequence));
            let removed = removed.unwrap_or_default();
            let totals = state
                .totals()
                .or_else(|| file.exact().filter(|_| index.is_empty() && removed.is_empty()));
            let cold = Cold::new(Arc::clone(&file), removed, &index, totals);
            let tombstones = state.tombstones.clone();
            Ok(State { index, last_sequence: state.last_sequence, cold: Some(cold), tombstones })
        })?;
        self.replace(next)
    }

    /// After a compaction, goes on by an index file of the log that it left. Until there is one, entries are read from the
    /// log of before, which has no name any more.
    pub(super) fn page_compacted_log(&self) {
        if self.is_paging()
            && let Err(error) = self.page_compacted(&mut || self.check_paging())
        {
            self.indexing.note_failure(error.to_string(), 0);
        }
    }

    /// Makes another index file from the log, since the one that there is has turned out to be of no use.
    pub(super) fn page_anew(&self) -> Result<()> {
        let _turn = self.indexing.begin();
        if self.indexing.known().is_some() || bug!(DamagedIndexKept) {
            // Somebody else has.
            return Ok(());
        }
        let made = self.page_compacted(&mut || self.check_paging());
        if let Err(error @ Error::CorruptLog { .. }) = &made {
            self.fail(error);
        }
        made
    }

    fn check_paging(&self) -> Result<()> {
        if self.indexing.is_ended() || !self.is_cold() { Err(Error::Aborted) } else { Ok(()) }
    }

    /// Leaves an index file of all entries beside a log that was sealed just now, when not all of them are in memory.
    pub(super) fn fold_closed(&self, writer: &LogWriter) {
        let log = OpenLog::of(writer);
        let Ok(state) = self.read(|state| Ok(state.clone())) else { return };
        if state.cold.as_ref().is_some_and(|cold| cold.file.is_of(&log.header)) {
            // Nobody is left to be told of a failure, and all it costs is a longer replay.
            let _ =
                fold(&log.covered(&*self.storage, writer.position()), &state, 1, &mut || Ok(()));
        }
    }

    /// Puts a state by an index file of the log that a compaction left in the place of the one of before. Whoever calls
    /// this has the turn to write index files.
    pub(super) fn page_compacted(&self, check: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let (log, end, ()) = self.durable_log(|_| Ok(()))?;
        let mut state = self.page_out(&log, &end, check)?;
        let mut reader = LogReader::at(log.path.log(), &*log.file, &log.header, end)?;
        for _ in 0..ROUNDS {
            let (now, end, ()) = self.durable_log(|_| Ok(()))?;
            if now.header != log.header {
                return Err(Error::Aborted);
            }
            let is_near = end.offset - reader.position().offset < SHORT;
            self.page_on(&log, &mut reader, &mut state, &end, self.budget(), check)?;
            if is_near {
                break;
            }
        }
        let mut held = self.hold(&log)?;
        // Nobody could write while another file was made, so what is left stays in memory.
        let end = held.writer()?.position();
        self.page_on(&log, &mut reader, &mut state, &end, u64::MAX, check)?;
        let totals = self.read(|state| Ok(state.totals()))?;
        if let (Some(cold), Some(totals)) = (&mut state.cold, totals) {
            cold.count(&state.index, totals);
        }
        self.note_paged(&log, &state);
        self.replace(state)
    }

    fn is_over_budget(&self, times: u64) -> bool {
        let memory = self.read(|state| Ok(state.written_bytes())).unwrap_or(0);
        self.is_paging() && memory > self.budget().saturating_mul(times)
    }

    /// Waits until there is room for more writes, when there is much too little.
    pub(super) fn wait_for_memory(&self) {
        let may_fail_again = self.indexing.failure().is_some() && !self.indexing.is_due(u64::MAX);
        if self.is_over_budget(2) && !may_fail_again {
            self.fold_noted();
        }
    }

    fn fold_noted(&self) {
        if let Err(error) = self.fold_written()
            && !matches!(error, Error::Aborted | Error::Closed | Error::NotOpen)
        {
            self.indexing.note_failure(error.to_string(), 0);
            self.indexing.rest(FAILED_FOR);
        }
    }

    /// Counts the entries of a store that keeps some of them in the log alone: those that only memory has, and those
    /// that the index file has.
    pub(super) fn count_paged(&self) -> Result<u64> {
        match self.count_and_note()? {
            Ok(entries) => Ok(entries),
            Err(unusable) => {
                self.do_without(&unusable)?;
                self.count_and_note()?.map_err(unreadable)
            }
        }
    }

    fn count_and_note(&self) -> Result<Found<u64>> {
        let _log = locked(&self.log);
        let counted = match self.read(|state| Ok(state.count()))? {
            Ok(counted) => counted,
            Err(unusable) => return Ok(Err(unusable)),
        };
        self.change(|state| state.note_counted(counted))?;
        Ok(Ok(counted.entries))
    }

    /// Reads the whole log, to find it sound. What it holds is not kept.
    pub(super) fn scrub(
        &self,
        reader: &mut LogReader<'_>,
        check: &dyn Fn(u64) -> Result<()>,
    ) -> Result<()> {
        let end = self.log_bytes().0;
        let mut expires = false;
        let mut sink = |records: &[Record<'_>]| {
            expires |= records.iter().any(|record| record.attributes.expiry.is_some());
        };
        reader.read_to(end, &mut Landmarks::default(), &mut sink, check)?;
        if expires {
            self.sweeping.want();
        }
        Ok(())
    }
}

/// The entries of an index that are newer than this.
fn written_after(index: &Index, sequence: u64) -> Index {
    let mut newer = Index::new();
    for record in index.scan(&Range::all()).filter(|record| record.version() > sequence) {
        newer.put_record(&record);
    }
    newer
}

/// Has the index file written anew on a thread of its own when much was written.
pub(super) fn fold_if_due(core: &Arc<Core>) {
    if !core.is_paging() || !core.is_over_budget(1) || !core.indexing.is_due(u64::MAX) {
        return;
    }
    if core.config.index().background {
        on_a_thread(core, Core::fold_noted);
    } else {
        core.fold_noted();
    }
}
