//! Why an operation cannot be staged.

use crate::error::Error;
use crate::operation::EncodeError;

/// A refusal while staging: by the rules of the format, or by the source of the value.
pub(super) enum StageError {
    Encode(EncodeError),
    Append(Error),
}

impl From<EncodeError> for StageError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl StageError {
    /// A key or value that breaks the rules is the caller's argument, not a failed encoding.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Append(error) => error,
            Self::Encode(EncodeError::Key(error)) => error.into(),
            Self::Encode(error @ EncodeError::ValueTooLong { .. }) => {
                Error::InvalidValue { reason: error.to_string() }
            }
            Self::Encode(error) => error.into(),
        }
    }
}
