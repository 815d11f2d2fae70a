//! Reads and writes the index file of the log.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use super::core::Core;
use super::indexed::Known;
use super::locked::locked;
use super::open_log::OpenLog;
use crate::error::{Error, Result};
use crate::index::Range;
use crate::index_file::{
    Counts, Covered, FEW_PAGES, IndexBuilder, IndexFile, PAGE, Unusable, write_counts,
};
use crate::state::{State, Tombstones};
use crate::storage::Protection;
use crate::sync::atomic::Ordering;
use crate::sync::thread;
use crate::wal::held::Opening;
use crate::wal::position::Position;
use crate::wal::reader::LogReader;
use crate::wal::writer::LogWriter;

/// Entries that are noted under one read lock.
const STEP: usize = 512;
/// Entries whose places in the log are looked up together.
const AT_ONCE: usize = 64;
/// Of a memory limit, this part is for pages of the disk.
const CACHE_PART: u64 = 2;
/// As many operations as this part of the entries may follow what the file stands for.
const TAIL_PART: u64 = 40;

impl Core {
    /// The index file of a log that is about to be replayed, when it has one that fits.
    pub(super) fn index_file(
        &self,
        opening: &Opening,
    ) -> Result<Option<(Arc<IndexFile>, Tombstones)>> {
        let header = LogReader::new(opening.path(), &**opening.file())?.header().clone();
        let (path, file) = (opening.names().clone(), Arc::clone(opening.file()));
        Ok(self.index_file_of(&OpenLog { path, file, header }))
    }

    /// The index file of a log, when it has one that fits, and the removals that are remembered by it.
    pub(super) fn index_file_of(&self, log: &OpenLog) -> Option<(Arc<IndexFile>, Tombstones)> {
        let (storage, cached) = (&*self.storage, self.cached_pages());
        let found = IndexFile::open(storage, &log.path, &log.file, &log.header, cached);
        let is_whole =
            |file: &IndexFile| if self.pages_out() { file.check_whole() } else { Ok(()) };
        let found = found.and_then(|file| is_whole(&file).map(|()| file));
        match found.and_then(|file| file.tombstones().map(|tombstones| (file, tombstones))) {
            Ok((file, tombstones)) => {
                let (log, sequence) = (log.header.clone(), file.covered().last_sequence);
                self.indexing.note(Known { id: file.id(), log, sequence }, self.tail());
                Some((Arc::new(file), tombstones))
            }
            Err(unusable) => {
                let is_missing = matches!(unusable, Unusable::Missing);
                self.indexing.note_none((!is_missing).then(|| unusable.to_string()));
                None
            }
        }
    }

    /// Writes the index file of the log as it is now. Reads and writes go on meanwhile.
    fn write_index(&self) -> Result<()> {
        let _turn = self.indexing.begin();
        let begun = Instant::now();
        let (log, end) = {
            let mut log = locked(&self.log);
            let writer = log.writer()?;
            if !writer.is_all_durable() {
                self.indexing.put_off(writer.last_sequence() + self.tail());
                return Ok(());
            }
            (OpenLog::of(writer), writer.position())
        };
        let log = log.covered(&*self.storage, end);
        let is_over = || self.indexing.is_ended() || !self.is_warm();
        let mut check = || if is_over() { Err(Error::Aborted) } else { Ok(()) };
        let written = self.write_covered(&log, || self.counts(&log), &mut check);
        if self.config.index().background {
            self.indexing.rest(begun.elapsed());
        }
        written
    }

    fn write_covered(
        &self,
        log: &Covered<'_>,
        count: impl FnOnce() -> Result<Counts>,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let protection = log.file.protection();
        let like =
            protection.map_err(|error| Error::io(log.path.log(), "look at the log", error))?;
        let before = log.open_file(FEW_PAGES).ok();
        let before = before.as_ref().filter(|before| before.covered().offset <= log.end.offset);
        let mut written = self.write_entries(log, before, &like, check);
        if before.is_some()
            && !matches!(written, Ok(_) | Err(Error::Aborted))
            && !bug!(BrokenIndexBuiltOn)
        {
            // The file before may be damaged, and would be in the way of every other.
            written = self.write_entries(log, None, &like, check);
        }
        let id = written?.finish(Some(count()?))?;
        let (log, sequence) = (log.header.clone(), log.end.last_sequence);
        self.indexing.note(Known { id, log, sequence }, self.tail());
        Ok(())
    }

    /// Begins an index file, from the one `before` if there is one, and writes the entries into it.
    fn write_entries<'l>(
        &self,
        log: &'l Covered<'l>,
        before: Option<&'l IndexFile>,
        like: &Protection,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<IndexBuilder<'l>> {
        let mut builder = IndexBuilder::begin(log, before, like, check)?;
        let mut range = Range::all();
        loop {
            check()?;
            let last = self.read(|state| add_step(&mut builder, state, &range))?;
            let Some(last) = last else { break };
            range.lower = Bound::Excluded(last);
        }
        let mut after = None;
        loop {
            check()?;
            after = self.read(|state| add_removals(&mut builder, state, after.as_deref()))?;
            if after.is_none() {
                return Ok(builder);
            }
        }
    }

    /// How many entries there are at the end of the log, wherever that is by now. All of the log is on stable storage
    /// then: entries that were changed after what is covered are not in the file, and those changes must not be lost.
    fn counts(&self, covered: &Covered<'_>) -> Result<Counts> {
        let mut log = locked(&self.log);
        let writer = log.writer()?;
        if writer.header() != covered.header {
            return Err(Error::Aborted);
        }
        let (end, is_durable) = (writer.position(), writer.is_all_durable());
        if !is_durable && !bug!(IndexAheadOfTheDisk) {
            let flushed = writer.flush();
            self.publish(&log);
            self.announce(&log);
            flushed?;
        }
        self.read(|state| Ok(counts_of(state, &end)))?.ok_or(Error::Aborted)
    }

    /// Leaves an index file beside a log that was sealed just now, so that the next opening has little to replay.
    pub(super) fn index_closed(&self, writer: &LogWriter, was_warm: bool) {
        let (log, end) = (OpenLog::of(writer), writer.position());
        if !self.is_to_be_indexed(end.offset) {
            return;
        }
        let counts = self.read(|state| Ok(counts_of(state, &end))).ok().flatten();
        let known = self.indexing.known().filter(|known| known.log == log.header);
        let is_near =
            |known: &Known| end.last_sequence.saturating_sub(known.sequence) <= self.tail();
        // Nobody is left to be told of a failure, and all it costs is a longer replay.
        if let Some(known) = known.filter(is_near) {
            if let Some(counts) = counts {
                let _ = write_counts(&*self.storage, &log.path, known.id, &counts);
            }
        } else if was_warm {
            let (log, count) = (log.covered(&*self.storage, end), || counts.ok_or(Error::Aborted));
            let _ = self.write_covered(&log, count, &mut || Ok(()));
        } else {
            self.fold_closed(writer);
        }
    }

    /// How many pages of the log and its index file are kept in memory.
    pub(super) fn cached_pages(&self) -> usize {
        let part =
            |limit: u64| usize::try_from(limit / CACHE_PART / PAGE as u64).unwrap_or(usize::MAX);
        self.config.paging_limit().map_or(FEW_PAGES, |limit| part(limit).max(FEW_PAGES / 4))
    }

    /// How many operations may follow what the file stands for.
    fn tail(&self) -> u64 {
        let entries = self.read(|state| Ok(state.entries().unwrap_or(0))).unwrap_or(0);
        self.config.index().tail.max(entries / TAIL_PART)
    }

    fn is_to_be_indexed(&self, log_bytes: u64) -> bool {
        let policy = self.config.index();
        policy.enabled && log_bytes >= policy.minimum_bytes.max(1)
    }

    /// Writes the index file when it is due, for a caller that has time.
    fn index_now_if_due(&self) {
        if self.indexing.is_due(self.last_sequence()) {
            self.index_now();
        }
    }

    /// Writes the index file of a store that has all entries in memory, however lately that was done for another log.
    pub(super) fn index_now(&self) {
        if !self.is_warm() || !self.is_to_be_indexed(self.log_bytes().0) {
            return;
        }
        if let Err(error) = self.write_index()
            && !matches!(error, Error::Aborted | Error::Closed | Error::NotOpen)
        {
            self.indexing.note_failure(error.to_string(), self.last_sequence() + self.tail());
        }
    }
}

/// Adds the next entries of a range, and says which key was the last; nothing at the end.
fn add_step(
    builder: &mut IndexBuilder<'_>,
    state: &State,
    range: &Range,
) -> Result<Option<Vec<u8>>> {
    let mut last = None;
    let mut few = Vec::with_capacity(AT_ONCE);
    let mut records = state.index.scan(range).of_keys().take(STEP);
    loop {
        few.extend(records.by_ref().take(AT_ONCE).map(|record| (record.key(), record.version())));
        let Some((key, _)) = few.last() else { return Ok(last) };
        last = Some(key.to_vec());
        builder.add_all(&few)?;
        few.clear();
    }
}

/// Adds the next removals after a key, and says which key was the last; nothing at the end.
fn add_removals(
    builder: &mut IndexBuilder<'_>,
    state: &State,
    after: Option<&[u8]>,
) -> Result<Option<Vec<u8>>> {
    let last = state.tombstones.after(after).take(STEP).last().map(|record| record.key().to_vec());
    builder.add_removals(state.tombstones.after(after).take(STEP))?;
    Ok(last)
}

fn counts_of(state: &State, at: &Position) -> Option<Counts> {
    state.totals().map(|totals| totals.at(at))
}

/// Writes the index file on a thread of its own when it is due.
pub(super) fn index_if_due(core: &Arc<Core>) {
    if core.config.index().background
        && core.is_warm()
        && core.is_to_be_indexed(core.log_bytes().0)
        && core.indexing.is_due(core.last_sequence())
    {
        on_a_thread(core, Core::index_now_if_due);
    }
}

/// Has `write` done by a thread, unless one is about to write the index file already. What is not done because there is
/// none is due again.
pub(super) fn on_a_thread(core: &Arc<Core>, write: fn(&Core)) {
    if core.indexing.running.swap(true, Ordering::AcqRel) {
        return;
    }
    let shared = Arc::clone(core);
    let begun = thread::Builder::new().name("store-index".into()).spawn(move || {
        write(&shared);
        shared.indexing.running.store(false, Ordering::Release);
    });
    if begun.is_err() {
        core.indexing.running.store(false, Ordering::Release);
    }
}
