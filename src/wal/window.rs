//! A file seen through a slice of memory.

use std::io;

use crate::storage::{StorageFile, read_full};

/// Bytes that are read at a time.
pub(crate) const SLICE: usize = 1 << 20;

/// A sliding view of a file, so that reading a log never needs more memory than one slice or one
/// record.
#[derive(Debug)]
pub(crate) struct Window<'f> {
    file: &'f dyn StorageFile,
    file_len: u64,
    start: u64,
    data: Vec<u8>,
    /// Bytes that are read at a time: next, and at most.
    step: usize,
    longest: usize,
}

impl<'f> Window<'f> {
    pub(crate) fn new(file: &'f dyn StorageFile) -> io::Result<Self> {
        let file_len = file.len()?;
        Ok(Self { file, file_len, start: 0, data: Vec::new(), step: SLICE, longest: SLICE })
    }

    /// Reads little at first and then more, up to `longest`, for callers who may soon have enough.
    pub(crate) fn begin_small(&mut self, step: usize, longest: usize) {
        self.step = step;
        self.longest = longest;
    }

    pub(crate) fn file_len(&self) -> u64 {
        self.file_len
    }

    /// Looks at the size of the file again and forgets what was read, for a log that grows while it
    /// is read.
    pub(crate) fn refresh(&mut self) -> io::Result<()> {
        self.file_len = self.file.len()?;
        self.data.clear();
        Ok(())
    }

    /// The bytes at `offset`: `len` of them, or as many as the file has.
    pub(crate) fn view(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let len = clamp(self.file_len.saturating_sub(offset), len);
        let known =
            offset >= self.start && offset + len as u64 <= self.start + self.data.len() as u64;
        if !known {
            self.fill(offset, len)?;
        }
        let from = clamp(offset - self.start, self.data.len());
        let to = (from + len).min(self.data.len());
        Ok(self.data.get(from..to).unwrap_or_default())
    }

    /// Moves the window to `offset`, keeping the bytes that are already there.
    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let skipped = offset.checked_sub(self.start).map(|skip| clamp(skip, usize::MAX));
        let kept = match skipped {
            Some(skip) if skip < self.data.len() => {
                self.data.copy_within(skip.., 0);
                self.data.len() - skip
            }
            _ => 0,
        };
        let wanted = clamp(self.file_len.saturating_sub(offset), len.max(self.step));
        self.step = self.step.saturating_mul(4).min(self.longest);
        self.start = offset;
        self.data.resize(wanted.max(kept), 0);
        let rest = self.data.get_mut(kept..).unwrap_or_default();
        let read = read_full(self.file, rest, offset + kept as u64)?;
        self.data.truncate(kept + read);
        Ok(())
    }
}

/// `available`, at most `limit`, as a length in memory.
fn clamp(available: u64, limit: usize) -> usize {
    usize::try_from(available).map_or(limit, |available| available.min(limit))
}
