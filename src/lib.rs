//! The local key-value state of a node.
//!
//! *The WAL records history, the store exposes current state.* A [`StoreEngine`] keeps the current
//! entries in memory and every change in a write-ahead log; an acknowledged write of a durable store
//! is on stable storage. The engine needs no network and knows nothing of Node.js: the addon is the
//! `binding` module, under the `napi` feature.
//!
//! ```
//! use softadastra_store::{Key, StoreConfig, StoreEngine, Value};
//!
//! # fn main() -> Result<(), softadastra_store::Error> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("node-a.wal");
//! let engine = StoreEngine::open(StoreConfig::durable(path))?;
//! let put = engine.put(&Key::new("user:1")?, &Value::from_string("Gaspard"))?;
//! assert_eq!(put.version, 1);
//!
//! let entry = engine.get(&Key::new("user:1")?)?.expect("just written");
//! assert_eq!(entry.value.to_string_lossy(), "Gaspard");
//! engine.close()?;
//! # Ok(())
//! # }
//! ```
//!
//! The modules: [`operation`] is a change and its published encoding, [`wal`] the log on disk,
//! [`index`] the state in memory, [`engine`] the two together, [`snapshot`] a state built from a log
//! without opening it, [`storage`] the file trait below the log.

// Only the binding and the memory of the index may contain unsafe code, and say why.
#![deny(unsafe_code)]

#[macro_use]
mod bugs;

mod background;
#[cfg(feature = "napi")]
#[allow(unsafe_code, reason = "raw Node-API calls; every one states why it is sound")]
mod binding;
mod control;
pub mod engine;
pub mod error;
pub mod index;
mod index_file;
#[allow(dead_code, reason = "for the binding, and tested without it")]
mod lease;
mod limits;
pub mod operation;
mod priority;
pub mod snapshot;
mod state;
pub mod storage;
mod sync;
pub mod types;
pub mod wal;

pub use control::{Control, Progress};
pub use engine::{
    ApplyResult, BackupReport, BatchResult, Change, CompactionPolicy, CompactionReport, Consumer,
    Durability, IfNewer, IndexPolicy, LoggedOperation, Operations, PutResult, RecoveryReport,
    Registry, RemoveResult, Share, StoreConfig, StoreEngine, StoreStats, SweepReport, Verify,
    Waiting, Watcher, Write,
};
pub use error::{Error, ErrorCode, Result};
pub use operation::{Operation, OperationDecoder, OperationEncoder, OperationType};
pub use snapshot::{Snapshot, SnapshotBuilderStore};
pub use types::{Entry, Key, Value};
pub use wal::salvage::{SalvageReport, SalvagedRun, salvage, salvage_with};
