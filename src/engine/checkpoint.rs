//! Writes the entries of a running store into a new log.

use std::ops::Bound;

use super::core::Core;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::index::Range;
use crate::index_file::Found;
use crate::operation::{Attributes, OperationEncoder, OperationRef, OperationType};
use crate::state::{Limit, NOTHING_EXPIRED, Seen, State, View, append_removal};
use crate::wal::format::{FRAME_HEADER_LEN, FrameKind};
use crate::wal::rewrite::Rewrite;

/// Bytes and entries that are copied under one read lock, so that writers never wait long.
const STEP_BYTES: usize = 64 << 10;
const STEP_ENTRIES: usize = 512;
/// Such a frame is still in the processor's cache when it is decoded after its checksum was computed.
const FRAME_BYTES: usize = 128 << 10;

/// Writes every entry that was last changed at or before `base`, in the order of the keys, and then the removals that are
/// remembered.
///
/// Writes go on meanwhile, and the scan sees each entry as it is when the scan passes it. Entries and removals that
/// are later than `base` are left out: the history after `base` follows in the new log, and replaying
/// it leads to the same state whether or not what was there before is written.
pub(super) fn write_entries(
    core: &Core,
    rewrite: &mut Rewrite<'_>,
    base: u64,
    control: &Control,
    expected: u64,
) -> Result<()> {
    let now = core.storage.now();
    let remembers = core.read(|state| Ok(!state.tombstones.is_empty()))?;
    let remembers = remembers && !bug!(CompactionForgetsTombstones);
    let mut scan = Pages { base, range: Range::all(), is_over: false };
    let mut part =
        Part { core, rewrite, control, expected, frame: vec![0; FRAME_HEADER_LEN], count: 0 };
    while !scan.is_over {
        part.count += core.find(
            |_| true,
            |state| Ok(scan.next(scan.view(state)?.at(NOTHING_EXPIRED), &mut part.frame)),
        )??;
        part.write_full(FrameKind::Checkpoint { last: scan.is_over && !remembers }, scan.is_over)?;
    }
    let mut after = remembers.then(Vec::new);
    while let Some(key) = &after {
        let key = Some(&**key).filter(|key| !key.is_empty());
        let step = |state: &State| next_removals(state, key, base, now, &mut part.frame);
        let (count, last) = core.read(step)?;
        part.count += count;
        after = last;
        part.write_full(FrameKind::Removals { last: after.is_none() }, after.is_none())?;
    }
    Ok(())
}

/// The part of the checkpoint that comes next.
struct Part<'p, 's> {
    core: &'p Core,
    rewrite: &'p mut Rewrite<'s>,
    control: &'p Control,
    expected: u64,
    frame: Vec<u8>,
    count: u32,
}

impl Part<'_, '_> {
    /// Writes the frame when it is full, or nothing more is to come of this kind.
    fn write_full(&mut self, kind: FrameKind, is_over: bool) -> Result<()> {
        if self.frame.len() < FRAME_BYTES && !is_over {
            return Ok(());
        }
        if self.count > 0 || !kind.continues_checkpoint() {
            self.rewrite.add_part(&mut self.frame, kind, self.count)?;
        }
        self.frame.truncate(FRAME_HEADER_LEN);
        self.count = 0;
        let written = self.rewrite.position().offset;
        self.core.rewriting.step(self.control, written, self.expected)
    }
}

/// Appends the next removals after a key that are still remembered `now`. Says how many, and the key to go on after.
fn next_removals(
    state: &State,
    after: Option<&[u8]>,
    base: u64,
    now: i64,
    frame: &mut Vec<u8>,
) -> Result<(u32, Option<Vec<u8>>)> {
    let (mut count, mut last, mut seen) = (0, None, 0);
    for record in state.tombstones.after(after).take(STEP_ENTRIES) {
        seen += 1;
        last = Some(record.key());
        if record.version() <= base && !record.is_expired(now) {
            append_removal(&record, frame)?;
            count += 1;
        }
    }
    Ok((count, last.filter(|_| seen == STEP_ENTRIES).map(<[u8]>::to_vec)))
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
