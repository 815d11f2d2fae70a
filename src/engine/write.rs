//! One operation of a batch.

use crate::types::{Key, Value};

/// One operation of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Writes or replaces a value.
    Put {
        /// The key.
        key: Key,
        /// The value.
        value: Value,
        /// The version that the entry must have; 0 when the key must be missing.
        if_version: Option<u64>,
        /// When the entry expires, in milliseconds since the Unix epoch, at least 1.
        expires_at: Option<i64>,
    },
    /// Removes a key.
    Remove {
        /// The key.
        key: Key,
        /// The version that the entry must have; 0 when the key must be missing.
        if_version: Option<u64>,
    },
}

impl Write {
    /// An unconditional put.
    pub fn put(key: Key, value: Value) -> Self {
        Self::Put { key, value, if_version: None, expires_at: None }
    }

    /// An unconditional remove.
    pub fn remove(key: Key) -> Self {
        Self::Remove { key, if_version: None }
    }

    /// The same put, of an entry that expires at a time, in milliseconds since the Unix epoch. A removal stays as it is.
    #[must_use]
    pub fn expires_at(mut self, at: i64) -> Self {
        if let Self::Put { expires_at, .. } = &mut self {
            *expires_at = Some(at);
        }
        self
    }

    /// The same write, done only if the entry has this version; 0 means that the key must be
    /// missing.
    #[must_use]
    pub fn if_version(mut self, version: u64) -> Self {
        let (Self::Put { if_version, .. } | Self::Remove { if_version, .. }) = &mut self;
        *if_version = Some(version);
        self
    }
}
