//! Operations on their way into one frame.

mod elsewhere;

use super::acknowledging::Acknowledgement;
use super::stage_error::StageError;
use super::staged::{Origin, Staged, StagedOperation};
use crate::error::{Error, Result};
use crate::operation::{
    Attributes, EncodeError, MAX_EXPIRY, OperationType, PAYLOAD_OVERHEAD, encode_with, now,
};
use crate::types::Value;
use crate::wal::consumers::Consumers;
use crate::wal::format::{FRAME_HEADER_LEN, MAX_BODY_LEN};

/// A commit group: operations encoded one after another as the body of a frame, so that staging is
/// the only copy between the caller and the disk.
///
/// Staging touches no disk and takes no lock; [`StoreEngine::commit`](super::StoreEngine::commit)
/// makes the group durable and visible.
#[derive(Debug, Clone)]
pub struct Group {
    /// Room for the frame header, then the records.
    frame: Vec<u8>,
    staged: Vec<Staged>,
    batches: u32,
    open_batch: Option<BatchStart>,
    conditional: bool,
    /// In the order of their batches.
    acknowledgements: Vec<Acknowledgement>,
    /// Whether an entry is to expire.
    expiring: bool,
    /// Whether an operation is done only if it is newer.
    newer: bool,
}

#[derive(Debug, Clone, Copy)]
struct BatchStart {
    frame_len: usize,
    staged: usize,
    conditional: bool,
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

impl Group {
    /// Buffers of more than this are not kept for the next group: freeing them belongs to the commit, on its worker.
    const KEEP_CAPACITY: usize = 4 << 20;

    /// An empty group.
    pub fn new() -> Self {
        Self {
            frame: vec![0; FRAME_HEADER_LEN],
            staged: Vec::new(),
            batches: 0,
            open_batch: None,
            conditional: false,
            acknowledgements: Vec::new(),
            expiring: false,
            newer: false,
        }
    }

    /// How many operations are staged.
    pub fn len(&self) -> usize {
        self.staged.len()
    }

    /// Whether nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.staged.is_empty()
    }

    /// Bytes of the staged operations.
    pub fn bytes(&self) -> usize {
        self.frame.len() - FRAME_HEADER_LEN
    }

    /// The most bytes that the body of its frame can have.
    pub(super) fn most_bytes(&self) -> usize {
        let acknowledges = !self.acknowledgements.is_empty();
        self.bytes() + if acknowledges { Consumers::MAX_ATTRIBUTE_LEN } else { 0 }
    }

    /// Empties the group for the next round.
    pub fn clear(&mut self) {
        self.frame.truncate(FRAME_HEADER_LEN);
        self.staged.clear();
        if self.frame.capacity() > Self::KEEP_CAPACITY {
            self.frame.shrink_to(FRAME_HEADER_LEN);
            self.staged.shrink_to(0);
        }
        self.batches = 0;
        self.open_batch = None;
        self.conditional = false;
        self.acknowledgements.clear();
        self.expiring = false;
        self.newer = false;
    }

    /// Stages a put. `if_version` is the version that the entry must have when the group is
    /// committed, 0 when the key must be missing.
    pub fn put(&mut self, key: &str, value: &[u8], if_version: Option<u64>) -> Result<()> {
        self.put_with(key, if_version, |frame| append(frame, value))
    }

    /// Stages a put whose value `append` appends to the buffer that it gets, without looking at what is there.
    pub fn put_with(
        &mut self,
        key: &str,
        if_version: Option<u64>,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.put_until_with(key, if_version, None, append)
    }

    /// Stages a put of an entry that expires at `expiry`, milliseconds since the Unix epoch, if a time is given.
    pub fn put_until(
        &mut self,
        key: &str,
        value: &[u8],
        if_version: Option<u64>,
        expiry: Option<i64>,
    ) -> Result<()> {
        self.put_until_with(key, if_version, expiry, |frame| append(frame, value))
    }

    /// [`put_until`](Self::put_until) with a value that `append` appends.
    pub fn put_until_with(
        &mut self,
        key: &str,
        if_version: Option<u64>,
        expiry: Option<i64>,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let attributes = self.attributes(expiry)?;
        let condition = Condition { if_version, ..Condition::default() };
        self.stage(OperationType::Put, key, condition, now(), attributes, append)
    }

    /// The attributes of an entry that expires then.
    fn attributes(&mut self, expiry: Option<i64>) -> Result<Attributes> {
        if let Some(at) = expiry.filter(|at| !(1..=MAX_EXPIRY).contains(at)) {
            let reason =
                format!("an entry cannot expire at {at} ms: 1 to {MAX_EXPIRY} are allowed");
            return Err(Error::InvalidArgument { reason });
        }
        self.expiring |= expiry.is_some();
        Ok(Attributes { expiry, ..Attributes::NONE })
    }

    /// Stages the removal of an entry, done only if that has expired when the group is committed.
    pub(super) fn remove_expired(&mut self, key: &str) -> Result<()> {
        let condition = Condition { origin: Origin::Sweep, ..Condition::default() };
        self.stage(OperationType::Delete, key, condition, now(), Attributes::NONE, |_| Ok(()))
    }

    /// Stages a remove.
    pub fn remove(&mut self, key: &str, if_version: Option<u64>) -> Result<()> {
        let condition = Condition { if_version, ..Condition::default() };
        self.stage(OperationType::Delete, key, condition, now(), Attributes::NONE, |_| Ok(()))
    }

    /// Begins a batch: what is staged until [`end_batch`](Self::end_batch) is accepted or refused as
    /// a whole. Batches do not nest; a batch that is already open continues.
    pub fn begin_batch(&mut self) {
        if self.open_batch.is_none() {
            self.batches += 1;
            self.open_batch = Some(BatchStart {
                frame_len: self.frame.len(),
                staged: self.staged.len(),
                conditional: self.conditional,
            });
        }
    }

    /// Whether a batch is open.
    pub fn in_batch(&self) -> bool {
        self.open_batch.is_some()
    }

    /// Ends the open batch.
    pub fn end_batch(&mut self) {
        self.open_batch = None;
        // An acknowledgement is part of a record.
        self.drop_acknowledgements();
    }

    /// The batch that was just begun acknowledges for a consumer: the position is stored in the same frame as its operations, if
    /// it has any, and only if it is accepted.
    pub fn acknowledge(&mut self, name: &str, sequence: u64) {
        let at = self.staged.len();
        self.acknowledgements.push(Acknowledgement { at, name: name.into(), sequence });
    }

    fn drop_acknowledgements(&mut self) {
        let end = self.staged.len();
        self.acknowledgements.retain(|one| one.at < end);
    }

    /// Drops the open batch and everything staged in it.
    pub fn cancel_batch(&mut self) {
        if let Some(start) = self.open_batch.take() {
            self.frame.truncate(start.frame_len);
            self.staged.truncate(start.staged);
            self.conditional = start.conditional;
            self.batches -= 1;
            self.drop_acknowledgements();
        }
    }

    fn stage(
        &mut self,
        kind: OperationType,
        key: &str,
        condition: Condition,
        timestamp: i64,
        attributes: Attributes,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let start = self.frame.len();
        attributes.encode_into(&mut self.frame);
        let encoded = encode_with(&mut self.frame, kind, key, timestamp, |frame| {
            append(frame).map_err(StageError::Append)
        });
        if let Err(error) = encoded {
            self.frame.truncate(start);
            return Err(error.into_error());
        }
        if self.most_bytes() > MAX_BODY_LEN {
            self.frame.truncate(start);
            return Err(Error::InvalidArgument {
                reason: format!("a commit group holds at most {MAX_BODY_LEN} bytes"),
            });
        }
        let batch = if self.open_batch.is_some() { self.batches } else { 0 };
        let Condition { if_version, origin } = condition;
        self.newer |= origin == Origin::IfNewer;
        self.conditional |=
            if_version.is_some() || matches!(origin, Origin::Sweep | Origin::IfNewer);
        let (key_len, attributes_len) = (key.len(), attributes.encoded_len());
        let value_len = self.frame.len() - start - attributes_len - PAYLOAD_OVERHEAD - key_len;
        let attributes = u16::try_from(attributes_len)
            .map_err(|_| Error::Internal { reason: "the attributes of a record are too long" })?;
        self.staged.push(Staged {
            start,
            attributes,
            key_len,
            value_len,
            kind,
            batch,
            if_version,
            origin,
        });
        Ok(())
    }

    /// Whether any of it may be refused.
    pub(super) fn is_conditional(&self) -> bool {
        self.conditional || !self.acknowledgements.is_empty()
    }

    pub(super) fn acknowledgements(&self) -> &[Acknowledgement] {
        &self.acknowledgements
    }

    /// Puts an attribute of the lowest kind in front of the first record.
    pub(super) fn attach(&mut self, attribute: &[u8]) {
        let front = FRAME_HEADER_LEN..FRAME_HEADER_LEN;
        self.frame.splice(front, attribute.iter().copied());
        for staged in &mut self.staged {
            staged.start += attribute.len();
        }
    }

    /// Whether an entry is to expire.
    pub(super) fn is_expiring(&self) -> bool {
        self.expiring
    }

    pub(super) fn staged(&self) -> &[Staged] {
        &self.staged
    }

    /// Whether anything is to be stored.
    pub(super) fn has_puts(&self) -> bool {
        self.staged.iter().any(|staged| staged.kind == OperationType::Put)
    }

    /// The keys of all operations.
    pub(super) fn keys(&self) -> Vec<&[u8]> {
        self.staged.iter().map(|staged| self.key_of(staged)).collect()
    }

    /// The frame to be written; its header is still empty.
    pub(super) fn frame_mut(&mut self) -> &mut Vec<u8> {
        &mut self.frame
    }

    /// The parts of a staged operation that the index stores.
    pub(super) fn operation(&self, staged: &Staged) -> StagedOperation<'_> {
        staged.operation(&self.frame)
    }

    pub(super) fn key_of(&self, staged: &Staged) -> &[u8] {
        self.operation(staged).key
    }

    /// Makes room for this many more bytes and operations, so that the frame grows only once.
    pub fn reserve(&mut self, bytes: usize, operations: usize) {
        self.frame.reserve(bytes);
        self.staged.reserve(operations);
    }

    /// Copies the operations of `other` after those of this group.
    pub(super) fn absorb(&mut self, other: &Group) {
        let shift = self.frame.len() - FRAME_HEADER_LEN;
        self.frame.extend_from_slice(other.frame.get(FRAME_HEADER_LEN..).unwrap_or_default());
        let (batches, before) = (self.batches, self.staged.len());
        self.staged.extend(other.staged.iter().map(|staged| Staged {
            start: staged.start + shift,
            batch: if staged.batch == 0 { 0 } else { staged.batch + batches },
            ..*staged
        }));
        self.batches += other.batches;
        self.conditional |= other.conditional;
        self.acknowledgements.extend(
            other
                .acknowledgements
                .iter()
                .map(|one| Acknowledgement { at: one.at + before, ..one.clone() }),
        );
        self.expiring |= other.expiring;
        self.newer |= other.newer;
    }

    /// Keeps the operations that `accepted` names, in order.
    pub(super) fn retain(&mut self, accepted: impl Fn(usize) -> bool) {
        let mut end = FRAME_HEADER_LEN;
        let mut index = 0;
        let frame = &mut self.frame;
        self.staged.retain_mut(|staged| {
            let keep = accepted(index);
            index += 1;
            if keep {
                let bytes = staged.start..staged.start + staged.encoded_len();
                let len = bytes.len();
                frame.copy_within(bytes, end);
                staged.start = end;
                end += len;
            }
            keep
        });
        frame.truncate(end);
    }
}

fn append(frame: &mut Vec<u8>, value: &[u8]) -> Result<()> {
    // Anything too long is refused before it is copied.
    if value.len() <= Value::MAX_LEN {
        frame.extend_from_slice(value);
        return Ok(());
    }
    Err(StageError::Encode(EncodeError::ValueTooLong { len: value.len() }).into_error())
}

/// What must hold for an operation to be done.
#[derive(Debug, Clone, Copy, Default)]
struct Condition {
    if_version: Option<u64>,
    origin: Origin,
}
