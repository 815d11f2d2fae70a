//! Makes the names in a folder durable.

use std::io;
use std::path::Path;

use crate::error::{Error, Result};
use crate::storage::Storage;

/// Syncs the folder. A file system that cannot do so is refused: after a loss of power a log on it could
/// be gone, or another one have its name.
pub(super) fn sync_folder(storage: &dyn Storage, folder: &Path) -> Result<()> {
    storage.sync_dir(folder).map_err(|error| {
        let action = match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => {
                "make names durable, as the file system does not sync folders: fsync of the folder"
            }
            _ => "sync the folder (fsync)",
        };
        Error::io(folder, action, error)
    })
}
