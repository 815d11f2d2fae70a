//! One operation in the frame to come.

use crate::index::{Content, Marks};
use crate::operation::{OperationType, PAYLOAD_OVERHEAD, PREFIX_LEN, attributes_of};
use crate::state::marks_of;

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
    pub(super) origin: Origin,
}

/// Where an operation was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// By a caller of this store.
    #[default]
    Here,
    /// By the store itself, to remove an entry, and it is done only if that has expired. It is no news to other nodes: each has its
    /// own expiries.
    Sweep,
    /// By another node, or by none in particular.
    Elsewhere,
    /// By another node, and it is done only if it is newer than what its key has.
    IfNewer,
}

/// The parts of a staged operation that the index stores.
#[derive(Debug, Clone, Copy)]
pub(super) struct StagedOperation<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) timestamp: i64,
    pub(super) marks: Marks,
}

impl Staged {
    pub(super) fn encoded_len(&self) -> usize {
        usize::from(self.attributes) + PAYLOAD_OVERHEAD + self.key_len + self.value_len
    }

    /// Whether it removes an entry other than because that has expired: each node has its own expiries.
    pub(super) fn is_removal(&self) -> bool {
        self.kind == OperationType::Delete && self.origin != Origin::Sweep
    }

    /// What the entry that it writes has beside its value, or until when a removal is remembered.
    pub(super) fn marks(&self, frame: &[u8]) -> Marks {
        if self.attributes == 0 {
            return Marks::NONE;
        }
        // What was staged can be decoded.
        let attributes = frame.get(self.start..).and_then(|record| attributes_of(record).ok());
        attributes.map_or(Marks::NONE, |(attributes, _)| marks_of(&attributes))
    }

    /// Bytes that the index copies when this is applied: the key, and a value that is stored beside it.
    pub(super) fn bytes_in_place(&self) -> usize {
        self.key_len + if Content::is_long(self.value_len) { 0 } else { self.value_len }
    }

    /// Where in the frame the time is at which it was made.
    pub(super) fn timestamp_at(&self) -> usize {
        self.start + self.encoded_len() - size_of::<i64>()
    }

    pub(super) fn operation<'a>(&self, frame: &'a [u8]) -> StagedOperation<'a> {
        let key_start = self.start + usize::from(self.attributes) + PREFIX_LEN;
        let value_start = key_start + self.key_len + 4;
        let value_end = self.timestamp_at();
        let timestamp = frame.get(value_end..value_end + 8).and_then(|bytes| bytes.try_into().ok());
        StagedOperation {
            key: frame.get(key_start..key_start + self.key_len).unwrap_or_default(),
            value: frame.get(value_start..value_end).unwrap_or_default(),
            timestamp: i64::from_le_bytes(timestamp.unwrap_or_default()),
            marks: self.marks(frame),
        }
    }
}
