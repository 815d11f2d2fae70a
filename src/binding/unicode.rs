//! Whether text of JavaScript is well-formed Unicode.

use memchr::memmem;

use super::js::{Answer, Env, Value};

/// Whether a string has no lone surrogate, given the UTF-8 that was read of it. A lone surrogate is read as U+FFFD; a
/// string without one there has none.
pub(super) fn is_well_formed(env: Env, value: Value, read: &[u8]) -> Answer<bool> {
    let is_suspect = !read.is_ascii() && memmem::find(read, "\u{FFFD}".as_bytes()).is_some();
    Ok(!is_suspect || !env.has_lone_surrogate(value)?)
}
