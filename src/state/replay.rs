//! Replaying the records of a log into what holds the entries.

use crate::index::{Index, IndexLoader, Marks};
use crate::operation::{Attributes, OperationType, PAYLOAD_OVERHEAD};
use crate::wal::reader::Record;
use crate::wal::records::RECORDS_AT_ONCE;

/// What records are replayed into.
pub(crate) trait Target {
    /// These keys are about to be looked up.
    fn expect(&mut self, _keys: &[&[u8]]) {}

    fn put(&mut self, record: &Record<'_>);

    fn remove(&mut self, key: &[u8], sequence: u64);
}

/// Replays records, in the order of the log.
pub(crate) fn replay(target: &mut impl Target, records: &[Record<'_>]) {
    let mut keys = [&[][..]; RECORDS_AT_ONCE];
    for (key, record) in keys.iter_mut().zip(records) {
        *key = record.operation.key.as_bytes();
    }
    target.expect(keys.get(..records.len()).unwrap_or_default());
    for record in records {
        let Record { sequence, operation, .. } = record;
        match operation.kind {
            OperationType::Put => target.put(record),
            OperationType::Delete if bug!(RemovesForgotten) => {}
            OperationType::Delete => target.remove(operation.key.as_bytes(), *sequence),
        }
    }
}

/// What the index has of what the log says of a record.
pub(crate) fn marks_of(attributes: &Attributes) -> Marks {
    let node = attributes.node.filter(|_| !bug!(NodesNotRead));
    Marks { expiry: attributes.expiry, node }
}

/// A loader with an estimate of how much will come. Without one it would work too, only slower.
pub(crate) fn loader_of(log_bytes: u64) -> IndexLoader {
    IndexLoader::for_log(log_bytes, PAYLOAD_OVERHEAD as u64)
}

impl Target for IndexLoader {
    fn expect(&mut self, keys: &[&[u8]]) {
        self.warm(keys);
    }

    fn put(&mut self, record: &Record<'_>) {
        let Record { sequence, operation, attributes } = record;
        let (key, value) = (operation.key.as_bytes(), operation.value);
        self.put_marked(key, value, *sequence, operation.timestamp, marks_of(attributes));
    }

    fn remove(&mut self, key: &[u8], _sequence: u64) {
        Self::remove(self, key);
    }
}

impl Target for Index {
    fn put(&mut self, record: &Record<'_>) {
        let Record { sequence, operation, attributes } = record;
        let (key, value) = (operation.key.as_bytes(), operation.value);
        self.put_marked(key, value, *sequence, operation.timestamp, marks_of(attributes));
    }

    fn remove(&mut self, key: &[u8], _sequence: u64) {
        Self::remove(self, key);
    }
}
