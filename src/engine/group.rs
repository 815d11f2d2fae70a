//! Operations on their way into one frame.

use crate::error::{Error, Result};
use crate::index::Content;
use crate::operation::{
    EncodeError, OperationRef, OperationType, PAYLOAD_OVERHEAD, PREFIX_LEN, encode_with, now,
};
use crate::types::Value;
use crate::wal::format::{FRAME_HEADER_LEN, MAX_BODY_LEN};

/// The commit group: operations encoded one after the other as the body of a frame, so that
/// staging is the only copy between the caller and the disk.
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
}

/// Where one operation lies in the frame, and what must hold for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staged {
    start: usize,
    key_len: usize,
    value_len: usize,
    pub(super) kind: OperationType,
    /// Operations with the same number other than 0 are accepted or refused together.
    pub(super) batch: u32,
    pub(super) if_version: Option<u64>,
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
    }

    /// Stages a put. `if_version` is the version that the entry must have when the group is
    /// committed, 0 when the key must be missing.
    pub fn put(&mut self, key: &str, value: &[u8], if_version: Option<u64>) -> Result<()> {
        self.put_with(key, if_version, |frame| append(frame, value))
    }

    /// Stages a put whose value `append` appends to what it gets, without a look at what is there.
    pub fn put_with(
        &mut self,
        key: &str,
        if_version: Option<u64>,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.stage(OperationType::Put, key, if_version, now(), append)
    }

    /// Stages a remove.
    pub fn remove(&mut self, key: &str, if_version: Option<u64>) -> Result<()> {
        self.stage(OperationType::Delete, key, if_version, now(), |_| Ok(()))
    }

    /// Stages an operation made elsewhere, with its own timestamp.
    pub fn apply(&mut self, operation: OperationRef<'_>) -> Result<()> {
        let OperationRef { kind, key, value, timestamp } = operation;
        self.apply_with(kind, key, timestamp, |frame| append(frame, value))
    }

    /// [`apply`](Self::apply) with a value that `append` appends.
    pub fn apply_with(
        &mut self,
        kind: OperationType,
        key: &str,
        timestamp: i64,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.stage(kind, key, None, timestamp, append)
    }

    /// Begins a batch: what is staged until [`end_batch`](Self::end_batch) is accepted or refused as
    /// a whole. Batches do not nest; a batch that is open already goes on.
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
    }

    /// Drops what the open batch staged, and the batch with it.
    pub fn cancel_batch(&mut self) {
        if let Some(start) = self.open_batch.take() {
            self.frame.truncate(start.frame_len);
            self.staged.truncate(start.staged);
            self.conditional = start.conditional;
            self.batches -= 1;
        }
    }

    fn stage(
        &mut self,
        kind: OperationType,
        key: &str,
        if_version: Option<u64>,
        timestamp: i64,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let start = self.frame.len();
        encode_with(&mut self.frame, kind, key, timestamp, |frame| {
            append(frame).map_err(StageError::Append)
        })
        .map_err(StageError::into_error)?;
        if self.bytes() > MAX_BODY_LEN {
            self.frame.truncate(start);
            return Err(Error::InvalidArgument {
                reason: format!("a commit group holds at most {MAX_BODY_LEN} bytes"),
            });
        }
        let batch = if self.open_batch.is_some() { self.batches } else { 0 };
        self.conditional |= if_version.is_some();
        let key_len = key.len();
        let value_len = self.frame.len() - start - PAYLOAD_OVERHEAD - key_len;
        self.staged.push(Staged { start, key_len, value_len, kind, batch, if_version });
        Ok(())
    }

    pub(super) fn is_conditional(&self) -> bool {
        self.conditional
    }

    pub(super) fn staged(&self) -> &[Staged] {
        &self.staged
    }

    /// The frame to be written; its header is still empty.
    pub(super) fn frame_mut(&mut self) -> &mut Vec<u8> {
        &mut self.frame
    }

    /// What the index takes of a staged operation.
    pub(super) fn operation(&self, staged: &Staged) -> StagedOperation<'_> {
        staged.operation(&self.frame)
    }

    pub(super) fn key_of(&self, staged: &Staged) -> &[u8] {
        self.operation(staged).key
    }

    /// Makes room for so many more bytes and operations, so that the frame grows once.
    pub fn reserve(&mut self, bytes: usize, operations: usize) {
        self.frame.reserve(bytes);
        self.staged.reserve(operations);
    }

    /// Copies the operations of `other` after those of this group.
    pub(super) fn absorb(&mut self, other: &Group) {
        let shift = self.frame.len() - FRAME_HEADER_LEN;
        self.frame.extend_from_slice(other.frame.get(FRAME_HEADER_LEN..).unwrap_or_default());
        let batches = self.batches;
        self.staged.extend(other.staged.iter().map(|staged| Staged {
            start: staged.start + shift,
            batch: if staged.batch == 0 { 0 } else { staged.batch + batches },
            ..*staged
        }));
        self.batches += other.batches;
        self.conditional |= other.conditional;
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
    // What is too long is refused before it is copied.
    if value.len() <= Value::MAX_LEN {
        frame.extend_from_slice(value);
        return Ok(());
    }
    Err(StageError::Encode(EncodeError::ValueTooLong { len: value.len() }).into_error())
}

/// The parts of a staged operation that the index stores.
#[derive(Debug, Clone, Copy)]
pub(super) struct StagedOperation<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) timestamp: i64,
}

impl Staged {
    fn encoded_len(&self) -> usize {
        PAYLOAD_OVERHEAD + self.key_len + self.value_len
    }

    /// Bytes that the index copies when this is applied: the key, and a value that lies beside it.
    pub(super) fn bytes_in_place(&self) -> usize {
        self.key_len + if Content::is_long(self.value_len) { 0 } else { self.value_len }
    }

    fn operation<'a>(&self, frame: &'a [u8]) -> StagedOperation<'a> {
        let key_start = self.start + PREFIX_LEN;
        let value_start = key_start + self.key_len + 4;
        let value_end = value_start + self.value_len;
        let timestamp = frame.get(value_end..value_end + 8).and_then(|bytes| bytes.try_into().ok());
        StagedOperation {
            key: frame.get(key_start..key_start + self.key_len).unwrap_or_default(),
            value: frame.get(value_start..value_end).unwrap_or_default(),
            timestamp: i64::from_le_bytes(timestamp.unwrap_or_default()),
        }
    }
}

/// A refusal while staging: by the rules of the format, or by the source of the value.
enum StageError {
    Encode(EncodeError),
    Append(Error),
}

impl From<EncodeError> for StageError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl StageError {
    /// A key or value that breaks the rules is the caller's argument, not a failed encoding.
    fn into_error(self) -> Error {
        match self {
            Self::Append(error) => error,
            Self::Encode(EncodeError::Key(error)) => error.into(),
            Self::Encode(error @ EncodeError::ValueTooLong { .. }) => {
                Error::InvalidValue { reason: error.to_string() }
            }
            Self::Encode(error) => error.into(),
        }
    }
}
