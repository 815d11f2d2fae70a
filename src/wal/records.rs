//! The records inside a frame.

use std::io;

use super::window::{SLICE, Window};
use crate::operation::{DecodeError, OperationDecoder, OperationRef};

/// How many records are handed on together: enough for the cache misses of replaying them to overlap.
pub(crate) const RECORDS_AT_ONCE: usize = 64;

/// One operation of the log.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its sequence, which is the version of the entry that it writes.
    pub sequence: u64,
    /// What it does.
    pub operation: OperationRef<'a>,
}

/// Bytes of a frame from `at` to a slice behind it or to `end`; at least one record.
pub(super) fn records_at<'w>(
    window: &'w mut Window<'_>,
    at: u64,
    end: u64,
) -> io::Result<std::result::Result<&'w [u8], DecodeError>> {
    let room = usize::try_from(end - at).unwrap_or(usize::MAX);
    let mut wanted = room.min(SLICE);
    loop {
        match OperationDecoder::encoded_len(window.view(at, wanted)?) {
            Ok(needed) if needed <= wanted => return Ok(Ok(window.view(at, wanted)?)),
            Ok(needed) | Err(DecodeError::Truncated { needed, .. })
                if needed > wanted && needed <= room =>
            {
                wanted = needed;
            }
            Ok(needed) | Err(DecodeError::Truncated { needed, .. }) => {
                return Ok(Err(DecodeError::Truncated { needed, found: room }));
            }
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// Hands the records in `bytes` to `sink`, up to sequence `last`, a few at a time. Says how many there
/// were and how many bytes they took; the last one may be cut off unless the bytes are the `whole` rest
/// of the frame. An error comes with the same two numbers.
pub(super) fn decode(
    bytes: &[u8],
    whole: bool,
    first: u64,
    last: u64,
    sink: &mut impl FnMut(&[Record<'_>]),
) -> std::result::Result<(u64, usize), (u64, usize, DecodeError)> {
    let mut records = Vec::with_capacity(RECORDS_AT_ONCE);
    let mut used = 0;
    let mut sequence = first;
    while sequence < last {
        match OperationDecoder::decode_first(bytes.get(used..).unwrap_or_default()) {
            Ok(operation) => {
                records.push(Record { sequence, operation });
                used += operation.encoded_len();
            }
            Err(DecodeError::Truncated { .. }) if !whole && used > 0 => break,
            Err(_) if bug!(UndecodableSkipped) => {
                let rest = bytes.get(used..).unwrap_or_default();
                used += OperationDecoder::encoded_len(rest).unwrap_or(rest.len());
            }
            Err(source) => return Err((sequence - first, used, source)),
        }
        sequence += 1;
        if records.len() == RECORDS_AT_ONCE {
            sink(&records);
            records.clear();
        }
    }
    if !records.is_empty() {
        sink(&records);
    }
    Ok((sequence - first, used))
}
