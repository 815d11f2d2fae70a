//! The write-ahead log: the history of a store on disk.
//!
//! `docs/format.md` gives every byte. A log is a file header and a chain of frames; a frame is a
//! commit group, everything that one write and one sync make durable together. Frame N+1 is written
//! after frame N was synced, so at most one frame is ever in doubt, and that is what lets
//! [`tail`] tell an interrupted write from damage.

#![forbid(unsafe_code)]

pub mod checksum;
pub mod consumers;
pub(crate) mod durable;
pub(crate) mod folder;
pub(crate) mod followed;
pub mod format;
pub mod held;
pub mod landmarks;
pub(crate) mod locate;
mod log_name;
pub mod open;
pub mod parts;
pub mod path;
pub(crate) mod patience;
pub mod position;
pub mod reader;
pub(crate) mod records;
pub mod repair;
pub mod rewrite;
pub mod salvage;
pub(crate) mod side_names;
pub mod tail;
mod window;
pub mod writer;
