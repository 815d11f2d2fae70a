//! Writes an index file: leaves in key order, the pages above them, the checksums of the log.

use std::io;
use std::path::PathBuf;

use crc32fast::Hasher;

use super::file::{Found, IndexFile, Unusable};
use super::format::{Counts, FIRST_LEAF, Header, PAGE, SUMS};
use super::page::Row;
use super::page_builder::{Known, PageBuilder, kept};
use super::removals::PART;
use crate::storage::{Access, PathKind, Protection, Storage, StorageFile, read_full, write_full};
use crate::wal::path::LogPath;

/// Bytes that are written at once.
const STEP: usize = 256 << 10;

/// An index file that is being made under another name. It is removed when it is not finished.
#[derive(Debug)]
pub(crate) struct IndexFileWriter<'s> {
    storage: &'s dyn Storage,
    file: Box<dyn StorageFile>,
    unfinished: Unfinished<'s>,
    path: PathBuf,
    /// Where the pages are is noted as they are written, the rest by the caller before the end.
    pub(super) header: Header,
    leaf: PageBuilder,
    /// What the pages above are made of: the first key of each leaf.
    firsts: Vec<(Box<[u8]>, Row)>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Unfinished<'s> {
    storage: &'s dyn Storage,
    path: PathBuf,
    is_done: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            // If this fails too, the next writer replaces it.
            let _ = self.storage.remove(&self.path);
        }
    }
}

impl<'s> IndexFileWriter<'s> {
    /// Begins a file beside the log at `path`, protected like that.
    pub(crate) fn begin(
        storage: &'s dyn Storage,
        path: &LogPath,
        header: Header,
        like: &Protection,
    ) -> io::Result<Self> {
        let (new, path) = (path.new_index(), path.index());
        for taken in [&new, &path] {
            if !matches!(storage.kind(taken)?, PathKind::Missing | PathKind::File) {
                let what = format!("{} is not a file", taken.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
        }
        let file = storage.create(&new, like)?;
        let unfinished = Unfinished { storage, path: new, is_done: false };
        let (leaf, firsts) = (PageBuilder::new(0), Vec::new());
        Ok(Self { storage, file, unfinished, path, header, leaf, firsts, buffer: Vec::new() })
    }

    /// Adds the next key, its version, and where its record is.
    pub(super) fn push(&mut self, key: &[u8], row: Row) -> Found<()> {
        self.push_known(Known::whole(key), row, None)
    }

    /// [`push`](Self::push) of a key that may be known in part; then `before` leads to the rest.
    pub(super) fn push_known(
        &mut self,
        key: Known<'_>,
        row: Row,
        before: Option<&IndexFile>,
    ) -> Found<()> {
        if !self.leaf.push(key, row) {
            self.end_leaf(before)?;
            self.leaf.push(key, row);
        }
        Ok(())
    }

    /// Ends the last leaf, whose first key `before` may have to be asked for.
    pub(super) fn end_leaf_of(&mut self, before: &IndexFile) -> Found<()> {
        if self.leaf.is_empty() { Ok(()) } else { self.end_leaf(Some(before)) }
    }

    fn end_leaf(&mut self, before: Option<&IndexFile>) -> Found<()> {
        if let Some((key, row)) = self.leaf.first() {
            let key = match (key, before) {
                (Some(key), _) => key.into(),
                (None, Some(before)) => {
                    kept(before.record(row)?.operation()?.key.as_bytes()).into()
                }
                (None, None) => return Err(Unusable::Mismatch("a key is not known")),
            };
            self.firsts.push((key, Row { number: self.header.pages, ..row }));
        }
        let page = self.leaf.finish();
        self.header.leaves += 1;
        Ok(self.write_page(page)?)
    }

    /// Writes the rest, with a checksum for each block of the log up to what is covered and the removals as the caller has noted
    /// how many there are, and gives the file its name.
    /// Says what its id is.
    pub(crate) fn finish(
        mut self,
        sums: impl IntoIterator<Item = u32>,
        removals: &[u8],
        counts: Option<Counts>,
    ) -> Found<u64> {
        if !self.leaf.is_empty() || self.firsts.is_empty() {
            self.end_leaf(None)?;
        }
        let exact = counts.filter(|counts| counts.is_at(&self.header.covered));
        self.header.exact = exact.map(|counts| counts.totals);
        self.header.root = self.write_levels()?;
        self.header.sums = self.header.pages;
        let sums: Vec<u32> = sums.into_iter().collect();
        for sums in sums.chunks(SUMS) {
            let mut page = [0; PAGE];
            let places = page.chunks_exact_mut(4).skip(1);
            places.zip(sums).for_each(|(to, sum)| to.copy_from_slice(&sum.to_le_bytes()));
            self.write_page(page)?;
        }
        self.header.removals.page = self.header.pages;
        for part in removals.chunks(PART) {
            let mut page = [0; PAGE];
            page.iter_mut().skip(PAGE - PART).zip(part).for_each(|(to, from)| *to = *from);
            self.write_page(page)?;
        }
        self.write_out()?;
        let counts = counts.map_or([0; PAGE], |counts| counts.encode(self.header.id));
        let first = [self.header.encode(), counts].concat();
        write_full(&*self.file, &first, 0)?;
        if self.header.synced {
            self.file.sync()?;
        }
        self.storage.rename(&self.unfinished.path, &self.path)?;
        self.unfinished.is_done = true;
        Ok(self.header.id)
    }

    /// Writes the pages above the leaves and gives the number of the root.
    fn write_levels(&mut self) -> io::Result<u64> {
        let mut below = std::mem::take(&mut self.firsts);
        let mut level = 0;
        while below.len() > 1 {
            level += 1;
            let mut firsts: Vec<(Box<[u8]>, Row)> = Vec::new();
            let mut builder = PageBuilder::new(level);
            for (key, row) in &below {
                if !builder.push(Known::whole(key), *row) {
                    self.end_inner(&mut builder, &mut firsts)?;
                    builder.push(Known::whole(key), *row);
                }
            }
            self.end_inner(&mut builder, &mut firsts)?;
            below = firsts;
        }
        Ok(below.first().map_or(FIRST_LEAF, |(_, row)| row.number))
    }

    fn end_inner(
        &mut self,
        builder: &mut PageBuilder,
        firsts: &mut Vec<(Box<[u8]>, Row)>,
    ) -> io::Result<()> {
        if let Some((Some(key), row)) = builder.first() {
            firsts.push((key.into(), Row { number: self.header.pages, ..row }));
        }
        let page = builder.finish();
        self.write_page(page)
    }

    fn write_page(&mut self, mut page: [u8; PAGE]) -> io::Result<()> {
        let number = self.header.pages;
        let (room, rest) = page.split_at_mut(4);
        room.copy_from_slice(&self.header.sum_of_page(number, rest).to_le_bytes());
        self.buffer.extend_from_slice(&page);
        self.header.pages += 1;
        if self.buffer.len() >= STEP { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> io::Result<()> {
        let end = self.header.pages * PAGE as u64;
        write_full(&*self.file, &self.buffer, end - self.buffer.len() as u64)?;
        self.buffer.clear();
        Ok(())
    }
}

/// Writes how many entries there are into the index file that is there, for a log that is closed. What a crash spoils
/// of that is noticed. Another file that has its name by now is left alone.
pub(crate) fn write_counts(
    storage: &dyn Storage,
    path: &LogPath,
    id: u64,
    counts: &Counts,
) -> io::Result<()> {
    let path = path.index();
    if storage.kind(&path)? != PathKind::File {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = storage.open(&path, Access::ReadWrite)?;
    let mut header = [0; PAGE];
    read_full(&*file, &mut header, 0)?;
    if Header::decode(&header).is_none_or(|header| header.id != id) {
        return Err(io::ErrorKind::NotFound.into());
    }
    write_full(&*file, &counts.encode(id), PAGE as u64)
}

/// The checksum of each block of `log` up to `end`, from the block on in which `start` is; `begun` is the checksum of
/// what that has before `start`.
pub(crate) fn sums_of_log(
    log: &dyn StorageFile,
    start: u64,
    begun: u32,
    end: u64,
) -> io::Result<Vec<u32>> {
    if start == end && !start.is_multiple_of(PAGE as u64) {
        return Ok(vec![begun]);
    }
    let (mut sums, mut begun, mut at) = (Vec::new(), begun, start);
    let mut bytes = vec![0; STEP];
    while at < end {
        // Steps end where blocks do.
        let step = STEP as u64 - at % PAGE as u64;
        let len = usize::try_from((end - at).min(step)).unwrap_or(STEP);
        let part = bytes.get_mut(..len).unwrap_or_default();
        if read_full(log, part, at)? < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let first = len.min(PAGE - usize::try_from(at % PAGE as u64).unwrap_or(0));
        let (first, blocks) = part.split_at(first);
        let mut hasher = Hasher::new_with_initial(std::mem::take(&mut begun));
        hasher.update(first);
        sums.push(hasher.finalize());
        sums.extend(blocks.chunks(PAGE).map(crc32fast::hash));
        at += len as u64;
    }
    Ok(sums)
}
