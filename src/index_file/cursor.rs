//! Walks an index file in key order.

use std::ops::Bound;

use super::cache::Bytes;
use super::file::{Found, IndexFile, read_page, row};
use super::page::{Page, Row};
use super::records::Stored;
use crate::index::Range;

/// The next of the records of an index file, in the order of a range. It ends where the file does; where the range
/// does is for the caller to see.
#[derive(Debug)]
pub(crate) struct Cursor<'f> {
    file: &'f IndexFile,
    reverse: bool,
    /// The leaf with the next record; nothing after the last one.
    leaf: Option<(u64, Bytes)>,
    /// How many of its rows are before the place between two rows where the cursor is.
    before: usize,
}

impl<'f> Cursor<'f> {
    /// At the beginning of the range.
    pub(crate) fn new(file: &'f IndexFile, range: &Range) -> Found<Self> {
        let reverse = range.reverse;
        let begin = if reverse { &range.upper } else { &range.lower };
        let (number, key) = match begin {
            Bound::Unbounded => (file.outermost(reverse), None),
            Bound::Included(key) => (file.leaf_of(key)?, Some((key, reverse))),
            Bound::Excluded(key) => (file.leaf_of(key)?, Some((key, !reverse))),
        };
        let bytes = file.page(number)?;
        let page = read_page(&bytes)?;
        let before = match key {
            Some((key, inclusive)) => file.rows_before(&page, key, inclusive)?,
            None if reverse => page.len(),
            None => 0,
        };
        Ok(Self { file, reverse, leaf: Some((number, bytes)), before })
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Found<Option<Stored>> {
        match self.next_row()? {
            Some(row) => self.file.record(row).map(Some),
            None => Ok(None),
        }
    }

    /// The next version and where its record is.
    pub(super) fn next_row(&mut self) -> Found<Option<Row>> {
        self.step(row)
    }

    /// The same, with as much of the key as is known without a look at the log.
    pub(super) fn next_known(&mut self, known: &mut Vec<u8>) -> Found<Option<Row>> {
        self.step(|page, at| {
            page.known(at, known);
            row(page, at)
        })
    }

    fn step<T>(&mut self, read: impl FnOnce(&Page<'_>, usize) -> Found<T>) -> Found<Option<T>> {
        loop {
            let Some((number, bytes)) = &self.leaf else { return Ok(None) };
            let page = read_page(bytes)?;
            let found = if self.reverse { self.before.checked_sub(1) } else { Some(self.before) };
            if let Some(at) = found.filter(|at| *at < page.len()) {
                self.before = if self.reverse { at } else { at + 1 };
                return read(&page, at).map(Some);
            }
            let next = self.file.neighbour(*number, self.reverse);
            self.leaf = match next {
                Some(next) => Some((next, self.file.page(next)?)),
                None => None,
            };
            self.before = match &self.leaf {
                Some((_, bytes)) if self.reverse => read_page(bytes)?.len(),
                _ => 0,
            };
        }
    }
}
