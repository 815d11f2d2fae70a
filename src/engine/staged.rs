//! One operation in the frame to come.

use crate::index::Content;
use crate::operation::{OperationType, PAYLOAD_OVERHEAD, PREFIX_LEN, attributes_of};

/// Where one operation lies in the frame, and its condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staged {
    /// Where its first attribute is, or its payload.
    pub(super) start: usize,
    /// Bytes of its attributes.
    pub(super) attributes: u16,
    pub(super) key_len: usize,
    pub(super) value_len: usize,
    pub(super) kind: OperationType,
    /// Operations with the same number other than 0 are accepted or refused together.
    pub(super) batch: u32,
    pub(super) if_version: Option<u64>,
    /// Done only if the entry has expired.
    pub(super) if_expired: bool,
}

/// The parts of a staged operation that the index stores.
#[derive(Debug, Clone, Copy)]
pub(super) struct StagedOperation<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) timestamp: i64,
    pub(super) expiry: Option<i64>,
}

impl Staged {
    pub(super) fn encoded_len(&self) -> usize {
        usize::from(self.attributes) + PAYLOAD_OVERHEAD + self.key_len + self.value_len
    }

    /// When the entry that it writes expires.
    pub(super) fn expiry(&self, frame: &[u8]) -> Option<i64> {
        if self.attributes == 0 {
            return None;
        }
        // What was staged can be decoded.
        attributes_of(frame.get(self.start..)?).ok()?.0.expiry
    }

    /// Bytes that the index copies when this is applied: the key, and a value that is stored beside it.
    pub(super) fn bytes_in_place(&self) -> usize {
        self.key_len + if Content::is_long(self.value_len) { 0 } else { self.value_len }
    }

    pub(super) fn operation<'a>(&self, frame: &'a [u8]) -> StagedOperation<'a> {
        let key_start = self.start + usize::from(self.attributes) + PREFIX_LEN;
        let value_start = key_start + self.key_len + 4;
        let value_end = value_start + self.value_len;
        let timestamp = frame.get(value_end..value_end + 8).and_then(|bytes| bytes.try_into().ok());
        StagedOperation {
            key: frame.get(key_start..key_start + self.key_len).unwrap_or_default(),
            value: frame.get(value_start..value_end).unwrap_or_default(),
            timestamp: i64::from_le_bytes(timestamp.unwrap_or_default()),
            expiry: self.expiry(frame),
        }
    }
}
