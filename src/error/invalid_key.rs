//! Why a key is refused.

use crate::limits::MAX_KEY_LEN;

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// The key has no bytes.
    #[error("key is empty")]
    Empty,
    /// The key is longer than [`Key::MAX_LEN`](crate::Key::MAX_LEN).
    #[error("key has {len} bytes, at most {max} are allowed", max = MAX_KEY_LEN)]
    TooLong {
        /// Its length in UTF-8 bytes.
        len: usize,
    },
    /// The key is not well-formed Unicode, so that two different keys could become one.
    #[error("key is not well-formed Unicode")]
    NotUnicode,
    /// The key is not text at all.
    #[error("key must be a string, not {found}")]
    WrongType {
        /// What was given.
        found: &'static str,
    },
}
