//! Stored text beyond ASCII as strings of JavaScript.

use encoding_rs::mem::{convert_utf8_to_utf16_without_replacement, is_utf16_latin1};

use super::external;
use super::js::{Answer, Env, Value};
use crate::index::Record;

/// Shorter text is read by V8 as fast.
const LONG: usize = 1024;
/// Shorter strings are cheaper to copy than to share.
const SHARED: usize = 32 << 10;

/// The string that a value is the UTF-8 of; nothing when it is not UTF-8.
///
/// V8 goes through UTF-8 character by character, twice. It takes UTF-16 as it is, so long text is
/// turned into that here.
pub(super) fn string(env: Env, record: &Record<'_>) -> Answer<Option<Value>> {
    let bytes = record.value();
    if bytes.len() < LONG {
        return match std::str::from_utf8(bytes) {
            Ok(_) => env.utf8(bytes).map(Some),
            Err(_) => Ok(None),
        };
    }
    let mut units = vec![0; bytes.len() + 1];
    let Some(len) = convert_utf8_to_utf16_without_replacement(bytes, &mut units) else {
        return Ok(None);
    };
    units.truncate(len);
    // V8 keeps what fits in one byte for each character that way, but has to copy it.
    if len < SHARED || is_utf16_latin1(&units) {
        return env.utf16(&units).map(Some);
    }
    external::utf16(env, units.into_boxed_slice()).map(Some)
}
