//! Removes entries that have expired, by ordinary operations of the log.

use std::ops::Bound;
use std::sync::Arc;

use super::compaction::compact_if_due;
use super::config::Durability;
use super::core::{Core, FOLLOWS};
use super::group::Group;
use super::indexing::index_if_due;
use super::paging::fold_if_due;
use super::store::StoreEngine;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::index::Range;
use crate::state::{Limit, NOTHING_EXPIRED, State};

/// Entries that are removed by one commit.
const STEP: usize = 256;
/// Entries and bytes that are looked at under one read lock, so that writers never wait long.
const LOOK: Limit = Limit { entries: 512, bytes: 256 << 10, values: true };
/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Entries that were removed.
    pub removed: u64,
}

impl Core {
    /// Removes what has expired until there is no more. Gives up between two steps when asked to.
    fn sweep(&self, control: &Control) -> Result<SweepReport> {
        self.check_open()?;
        if self.config.durability() == Durability::Following {
            return Err(FOLLOWS);
        }
        let _turn = self.sweeping.turn();
        let mut report = SweepReport::default();
        loop {
            control.check()?;
            let now = self.storage.now();
            let mut expiring = self.sweeping.expiring();
            if expiring.is_to_look(now) {
                drop(expiring);
                report.removed += self.look(control)?;
                continue;
            }
            let taken = expiring.take(now, STEP);
            drop(expiring);
            if taken.is_empty() {
                return Ok(report);
            }
            report.removed += self.remove_expired(&taken)?;
        }
    }

    /// Looks at all entries for those that expire. Those that have are removed as it goes on.
    fn look(&self, control: &Control) -> Result<u64> {
        let looked = self.look_at_all(control);
        if looked.is_err() {
            self.sweeping.expiring().forget();
        }
        looked
    }

    fn look_at_all(&self, control: &Control) -> Result<u64> {
        if !self.is_paging() {
            self.warm(control)?;
        }
        self.sweeping.expiring().begin_look();
        let mut removed = 0;
        let mut range = Range::all();
        loop {
            control.check()?;
            self.check_open()?;
            let last = self.read(|state| self.look_on(state, &range))?;
            let now = self.storage.now();
            let taken = self.sweeping.expiring().take(now, LOOK.entries);
            if !taken.is_empty() {
                removed += self.remove_expired(&taken)?;
            }
            let Some(last) = last else { return Ok(removed) };
            range.lower = Bound::Excluded(last);
        }
    }

    /// Notes the next entries of a range, and says which key was the last; nothing at the end.
    fn look_on(&self, state: &State, range: &Range) -> Result<Option<Vec<u8>>> {
        if state.cold.is_none() && state.index.expiring() == 0 {
            return Ok(None);
        }
        let view = state.of_range(range, LOOK, NOTHING_EXPIRED);
        let view = view.map_err(|error| Error::Unreadable { reason: error.to_string() })?;
        let mut expiring = self.sweeping.expiring();
        let mut last = None;
        for record in view.at(NOTHING_EXPIRED).scan(range).take(LOOK.entries) {
            if let Some(at) = record.expiry() {
                expiring.note(record.key(), at);
            }
            last = Some(record.key());
        }
        Ok(last.map(<[u8]>::to_vec))
    }

    /// Removes those of these entries that are still there and have expired. The others are noted again, for a clock that
    /// was set back; what is noted without need is met once more when its time comes.
    fn remove_expired(&self, taken: &[(i64, Arc<[u8]>)]) -> Result<u64> {
        let mut group = Group::new();
        for (_, key) in taken {
            group.remove_expired(std::str::from_utf8(key).map_err(|_| NOT_TEXT)?)?;
        }
        let outcome = self.commit(&mut group);
        let mut expiring = self.sweeping.expiring();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                for (at, key) in taken {
                    expiring.note(key, *at);
                }
                return Err(error);
            }
        };
        drop(expiring);
        let mut removed = 0;
        for ((_, key), outcome) in taken.iter().zip(&outcome.outcomes) {
            if outcome.is_accepted() {
                removed += 1;
            } else if !bug!(SetBackForgotten) {
                self.note_again(key)?;
            }
        }
        Ok(removed)
    }

    /// Notes when an entry expires that was there when it was to be removed.
    fn note_again(&self, key: &[u8]) -> Result<()> {
        self.read(|state| {
            // The commit has brought it into memory.
            if let Some(at) = state.index.expiry_of(key) {
                self.sweeping.expiring().note(key, at);
            }
            Ok(())
        })
    }
}

const NOT_TEXT: Error = Error::Internal { reason: "a stored key is not UTF-8" };

impl StoreEngine {
    /// Removes the entries that have expired, as operations of the log like any other. A thread does the same about a second
    /// after entries expire; after an opening without a memory limit, once the store is [`ready`](Self::ready).
    ///
    /// What it removed before it failed stays removed.
    pub fn sweep(&self, control: &Control) -> Result<SweepReport> {
        sweep(&self.core, control)
    }
}

fn sweep(core: &Arc<Core>, control: &Control) -> Result<SweepReport> {
    let swept = core.sweep(control);
    compact_if_due(core);
    index_if_due(core);
    fold_if_due(core);
    swept
}

/// Has a thread wait for what expires, if anything does and there is none.
pub(super) fn sweep_if_due(core: &Arc<Core>) {
    let can_be = core.config.sweeps() && (core.is_warm() || core.is_paging());
    if !core.sweeping.is_wanted() || !can_be {
        return;
    }
    let (weak, storage) = (Arc::downgrade(core), Arc::clone(&core.storage));
    let swept = move || {
        let Some(core) = weak.upgrade() else { return Ok(()) };
        sweep(&core, &Control::default()).map(drop)
    };
    core.sweeping.start(move || storage.now(), swept);
}
