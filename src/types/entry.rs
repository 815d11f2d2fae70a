//! A value together with its key, version and time.

use super::{Key, Value};

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
}
