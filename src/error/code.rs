//! The stable codes of the errors, which other layers show.

use std::fmt;

use super::Error;

/// The stable code of an [`Error`], the same in every language of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// An argument is wrong; the same call can never succeed.
    InvalidArgument,
    /// The call does not fit the state of the store or of the entry.
    InvalidState,
    /// No such key.
    NotFound,
    /// The key exists already.
    AlreadyExists,
    /// The file system failed.
    IoError,
    /// The log cannot be used.
    StoreError,
    /// A defect of the store.
    InternalError,
}

impl ErrorCode {
    /// The code as text, for logic in other languages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::InvalidState => "invalid_state",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::IoError => "io_error",
            Self::StoreError => "store_error",
            Self::InternalError => "internal_error",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// The stable code, for logic.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidKey(_)
            | Self::InvalidValue { .. }
            | Self::InvalidArgument { .. }
            | Self::InvalidPath { .. }
            | Self::NotAcknowledgeable { .. }
            | Self::ClockAhead { .. }
            | Self::OperationEncodingFailed(_)
            | Self::InvalidPayload(_) => ErrorCode::InvalidArgument,
            Self::KeyNotFound { .. } | Self::HistoryGone { .. } | Self::UnknownConsumer { .. } => {
                ErrorCode::NotFound
            }
            Self::AlreadyExists { .. } | Self::FileExists { .. } => ErrorCode::AlreadyExists,
            Self::VersionMismatch { .. }
            | Self::Poisoned { .. }
            | Self::Locked { .. }
            | Self::LogReplaced { .. }
            | Self::NotOpen
            | Self::Closed
            | Self::Aborted
            | Self::InvalidState { .. } => ErrorCode::InvalidState,
            Self::RecoveryFailed { .. }
            | Self::CutNotSaved { .. }
            | Self::WalAppendFailed { .. }
            | Self::WalFlushFailed { .. }
            | Self::NotReplaceable { .. }
            | Self::DirectoryMissing { .. }
            | Self::PermissionDenied { .. }
            | Self::Io { .. } => ErrorCode::IoError,
            Self::OperationDecodingFailed { .. }
            | Self::CorruptLog { .. }
            | Self::NotALog { .. }
            | Self::UnsupportedVersion { .. }
            | Self::RewriteDiffers { .. }
            | Self::SnapshotLost { .. }
            | Self::Unreadable { .. }
            | Self::MemoryLimit { .. }
            | Self::StoreFull => ErrorCode::StoreError,
            Self::Internal { .. } => ErrorCode::InternalError,
        }
    }
}
