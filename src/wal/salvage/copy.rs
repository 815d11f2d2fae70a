//! Copies a log that the disk may no longer be able to read.

use std::path::Path;

use super::super::folder::OpenFolder;
use super::super::path::LogPath;
use super::super::window::SLICE;
use crate::control::Steps;
use crate::error::{Error, Result};
use crate::storage::{Protection, Storage, StorageFile, read_full, write_full};

/// Bytes that are given up together when the disk cannot read them.
const BLOCK: usize = 4096;

/// Copies the damaged log, block by block where the disk cannot read it, and returns how many bytes
/// it could not read.
pub(super) fn copy_readable(
    storage: &dyn Storage,
    source: &dyn StorageFile,
    to: &LogPath,
    copy: &Path,
    like: &Protection,
    steps: &mut Steps<'_>,
) -> Result<(Box<dyn StorageFile>, u64)> {
    let failed = |error| Error::io(copy, "copy the damaged log", error);
    let folder = OpenFolder::open(storage, to.folder())?;
    let len = source.len().map_err(failed)?;
    let file = storage.create(copy, like).map_err(failed)?;
    let mut buffer = vec![0; SLICE];
    let (mut at, mut unreadable) = (0, 0);
    while at < len {
        let wanted = usize::try_from(len - at).map_or(SLICE, |left| left.min(SLICE));
        let slice = buffer.get_mut(..wanted).unwrap_or_default();
        if read_full(source, slice, at).is_err() {
            unreadable += read_blocks(source, slice, at);
        }
        write_full(&*file, slice, at).map_err(failed)?;
        at += wanted as u64;
        steps.add(wanted as u64)?;
    }
    file.sync().map_err(failed)?;
    folder.sync(&*file)?;
    Ok((file, unreadable))
}

/// Reads what it can into `slice`, with zeros for the rest, and returns how many bytes those are.
fn read_blocks(source: &dyn StorageFile, slice: &mut [u8], at: u64) -> u64 {
    let mut unreadable = 0;
    for (block, offset) in slice.chunks_mut(BLOCK).zip((at..).step_by(BLOCK)) {
        if read_full(source, block, offset).is_err() {
            block.fill(0);
            unreadable += block.len() as u64;
        }
    }
    unreadable
}
