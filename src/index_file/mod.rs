//! `<log>.index`: where the records of a log are, so that a store can be read before its log is replayed.
//!
//! It is a cache. The log stays the only truth: a file that is missing, stale or damaged costs a replay and nothing
//! else, and nothing is believed of it that does not fit the log by a checksum. `docs/format.md` has every byte.

#![forbid(unsafe_code)]

mod build;
mod cache;
mod cursor;
mod file;
mod format;
mod merge;
mod page;
mod page_builder;
mod records;
mod removals;
mod search;
mod writer;

pub(crate) use build::{Covered, IndexBuilder};
pub(crate) use cursor::Cursor;
pub(crate) use file::{FEW_PAGES, Found, IndexFile, Unusable};
pub(crate) use format::{Counts, PAGE, Totals};
pub(crate) use merge::Written;
pub(crate) use records::Stored;
pub(crate) use writer::write_counts;
