//! From an operation to its payload.

use super::{Operation, OperationRef, OperationType, PAYLOAD_VERSION};
use crate::types::{InvalidKey, Key, Value};

/// Why an operation has no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The key is empty or too long.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// The value is longer than [`Value::MAX_LEN`].
    #[error("value has {len} bytes, at most {max} are allowed", max = Value::MAX_LEN)]
    ValueTooLong {
        /// Its length.
        len: usize,
    },
    /// A delete carries no value.
    #[error("a delete operation has a value")]
    DeleteWithValue,
}

/// Encodes operations in the published payload format, version 1.
///
/// ```
/// use softadastra_store::{Key, Operation, OperationDecoder, OperationEncoder, Value};
///
/// # fn main() -> Result<(), softadastra_store::Error> {
/// let operation = Operation::put(Key::new("user:1")?, Value::from_string("Gaspard"));
/// let payload = OperationEncoder::encode(&operation)?;
/// assert_eq!(OperationDecoder::decode(&payload)?, operation);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct OperationEncoder;

impl OperationEncoder {
    /// The payload of `operation`.
    pub fn encode(operation: &Operation) -> crate::Result<Vec<u8>> {
        let operation = OperationRef::from(operation);
        let mut payload = Vec::with_capacity(operation.encoded_len());
        Self::encode_into(operation, &mut payload)?;
        Ok(payload)
    }

    /// Appends the payload of `operation` to `out`, which stays as it was on an error.
    pub fn encode_into(operation: OperationRef<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if operation.kind == OperationType::Delete && !operation.value.is_empty() {
            return Err(EncodeError::DeleteWithValue);
        }
        encode_with(
            out,
            operation.kind,
            operation.key,
            operation.value.len(),
            operation.timestamp,
            |room| {
                if let Some(room) = room.get_mut(..operation.value.len()) {
                    room.copy_from_slice(operation.value);
                }
                Ok(())
            },
        )
    }
}

/// Appends a payload whose value `fill` writes in place. `fill` gets one byte more than the value
/// needs, so that a source which ends its text with a NUL byte can write here without a copy. When
/// it fails, `out` stays as it was.
pub(crate) fn encode_with<E: From<EncodeError>>(
    out: &mut Vec<u8>,
    kind: OperationType,
    key: &str,
    value_len: usize,
    timestamp: i64,
    fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
) -> Result<(), E> {
    Key::check(key).map_err(EncodeError::from)?;
    let key_size = u32::try_from(key.len()).map_err(|_| InvalidKey::TooLong { len: key.len() });
    let key_size = key_size.map_err(EncodeError::from)?;
    let too_long = || EncodeError::ValueTooLong { len: value_len };
    if value_len > Value::MAX_LEN {
        return Err(too_long().into());
    }
    let value_size = u32::try_from(value_len).map_err(|_| too_long())?;

    let start = out.len();
    out.extend_from_slice(&[PAYLOAD_VERSION, kind.to_byte()]);
    out.extend_from_slice(&key_size.to_le_bytes());
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&value_size.to_le_bytes());
    let value_start = out.len();
    out.resize(value_start + value_len + 1, 0);
    if let Err(error) = out.get_mut(value_start..).map_or(Ok(()), fill) {
        out.truncate(start);
        return Err(error);
    }
    out.truncate(value_start + value_len);
    out.extend_from_slice(&timestamp.to_le_bytes());
    Ok(())
}
