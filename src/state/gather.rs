//! Small indexes of entries that are partly in memory and partly in the log.

use std::ops::ControlFlow;

use super::cold::Cold;
use super::merge::{Item, merge};
use super::replay::marks_of;
use super::view::View;
use crate::index::{Index, Range, Record};
use crate::index_file::{Found, Stored};

/// How much of a range is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) entries: usize,
    /// Bytes of keys, and of values if those are wanted. The entry that reaches this many is the last.
    pub(crate) bytes: usize,
    pub(crate) values: bool,
}

impl Limit {
    pub(crate) const NONE: Self = Self { entries: usize::MAX, bytes: usize::MAX, values: false };
}

/// The entries of these keys.
pub(super) fn keys<'s>(index: &'s Index, cold: &Cold, keys: &[&[u8]]) -> Found<View<'s>> {
    let is_here = |key: &&[u8]| index.contains(key) || cold.removed.contains(key);
    if keys.iter().all(is_here) {
        return Ok(View::Whole(index));
    }
    let mut part = Index::new();
    for key in keys {
        if let Some(record) = index.get(key) {
            part.put_record(&record);
        } else if !cold.removed.contains(key)
            && let Some(stored) = cold.file.find(key)?
        {
            part.put_record(&record_of(&stored)?);
        }
    }
    Ok(View::Part(Box::new(part)))
}

/// The first entries of a range that have not expired, from both sides in one order.
pub(super) fn range(
    index: &Index,
    cold: &Cold,
    range: &Range,
    limit: Limit,
    now: i64,
) -> Found<Box<Index>> {
    let mut part = Box::new(Index::new());
    let (mut entries, mut bytes) = (0, 0);
    if limit.entries == 0 {
        return Ok(part);
    }
    merge(index, cold, range, &mut |item| {
        let record = match item {
            Item::Here(record) => record,
            Item::There(stored) => record_of(stored)?,
        };
        if record.is_expired(now) {
            return Ok(ControlFlow::Continue(()));
        }
        part.put_record(&record);
        entries += 1;
        bytes += record.key().len() + if limit.values { record.value().len() } else { 0 };
        let is_enough = entries >= limit.entries || bytes >= limit.bytes;
        Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(part)
}

/// A record of the log, as the index has it.
pub(crate) fn record_of(stored: &Stored) -> Found<Record<'_>> {
    let (operation, attributes) = stored.entry()?;
    let (key, value) = (operation.key.as_bytes(), operation.value);
    let record = Record::read(key, value, stored.version, operation.timestamp);
    Ok(record.marked(marks_of(&attributes)))
}
