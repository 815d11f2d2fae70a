//! Values on their way in and out.

use super::error::Fault;
use super::external;
use super::js::{Answer, Env, Value};
use super::key::type_name;
use super::memory::{Argument, Bytes};
use crate::Error;
use crate::index::Record;
use crate::types;

/// Strings whose UTF-8 is shorter than this are read in one go.
const SHORT: usize = 1024;

/// Where short strings are read to.
pub(super) struct Scratch([u8; SHORT]);

impl Default for Scratch {
    fn default() -> Self {
        Self([0; SHORT])
    }
}

/// A value given by JavaScript.
pub(super) enum Source<'a> {
    /// A long string and the length of its UTF-8; not copied yet.
    Text(Value, usize),
    /// The bytes of a short string.
    Short(&'a [u8]),
    /// The bytes of a `Uint8Array`; not copied yet.
    Array(Bytes<'a>),
}

impl<'a> Source<'a> {
    /// Reads a short string and measures anything else.
    ///
    /// SAFETY: no call of Node-API may lie between this and [`fill`](Self::fill).
    pub(super) unsafe fn read(env: Env, value: Value, scratch: &'a mut Scratch) -> Answer<Self> {
        let source = match env.write_utf8(value, &mut scratch.0)? {
            None => Self::Array(array_bytes(env, value)?),
            // A string that was cut short fills all but the NUL byte and at most three bytes of a character.
            Some(len) if len < SHORT - 4 => {
                let bytes = scratch.0.get(..len).unwrap_or_default();
                check_unicode(env, value, bytes)?;
                return Ok(Self::Short(bytes));
            }
            Some(len) => Self::Text(value, env.utf8_len(value)?.unwrap_or(len)),
        };
        match source.len() {
            len if len > types::Value::MAX_LEN => {
                let max = types::Value::MAX_LEN;
                refuse(format!("value has {len} bytes, at most {max} are allowed"))
            }
            _ => Ok(source),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(_, len) => *len,
            Self::Short(bytes) => bytes.len(),
            Self::Array(bytes) => bytes.len(),
        }
    }

    /// Copies the value into `room`, which has one byte more than it needs.
    pub(super) fn fill(&self, env: Env, room: &mut [u8]) -> crate::Result<()> {
        let failed = |_| Error::Internal { reason: "a string could not be read" };
        match self {
            Self::Short(bytes) => {
                if let Some(room) = room.get_mut(..bytes.len()) {
                    room.copy_from_slice(bytes);
                }
            }
            // SAFETY: promised to `read`.
            Self::Array(bytes) => unsafe { bytes.copy_to(room) },
            Self::Text(value, len) => {
                env.write_utf8(*value, room).map_err(failed)?;
                let written = room.get(..*len).unwrap_or_default();
                check_unicode(env, *value, written).map_err(|fault| match fault {
                    Fault::Store(error) => error,
                    Fault::Pending => failed(fault),
                })?;
            }
        }
        Ok(())
    }
}

/// Refuses a string with a lone surrogate, given what was read of it.
fn check_unicode(env: Env, value: Value, read: &[u8]) -> Answer<()> {
    if may_hide_surrogate(read) && env.has_lone_surrogate(value)? {
        return refuse("string is not well-formed Unicode".into());
    }
    Ok(())
}

/// A lone surrogate is read as U+FFFD; a string without one in its UTF-8 has none.
pub(super) fn may_hide_surrogate(bytes: &[u8]) -> bool {
    const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();
    !bytes.is_ascii() && bytes.windows(REPLACEMENT.len()).any(|window| window == REPLACEMENT)
}

/// The bytes of a `Uint8Array`; anything else is refused by name.
pub(super) fn array_bytes<'call>(env: Env, value: Value) -> Answer<Bytes<'call>> {
    match Bytes::of(env, value)? {
        Argument::Bytes(bytes) => Ok(bytes),
        Argument::Detached => refuse("the buffer of the value is detached".into()),
        Argument::OtherArray => {
            refuse("value must be a string or a Uint8Array, not another typed array".into())
        }
        Argument::NoArray => {
            let found = type_name(env, value)?;
            refuse(format!("value must be a string or a Uint8Array, not {found}"))
        }
    }
}

/// A stored value as a string; broken UTF-8 is replaced.
pub(super) fn text(env: Env, record: &Record<'_>) -> Answer<Value> {
    if record.value().is_ascii() { ascii(env, record) } else { env.utf8(record.value()) }
}

/// A stored value as JavaScript gets it when it did not say how: a string, or a `Buffer` when it is
/// not text.
pub(super) fn text_or_buffer(env: Env, record: &Record<'_>) -> Answer<Value> {
    let bytes = record.value();
    if bytes.is_ascii() {
        ascii(env, record)
    } else if std::str::from_utf8(bytes).is_ok() {
        env.utf8(bytes)
    } else {
        env.buffer(bytes)
    }
}

/// Long text is not copied.
fn ascii(env: Env, record: &Record<'_>) -> Answer<Value> {
    match record.blob() {
        Some(blob) => external::string(env, blob),
        None => env.latin1(record.value()),
    }
}

fn refuse<T>(reason: String) -> Answer<T> {
    Err(Fault::Store(Error::InvalidValue { reason }))
}
