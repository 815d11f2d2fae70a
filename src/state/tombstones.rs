//! Removals that are remembered for a while, so that an older write which arrives later is known to be older.

use std::ops::Bound;

use crate::error::{Error, Result};
use crate::index::{Index, Marks, Range, Record};
use crate::operation::{
    Attributes, OperationEncoder, OperationRef, OperationType, PAYLOAD_OVERHEAD,
};

/// Bytes that a tombstone takes in the log besides its key: its version, node and life, and an empty payload.
const LOGGED: u64 = (3 * size_of::<u64>() + 2 + PAYLOAD_OVERHEAD) as u64;

/// How many are looked at together.
pub(crate) const AT_ONCE: usize = 512;

/// The keys whose last operation is a removal that is to be remembered. One that is over may be here a little longer; it does
/// not count any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tombstones {
    /// Keys without values, and when they "expire". Most stores never have any.
    index: Option<Box<Index>>,
    /// The key up to which it was looked for those that are over.
    looked_to: Vec<u8>,
}

impl Tombstones {
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.index.as_ref().map_or(0, |index| index.len())
    }

    /// The last operation of a key is this removal. Without an expiry it is not remembered.
    pub(crate) fn note(&mut self, key: &[u8], version: u64, timestamp: i64, marks: Marks) {
        if marks.expiry.is_some() {
            self.index.get_or_insert_default().put_marked(key, &[], version, timestamp, marks);
        } else {
            self.clear(key);
        }
    }

    /// The key has been written again.
    pub(crate) fn clear(&mut self, key: &[u8]) {
        if let Some(index) = &mut self.index
            && !index.is_empty()
            && !bug!(TombstonesOfEntriesKept)
        {
            index.remove(key);
        }
    }

    /// When the key was removed, and by which node, 0 for one without an id; nothing once that is over.
    pub(crate) fn stamp(&self, key: &[u8], now: i64) -> Option<(i64, u64)> {
        let (_, timestamp, marks) = self.index.as_ref()?.standing_of(key)?;
        let counts = marks.expiry.is_some_and(|until| now < until) || bug!(TombstonesOutlived);
        counts.then_some((timestamp, marks.node.unwrap_or_default()))
    }

    /// Those after a key, in the order of their keys.
    pub(crate) fn after(&self, key: Option<&[u8]>) -> impl Iterator<Item = Record<'_>> {
        let lower = key.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
        let range = Range { lower, ..Range::all() };
        self.index.iter().flat_map(move |index| index.scan(&range))
    }

    /// Looks at the next few, in a circle, and forgets those that are over. Says whether it has come around.
    pub(crate) fn forget_some(&mut self, now: i64, count: usize) -> bool {
        let after = Some(&*self.looked_to).filter(|key| !key.is_empty());
        let some: Vec<_> = self.after(after).take(count).collect();
        let last = some.last().map(|record| record.key().to_vec());
        let is_over = |record: &&Record<'_>| record.is_expired(now);
        let over: Vec<_> =
            some.iter().filter(is_over).map(|record| record.key().to_vec()).collect();
        let has_come_around = some.len() < count;
        self.looked_to = last.filter(|_| !has_come_around).unwrap_or_default();
        if let Some(index) = &mut self.index {
            for key in over {
                index.remove(&key);
            }
            if index.is_empty() {
                self.index = None;
            }
        }
        has_come_around
    }

    /// Forgets all that are over.
    pub(crate) fn forget_all(&mut self, now: i64) {
        self.looked_to.clear();
        while !self.is_empty() && !self.forget_some(now, AT_ONCE) {}
    }

    /// Takes over what has become of the keys of a part of the log.
    pub(crate) fn settle(&mut self, written: &Index, removed: &Index, later: &Self) {
        let changed: Vec<_> = self
            .after(None)
            .map(|record| record.key())
            .filter(|key| written.contains(key) || removed.contains(key))
            .map(<[u8]>::to_vec)
            .collect();
        for key in changed {
            self.clear(&key);
        }
        for record in later.after(None).filter(|_| !bug!(TombstonesOfTailForgotten)) {
            self.note(record.key(), record.version(), record.timestamp(), record.marks());
        }
    }

    /// Whether so many more, with keys of so many bytes, can be taken.
    pub(crate) fn has_room(&self, count: u64, bytes: u64) -> bool {
        self.index.as_ref().is_none_or(|index| index.has_room(count, bytes))
    }

    /// Whether one could not be taken.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.index.as_ref().is_some_and(|index| index.is_exhausted())
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.index.as_ref().map_or(0, |index| index.memory_bytes())
    }

    /// About what they take in a log that was compacted.
    pub(crate) fn log_bytes(&self) -> u64 {
        let bytes = |index: &Index| index.live_bytes() + index.len() as u64 * LOGGED;
        self.index.as_ref().map_or(0, |index| bytes(index))
    }
}

/// Appends the version of a removal, and its record as the log has it.
pub(crate) fn append_removal(record: &Record<'_>, to: &mut Vec<u8>) -> Result<()> {
    let operation = OperationRef {
        kind: OperationType::Delete,
        key: std::str::from_utf8(record.key()).map_err(|_| NOT_TEXT)?,
        value: &[],
        timestamp: record.timestamp(),
    };
    to.extend_from_slice(&record.version().to_le_bytes());
    let (node, remembered) = (record.node(), record.expiry());
    Attributes { node, remembered, ..Attributes::NONE }.encode_into(to);
    OperationEncoder::encode_into(operation, to)?;
    Ok(())
}

const NOT_TEXT: Error = Error::Internal { reason: "a stored key is not UTF-8" };
