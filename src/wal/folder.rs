//! Makes the names in a folder durable.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::storage::{Storage, StorageFile, StorageFolder};

/// A folder that is kept open, so that it can be synced whatever becomes of its name and however many files are open by
/// then.
#[derive(Debug)]
pub(crate) struct OpenFolder {
    folder: Box<dyn StorageFolder>,
    path: PathBuf,
}

impl OpenFolder {
    pub(super) fn open(storage: &dyn Storage, path: &Path) -> Result<Self> {
        let folder = storage.folder(path);
        let folder = folder.map_err(|error| Error::io(path, "open the folder", error))?;
        Ok(Self { folder, path: path.to_owned() })
    }

    /// Makes the names in the folder durable, among them that of `file`, which was named last. A file system that
    /// cannot do so is refused: after a power loss a log on it could be gone, or another one could have its name.
    pub(super) fn sync(&self, file: &dyn StorageFile) -> Result<()> {
        let synced = self.folder.sync().and_then(|()| file.sync_name());
        synced.map_err(|error| {
            let action = match error.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => {
                    "make names durable, as the file system does not sync folders: fsync of the folder"
                }
                _ => "sync the folder (fsync)",
            };
            Error::io(&self.path, action, error)
        })
    }
}
