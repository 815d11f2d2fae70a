//! Why an operation cannot be encoded, or a payload decoded.

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
    /// A checkpoint holds entries, which are puts, and then removals that are remembered, each with the version that it had in its
    /// log.
    #[error("not an entry with a version of this log")]
    NotAnEntry,
    /// The bytes in front of the payload say something that is not read here.
    #[error("unknown kind of attribute {found}")]
    UnknownAttribute {
        /// The kind byte.
        found: u8,
    },
    /// The attributes of a record come in the order of their kinds, each once.
    #[error("attribute {found} is out of order")]
    AttributeOutOfOrder {
        /// The kind byte.
        found: u8,
    },
    /// An entry expires, or a removal is forgotten, at a time from 1 to 2^53 − 1.
    #[error("nothing can expire at {found} ms")]
    ExpiryOutOfRange {
        /// Milliseconds since the Unix epoch.
        found: i64,
    },
    /// The id of a node is a number from 1 to 2^53 − 1.
    #[error("{found} is not the id of a node")]
    NodeOutOfRange {
        /// The number.
        found: u64,
    },
    /// A removal cannot expire, only a removal is remembered, and only the first record of a commit says where the consumers are.
    #[error("an attribute does not belong to this record")]
    MisplacedAttribute,
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
