//! Every way in which the store can fail, and the stable codes that other layers show.

mod cases;
mod code;
mod context;
mod invalid_key;
mod payload;
mod words;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub use cases::Error;
pub use code::ErrorCode;
pub use invalid_key::InvalidKey;
pub use payload::{DecodeError, EncodeError};

/// The result of an engine call.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The error of doing `action` to `path`; refused access gets its own case.
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Self::PermissionDenied { path: path.to_owned() };
        }
        Self::Io { path: path.to_owned(), action, source: Arc::new(source) }
    }
}
