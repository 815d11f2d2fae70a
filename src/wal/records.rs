//! The records inside a frame.

use std::io;

use super::format::{FrameHeader, FrameKind};
use super::window::Window;
use crate::operation::{
    Attributes, DecodeError, OperationRef, OperationType, decode_record, record_len,
};

/// How many records are handed on together: enough that the cache misses of replaying them overlap.
pub(crate) const RECORDS_AT_ONCE: usize = 64;

/// One operation of the log, or one entry of its checkpoint as the put that wrote it, or a removal that it remembers.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its sequence, which is the version of the entry that it writes.
    pub sequence: u64,
    /// What it does.
    pub operation: OperationRef<'a>,
    /// What the log says of it beside that.
    pub attributes: Attributes,
}

impl Record<'_> {
    /// Bytes that it takes in the log, without the version of an entry.
    pub const fn encoded_len(&self) -> usize {
        self.attributes.encoded_len() + self.operation.encoded_len()
    }
}

/// The records of a frame that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remaining {
    pub(super) kind: FrameKind,
    /// The sequence of the next record, if the frame has history.
    pub(super) sequence: u64,
    pub(super) count: u64,
    /// The last version that a record of a checkpoint can have.
    pub(super) base_sequence: u64,
    /// Whether the first record was read.
    pub(super) begun: bool,
}

impl Remaining {
    /// All records of the frame with this header.
    pub(super) fn of(header: &FrameHeader, base_sequence: u64) -> Self {
        Self {
            kind: header.kind,
            sequence: header.first_sequence,
            count: header.count.into(),
            base_sequence,
            begun: false,
        }
    }

    /// The next record was read.
    pub(super) fn pass(&mut self) {
        self.count -= 1;
        self.sequence += 1;
        self.begun = true;
    }
}

/// The bytes of a frame from `at`, at most `slice` of them and not beyond `end`, but at least one record.
pub(super) fn records_at<'w>(
    window: &'w mut Window<'_>,
    at: u64,
    end: u64,
    slice: usize,
    prefix: usize,
) -> io::Result<std::result::Result<&'w [u8], DecodeError>> {
    let room = usize::try_from(end - at).unwrap_or(usize::MAX);
    let mut wanted = room.min(slice);
    loop {
        let bytes = window.view(at, wanted)?.get(prefix..).unwrap_or_default();
        let (needed, is_known) = match record_len(bytes) {
            Ok(needed) => (needed + prefix, true),
            Err(DecodeError::Truncated { needed, .. }) => (needed + prefix, false),
            Err(error) => return Ok(Err(error)),
        };
        if is_known && needed <= wanted {
            return Ok(Ok(window.view(at, wanted)?));
        }
        if needed <= wanted || needed > room {
            return Ok(Err(DecodeError::Truncated { needed, found: room }));
        }
        wanted = needed;
    }
}

/// Hands the records in `bytes` to `sink`, as many as `remaining` has, a few at a time, and subtracts them
/// from it. Returns how many bytes they took; the last one may be cut off unless the bytes are the `whole`
/// rest of the frame. An error comes with the same number.
pub(super) fn decode(
    bytes: &[u8],
    whole: bool,
    remaining: &mut Remaining,
    sink: &mut impl FnMut(&[Record<'_>]),
) -> std::result::Result<usize, (usize, DecodeError)> {
    let mut records = Vec::with_capacity(RECORDS_AT_ONCE);
    let mut used = 0;
    while remaining.count > 0 {
        match decode_one(bytes.get(used..).unwrap_or_default(), remaining) {
            Ok((record, len)) => {
                records.push(record);
                used += len;
            }
            Err(DecodeError::Truncated { .. }) if !whole && used > 0 => break,
            Err(_) if bug!(UndecodableSkipped) => {
                let rest = bytes.get(used..).unwrap_or_default();
                used += record_len(rest).unwrap_or(rest.len());
            }
            Err(source) => return Err((used, source)),
        }
        remaining.pass();
        if records.len() == RECORDS_AT_ONCE {
            sink(&records);
            records.clear();
        }
    }
    if !records.is_empty() {
        sink(&records);
    }
    Ok(used)
}

/// The first record and its length.
pub(super) fn decode_one<'a>(
    bytes: &'a [u8],
    remaining: &Remaining,
) -> std::result::Result<(Record<'a>, usize), DecodeError> {
    if !remaining.kind.is_of_checkpoint() {
        let (attributes, operation, len) = decode_record(bytes)?;
        if remaining.begun && attributes.consumers_len > 0 {
            return Err(DecodeError::MisplacedAttribute);
        }
        return Ok((Record { sequence: remaining.sequence, operation, attributes }, len));
    }
    let Some((version, rest)) = bytes.split_first_chunk() else {
        return Err(DecodeError::Truncated { needed: size_of::<u64>(), found: bytes.len() });
    };
    let sequence = u64::from_le_bytes(*version);
    let (attributes, operation, len) = decode_record(rest)?;
    if attributes.consumers_len > 0 {
        return Err(DecodeError::MisplacedAttribute);
    }
    let belongs = match remaining.kind {
        FrameKind::Removals { .. } => attributes.remembered.is_some(),
        _ => operation.kind == OperationType::Put,
    };
    if !belongs || sequence == 0 || sequence > remaining.base_sequence {
        return Err(DecodeError::NotAnEntry);
    }
    Ok((Record { sequence, operation, attributes }, size_of::<u64>() + len))
}
