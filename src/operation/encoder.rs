//! From an operation to its payload.

use super::{Operation, OperationRef, OperationType, PAYLOAD_VERSION};
use crate::error::{EncodeError, InvalidKey};
use crate::types::{Key, Value};

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
        let OperationRef { kind, key, value, timestamp } = operation;
        check_len(value.len())?;
        out.reserve(operation.encoded_len());
        encode_with(out, kind, key, timestamp, |out| {
            out.extend_from_slice(value);
            Ok(())
        })
    }
}

/// Appends a payload whose value `append` appends, so that it is written once even if its length is not
/// known in advance. On an error `out` stays as it was.
pub(crate) fn encode_with<E: From<EncodeError>>(
    out: &mut Vec<u8>,
    kind: OperationType,
    key: &str,
    timestamp: i64,
    append: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    Key::check(key).map_err(EncodeError::from)?;
    let key_size = u32::try_from(key.len()).map_err(|_| InvalidKey::TooLong { len: key.len() });
    let key_size = key_size.map_err(EncodeError::from)?;

    let start = out.len();
    out.extend_from_slice(&[PAYLOAD_VERSION, kind.to_byte()]);
    out.extend_from_slice(&key_size.to_le_bytes());
    out.extend_from_slice(key.as_bytes());
    let size_at = out.len();
    out.extend_from_slice(&[0; 4]);
    let value_start = out.len();
    let appended =
        append(out).and_then(|()| Ok(size_of_value(kind, out.len().saturating_sub(value_start))?));
    match (appended, out.get_mut(size_at..value_start)) {
        (Ok(size), Some(room)) => room.copy_from_slice(&size.to_le_bytes()),
        (Err(error), _) => {
            out.truncate(start);
            return Err(error);
        }
        (Ok(_), None) => {}
    }
    out.extend_from_slice(&timestamp.to_le_bytes());
    Ok(())
}

fn size_of_value(kind: OperationType, len: usize) -> Result<u32, EncodeError> {
    if kind == OperationType::Delete && len > 0 {
        return Err(EncodeError::DeleteWithValue);
    }
    check_len(len)
}

fn check_len(len: usize) -> Result<u32, EncodeError> {
    let size = u32::try_from(len).ok().filter(|_| len <= Value::MAX_LEN);
    size.ok_or(EncodeError::ValueTooLong { len })
}
