//! Values on their way in and out.

use super::external;
use super::fault::Fault;
use super::js::{Answer, Env, Value};
use super::key::type_name;
use super::memory::{Argument, Bytes};
use super::unicode::is_well_formed;
use super::wide;
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
    /// A long string and how many UTF-16 units it has; not copied yet.
    Text(Value, usize),
    /// The bytes of a short string.
    Short(&'a [u8]),
    /// The bytes of a `Uint8Array`; not copied yet.
    Array(Bytes<'a>),
}

impl<'a> Source<'a> {
    /// Reads a short string and looks at the length of anything else.
    ///
    /// SAFETY: no call of Node-API may lie between this and [`append`](Self::append).
    pub(super) unsafe fn read(env: Env, value: Value, scratch: &'a mut Scratch) -> Answer<Self> {
        let source = match env.write_utf8(value, &mut scratch.0)? {
            None => Self::Array(array_bytes(env, value)?),
            // A string that was cut short fills all but the NUL byte and at most three bytes of a character.
            Some(len) if len < SHORT - 4 => {
                let bytes = scratch.0.get(..len).unwrap_or_default();
                check_unicode(env, value, bytes)?;
                return Ok(Self::Short(bytes));
            }
            Some(_) => Self::Text(value, env.utf16_len(value)?.unwrap_or_default()),
        };
        let (least, max) = (source.least_len(), types::Value::MAX_LEN);
        if least > max {
            let len = env.utf8_len(value)?.unwrap_or(least);
            return refuse(format!("value has {len} bytes, at most {max} are allowed"));
        }
        Ok(source)
    }

    /// Checks what [`append`](Self::append) would find out, without encoding a text. JavaScript knows whether it is
    /// well-formed.
    pub(super) fn validate(&self, env: Env, is_well_formed: bool) -> Answer<()> {
        let Self::Text(value, units) = self else { return Ok(()) };
        let max = types::Value::MAX_LEN;
        let len = if 3 * units > max { env.utf8_len(*value)?.unwrap_or(0) } else { 0 };
        if len > max {
            return refuse(format!("value has {len} bytes, at most {max} are allowed"));
        }
        if is_well_formed { Ok(()) } else { refuse("string is not well-formed Unicode".into()) }
    }

    /// The length of the value if it is bytes or ASCII; other text is up to three times as long.
    fn least_len(&self) -> usize {
        match self {
            Self::Text(_, units) => *units,
            Self::Short(bytes) => bytes.len(),
            Self::Array(bytes) => bytes.len(),
        }
    }

    /// Appends the value to `to`: the only copy, or the only encoding. What follows the old end of `to` on an
    /// error is for the caller to cut off.
    pub(super) fn append(&self, env: Env, to: &mut Vec<u8>) -> crate::Result<()> {
        let failed = |_| Error::Internal { reason: "a string could not be read" };
        match self {
            Self::Short(bytes) => to.extend_from_slice(bytes),
            // SAFETY: promised to `read`.
            Self::Array(bytes) => unsafe { bytes.append_to(to) },
            Self::Text(value, units) => {
                let start = to.len();
                env.append_utf8(*value, *units, to).map_err(failed)?;
                let written = to.get(start..).unwrap_or_default();
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
    if !is_well_formed(env, value, read)? {
        return refuse("string is not well-formed Unicode".into());
    }
    Ok(())
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
    let bytes = record.value();
    if bytes.is_ascii() {
        return ascii(env, record);
    }
    wide::string(env, record)?.map_or_else(|| env.utf8(bytes), Ok)
}

/// A stored value as JavaScript gets it when it did not say how: a string, or a `Buffer` when it is
/// not text.
pub(super) fn text_or_buffer(env: Env, record: &Record<'_>) -> Answer<Value> {
    let bytes = record.value();
    if bytes.is_ascii() {
        return ascii(env, record);
    }
    wide::string(env, record)?.map_or_else(|| env.buffer(bytes), Ok)
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
