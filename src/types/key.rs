//! The name of an entry.

use std::fmt;

use crate::error::InvalidKey;
use crate::limits::MAX_KEY_LEN;

/// The name of an entry: 1 byte to 1 MiB of well-formed Unicode, compared and ordered by its UTF-8
/// bytes.
///
/// ```
/// use softadastra_store::Key;
///
/// assert_eq!(Key::new("user:1").unwrap().as_str(), "user:1");
/// assert_eq!(Key::new("").unwrap_err().to_string(), "invalid key: key is empty");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<str>);

impl Key {
    /// The longest key, in bytes: 1 MiB.
    pub const MAX_LEN: usize = MAX_KEY_LEN;

    /// Checks `text` and turns it into a key.
    pub fn new(text: impl Into<Box<str>>) -> crate::Result<Self> {
        let text = text.into();
        Self::check(&text)?;
        Ok(Self(text))
    }

    /// Checks a key that is already known to be Unicode.
    pub fn check(text: &str) -> Result<(), InvalidKey> {
        Self::check_len(text.len())
    }

    /// Checks the length of a key, in bytes.
    pub(crate) fn check_len(len: usize) -> Result<(), InvalidKey> {
        match len {
            0 => Err(InvalidKey::Empty),
            len if len > Self::MAX_LEN => Err(InvalidKey::TooLong { len }),
            _ => Ok(()),
        }
    }

    /// A key read back from the index or the log, which hold only checked keys.
    pub(crate) fn from_stored(bytes: &[u8]) -> Self {
        Self(String::from_utf8_lossy(bytes).into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as the bytes that order it.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
