//! What is known about the entries before the log was replayed.

use std::sync::Arc;

use super::tail::Tail;
use crate::index::Index;
use crate::index_file::{IndexFile, Totals};

/// Where the entries that are not in the index are.
#[derive(Debug, Clone)]
pub(crate) struct Cold {
    /// Keys that were removed after what the index file covers, without values.
    pub(crate) removed: Index,
    pub(crate) file: Arc<IndexFile>,
    /// How many entries are not in the index; nothing while nobody has counted them.
    pub(crate) uncounted: Option<Uncounted>,
    /// What follows in the log and is not in memory yet.
    pub(crate) tail: Option<Arc<Tail>>,
}

/// Entries that are not in the index, and bytes of their keys and values. Negative when the index has some that were
/// counted before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Uncounted {
    pub(crate) entries: i64,
    pub(crate) bytes: i64,
}

impl Cold {
    /// With the keys that were `removed`, and the entries that are in `index`, of so many in all.
    pub(crate) fn new(
        file: Arc<IndexFile>,
        removed: Index,
        index: &Index,
        all: Option<Totals>,
    ) -> Self {
        let mut cold = Self { removed, file, uncounted: None, tail: None };
        if let Some(all) = all {
            cold.count(index, all);
        }
        cold
    }

    /// There are so many entries in all.
    pub(crate) fn count(&mut self, index: &Index, all: Totals) {
        let beside = |all: u64, known: u64| {
            i64::try_from(all).unwrap_or(i64::MAX) - i64::try_from(known).unwrap_or(i64::MAX)
        };
        self.uncounted = Some(Uncounted {
            entries: beside(all.entries, index.len() as u64),
            bytes: beside(all.live_bytes, index.live_bytes()),
        });
    }
}
