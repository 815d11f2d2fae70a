//! Names of files beside a log whose own name is long.

use std::io;
use std::path::{Path, PathBuf};

use super::path::LogPath;
use crate::error::{Error, Result};
use crate::storage::Storage;

/// Refuses a name for a new log when the file system has no room for the longest name beside it: a crash could
/// leave a log that cannot be repaired.
pub(crate) fn check_side_names(storage: &dyn Storage, path: &LogPath) -> Result<()> {
    check_longest(storage, path, &path.cut(u64::MAX, u32::MAX))
}

/// The same for what a salvage creates beside a new log, and beside those files.
pub(super) fn check_salvage_names(storage: &dyn Storage, path: &LogPath) -> Result<()> {
    let part = LogPath::of_open_log(&path.beside(&format!(".entries-{}", u64::MAX)));
    check_longest(storage, path, &part.cut(u64::MAX, u32::MAX))
}

/// Asks the file system, because only it knows its limit and whether it counts bytes.
fn check_longest(storage: &dyn Storage, path: &LogPath, longest: &Path) -> Result<()> {
    match storage.kind(longest) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
            let (log, needed) =
                (path.log(), longest.as_os_str().len() - path.log().as_os_str().len());
            let reason = format!(
                "invalid WAL path: the name is too long for the files beside the log, whose names are up to {needed} bytes longer: {}",
                log.display()
            );
            Err(Error::InvalidArgument { reason })
        }
        Err(error) => Err(Error::io(longest, "look at the path", error)),
    }
}

/// Where the bytes cut off at `offset` are saved. If the log's name leaves no room for it, the name of the copy
/// begins with a part of the log's name and a checksum of all of it.
pub(super) fn cut_name(
    storage: &dyn Storage,
    path: &LogPath,
    offset: u64,
    checksum: u32,
) -> Result<PathBuf> {
    let name = path.cut(offset, checksum);
    match storage.kind(&name) {
        Ok(_) => Ok(name),
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
            Ok(short_cut_name(path, offset, checksum))
        }
        Err(error) => Err(Error::io(&name, "look at the path", error)),
    }
}

fn short_cut_name(path: &LogPath, offset: u64, checksum: u32) -> PathBuf {
    let log = path.log().file_name().unwrap_or_default();
    let own = crc32fast::hash(log.as_encoded_bytes());
    let end = format!("-{own:08x}.cut-{offset}-{checksum:08x}");
    // The lock file has a name of this length.
    let room = (log.len() + ".lock".len()).saturating_sub(end.len());
    let mut name = String::new();
    for character in log.to_string_lossy().chars() {
        if name.len() + character.len_utf8() > room {
            break;
        }
        name.push(character);
    }
    path.folder().join(name + &end)
}
