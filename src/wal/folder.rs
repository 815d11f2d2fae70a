//! Makes the names in a folder durable.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::storage::{Storage, StorageFolder};

/// A folder that is open, so that it can be synced whatever becomes of its name, and however many files are
/// open by then.
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

    /// Syncs the folder. A file system that cannot do so is refused: after a loss of power a log on it could
    /// be gone, or another one have its name.
    pub(super) fn sync(&self) -> Result<()> {
        self.folder.sync().map_err(|error| {
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
