//! Writes the index file anew from what is in memory and what the file before has, so that the memory is free again.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::index::{Index, Range};
use crate::index_file::{Covered, IndexBuilder, Totals, Written};
use crate::state::{Cold, State};

/// Makes the index file of `log` up to its covered boundary, where `state` is what the log leads to. Gives the same state
/// with nothing in memory, and so many pages of the disk at most.
pub(super) fn fold(
    log: &Covered<'_>,
    state: &State,
    cached: usize,
    check: &mut dyn FnMut() -> Result<()>,
) -> Result<State> {
    let like = log.file.protection();
    let like = like.map_err(|error| Error::io(log.path.log(), "look at the log", error))?;
    let before = state.cold.as_ref().map(|cold| &*cold.file);
    let mut builder = IndexBuilder::begin_merge(log, before, &like, check)?;
    let mut totals = state.totals();
    if let Some(cold) = &state.cold {
        let counted = cold.file.exact().filter(|_| totals.is_none());
        let written = written(&state.index, &cold.removed);
        totals = totals.or(builder.merge(&cold.file, counted, written, check)?);
    } else {
        for record in state.index.scan(&Range::all()) {
            builder.add(record.key(), record.version())?;
        }
    }
    builder.add_removals(state.tombstones.after(None))?;
    builder.sync_first();
    builder.finish(totals.map(|totals| totals.at(&log.end)))?;
    opened(log, totals, cached)
}

/// Makes the index file of a log that is covered up to the end of its checkpoint.
pub(super) fn of_checkpoint(
    log: &Covered<'_>,
    cached: usize,
    check: &mut dyn FnMut() -> Result<()>,
) -> Result<State> {
    let like = log.file.protection();
    let like = like.map_err(|error| Error::io(log.path.log(), "look at the log", error))?;
    let totals = IndexBuilder::of_checkpoint(log, &like, check)?;
    opened(log, Some(totals), cached)
}

/// The state that an index file has which was written just now.
fn opened(log: &Covered<'_>, totals: Option<Totals>, cached: usize) -> Result<State> {
    let file = log.open_file(cached).map_err(|error| log.failed(error))?;
    let tombstones = file.tombstones().map_err(|error| log.failed(error))?;
    let (index, removed) = (Index::new(), Index::new());
    let cold = Cold::new(Arc::new(file), removed, &index, totals);
    Ok(State { index, last_sequence: log.end.last_sequence, cold: Some(cold), tombstones })
}

/// The keys that are in memory or were removed, in their order.
fn written<'s>(index: &'s Index, removed: &'s Index) -> impl Iterator<Item = Written<'s>> {
    let mut entries = index.scan(&Range::all()).peekable();
    let mut removed = removed.scan(&Range::all()).peekable();
    std::iter::from_fn(move || {
        let order = match (entries.peek(), removed.peek()) {
            (Some(entry), Some(gone)) => entry.key().cmp(gone.key()),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        if order == Ordering::Greater {
            return removed.next().map(|gone| Written { key: gone.key(), entry: None });
        }
        if order == Ordering::Equal {
            // It was written again.
            removed.next();
        }
        let entry = entries.next()?;
        Some(Written { key: entry.key(), entry: Some((entry.version(), entry.value().len())) })
    })
}
