//! Parts of messages that take more than a format string.

use std::io;

use crate::storage::LockOwner;

/// The words of an operating system error that are the same on every platform.
pub(super) fn describe(source: &io::Error) -> String {
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

/// How much room is needed, when that is what is missing.
pub(super) fn room_needed(source: &io::Error, bytes: u64) -> String {
    match source.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::WriteZero => format!(", {bytes} bytes are needed"),
        _ => String::new(),
    }
}

pub(super) fn held_by(owner: LockOwner) -> String {
    match owner {
        LockOwner::ThisThread => ": already open in this thread".into(),
        LockOwner::ThisProcess => ": already open in this process".into(),
        LockOwner::Process(pid) => format!(" by process {pid}"),
        LockOwner::Elsewhere => " by a process of another container or machine".into(),
        LockOwner::Unknown => " by another opener".into(),
    }
}
