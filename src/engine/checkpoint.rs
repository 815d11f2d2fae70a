//! Writes the entries of a running store into a new log.

use std::ops::Bound;

use super::core::Core;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::index::Range;
use crate::index_file::Found;
use crate::operation::{Attributes, OperationEncoder, OperationRef, OperationType};
use crate::state::{Limit, NOTHING_EXPIRED, Seen, State, View};
use crate::wal::format::FRAME_HEADER_LEN;
use crate::wal::rewrite::Rewrite;

/// Bytes and entries that are copied under one read lock, so that writers never wait long.
const STEP_BYTES: usize = 64 << 10;
const STEP_ENTRIES: usize = 512;
/// Such a frame is still in the processor's cache when it is decoded after its checksum was computed.
const FRAME_BYTES: usize = 128 << 10;

/// Writes every entry that was last changed at or before `base`, in the order of the keys.
///
/// Writes go on meanwhile, and the scan sees each entry as it is when the scan passes it. Entries that
/// have changed since `base` are left out: the history after `base` follows in the new log, and replaying
/// it leads to the same state whether or not their old values were there before.
pub(super) fn write_entries(
    core: &Core,
    rewrite: &mut Rewrite<'_>,
    base: u64,
    control: &Control,
    expected: u64,
) -> Result<()> {
    let mut scan = Pages { base, range: Range::all(), is_over: false };
    let mut frame = vec![0; FRAME_HEADER_LEN];
    let mut count = 0;
    while !scan.is_over {
        count += core.find(
            |_| true,
            |state| Ok(scan.next(scan.view(state)?.at(NOTHING_EXPIRED), &mut frame)),
        )??;
        if frame.len() >= FRAME_BYTES || scan.is_over {
            rewrite.add_entries(&mut frame, count, scan.is_over)?;
            frame.truncate(FRAME_HEADER_LEN);
            count = 0;
            let written = rewrite.position().offset;
            core.rewriting.step(control, written, expected)?;
        }
    }
    Ok(())
}

struct Pages {
    base: u64,
    range: Range,
    is_over: bool,
}

impl Pages {
    /// The next entries, and maybe others.
    fn view<'s>(&self, state: &'s State) -> Found<View<'s>> {
        let limit = Limit { entries: STEP_ENTRIES, bytes: STEP_BYTES, values: true };
        state.of_range(&self.range, limit, NOTHING_EXPIRED)
    }

    /// Appends the next entries to `frame` and returns how many.
    fn next(&mut self, view: Seen<'_>, frame: &mut Vec<u8>) -> Result<u32> {
        let (mut count, mut bytes) = (0, 0);
        for (seen, record) in (1..).zip(view.scan(&self.range)) {
            bytes += record.key().len() + record.value().len();
            if record.version() <= self.base || bug!(CheckpointTooNew) {
                let operation = OperationRef {
                    kind: OperationType::Put,
                    key: std::str::from_utf8(record.key()).map_err(|_| NOT_TEXT)?,
                    value: record.value(),
                    timestamp: record.timestamp(),
                };
                frame.extend_from_slice(&record.version().to_le_bytes());
                let expiry = record.expiry().filter(|_| !bug!(CompactionForgetsExpiry));
                let node = record.node().filter(|_| !bug!(CompactionForgetsNodes));
                Attributes { expiry, node, ..Attributes::NONE }.encode_into(frame);
                OperationEncoder::encode_into(operation, frame)?;
                count += 1;
            }
            if seen == STEP_ENTRIES || bytes >= STEP_BYTES {
                self.range.lower = Bound::Excluded(record.key().to_vec());
                return Ok(count);
            }
        }
        self.is_over = true;
        Ok(count)
    }
}

const NOT_TEXT: Error = Error::Internal { reason: "a stored key is not UTF-8" };
