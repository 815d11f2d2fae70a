//! What a record of the log says beside its payload. None of it is part of the published encoding.

use super::{OperationDecoder, OperationRef, OperationType};
use crate::error::DecodeError;

/// The lowest kind of an attribute; a payload begins with its version, which is lower.
const FIRST_KIND: u8 = 0x80;
const EXPIRY: u8 = 0x81;
const NODE: u8 = 0x82;
const REMEMBERED: u8 = 0x83;
/// The latest time at which an entry can expire, the last that JavaScript counts exactly.
pub const MAX_EXPIRY: i64 = (1 << 53) - 1;
/// The greatest id of a node, the last whole number that JavaScript has exactly.
pub const MAX_NODE: u64 = (1 << 53) - 1;
/// Bytes of an expiry: its kind, then milliseconds.
const EXPIRY_LEN: usize = 1 + size_of::<i64>();
/// Bytes of the id of a node: its kind, then the number.
pub(crate) const NODE_LEN: usize = 1 + size_of::<u64>();
/// Bytes that say until when a removal is remembered: the kind, then milliseconds.
pub(crate) const REMEMBERED_LEN: usize = 1 + size_of::<i64>();
/// The lowest kind, so that it comes first and whoever puts it in front of a record need not look at that.
pub(crate) const CONSUMERS: u8 = FIRST_KIND;
/// Bytes of the attribute about consumers before their positions: its kind, how many there are, how many bytes they take,
/// and their checksum.
pub(crate) const CONSUMERS_HEAD: usize = 1 + 3 * size_of::<u32>();

/// The attributes of one record. A new kind needs a field here, and a line in each function of this block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// When the entry that a put writes expires, in milliseconds since the Unix epoch.
    pub expiry: Option<i64>,
    /// The node that made the operation.
    pub node: Option<u64>,
    /// Until when a removal is remembered, in milliseconds since the Unix epoch; one without it is forgotten at once.
    pub remembered: Option<i64>,
    /// Bytes of the attribute that says where the consumers are once this record is durable; 0 without one. It is about the log
    /// and not about the entry, so it is written and read with the frame.
    pub consumers_len: u32,
}

impl Attributes {
    /// A record that is its payload alone.
    pub const NONE: Self = Self { expiry: None, node: None, remembered: None, consumers_len: 0 };

    /// Bytes that the attributes take in the log.
    pub const fn encoded_len(&self) -> usize {
        let expiry = if self.expiry.is_some() { EXPIRY_LEN } else { 0 };
        let node = if self.node.is_some() { NODE_LEN } else { 0 };
        let remembered = if self.remembered.is_some() { REMEMBERED_LEN } else { 0 };
        expiry + node + remembered + self.consumers_len as usize
    }

    /// Appends the attributes of the entry to `out`, in the order of their kinds.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        if let Some(at) = self.expiry {
            out.push(EXPIRY);
            out.extend_from_slice(&at.to_le_bytes());
        }
        if let Some(id) = self.node {
            encode_node(id, out);
        }
        if let Some(until) = self.remembered {
            encode_remembered(until, out);
        }
    }

    /// Takes the attribute of this kind, which `bytes` begins with. Returns its length.
    fn take(&mut self, kind: u8, bytes: &[u8]) -> Result<usize, DecodeError> {
        match kind {
            EXPIRY => {
                self.expiry = Some(time_in(bytes)?);
                Ok(EXPIRY_LEN)
            }
            NODE => {
                let id = u64::from_le_bytes(eight(bytes)?);
                if !(1..=MAX_NODE).contains(&id) {
                    return Err(DecodeError::NodeOutOfRange { found: id });
                }
                self.node = Some(id);
                Ok(NODE_LEN)
            }
            REMEMBERED => {
                self.remembered = Some(time_in(bytes)?);
                Ok(REMEMBERED_LEN)
            }
            CONSUMERS => {
                let found = bytes.len();
                let truncated = |needed| DecodeError::Truncated { needed, found };
                let head = bytes.first_chunk::<CONSUMERS_HEAD>();
                let [_, _, _, _, _, a, b, c, d, ..] =
                    *head.ok_or_else(|| truncated(CONSUMERS_HEAD))?;
                let len = CONSUMERS_HEAD.saturating_add(u32::from_le_bytes([a, b, c, d]) as usize);
                self.consumers_len = u32::try_from(len).map_err(|_| truncated(len))?;
                if found < len { Err(truncated(len)) } else { Ok(len) }
            }
            found => Err(DecodeError::UnknownAttribute { found }),
        }
    }

    /// Whether a record of this type can have them.
    fn may_be_of(&self, kind: OperationType) -> bool {
        match kind {
            OperationType::Put => self.remembered.is_none(),
            OperationType::Delete => self.expiry.is_none(),
        }
    }
}

/// The time after the kind of an attribute.
fn time_in(bytes: &[u8]) -> Result<i64, DecodeError> {
    let at = i64::from_le_bytes(eight(bytes)?);
    if (1..=MAX_EXPIRY).contains(&at) {
        Ok(at)
    } else {
        Err(DecodeError::ExpiryOutOfRange { found: at })
    }
}

/// The eight bytes after the kind of an attribute.
fn eight(bytes: &[u8]) -> Result<[u8; 8], DecodeError> {
    let found = bytes.len();
    let rest = bytes.get(1..).and_then(|rest| rest.first_chunk());
    rest.copied().ok_or(DecodeError::Truncated { needed: 1 + size_of::<u64>(), found })
}

/// Appends the attribute that says which node made an operation. It comes after all attributes but the one below.
pub(crate) fn encode_node(id: u64, out: &mut Vec<u8>) {
    out.push(NODE);
    out.extend_from_slice(&id.to_le_bytes());
}

/// Appends the attribute that says until when a removal is remembered. It comes after all others.
pub(crate) fn encode_remembered(until: i64, out: &mut Vec<u8>) {
    out.push(REMEMBERED);
    out.extend_from_slice(&until.to_le_bytes());
}

/// Whether a record that begins with this byte has attributes.
pub(crate) const fn is_attribute(first: u8) -> bool {
    first >= FIRST_KIND
}

fn has_attributes(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&first| is_attribute(first))
}

/// The attributes in front of a payload, and their length. The payload may still be missing, or anything else.
#[inline]
pub fn attributes_of(bytes: &[u8]) -> Result<(Attributes, usize), DecodeError> {
    let (mut attributes, mut len, mut last) = (Attributes::NONE, 0, 0);
    while let Some(&kind) = bytes.get(len).filter(|&&first| first >= FIRST_KIND) {
        let taken = attributes.take(kind, bytes.get(len..).unwrap_or_default());
        len += taken.map_err(|error| after(len, bytes, error))?;
        if kind <= last {
            return Err(DecodeError::AttributeOutOfOrder { found: kind });
        }
        last = kind;
    }
    Ok((attributes, len))
}

/// The attribute about consumers of the record at the start of `bytes`.
pub(crate) fn consumers_of(bytes: &[u8]) -> Result<Option<&[u8]>, DecodeError> {
    let (attributes, _) = attributes_of(bytes)?;
    Ok(bytes.get(..attributes.consumers_len as usize).filter(|attribute| !attribute.is_empty()))
}

/// The first record in `bytes`, which other bytes may follow, and its length.
#[inline]
pub fn decode_record(bytes: &[u8]) -> Result<(Attributes, OperationRef<'_>, usize), DecodeError> {
    if has_attributes(bytes) {
        return decode_with_attributes(bytes);
    }
    let operation = OperationDecoder::decode_first(bytes)?;
    Ok((Attributes::NONE, operation, operation.encoded_len()))
}

/// Apart, so that records without attributes do not pay for others.
#[cold]
#[inline(never)]
fn decode_with_attributes(
    bytes: &[u8],
) -> Result<(Attributes, OperationRef<'_>, usize), DecodeError> {
    let (attributes, len) = attributes_of(bytes)?;
    let payload = bytes.get(len..).unwrap_or_default();
    let operation =
        OperationDecoder::decode_first(payload).map_err(|error| after(len, bytes, error))?;
    if !attributes.may_be_of(operation.kind) {
        return Err(DecodeError::MisplacedAttribute);
    }
    Ok((attributes, operation, len + operation.encoded_len()))
}

/// How many bytes the record at the start of `bytes` takes, as
/// [`encoded_len`](OperationDecoder::encoded_len) says of a payload.
#[inline]
pub(crate) fn record_len(bytes: &[u8]) -> Result<usize, DecodeError> {
    if has_attributes(bytes) {
        len_with_attributes(bytes)
    } else {
        OperationDecoder::encoded_len(bytes)
    }
}

#[cold]
#[inline(never)]
fn len_with_attributes(bytes: &[u8]) -> Result<usize, DecodeError> {
    let (_, len) = attributes_of(bytes)?;
    let payload = bytes.get(len..).unwrap_or_default();
    let payload_len =
        OperationDecoder::encoded_len(payload).map_err(|error| after(len, bytes, error))?;
    Ok(len + payload_len)
}

/// An error about what comes after the first `len` bytes.
fn after(len: usize, bytes: &[u8], error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Truncated { needed, .. } => {
            DecodeError::Truncated { needed: len + needed, found: bytes.len() }
        }
        error => error,
    }
}
