//! Every case of failure, with its words.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::words::{describe, held_by, room_needed};
use super::{DecodeError, EncodeError, InvalidKey};
use crate::storage::LockOwner;

/// What went wrong, with the path, the sequence and the byte offset where they are known.
///
/// It can be cloned, because one failed commit is reported to every writer of its group.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The key is empty, too long or not well-formed Unicode.
    #[error("invalid key: {0}")]
    InvalidKey(#[from] InvalidKey),

    /// The value is longer than [`Value::MAX_LEN`](crate::Value::MAX_LEN) or of the wrong kind.
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
        /// How far recovery had got.
        offset: u64,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// The bytes of an interrupted write could not be saved before cutting them off. The log was not
    /// changed.
    #[error("recovery failed at byte {offset}: the {bytes} bytes of an interrupted write there cannot be saved before cutting them off: {}{}: {} of {}", describe(source), room_needed(source, *bytes), copy.display(), path.display())]
    CutNotSaved {
        /// The log.
        path: PathBuf,
        /// Where the interrupted write begins.
        offset: u64,
        /// How many bytes have to be saved.
        bytes: u64,
        /// Where they should have been saved.
        copy: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// The group was not written. Nothing of it is in the log, and nothing became visible.
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
        /// The first sequence whose outcome is unknown.
        sequence: u64,
        /// Where the bytes with an unknown outcome start.
        offset: u64,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// An earlier flush failed, so writing has stopped. Reads go on; `recover` opens the log again.
    #[error("writing has stopped because a WAL flush failed; recover the store to go on: {}", path.display())]
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

    /// The log was removed, moved or replaced while it was open. Writing has stopped, reads go on, and
    /// whatever has the name now is left alone.
    #[error("writing has stopped because the open log was removed or replaced; close the store: {}", path.display())]
    LogReplaced {
        /// The name that the log had.
        path: PathBuf,
    },

    /// The log is a mount point itself, such as a file bound into a container: no other file can take its name.
    #[error("the log cannot be replaced because it is a mount point; mount its folder instead: {}", path.display())]
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
        /// What was refused.
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

    /// The operations after `since` are no longer all in the log: a compaction dropped those up to `floor`.
    #[error("history is gone: operations after sequence {since} were asked for, the log has those after {floor}: {}", path.display())]
    HistoryGone {
        /// The log.
        path: PathBuf,
        /// The sequence after which the caller wanted to read.
        since: u64,
        /// The smallest sequence after which everything is there.
        floor: u64,
    },

    /// An operation from elsewhere has a time that is further ahead of the clock than its caller allows.
    #[error(
        "the operation was made at {timestamp} ms, later than {latest} ms, the latest that is allowed now"
    )]
    ClockAhead {
        /// The key of the operation.
        key: String,
        /// When it was made, in milliseconds since the Unix epoch.
        timestamp: i64,
        /// The latest time that is allowed.
        latest: i64,
    },

    /// No consumer of that name is registered.
    #[error("unknown consumer {name:?}")]
    UnknownConsumer {
        /// The name.
        name: String,
    },

    /// A consumer cannot go back, nor past what can be read.
    #[error(
        "consumer {name:?} can acknowledge a sequence from {position} to {readable}, not {sequence}"
    )]
    NotAcknowledgeable {
        /// The name.
        name: String,
        /// The sequence up to which it has acknowledged.
        position: u64,
        /// The last sequence that can be read.
        readable: u64,
        /// The sequence that was given.
        sequence: u64,
    },

    /// A file that would be created exists already. It was not touched.
    #[error("file already exists: {}", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },

    /// A log that was just written does not read back as it was written. It was not used.
    #[error("what was written cannot be read back at byte {offset}: {}", path.display())]
    RewriteDiffers {
        /// The log that was being written.
        path: PathBuf,
        /// Where it differs.
        offset: u64,
    },

    /// The caller asked for the call to stop, or the store was closed meanwhile. Nothing was changed.
    #[error("the call was aborted")]
    Aborted,

    /// The state or the configuration of the store rules out the call.
    #[error("{reason}")]
    InvalidState {
        /// Why it cannot be done now.
        reason: &'static str,
    },

    /// A snapshot was taken before the log was replayed, and what it reads from is not what it was.
    #[error("snapshot can no longer be read: {reason}")]
    SnapshotLost {
        /// What was found.
        reason: String,
    },

    /// The index file of a store with a memory limit, or the log that it stands for, is not what was written.
    #[error("entries cannot be read from the log: {reason}; close the store and open it again")]
    Unreadable {
        /// What was found.
        reason: String,
    },

    /// The entries of a store in memory would take more than its limit.
    #[error("memory limit of {limit} bytes is reached: the write was refused")]
    MemoryLimit {
        /// The limit.
        limit: u64,
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
