//! From a payload to its operation.

use super::{
    Operation, OperationRef, OperationType, PAYLOAD_OVERHEAD, PAYLOAD_VERSION, PREFIX_LEN,
};
use crate::error::{DecodeError, InvalidKey};
use crate::types::{Key, Value};

/// Decodes the published payload format, version 1. A payload that decodes encodes back to the same
/// bytes.
#[derive(Debug)]
pub struct OperationDecoder;

impl OperationDecoder {
    /// The operation that `payload` holds, all of it and nothing else.
    pub fn decode(payload: &[u8]) -> crate::Result<Operation> {
        Ok(Self::decode_ref(payload)?.to_operation())
    }

    /// [`decode`](Self::decode) without a copy.
    pub fn decode_ref(payload: &[u8]) -> Result<OperationRef<'_>, DecodeError> {
        if payload.is_empty() {
            return Err(DecodeError::Empty);
        }
        let operation = Self::decode_first(payload)?;
        match payload.len() - operation.encoded_len() {
            0 => Ok(operation),
            extra => Err(DecodeError::Trailing { extra }),
        }
    }

    /// The first operation in `bytes`, which other bytes may follow.
    pub fn decode_first(bytes: &[u8]) -> Result<OperationRef<'_>, DecodeError> {
        let Sizes { kind, key_len, value_len } = sizes(bytes)?;
        let needed = PAYLOAD_OVERHEAD + key_len + value_len;
        let truncated = || DecodeError::Truncated { needed, found: bytes.len() };
        let payload = bytes.get(..needed).ok_or_else(truncated)?;
        let value_start = PREFIX_LEN + key_len + 4;
        let key = payload.get(PREFIX_LEN..PREFIX_LEN + key_len).ok_or_else(truncated)?;
        let rest = payload.get(value_start..).ok_or_else(truncated)?;
        let (value, timestamp) = rest.split_last_chunk().ok_or_else(truncated)?;
        Ok(OperationRef {
            kind,
            key: std::str::from_utf8(key).map_err(|_| InvalidKey::NotUnicode)?,
            value,
            timestamp: i64::from_le_bytes(*timestamp),
        })
    }

    /// How many bytes the operation at the start of `bytes` takes, checked against every limit but not
    /// against the length of `bytes` beyond its size fields. When those are missing, the error says
    /// how many bytes to provide before asking again.
    pub(crate) fn encoded_len(bytes: &[u8]) -> Result<usize, DecodeError> {
        let Sizes { key_len, value_len, .. } = sizes(bytes)?;
        Ok(PAYLOAD_OVERHEAD + key_len + value_len)
    }
}

/// What the size fields of a payload say.
struct Sizes {
    kind: OperationType,
    key_len: usize,
    value_len: usize,
}

#[inline]
fn sizes(bytes: &[u8]) -> Result<Sizes, DecodeError> {
    let truncated = |needed| DecodeError::Truncated { needed, found: bytes.len() };
    let Some(&version) = bytes.first() else { return Err(truncated(PAYLOAD_OVERHEAD)) };
    if version != PAYLOAD_VERSION {
        return Err(DecodeError::UnknownVersion { found: version });
    }
    let kind = kind_of(bytes).ok_or_else(|| truncated(PAYLOAD_OVERHEAD))??;
    let key_len = u32_at(bytes, 2).ok_or_else(|| truncated(PAYLOAD_OVERHEAD))?;
    if key_len == 0 {
        return Err(InvalidKey::Empty.into());
    }
    if key_len > Key::MAX_LEN {
        return Err(InvalidKey::TooLong { len: key_len }.into());
    }
    let value_len = u32_at(bytes, PREFIX_LEN + key_len);
    let value_len = value_len.ok_or_else(|| truncated(PAYLOAD_OVERHEAD + key_len))?;
    if value_len > Value::MAX_LEN {
        return Err(DecodeError::ValueTooLong { len: value_len });
    }
    if kind == OperationType::Delete && value_len != 0 {
        return Err(DecodeError::DeleteWithValue);
    }
    Ok(Sizes { kind, key_len, value_len })
}

fn kind_of(bytes: &[u8]) -> Option<Result<OperationType, DecodeError>> {
    Some(match *bytes.get(1)? {
        1 => Ok(OperationType::Put),
        2 => Ok(OperationType::Delete),
        found => Err(DecodeError::UnknownType { found }),
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(field)).ok()
}
