//! The records inside a frame.

use std::io;

use super::format::FrameKind;
use super::window::Window;
use crate::operation::{DecodeError, OperationDecoder, OperationRef, OperationType};

/// How many records are handed on together: enough for the cache misses of replaying them to overlap.
pub(crate) const RECORDS_AT_ONCE: usize = 64;

/// One operation of the log, or one entry of its checkpoint as the put that wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its sequence, which is the version of the entry that it writes.
    pub sequence: u64,
    /// What it does.
    pub operation: OperationRef<'a>,
}

/// What is left of the records of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remaining {
    pub(super) kind: FrameKind,
    /// The sequence of the next record, where the frame has history.
    pub(super) sequence: u64,
    pub(super) count: u64,
    /// The last version that an entry of a checkpoint can have.
    pub(super) base_sequence: u64,
}

/// Bytes of a frame from `at` to `slice` after it or to `end`; at least one record.
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
        let (needed, is_known) = match OperationDecoder::encoded_len(bytes) {
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

/// Hands the records in `bytes` to `sink`, as many as `remaining` has, a few at a time, and takes them off
/// it. Says how many bytes they took; the last one may be cut off unless the bytes are the `whole` rest
/// of the frame. An error comes with the same number.
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
                used += OperationDecoder::encoded_len(rest).unwrap_or(rest.len());
            }
            Err(source) => return Err((used, source)),
        }
        remaining.count -= 1;
        remaining.sequence += 1;
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
    if !matches!(remaining.kind, FrameKind::Checkpoint { .. }) {
        let operation = OperationDecoder::decode_first(bytes)?;
        let record = Record { sequence: remaining.sequence, operation };
        return Ok((record, operation.encoded_len()));
    }
    let Some((version, rest)) = bytes.split_first_chunk() else {
        return Err(DecodeError::Truncated { needed: size_of::<u64>(), found: bytes.len() });
    };
    let sequence = u64::from_le_bytes(*version);
    let operation = OperationDecoder::decode_first(rest)?;
    let is_entry = operation.kind == OperationType::Put;
    if !is_entry || sequence == 0 || sequence > remaining.base_sequence {
        return Err(DecodeError::NotAnEntry);
    }
    Ok((Record { sequence, operation }, size_of::<u64>() + operation.encoded_len()))
}
