//! The end of a log, after what its index file covers, before it is brought into memory.

use std::path::PathBuf;
use std::sync::Arc;

use super::key_filter::KeyFilter;
use super::replay::{Loader, Target, replay};
use super::tombstones::Tombstones;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::storage::StorageFile;
use crate::wal::format::FileHeader;
use crate::wal::landmarks::Landmarks;
use crate::wal::position::Position;
use crate::wal::reader::{LogReader, Record};

/// A part of a log that an opening has found sound. Of its records nothing is in memory but which keys they may be of.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn StorageFile>,
    pub(crate) header: FileHeader,
    pub(crate) begin: Position,
    pub(crate) end: Position,
    pub(crate) keys: KeyFilter,
}

/// What a tail leads to: the entries that it leaves, and the keys that it removes.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) index: Index,
    pub(crate) removed: Index,
    /// Removals that are remembered.
    pub(crate) tombstones: Tombstones,
}

struct Loading {
    loader: Loader,
    removed: Index,
}

impl Target for Loading {
    fn expect(&mut self, keys: &[&[u8]]) {
        self.loader.expect(keys);
    }

    fn put(&mut self, record: &Record<'_>) {
        self.loader.put(record);
    }

    fn remove(&mut self, record: &Record<'_>) {
        self.loader.remove(record);
        // What the index file says about the key no longer counts.
        if !bug!(ReplayedRemovesForgotten) {
            let key = record.operation.key.as_bytes();
            self.removed.put(key, &[], record.sequence, 0);
        }
    }
}

impl Tail {
    /// Reads it again. Its checksums are compared once more.
    pub(crate) fn load(&self) -> Result<Changes> {
        let mut reader = LogReader::at(&self.path, &*self.file, &self.header, self.begin)?;
        let loader = Loader::for_log(self.end.offset - self.begin.offset);
        let mut loading = Loading { loader, removed: Index::new() };
        let mut sink = |records: &[Record<'_>]| replay(&mut loading, records);
        reader.read_to(self.end.offset, &mut Landmarks::default(), &mut sink, &|_| Ok(()))?;
        if *reader.position() != self.end {
            return Err(reader.unreadable());
        }
        let (index, tombstones) = loading.loader.finish();
        if index.is_exhausted() || tombstones.is_exhausted() {
            return Err(Error::StoreFull);
        }
        Ok(Changes { index, removed: loading.removed, tombstones })
    }
}
