//! The running store: a log and an index behind one door.

#![forbid(unsafe_code)]

mod commit;
mod config;
mod group;
mod judge;
mod outcome;
mod staging;
mod store;
mod write;

pub use config::{Durability, StoreConfig};
pub use group::Group;
pub use outcome::{
    ApplyResult, BatchResult, GroupOutcome, Outcome, PutResult, RecoveryReport, Refusal,
    RemoveResult, StoreStats, WriteResult,
};
pub use staging::{Admission, Staging};
pub use store::StoreEngine;
pub(crate) use store::to_entry;
pub use write::Write;
