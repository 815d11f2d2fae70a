//! What an error is about.

use super::Error;

impl Error {
    /// The key or the file that the error is about, where there is one.
    pub fn context(&self) -> Option<String> {
        match self {
            Self::KeyNotFound { key }
            | Self::AlreadyExists { key, .. }
            | Self::VersionMismatch { key, .. }
            | Self::ClockAhead { key, .. } => Some(key.clone()),
            Self::UnknownConsumer { name } => Some(name.clone()),
            Self::OperationDecodingFailed { path, .. }
            | Self::CorruptLog { path, .. }
            | Self::NotALog { path, .. }
            | Self::UnsupportedVersion { path, .. }
            | Self::RecoveryFailed { path, .. }
            | Self::CutNotSaved { path, .. }
            | Self::WalAppendFailed { path, .. }
            | Self::WalFlushFailed { path, .. }
            | Self::Poisoned { path }
            | Self::Locked { path, .. }
            | Self::LogReplaced { path }
            | Self::NotReplaceable { path }
            | Self::DirectoryMissing { path }
            | Self::PermissionDenied { path }
            | Self::HistoryGone { path, .. }
            | Self::FileExists { path }
            | Self::RewriteDiffers { path, .. }
            | Self::Io { path, .. } => Some(path.display().to_string()),
            _ => None,
        }
    }
}
