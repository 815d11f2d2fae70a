//! The report of a salvage.

use std::path::{Path, PathBuf};

use crate::wal::reader::LogReader;

/// What was saved of a damaged log, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalvageReport {
    /// The new log: everything before the damage.
    pub log: PathBuf,
    /// The copy of the damaged log, with zeros for what the disk could not read.
    pub copy: PathBuf,
    /// Entries in the checkpoint of the new log.
    pub entries: u64,
    /// Operations in the new log.
    pub records: u64,
    /// The sequence of the last one.
    pub last_sequence: u64,
    /// Where the part of the damaged log that became the new log ends.
    pub bytes_kept: u64,
    /// What is wrong after that; nothing when the log is whole.
    pub problem: Option<String>,
    /// What could be read after the damage.
    pub later: Vec<SalvagedRun>,
    /// Bytes after that part that are in no later run, not counting the zeros at the end.
    pub bytes_lost: u64,
    /// Bytes that the disk could not read.
    pub bytes_unreadable: u64,
}

impl SalvageReport {
    /// The report on what comes before the damage, where `reader` stands.
    pub(super) fn of_start(log: &Path, copy: &Path, reader: &LogReader<'_>) -> Self {
        Self {
            log: log.to_owned(),
            copy: copy.to_owned(),
            entries: reader.entries(),
            records: reader.records(),
            last_sequence: reader.position().last_sequence,
            bytes_kept: reader.position().offset,
            problem: None,
            later: Vec::new(),
            bytes_lost: 0,
            bytes_unreadable: 0,
        }
    }
}

/// Frames after the damage with no gap between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalvagedRun {
    /// The log made of them.
    pub log: PathBuf,
    /// Where they begin in the damaged log.
    pub offset: u64,
    /// Where they end.
    pub end: u64,
    /// The sequence of their first operation.
    pub first_sequence: u64,
    /// The sequence of their last operation.
    pub last_sequence: u64,
    /// How many operations and entries of a checkpoint they hold.
    pub records: u64,
}
