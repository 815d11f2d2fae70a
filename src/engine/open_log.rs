//! An open log, for those who read it without its lock.

use std::sync::Arc;

use crate::index_file::Covered;
use crate::storage::{Storage, StorageFile};
use crate::wal::followed::Followed;
use crate::wal::format::FileHeader;
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::writer::LogWriter;

/// A log that is read while others may write to it.
#[derive(Debug, Clone)]
pub(super) struct OpenLog {
    pub(super) path: LogPath,
    pub(super) file: Arc<dyn StorageFile>,
    pub(super) header: FileHeader,
}

impl OpenLog {
    pub(super) fn of(writer: &LogWriter) -> Self {
        let path = LogPath::of_open_log(writer.path());
        Self { path, file: Arc::clone(writer.file()), header: writer.header().clone() }
    }

    pub(super) fn of_followed(followed: &Followed) -> Self {
        let (path, file) = (followed.names().clone(), Arc::clone(followed.file()));
        Self { path, file, header: followed.header().clone() }
    }

    pub(super) fn covered<'a>(&'a self, storage: &'a dyn Storage, end: Position) -> Covered<'a> {
        Covered { storage, path: &self.path, file: &self.file, header: &self.header, end }
    }
}
