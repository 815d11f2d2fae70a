//! A change to the store, and its published encoding.

#![forbid(unsafe_code)]

mod attributes;
mod decoder;
mod encoder;

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::types::{Key, Value};

pub use crate::error::{DecodeError, EncodeError};
pub use attributes::{Attributes, MAX_EXPIRY, MAX_NODE, attributes_of, decode_record};
pub(crate) use attributes::{
    CONSUMERS, CONSUMERS_HEAD, NODE_LEN, REMEMBERED_LEN, consumers_of, encode_node,
    encode_remembered, is_attribute, record_len,
};
pub use decoder::OperationDecoder;
pub use encoder::OperationEncoder;
pub(crate) use encoder::encode_with;

/// The version of the payload format that is written and read.
pub const PAYLOAD_VERSION: u8 = 1;
/// Bytes of a payload apart from its key and value.
pub const PAYLOAD_OVERHEAD: usize = PREFIX_LEN + 4 + 8;
/// Bytes before the key: version, type, key size.
pub(crate) const PREFIX_LEN: usize = 6;

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationType {
    /// Writes or replaces a value.
    Put,
    /// Removes a key.
    Delete,
}

impl OperationType {
    /// The byte that stands for the type in a payload.
    pub(crate) const fn to_byte(self) -> u8 {
        match self {
            Self::Put => 1,
            Self::Delete => 2,
        }
    }

    /// The type as text: `put` or `delete`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for OperationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change to the store: what the log records and what a sync engine carries elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The kind of change.
    pub kind: OperationType,
    /// The key that changes.
    pub key: Key,
    /// The new value; empty for a delete.
    pub value: Value,
    /// When the change was made, in milliseconds since the Unix epoch.
    pub timestamp: i64,
}

impl Operation {
    /// Writes `value` under `key`, as of now.
    pub fn put(key: Key, value: Value) -> Self {
        Self { kind: OperationType::Put, key, value, timestamp: now() }
    }

    /// Removes `key`, as of now.
    pub fn remove(key: Key) -> Self {
        Self { kind: OperationType::Delete, key, value: Value::default(), timestamp: now() }
    }
}

/// An operation that borrows its key and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationRef<'a> {
    /// The kind of change.
    pub kind: OperationType,
    /// The key that changes.
    pub key: &'a str,
    /// The new value; empty for a delete.
    pub value: &'a [u8],
    /// When the change was made, in milliseconds since the Unix epoch.
    pub timestamp: i64,
}

impl OperationRef<'_> {
    /// Bytes that the payload of this operation takes.
    pub const fn encoded_len(&self) -> usize {
        PAYLOAD_OVERHEAD + self.key.len() + self.value.len()
    }

    /// A copy that owns its key and value.
    pub fn to_operation(self) -> Operation {
        Operation {
            kind: self.kind,
            key: Key::from_stored(self.key.as_bytes()),
            value: Value::from_bytes(self.value),
            timestamp: self.timestamp,
        }
    }
}

impl<'a> From<&'a Operation> for OperationRef<'a> {
    fn from(operation: &'a Operation) -> Self {
        Self {
            kind: operation.kind,
            key: operation.key.as_str(),
            value: operation.value.as_bytes(),
            timestamp: operation.timestamp,
        }
    }
}

/// Milliseconds since the Unix epoch; a clock before the epoch counts as the epoch.
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or(0)
}
