//! A value together with its key, version and time.

use super::{Key, Value};
use crate::index::Record;

/// What is currently stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Value,
    /// The sequence of the operation that wrote the entry. Starts at 1 and only grows.
    pub version: u64,
    /// When the operation was made, in milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// When the entry expires, in milliseconds since the Unix epoch; nothing if it does not.
    pub expires_at: Option<i64>,
}

impl Entry {
    /// A copy of what the index holds.
    pub(crate) fn of(record: Record<'_>) -> Self {
        Self {
            key: Key::from_stored(record.key()),
            value: Value::from_bytes(record.value()),
            version: record.version(),
            timestamp: record.timestamp(),
            expires_at: record.expiry(),
        }
    }
}
