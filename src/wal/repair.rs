//! Repairs the end of a log that was not closed. It can be interrupted and run again at any point.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::path::LogPath;
use super::side_names::cut_name;
use super::window::SLICE;
use crate::error::{Error, Result};
use crate::storage::{Storage, StorageFile, read_full, write_full};

/// Copies the bytes from `from` to `to` into a file beside the log and syncs it. Its name is durable once
/// the folder is synced, which the writer does before it cuts anything off.
pub(super) fn keep_cut_bytes(
    storage: &dyn Storage,
    path: &LogPath,
    file: &dyn StorageFile,
    from: u64,
    to: u64,
) -> Result<PathBuf> {
    let mut hasher = crc32fast::Hasher::new();
    let read = for_each_slice(file, from, to, |_, bytes| {
        hasher.update(bytes);
        Ok(())
    });
    read.map_err(|error| Error::io(path.log(), "read an interrupted write", error))?;
    let name = cut_name(storage, path, from, hasher.finalize())?;
    bug!(CutNotSaved, return Ok(name));
    if let Err(source) = copy_bytes(storage, &name, file, from, to) {
        if !bug!(CutCopyStays) {
            // A partial copy is useless. If this fails too, the next opening replaces it.
            let _ = storage.remove(&name);
        }
        let (path, bytes, source) = (path.log().to_owned(), to - from, Arc::new(source));
        return Err(Error::CutNotSaved { path, offset: from, bytes, copy: name, source });
    }
    Ok(name)
}

fn copy_bytes(
    storage: &dyn Storage,
    name: &Path,
    file: &dyn StorageFile,
    from: u64,
    to: u64,
) -> io::Result<()> {
    let copy = storage.create(name, &file.protection()?)?;
    for_each_slice(file, from, to, |offset, bytes| write_full(&*copy, bytes, offset - from))?;
    if bug!(CutCopyNotSynced) { Ok(()) } else { copy.sync() }
}

/// Writes the bytes from `from` to `to` again in place. After a failed sync the pages of a file can
/// look written without being on the disk; after a second write, the next sync takes them there.
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
