//! Finding keys in the tree.

use std::cmp::Ordering;
use std::ops::Range;

use super::file::{Found, IndexFile, Unusable, read_page, row};
use super::page::Page;
use super::records::Stored;

impl IndexFile {
    /// The record of a key.
    pub(crate) fn find(&self, key: &[u8]) -> Found<Option<Stored>> {
        let leaf = self.page(self.leaf_of(key)?)?;
        let page = read_page(&leaf)?;
        let mut alike = page.alike(key);
        while !alike.is_empty() {
            let middle = usize::midpoint(alike.start, alike.end);
            let record = self.record(row(&page, middle)?)?;
            match record.operation()?.key.as_bytes().cmp(key) {
                Ordering::Equal => return Ok(Some(record)),
                Ordering::Less => alike.start = middle + 1,
                Ordering::Greater => alike.end = middle,
            }
        }
        Ok(None)
    }

    /// The leaf that has a key, if any has it.
    pub(super) fn leaf_of(&self, key: &[u8]) -> Found<u64> {
        let (mut number, mut above) = (self.header.root, u8::MAX);
        loop {
            let bytes = self.page(number)?;
            let page = read_page(&bytes)?;
            if page.level >= above {
                return Err(Unusable::Mismatch("its pages are not in order"));
            }
            if page.level == 0 {
                return Ok(number);
            }
            above = page.level;
            let after = self.rows_before(&page, key, true)?;
            number = row(&page, after.saturating_sub(1))?.number;
        }
    }

    /// How many rows of a page have a smaller key, or this one where `inclusive`.
    pub(super) fn rows_before(&self, page: &Page<'_>, key: &[u8], inclusive: bool) -> Found<usize> {
        let Range { start: mut from, end: mut to } = page.alike(key);
        while from < to {
            let middle = usize::midpoint(from, to);
            let record = self.record(row(page, middle)?)?;
            let found = record.operation()?.key.as_bytes();
            if found < key || (inclusive && found == key) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        Ok(from)
    }
}
