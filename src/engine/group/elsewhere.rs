//! Operations from elsewhere in a group, and what says who made an operation.

use super::{Condition, Group, append};
use crate::engine::newer::IfNewer;
use crate::engine::staged::{Origin, Staged};
use crate::error::Result;
use crate::operation::{
    Attributes, NODE_LEN, OperationRef, OperationType, REMEMBERED_LEN, encode_node,
    encode_remembered,
};
use crate::wal::format::FRAME_HEADER_LEN;

impl Group {
    /// [`apply`](Self::apply) with a value that `append` appends; the entry that a put writes expires here at `expiry`.
    pub fn apply_until_with(
        &mut self,
        kind: OperationType,
        key: &str,
        timestamp: i64,
        if_version: Option<u64>,
        expiry: Option<i64>,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let attributes = self.attributes(expiry.filter(|_| kind == OperationType::Put))?;
        let origin = Origin::Elsewhere;
        let condition = Condition { if_version, origin };
        self.stage(kind, key, condition, timestamp, attributes, append)
    }

    /// Stages an operation made elsewhere, with its own timestamp.
    pub fn apply(&mut self, operation: OperationRef<'_>, if_version: Option<u64>) -> Result<()> {
        let OperationRef { kind, key, value, timestamp } = operation;
        self.apply_until_with(kind, key, timestamp, if_version, None, |frame| append(frame, value))
    }

    /// [`apply`](Self::apply) of a put whose entry expires here at `expiry`.
    pub fn apply_until(&mut self, operation: OperationRef<'_>, expiry: Option<i64>) -> Result<()> {
        let OperationRef { kind, key, value, timestamp } = operation;
        self.apply_until_with(kind, key, timestamp, None, expiry, |frame| append(frame, value))
    }

    /// [`apply`](Self::apply) of what a log says.
    pub(in crate::engine) fn apply_as(
        &mut self,
        operation: OperationRef<'_>,
        attributes: Attributes,
    ) -> Result<()> {
        let OperationRef { kind, key, value, timestamp } = operation;
        let attributes = Attributes { consumers_len: 0, ..attributes };
        self.expiring |= attributes.expiry.is_some();
        let condition = Condition { origin: Origin::Elsewhere, ..Condition::default() };
        self.stage(kind, key, condition, timestamp, attributes, |frame| append(frame, value))
    }

    /// [`apply`](Self::apply), done only if the operation is newer than what its key has when the group is committed.
    pub fn apply_newer(&mut self, operation: OperationRef<'_>, if_newer: IfNewer) -> Result<()> {
        let OperationRef { kind, key, value, timestamp } = operation;
        self.apply_newer_with(kind, key, timestamp, if_newer, None, |frame| append(frame, value))
    }

    /// [`apply_newer`](Self::apply_newer) with a value that `append` appends; the entry that a put writes expires here at
    /// `expiry`.
    pub fn apply_newer_with(
        &mut self,
        kind: OperationType,
        key: &str,
        timestamp: i64,
        if_newer: IfNewer,
        expiry: Option<i64>,
        append: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let node = Some(if_newer.check(key, timestamp)?);
        let attributes = self.attributes(expiry.filter(|_| kind == OperationType::Put))?;
        let condition = Condition { origin: Origin::IfNewer, ..Condition::default() };
        self.stage(kind, key, condition, timestamp, Attributes { node, ..attributes }, append)
    }

    /// Whether an operation is done only if it is newer.
    pub(in crate::engine) fn has_newer(&self) -> bool {
        self.newer
    }

    /// Bytes that [`sign`](Self::sign) adds at most.
    pub(in crate::engine) fn signature_bytes(&self) -> usize {
        self.staged.len() * (NODE_LEN + REMEMBERED_LEN)
    }

    /// Whether a caller removes something, or another node has.
    pub(in crate::engine) fn has_removals(&self) -> bool {
        self.staged.iter().any(Staged::is_removal)
    }

    /// Says of each operation that was made here that this node made it, and of each removal until when it is remembered.
    pub(in crate::engine) fn sign(&mut self, node: Option<u64>, until: Option<i64>) {
        let mut signed = Vec::with_capacity(self.frame.len() + self.signature_bytes());
        signed.resize(FRAME_HEADER_LEN, 0);
        for staged in &mut self.staged {
            let payload = staged.start + usize::from(staged.attributes);
            let end = staged.start + staged.encoded_len();
            let attributes = self.frame.get(staged.start..payload).unwrap_or_default();
            staged.start = signed.len();
            signed.extend_from_slice(attributes);
            if let Some(node) = node.filter(|_| staged.origin == Origin::Here) {
                encode_node(node, &mut signed);
            }
            if let Some(until) = until.filter(|_| staged.is_removal()) {
                encode_remembered(until, &mut signed);
            }
            let added = signed.len() - staged.start - attributes.len();
            staged.attributes += u16::try_from(added).unwrap_or_default();
            signed.extend_from_slice(self.frame.get(payload..end).unwrap_or_default());
        }
        self.frame = signed;
    }

    /// Gives an operation another time.
    pub(in crate::engine) fn set_timestamp(&mut self, at: usize, timestamp: i64) {
        let place = self.staged.get(at).map(Staged::timestamp_at);
        let bytes = place.and_then(|place| self.frame.get_mut(place..)?.first_chunk_mut());
        if let Some(bytes) = bytes {
            *bytes = timestamp.to_le_bytes();
        }
    }
}
