//! Every way in which the store can fail, and the stable codes that other layers show.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::operation::{DecodeError, EncodeError};
use crate::storage::LockOwner;
use crate::types::InvalidKey;

/// The result of an engine call.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, with the path, the sequence and the byte offset where they are known.
///
/// It can be cloned, because one failed commit is reported to every writer of its group.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The key is empty, too long or not well-formed Unicode.
    #[error("invalid key: {0}")]
    InvalidKey(#[from] InvalidKey),

    /// The value is longer than [`Value::MAX_LEN`](crate::Value::MAX_LEN) or of a wrong kind.
    #[error("invalid value: {reason}")]
    InvalidValue {
        /// Why it was refused.
        reason: String,
    },

    /// An option, an argument or a combination of them is wrong.
    #[error("{reason}")]
    InvalidArgument {
        /// Why it was refused.
        reason: String,
    },

    /// The WAL path cannot name a log.
    #[error("invalid WAL path: {reason}")]
    InvalidPath {
        /// Why it was refused.
        reason: &'static str,
    },

    /// No entry is stored under the key. A missing key is normal; most calls say so without an error.
    #[error("key not found")]
    KeyNotFound {
        /// The key that was asked for.
        key: String,
    },

    /// A write required that the key must not exist.
    #[error("key already exists")]
    AlreadyExists {
        /// The key.
        key: String,
        /// The version that is stored.
        version: u64,
    },

    /// A write required another version of the entry.
    #[error("version mismatch: expected {expected}, found {found}")]
    VersionMismatch {
        /// The key.
        key: String,
        /// The version that the writer required.
        expected: u64,
        /// The version that is stored, 0 when the key is missing.
        found: u64,
    },

    /// An operation cannot be encoded.
    #[error("operation encoding failed: {0}")]
    OperationEncodingFailed(#[from] EncodeError),

    /// Bytes handed to the decoder are not one operation.
    #[error("invalid payload: {0}")]
    InvalidPayload(#[from] DecodeError),

    /// A checksummed record of the log does not hold a valid operation.
    #[error("corrupted WAL record: operation decoding failed at sequence {sequence}, byte {offset}: {source}: {}", path.display())]
    OperationDecodingFailed {
        /// The log.
        path: PathBuf,
        /// The sequence of the record.
        sequence: u64,
        /// Where the record starts in the file.
        offset: u64,
        /// What is wrong with it.
        source: DecodeError,
    },

    /// The log contradicts itself in a way that an interrupted write cannot explain.
    #[error("corrupted WAL record at sequence {sequence}, byte {offset}: {reason}: {}", path.display())]
    CorruptLog {
        /// The log.
        path: PathBuf,
        /// The first sequence that cannot be read.
        sequence: u64,
        /// The first byte that cannot be trusted.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },

    /// The file is not a log of this store. It was not touched.
    #[error("not a store log: {reason}: {}", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
        /// Why it cannot be one.
        reason: &'static str,
    },

    /// The log was written in a format that this build does not read. It was not touched.
    #[error("unsupported log format version {found}, this build reads version {supported}: {}", path.display())]
    UnsupportedVersion {
        /// The log.
        path: PathBuf,
        /// The version in the file.
        found: u16,
        /// The version that is read here.
        supported: u16,
    },

    /// Recovery could not read or repair the log.
    #[error("recovery failed at byte {offset}: {}: {}", describe(source), path.display())]
    RecoveryFailed {
        /// The log.
        path: PathBuf,
        /// How far recovery had come.
        offset: u64,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// The bytes of an interrupted write could not be saved before they are cut off. The log was not
    /// changed.
    #[error("recovery failed at byte {offset}: the {bytes} bytes of an interrupted write there cannot be saved before they are cut off: {}{}: {} of {}", describe(source), room_needed(source, *bytes), copy.display(), path.display())]
    CutNotSaved {
        /// The log.
        path: PathBuf,
        /// Where the interrupted write begins.
        offset: u64,
        /// How many bytes are to be saved.
        bytes: u64,
        /// Where they were to be saved.
        copy: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// The group was not written. Nothing of it is in the log, nothing of it became visible.
    #[error("WAL append failed at sequence {sequence}, byte {offset}: {}: {}", describe(source), path.display())]
    WalAppendFailed {
        /// The log.
        path: PathBuf,
        /// The first sequence of the group.
        sequence: u64,
        /// Where the group would have started.
        offset: u64,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// The group was written, but the disk did not confirm it: its outcome is unknown until the log
    /// is opened again, and nothing more is written before that.
    #[error("WAL flush failed at sequence {sequence}, byte {offset}, outcome unknown: {}: {}", describe(source), path.display())]
    WalFlushFailed {
        /// The log.
        path: PathBuf,
        /// The first sequence in doubt.
        sequence: u64,
        /// Where the bytes in doubt start.
        offset: u64,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// An earlier flush failed, so that writing stopped. Reads go on; `recover` opens the log again.
    #[error("writing is stopped since a WAL flush failed, recover the store to go on: {}", path.display())]
    Poisoned {
        /// The log.
        path: PathBuf,
    },

    /// Another opener holds the log.
    #[error("log is locked{}: {}", held_by(*owner), path.display())]
    Locked {
        /// The log.
        path: PathBuf,
        /// Who holds it.
        owner: LockOwner,
    },

    /// The log was removed, moved or replaced while it was open. Writing stopped, reads go on, and what has the name
    /// now is left alone.
    #[error("writing is stopped since the log that is open was removed or replaced, close the store: {}", path.display())]
    LogReplaced {
        /// The name under which the log was.
        path: PathBuf,
    },

    /// The file of the log is a mount of its own, as one that is bound into a container is: no other file can get
    /// its name.
    #[error("the log cannot be replaced since it is a mount of its own, mount its folder instead: {}", path.display())]
    NotReplaceable {
        /// The log.
        path: PathBuf,
    },

    /// The folder that should hold the log is missing.
    #[error("directory does not exist: {}", path.display())]
    DirectoryMissing {
        /// The missing folder.
        path: PathBuf,
    },

    /// The operating system refuses access.
    #[error("permission denied: {}", path.display())]
    PermissionDenied {
        /// What may not be accessed.
        path: PathBuf,
    },

    /// Any other failure of the file system.
    #[error("cannot {action}: {}: {}", describe(source), path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// A durable store is used before `recover`.
    #[error("store is not open")]
    NotOpen,

    /// The store was closed.
    #[error("store is closed")]
    Closed,

    /// The operations behind `since` are no longer all in the log: a compaction dropped those up to `floor`.
    #[error("history is gone: operations after sequence {since} were asked for, the log has those after {floor}: {}", path.display())]
    HistoryGone {
        /// The log.
        path: PathBuf,
        /// Behind which sequence the caller wanted to read.
        since: u64,
        /// The smallest sequence behind which everything is there.
        floor: u64,
    },

    /// No consumer of that name is registered.
    #[error("unknown consumer {name:?}")]
    UnknownConsumer {
        /// The name.
        name: String,
    },

    /// A file that would be made is there already. It was not touched.
    #[error("file already exists: {}", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },

    /// A log that was just written does not read back as it was written. It was not put to use.
    #[error("what was written cannot be read back at byte {offset}: {}", path.display())]
    RewriteDiffers {
        /// The log that was being made.
        path: PathBuf,
        /// Where it differs.
        offset: u64,
    },

    /// The caller asked for the call to stop, or the store was closed meanwhile. Nothing was changed.
    #[error("the call was aborted")]
    Aborted,

    /// A call that the state or the configuration of the store rules out.
    #[error("{reason}")]
    InvalidState {
        /// Why it cannot be done now.
        reason: &'static str,
    },

    /// The index has no room for what the group would add.
    #[error("store is full: the index addresses at most 32 GiB of entries")]
    StoreFull,

    /// A defect of the store itself.
    #[error("internal error: {reason}")]
    Internal {
        /// What was found.
        reason: &'static str,
    },
}

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
            | Self::StoreFull => ErrorCode::StoreError,
            Self::Internal { .. } => ErrorCode::InternalError,
        }
    }

    /// The key or the file that the error is about, where there is one.
    pub fn context(&self) -> Option<String> {
        match self {
            Self::KeyNotFound { key }
            | Self::AlreadyExists { key, .. }
            | Self::VersionMismatch { key, .. } => Some(key.clone()),
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

    /// The error of doing `action` to `path`; refused access gets its own case.
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Self::PermissionDenied { path: path.to_owned() };
        }
        Self::Io { path: path.to_owned(), action, source: Arc::new(source) }
    }
}

/// The words of an operating system error that are the same on every platform.
fn describe(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::StorageFull => "no space left on device".into(),
        io::ErrorKind::QuotaExceeded => "disk quota exceeded".into(),
        io::ErrorKind::FileTooLarge => "file too large".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::ReadOnlyFilesystem => "read-only file system".into(),
        io::ErrorKind::IsADirectory => "path is a directory".into(),
        _ => source.to_string(),
    }
}

/// How much room is missing, where it is that.
fn room_needed(source: &io::Error, bytes: u64) -> String {
    match source.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::WriteZero => format!(", {bytes} bytes of room are needed"),
        _ => String::new(),
    }
}

fn held_by(owner: LockOwner) -> String {
    match owner {
        LockOwner::ThisThread => ": already open in this thread".into(),
        LockOwner::ThisProcess => ": already open in this process".into(),
        LockOwner::Process(pid) => format!(" by process {pid}"),
        LockOwner::Elsewhere => " by a process of another container or machine".into(),
        LockOwner::Unknown => " by another opener".into(),
    }
}
