//! Mends the end of a log that was not closed. Safe to be interrupted and run again at any point.

use std::io;
use std::path::PathBuf;

use super::path::LogPath;
use super::window::SLICE;
use crate::storage::{Storage, StorageFile, read_full, write_full};

/// Copies the bytes from `from` to `to` into a file beside the log and makes it durable.
pub(super) fn keep_cut_bytes(
    storage: &dyn Storage,
    path: &LogPath,
    file: &dyn StorageFile,
    from: u64,
    to: u64,
) -> io::Result<PathBuf> {
    let mut hasher = crc32fast::Hasher::new();
    for_each_slice(file, from, to, |_, bytes| {
        hasher.update(bytes);
        Ok(())
    })?;
    let name = path.cut(from, hasher.finalize());
    bug!(CutNotSaved, return Ok(name));
    let copy = storage.create(&name, &file.protection()?)?;
    for_each_slice(file, from, to, |offset, bytes| write_full(&*copy, bytes, offset - from))?;
    if !bug!(CutCopyNotSynced) {
        copy.sync()?;
    }
    if !bug!(CutCopyNotNamed) {
        storage.sync_dir(path.folder())?;
    }
    Ok(name)
}

/// Writes the bytes from `from` to `to` again in place. After a failed sync the pages of a file can
/// look written without being on the disk; written again, the next sync carries them there.
pub(super) fn rewrite(file: &dyn StorageFile, from: u64, to: u64) -> io::Result<()> {
    for_each_slice(file, from, to, |offset, bytes| write_full(file, bytes, offset))
}

fn for_each_slice(
    file: &dyn StorageFile,
    from: u64,
    to: u64,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let slice_len = |left: u64| usize::try_from(left).map_or(SLICE, |left| left.min(SLICE));
    let mut buffer = vec![0; slice_len(to.saturating_sub(from))];
    let mut at = from;
    while at < to {
        let wanted = slice_len(to - at);
        let slice = buffer.get_mut(..wanted).unwrap_or_default();
        if read_full(file, slice, at)? < wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        each(at, slice)?;
        at += wanted as u64;
    }
    Ok(())
}
