//! What is stored under a key.

use std::borrow::Cow;

use crate::limits::MAX_VALUE_LEN;

/// What is stored under a key: any bytes, or none.
///
/// The store refuses a value of more than [`Value::MAX_LEN`] bytes when it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Value(Vec<u8>);

impl Value {
    /// The longest value, in bytes: 64 MiB.
    pub const MAX_LEN: usize = MAX_VALUE_LEN;

    /// A value that holds the UTF-8 bytes of `text`.
    pub fn from_string(text: impl Into<String>) -> Self {
        Self(text.into().into_bytes())
    }

    /// A value that holds `bytes` as they are.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The value as text; bytes that are not UTF-8 become U+FFFD.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}
