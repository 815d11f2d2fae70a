//! Keys on their way in.

use napi::sys;

use super::js::{Answer, Env, Value};
use super::unicode::is_well_formed;
use crate::types::{InvalidKey, Key};

/// Keys up to this length are read on the stack.
const STACK: usize = 256;

/// Hands the checked key in `value` to `take`.
pub(super) fn with_key<R>(
    env: Env,
    value: Value,
    take: impl FnOnce(&str) -> Answer<R>,
) -> Answer<R> {
    let mut stack = [0; STACK];
    let Some(len) = env.write_utf8(value, &mut stack)? else {
        return Err(InvalidKey::WrongType { found: type_name(env, value)? }.into());
    };
    // A string that was cut short fills all but the NUL byte and at most three bytes of a character.
    if len < STACK - 4 {
        return take(checked(env, value, stack.get(..len).unwrap_or_default())?);
    }
    let len = env.utf8_len(value)?.unwrap_or(len);
    if len > Key::MAX_LEN {
        return Err(InvalidKey::TooLong { len }.into());
    }
    let mut room = vec![0; len + 1];
    env.write_utf8(value, &mut room)?;
    take(checked(env, value, room.get(..len).unwrap_or_default())?)
}

fn checked(env: Env, value: Value, bytes: &[u8]) -> Answer<&str> {
    if !is_well_formed(env, value, bytes)? {
        return Err(InvalidKey::NotUnicode.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| InvalidKey::NotUnicode)?;
    Key::check(text)?;
    Ok(text)
}

/// What JavaScript calls the type of a value.
pub(super) fn type_name(env: Env, value: Value) -> Answer<&'static str> {
    Ok(match env.type_of(value)? {
        sys::ValueType::napi_undefined => "undefined",
        sys::ValueType::napi_null => "null",
        sys::ValueType::napi_boolean => "a boolean",
        sys::ValueType::napi_number => "a number",
        sys::ValueType::napi_string => "a string",
        sys::ValueType::napi_symbol => "a symbol",
        sys::ValueType::napi_function => "a function",
        sys::ValueType::napi_bigint => "a bigint",
        _ => "an object",
    })
}
