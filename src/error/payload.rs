//! Why an operation and its payload do not lead to each other.

use super::InvalidKey;
use crate::limits::MAX_VALUE_LEN;

/// Why bytes are not an operation. Offsets count from the start of the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are no bytes.
    #[error("payload is empty")]
    Empty,
    /// The payload ends before the operation does.
    #[error("payload is truncated: {needed} bytes needed, {found} found")]
    Truncated {
        /// Bytes that the part read so far asks for.
        needed: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The payload goes on after the operation.
    #[error("{extra} bytes follow the operation")]
    Trailing {
        /// How many bytes.
        extra: usize,
    },
    /// The payload has a format that is not read here.
    #[error("unknown format version {found}")]
    UnknownVersion {
        /// The version byte.
        found: u8,
    },
    /// The operation type is neither put nor delete.
    #[error("unknown operation type {found}")]
    UnknownType {
        /// The type byte.
        found: u8,
    },
    /// The key breaks the rules for keys.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// The value is longer than [`Value::MAX_LEN`](crate::Value::MAX_LEN).
    #[error("value has {len} bytes, at most {max} are allowed", max = MAX_VALUE_LEN)]
    ValueTooLong {
        /// The length that the payload claims.
        len: usize,
    },
    /// A delete carries no value.
    #[error("a delete operation has a value")]
    DeleteWithValue,
    /// A checkpoint holds entries: puts, with the version that each had in its log.
    #[error("not an entry with a version of this log")]
    NotAnEntry,
}

/// Why an operation has no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The key is empty or too long.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// The value is longer than [`Value::MAX_LEN`](crate::Value::MAX_LEN).
    #[error("value has {len} bytes, at most {max} are allowed", max = MAX_VALUE_LEN)]
    ValueTooLong {
        /// Its length.
        len: usize,
    },
    /// A delete carries no value.
    #[error("a delete operation has a value")]
    DeleteWithValue,
}
