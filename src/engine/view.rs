//! Looks at the entries of an open store, wherever they are.

use std::sync::Arc;

use super::core::Core;
use super::locked::locked;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::index::{Index, Range, Record};
use crate::index_file::{Found, IndexFile, Stored, Unusable};
use crate::snapshot::Snapshot;
use crate::state::{Limit, NOTHING_EXPIRED, Seen, State, Tail, View, record_of};

/// Entries that are taken in under one write lock.
const STEP: usize = 16;

impl Core {
    /// Looks at all entries, which are in memory then. Waits for that where need be.
    pub(super) fn view<R>(&self, look: impl FnOnce(&State) -> R) -> Result<R> {
        if !self.is_warm() {
            self.check_open()?;
            if self.is_paging() {
                return self.view_gathered(look);
            }
            self.warm(&Control::default())?;
        }
        self.read_open(|state| Ok(look(state)))
    }

    /// Reads the state unless it is one that the end of the store, or its failure, has emptied.
    fn read_open<R>(&self, look: impl FnOnce(&State) -> Result<R>) -> Result<R> {
        self.read_open_unless(|_| true, look)
    }

    fn read_open_unless<R>(
        &self,
        matters: impl Fn(&Tail) -> bool,
        look: impl FnOnce(&State) -> Result<R>,
    ) -> Result<R> {
        self.state.read_unless(matters, |state| {
            self.check_open()?;
            look(state)
        })
    }

    /// Looks at a state that has all entries in memory, for a caller who wants them all whatever the limit is.
    fn view_gathered<R>(&self, look: impl FnOnce(&State) -> R) -> Result<R> {
        let gathered = self.find(
            |_| true,
            |state| {
                let all = state.of_range(&Range::all(), Limit::NONE, NOTHING_EXPIRED)?;
                let part = match all {
                    View::Whole(index) => index.clone(),
                    View::Part(index) => *index,
                };
                Ok(State::warm(part, state.last_sequence))
            },
        )?;
        Ok(look(&gathered))
    }

    /// The time that the entries of an index are compared with. Without any that expire, nobody looks at a clock.
    pub(super) fn moment_of(&self, index: &Index) -> i64 {
        if index.expiring() == 0 { NOTHING_EXPIRED } else { self.storage.now() }
    }

    /// Looks at the record of a key, unless it has expired.
    pub(super) fn view_record<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(Option<Record<'_>>) -> R,
    ) -> Result<R> {
        let has_expired = |record: &Record<'_>| {
            record.expiry().is_some_and(|at| at <= self.storage.now()) && !bug!(ExpiredRead)
        };
        let look = |record: Option<Record<'_>>| look(record.filter(|record| !has_expired(record)));
        if self.is_warm() {
            return self.read_open(|state| Ok(look(state.index.get(key))));
        }
        let mut look = Some(look);
        let matters = |tail: &Tail| tail.keys.may_have(key);
        let seen = self.find(matters, |state| {
            state.record(key, |record| look.take().map(|look| look(record)))
        })?;
        seen.ok_or(UNSEEN)
    }

    /// Looks at the entries of these keys.
    pub(super) fn view_keys<R>(
        &self,
        keys: &[&[u8]],
        look: impl FnOnce(Seen<'_>) -> R,
    ) -> Result<R> {
        if self.is_warm() {
            return self.read_open(|state| Ok(look(self.seen(&state.index))));
        }
        self.view_part(|state, _| state.of_keys(keys), look)
    }

    /// Looks at the first entries of a range, in its order.
    pub(super) fn view_range<R>(
        &self,
        range: &Range,
        limit: Limit,
        look: impl FnOnce(Seen<'_>) -> R,
    ) -> Result<R> {
        if self.is_warm() {
            return self.read_open(|state| Ok(look(self.seen(&state.index))));
        }
        self.view_part(|state, now| state.of_range(range, limit, now), look)
    }

    fn seen<'i>(&self, index: &'i Index) -> Seen<'i> {
        Seen::new(index, self.moment_of(index))
    }

    /// Looks at what `gather` gives.
    fn view_part<R>(
        &self,
        gather: impl Fn(&State, i64) -> Found<View<'_>>,
        look: impl FnOnce(Seen<'_>) -> R,
    ) -> Result<R> {
        let mut look = Some(look);
        let seen = self.find(
            |_| true,
            |state| {
                let now = self.storage.now();
                let view = gather(state, now)?;
                Ok(look.take().map(|look| look(view.at(now))))
            },
        )?;
        seen.ok_or(UNSEEN)
    }

    /// Looks at the state. When the index file turns out to be of no use, once more without it.
    pub(super) fn find<R>(
        &self,
        matters: impl Fn(&Tail) -> bool,
        mut look: impl FnMut(&State) -> Found<R>,
    ) -> Result<R> {
        match self.read_open_unless(&matters, |state| Ok(look(state)))? {
            Ok(found) => Ok(found),
            Err(unusable) => {
                self.do_without(&unusable)?;
                self.read_open_unless(matters, |state| look(state).map_err(unreadable))
            }
        }
    }

    /// The index file turned out to be of no use. All entries come into memory or, where they do not fit, another file is
    /// made from the log. Takes as long as an opening without one.
    pub(super) fn do_without(&self, unusable: &Unusable) -> Result<()> {
        self.indexing.note_none(Some(unusable.to_string()));
        if self.is_paging() { self.page_anew() } else { self.warm(&Control::default()) }
    }

    /// The state as it is now.
    pub(super) fn snapshot(&self) -> Result<Snapshot> {
        let take = |state: &State| {
            Snapshot::of_store(state.for_reading(), self.storage.now(), &self.let_go)
        };
        if !self.is_warm() {
            self.check_open()?;
            let counted = |state: &State| state.entries().map(|_| take(state));
            if self.is_paging() {
                self.size()?;
            }
            if let Some(snapshot) = self.read_open(|state| Ok(counted(state)))? {
                return Ok(snapshot);
            }
        }
        self.view(take)
    }

    /// How many entries there are.
    pub(super) fn size(&self) -> Result<u64> {
        match self.read_open_unless(|_| false, |state| Ok(state.entries()))? {
            Some(entries) => Ok(entries),
            None if self.is_paging() => self.count_paged(),
            None => self.view(|state| state.index.len() as u64),
        }
    }

    /// Has the entries of these keys in the index, as far as there are any, before they are written to.
    pub(super) fn take_in(&self, keys: &[&[u8]]) -> Result<()> {
        let mut has_failed = false;
        loop {
            let reading = self.reading();
            let OldEntries { file, found } = self.old_entries(keys)?;
            let found = match found {
                Ok(found) => found,
                Err(unusable) if has_failed => return Err(unreadable(unusable)),
                Err(unusable) => {
                    drop((file, reading));
                    self.do_without(&unusable)?;
                    has_failed = true;
                    continue;
                }
            };
            // Nobody can put another state in the place of this one now. One that is there already may go by a file in which
            // the keys have other entries.
            let _log = locked(&self.log);
            if self.read(|state| Ok(is_by(state, file.as_ref())))? || bug!(EntriesOfAnotherFile) {
                return self.take_in_found(&found);
            }
        }
    }

    /// [`take_in`](Self::take_in) for whoever has the log, since the store was opened or began to be closed after the
    /// writes were handed in.
    pub(super) fn take_in_late(&self, keys: &[&[u8]]) -> Result<()> {
        match self.old_entries(keys)?.found {
            Ok(found) => self.take_in_found(&found),
            Err(unusable) => {
                self.indexing.note_none(Some(unusable.to_string()));
                self.check_open().and(Err(unreadable(unusable)))
            }
        }
    }

    fn old_entries(&self, keys: &[&[u8]]) -> Result<OldEntries> {
        let (unknown, file) = self.read(|state| {
            let file = state.cold.as_ref().map(|cold| Arc::clone(&cold.file));
            Ok((state.unknown(keys), file))
        })?;
        let find = |file: &Arc<IndexFile>| {
            let found = unknown.iter().map(|key| Ok(file.find(key)?.map(Stored::detached)));
            found.collect()
        };
        let found = file.as_ref().map_or(Ok(Vec::new()), find);
        Ok(OldEntries { file, found })
    }

    fn take_in_found(&self, found: &[Option<Stored>]) -> Result<()> {
        for step in found.chunks(STEP) {
            self.change(|state| {
                for stored in step.iter().flatten() {
                    let Ok(record) = record_of(stored) else { continue };
                    state.take_in(&record);
                }
            })?;
        }
        Ok(())
    }
}

const UNSEEN: Error = Error::Internal { reason: "a view was neither given nor refused" };

/// Why a store cannot read what it keeps in its log alone.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` wants")]
pub(super) fn unreadable(error: Unusable) -> Error {
    Error::Unreadable { reason: error.to_string() }
}

/// Entries that only the index file knows.
struct OldEntries {
    file: Option<Arc<IndexFile>>,
    found: Found<Vec<Option<Stored>>>,
}

/// Whether the state goes by this file, or by none.
fn is_by(state: &State, file: Option<&Arc<IndexFile>>) -> bool {
    state.cold.as_ref().map(|cold| Arc::as_ptr(&cold.file)) == file.map(Arc::as_ptr)
}
