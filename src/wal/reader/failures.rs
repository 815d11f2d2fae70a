//! The errors of a reader when a log cannot be read.

use std::io;
use std::path::Path;

use crate::error::Error;
use crate::wal::format::{FORMAT_VERSION, HeaderProblem};

pub(super) fn header_error(path: &Path, file_len: u64, problem: HeaderProblem) -> Error {
    let path = path.to_owned();
    let corrupt = |offset, reason: &str| Error::CorruptLog {
        path: path.clone(),
        sequence: 0,
        offset,
        reason: reason.into(),
    };
    match problem {
        HeaderProblem::NotALog if file_len == 0 => {
            Error::NotALog { path, reason: "the file is empty" }
        }
        HeaderProblem::NotALog => {
            Error::NotALog { path, reason: "the file does not begin like a log" }
        }
        HeaderProblem::Version(found) => {
            Error::UnsupportedVersion { path, found, supported: FORMAT_VERSION }
        }
        HeaderProblem::Truncated => corrupt(file_len, "the file header is truncated"),
        HeaderProblem::Damaged => corrupt(0, "the file header is damaged"),
    }
}

pub(super) fn failed(path: &Path, offset: u64, source: io::Error) -> Error {
    match Error::io(path, "read the log", source) {
        Error::Io { path, source, .. } => Error::RecoveryFailed { path, offset, source },
        refused => refused,
    }
}
