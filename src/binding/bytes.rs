//! Values on their way in and out.

use std::{ptr, slice};

use napi::sys;

use super::error::Fault;
use super::external;
use super::js::{Answer, Env, Value, check};
use super::key::type_name;
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
    /// The bytes of a short string or of a `Uint8Array`.
    Bytes(&'a [u8]),
}

impl<'a> Source<'a> {
    /// Reads a short string and measures anything else. The bytes of an array are borrowed until the
    /// callback returns; nothing in between may run JavaScript.
    pub(super) fn read(env: Env, value: Value, scratch: &'a mut Scratch) -> Answer<Self> {
        let source = match env.write_utf8(value, &mut scratch.0)? {
            None => Self::Bytes(array_bytes(env, value)?),
            // A string that was cut short fills all but the NUL byte and at most three bytes of a character.
            Some(len) if len < SHORT - 4 => {
                let bytes = scratch.0.get(..len).unwrap_or_default();
                check_unicode(env, value, bytes)?;
                return Ok(Self::Bytes(bytes));
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
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Copies the value into `room`, which has one byte more than it needs.
    pub(super) fn fill(&self, env: Env, room: &mut [u8]) -> crate::Result<()> {
        let failed = |_| Error::Internal { reason: "a string could not be read" };
        match self {
            Self::Bytes(bytes) => {
                if let Some(room) = room.get_mut(..bytes.len()) {
                    room.copy_from_slice(bytes);
                }
            }
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
pub(super) fn array_bytes<'a>(env: Env, value: Value) -> Answer<&'a [u8]> {
    let mut is_array = false;
    // SAFETY: the out parameter outlives the call.
    check(unsafe { sys::napi_is_typedarray(env.raw(), value, &raw mut is_array) })?;
    if !is_array {
        let found = type_name(env, value)?;
        return refuse(format!("value must be a string or a Uint8Array, not {found}"));
    }
    let (mut kind, mut len, mut data, mut buffer) = (0, 0, ptr::null_mut(), ptr::null_mut());
    // SAFETY: the out parameters outlive the call; the offset is not asked for.
    check(unsafe {
        let offset = ptr::null_mut();
        sys::napi_get_typedarray_info(
            env.raw(),
            value,
            &raw mut kind,
            &raw mut len,
            &raw mut data,
            &raw mut buffer,
            offset,
        )
    })?;
    if kind != sys::TypedarrayType::uint8_array {
        return refuse("value must be a string or a Uint8Array, not another typed array".into());
    }
    if len > 0 && !data.is_null() {
        // SAFETY: Node says that `len` bytes lie at `data`; the array is an argument of the running
        // callback, which runs no JavaScript before it is done with them.
        return Ok(unsafe { slice::from_raw_parts(data.cast::<u8>(), len) });
    }
    let mut detached = false;
    // SAFETY: the out parameter outlives the call.
    check(unsafe { sys::napi_is_detached_arraybuffer(env.raw(), buffer, &raw mut detached) })?;
    if detached {
        return refuse("the buffer of the value is detached".into());
    }
    Ok(&[])
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
