//! The running store: a log and an index under one interface.

#![forbid(unsafe_code)]

mod acknowledging;
mod announce;
mod apply;
mod attending;
mod backup;
mod catch_up;
mod changes;
mod checkpoint;
mod commit;
mod compaction;
mod config;
mod consumer;
mod core;
mod expiring;
mod feed;
mod folding;
mod follow_notes;
mod following;
mod group;
mod history;
mod holds;
mod indexed;
mod indexing;
mod judge;
mod loading;
mod locked;
mod newer;
mod notices;
mod open_log;
mod outcome;
mod page_out;
mod paging;
mod pending;
mod queue;
mod quick;
mod reading;
mod recovery;
mod registry;
mod relay;
mod rewriting;
mod share;
mod shared_state;
mod source;
mod stage_error;
mod staged;
mod staging;
mod stats;
mod store;
mod sweeper;
mod sweeping;
mod ticket;
mod upkeep;
mod view;
mod warming;
mod warmth;
mod watching;
mod write;
mod writing;

pub use announce::Waiting;
pub use backup::BackupReport;
pub use changes::Change;
pub use config::{CompactionPolicy, Durability, IndexPolicy, StoreConfig, Verify};
pub use consumer::{Consumer, Unacknowledged};
pub use feed::Watcher;
pub use group::Group;
pub use history::{LoggedOperation, Operations, Page};
pub use newer::IfNewer;
pub use notices::{Listener, Notice};
pub use outcome::{
    ApplyResult, BatchResult, CompactionReport, GroupOutcome, Outcome, PutResult, RecoveryReport,
    Refusal, RemoveResult, Restart, RestartReason, WriteResult,
};
pub use queue::QueuePosition;
pub use registry::Registry;
pub use relay::Relay;
pub use share::Share;
pub use staging::{Admission, Staging};
pub use stats::StoreStats;
pub use store::StoreEngine;
pub use sweeping::SweepReport;
pub use write::Write;
