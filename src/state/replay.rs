//! Replaying the records of a log into what holds the entries.

use super::tombstones::Tombstones;
use crate::index::{Index, IndexLoader, Marks};
use crate::operation::{Attributes, OperationType, PAYLOAD_OVERHEAD};
use crate::wal::reader::Record;
use crate::wal::records::RECORDS_AT_ONCE;

/// What records are replayed into.
pub(crate) trait Target {
    /// These keys are about to be looked up.
    fn expect(&mut self, _keys: &[&[u8]]) {}

    fn put(&mut self, record: &Record<'_>);

    fn remove(&mut self, record: &Record<'_>);
}

/// Replays records, in the order of the log.
pub(crate) fn replay(target: &mut impl Target, records: &[Record<'_>]) {
    let mut keys = [&[][..]; RECORDS_AT_ONCE];
    for (key, record) in keys.iter_mut().zip(records) {
        *key = record.operation.key.as_bytes();
    }
    target.expect(keys.get(..records.len()).unwrap_or_default());
    for record in records {
        match record.operation.kind {
            OperationType::Put => target.put(record),
            OperationType::Delete if bug!(RemovesForgotten) => {}
            OperationType::Delete => target.remove(record),
        }
    }
}

/// What the index has of what the log says of a record; of a removal, its expiry is until when that is remembered.
pub(crate) fn marks_of(attributes: &Attributes) -> Marks {
    let node = attributes.node.filter(|_| !bug!(NodesNotRead));
    Marks { expiry: attributes.expiry.or(attributes.remembered), node }
}

/// Remembers a removal for as long as the log says.
pub(crate) fn note_tombstone(tombstones: &mut Tombstones, record: &Record<'_>) {
    let Record { sequence, operation, attributes } = record;
    let key = operation.key.as_bytes();
    tombstones.note(key, *sequence, operation.timestamp, marks_of(attributes));
}

/// All that a log leads to, in the making.
#[derive(Debug)]
pub(crate) struct Loader {
    entries: IndexLoader,
    tombstones: Tombstones,
}

impl Loader {
    /// With an estimate of how much will come. Without one it would work too, only slower.
    pub(crate) fn for_log(bytes: u64) -> Self {
        let entries = IndexLoader::for_log(bytes, PAYLOAD_OVERHEAD as u64);
        Self { entries, tombstones: Tombstones::default() }
    }

    pub(super) fn finish(self) -> (Index, Tombstones) {
        (self.entries.finish(), self.tombstones)
    }
}

impl Target for Loader {
    fn expect(&mut self, keys: &[&[u8]]) {
        self.entries.warm(keys);
    }

    fn put(&mut self, record: &Record<'_>) {
        let Record { sequence, operation, attributes } = record;
        let (key, value) = (operation.key.as_bytes(), operation.value);
        self.entries.put_marked(key, value, *sequence, operation.timestamp, marks_of(attributes));
        self.tombstones.clear(key);
    }

    fn remove(&mut self, record: &Record<'_>) {
        self.entries.remove(record.operation.key.as_bytes());
        note_tombstone(&mut self.tombstones, record);
    }
}

/// Puts a record into an index.
pub(super) fn put_into(index: &mut Index, record: &Record<'_>) {
    let Record { sequence, operation, attributes } = record;
    let (key, value) = (operation.key.as_bytes(), operation.value);
    index.put_marked(key, value, *sequence, operation.timestamp, marks_of(attributes));
}
