//! The running store: a log and an index behind one door.

#![forbid(unsafe_code)]

mod announce;
mod apply;
mod backup;
mod checkpoint;
mod commit;
mod compaction;
mod config;
mod consumer;
mod core;
mod group;
mod history;
mod holds;
mod judge;
mod line;
mod locked;
mod outcome;
mod registry;
mod rewriting;
mod share;
mod staging;
mod stats;
mod store;
mod ticket;
mod write;

pub use announce::Waiting;
pub use backup::BackupReport;
pub use compaction::CompactionReport;
pub use config::{CompactionPolicy, Durability, StoreConfig};
pub use consumer::{Consumer, Unacknowledged};
pub use group::Group;
pub use history::{LoggedOperation, Operations, Page};
pub use line::Place;
pub use outcome::{
    ApplyResult, BatchResult, GroupOutcome, Outcome, PutResult, RecoveryReport, Refusal,
    RemoveResult, WriteResult,
};
pub use registry::Registry;
pub use share::Share;
pub use staging::{Admission, Staging};
pub use stats::StoreStats;
pub use store::StoreEngine;
pub use write::Write;
