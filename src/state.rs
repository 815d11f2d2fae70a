//! The entries of a store as they are at one moment.
//!
//! Once the log was replayed all of them are in the index. Before that, the index has those that were changed or
//! looked up for a write since the boundary that the index file covers, and the others are found by that file. Reads
//! get a view: the index itself, or another one made of just the entries that they ask for.
//!
//! Right after the opening, what was changed since that boundary is not in the index either. Then the state says of
//! which keys nothing is known before it is [settled](State::settle).

#![forbid(unsafe_code)]

mod cold;
mod count;
mod gather;
mod key_filter;
mod merge;
mod replay;
mod tail;
mod tombstones;
mod view;

use std::sync::Arc;

use crate::index::{Index, Marks, Range, Record};
use crate::index_file::{Found, Totals};
use crate::wal::reader::Record as LogRecord;

pub(crate) use cold::{Cold, Uncounted};
pub(crate) use gather::{Limit, record_of};
pub(crate) use key_filter::KeyFilter;
use replay::put_into;
pub(crate) use replay::{Loader, Target, marks_of, note_tombstone, replay};
pub(crate) use tail::{Changes, Tail};
pub(crate) use tombstones::{Tombstones, append_removal};
pub(crate) use view::{NOTHING_EXPIRED, Seen, View};

/// What an entry takes in memory besides its key and value, about.
pub(crate) const ENTRY_OVERHEAD: u64 = 60;

/// The entries, and the sequence up to which they show the history.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) index: Index,
    pub(crate) last_sequence: u64,
    /// Where the entries are that the index does not have; nothing when it has all.
    pub(crate) cold: Option<Cold>,
    /// Removals that are remembered, all of them but those that a tail has.
    pub(crate) tombstones: Tombstones,
}

impl State {
    /// A state that is all in memory.
    pub(crate) fn warm(index: Index, last_sequence: u64) -> Self {
        Self { index, last_sequence, ..Self::default() }
    }

    /// The state that a log leads to which was replayed up to this sequence.
    pub(crate) fn loaded(loader: Loader, last_sequence: u64) -> Self {
        let (index, tombstones) = loader.finish();
        Self { tombstones, ..Self::warm(index, last_sequence) }
    }

    /// A copy for whoever only reads it.
    pub(crate) fn for_reading(&self) -> Self {
        let (index, cold) = (self.index.clone(), self.cold.clone());
        Self { index, cold, last_sequence: self.last_sequence, ..Self::default() }
    }

    /// What is to be brought into memory before most can be said about the entries.
    pub(crate) fn tail(&self) -> Option<&Arc<Tail>> {
        self.cold.as_ref()?.tail.as_ref()
    }

    /// Takes in what the tail leads to.
    pub(crate) fn settle(&mut self, changes: Changes) {
        let totals = self.totals();
        let Changes { index, removed, tombstones } = changes;
        if let Some(cold) = self.cold.take() {
            self.tombstones.settle(&index, &removed, &tombstones);
            self.cold = Some(Cold::new(cold.file, removed, &index, totals));
            self.index = index;
        }
    }

    /// Looks at the record of a key, expired or not. While there is a tail, of a key that this does not have.
    pub(crate) fn record<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(Option<Record<'_>>) -> R,
    ) -> Found<R> {
        let here = self.index.get(key);
        let Some(cold) = self.cold.as_ref().filter(|cold| !cold.removed.contains(key)) else {
            return Ok(look(here));
        };
        if here.is_some() {
            return Ok(look(here));
        }
        match cold.file.find(key)? {
            Some(stored) => {
                let record = gather::record_of(&stored)?;
                Ok(look(Some(record)))
            }
            None => Ok(look(None)),
        }
    }

    /// A view of the entries of these keys.
    pub(crate) fn of_keys(&self, keys: &[&[u8]]) -> Found<View<'_>> {
        match &self.cold {
            None => Ok(View::Whole(&self.index)),
            Some(cold) => gather::keys(&self.index, cold, keys),
        }
    }

    /// A view of the first entries of a range, in its order: as many as `limit` says that have not expired `now`, and maybe
    /// others.
    pub(crate) fn of_range(&self, range: &Range, limit: Limit, now: i64) -> Found<View<'_>> {
        match &self.cold {
            None => Ok(View::Whole(&self.index)),
            Some(cold) => gather::range(&self.index, cold, range, limit, now).map(View::Part),
        }
    }

    /// How many entries there are, when that is known.
    pub(crate) fn entries(&self) -> Option<u64> {
        self.totals().map(|totals| totals.entries)
    }

    /// How many entries there are, and bytes of their keys and values, when that is known.
    pub(crate) fn totals(&self) -> Option<Totals> {
        let uncounted = self.uncounted()?;
        let all = |here: u64, beside: i64| here.checked_add_signed(beside);
        Some(Totals {
            entries: all(self.index.len() as u64, uncounted.entries)?,
            live_bytes: all(self.index.live_bytes(), uncounted.bytes)?,
        })
    }

    /// How many entries expire at some time, when that is known.
    pub(crate) fn expiring(&self) -> Option<u64> {
        self.cold.is_none().then(|| self.index.expiring() as u64)
    }

    /// The totals, counted where need be: of the keys that were written, those are looked up that the index file may have
    /// as well.
    pub(crate) fn count(&self) -> Found<Totals> {
        match (&self.cold, self.totals()) {
            (Some(cold), None) => count::count(&self.index, cold),
            (_, totals) => Ok(totals.unwrap_or_default()),
        }
    }

    pub(crate) fn note_counted(&mut self, totals: Totals) {
        if let Some(cold) = &mut self.cold {
            cold.count(&self.index, totals);
        }
    }

    /// What is written next is not compared with what the index file has.
    pub(crate) fn forget_counts(&mut self) {
        if let Some(cold) = &mut self.cold {
            cold.uncounted = None;
        }
    }

    /// About what is in memory because it was written or looked up since the index file was.
    pub(crate) fn written_bytes(&self) -> u64 {
        let bytes = |index: &Index| index.live_bytes() + index.len() as u64 * ENTRY_OVERHEAD;
        bytes(&self.index) + self.cold.as_ref().map_or(0, |cold| bytes(&cold.removed))
    }

    /// What the entries that are in memory take there.
    pub(crate) fn memory_bytes(&self) -> usize {
        let cold = |cold: &Cold| cold.removed.memory_bytes() + cold.file.memory_bytes();
        let entries = self.index.memory_bytes() + self.cold.as_ref().map_or(0, cold);
        entries + self.tombstones.memory_bytes()
    }

    /// How many removals are remembered, when that is known.
    pub(crate) fn remembered(&self) -> Option<u64> {
        self.tail().is_none().then(|| self.tombstones.len() as u64)
    }

    /// Whether so many more operations of so many bytes can be taken in.
    pub(crate) fn has_room(&self, count: u64, bytes: u64) -> bool {
        self.index.has_room(count, bytes) && self.tombstones.has_room(count, bytes)
    }

    /// Whether something could not be taken in.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.index.is_exhausted() || self.tombstones.is_exhausted()
    }

    fn uncounted(&self) -> Option<Uncounted> {
        self.cold.as_ref().map_or(Some(Uncounted::default()), |cold| cold.uncounted)
    }

    /// The keys among these of which only the index file knows whether they have entries.
    pub(crate) fn unknown<'k>(&self, keys: &[&'k [u8]]) -> Vec<&'k [u8]> {
        let Some(cold) = &self.cold else { return Vec::new() };
        let is_unknown = |key: &&&[u8]| !self.index.contains(key) && !cold.removed.contains(key);
        keys.iter().filter(is_unknown).copied().collect()
    }

    /// Takes an entry that the index file knows into the index, unless the key was written to since.
    pub(crate) fn take_in(&mut self, record: &Record<'_>) {
        let (key, value) = (record.key(), record.value());
        let Some(cold) = &mut self.cold else { return };
        let is_known = self.index.contains(key) || cold.removed.contains(key);
        if is_known && !bug!(OldEntryComesBack) {
            return;
        }
        let record = if bug!(TakenInForever) { &record.marked(Marks::NONE) } else { record };
        self.index.put_record(record);
        if let Some(uncounted) = &mut cold.uncounted
            && !bug!(TakenInCountedTwice)
        {
            uncounted.entries -= 1;
            uncounted.bytes -= i64::try_from(key.len() + value.len()).unwrap_or(i64::MAX);
        }
    }

    /// A key was removed from the index: what the index file says of it does not count any more.
    pub(crate) fn note_removed(&mut self, key: &[u8], sequence: u64) {
        if let Some(cold) = &mut self.cold
            && !bug!(RemovedKeysForgotten)
        {
            cold.removed.put(key, &[], sequence, 0);
        }
    }
}

/// How many entries a state has of which only a part is in memory is not followed.
impl Target for State {
    fn expect(&mut self, _keys: &[&[u8]]) {
        self.forget_counts();
    }

    fn put(&mut self, record: &LogRecord<'_>) {
        put_into(&mut self.index, record);
        self.tombstones.clear(record.operation.key.as_bytes());
    }

    fn remove(&mut self, record: &LogRecord<'_>) {
        let key = record.operation.key.as_bytes();
        self.index.remove(key);
        self.note_removed(key, record.sequence);
        note_tombstone(&mut self.tombstones, record);
    }
}
