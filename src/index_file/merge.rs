//! Making an index file from the one before and what was written since, without a look at the records of other entries.

use std::cmp::Ordering;

use super::build::IndexBuilder;
use super::cursor::Cursor;
use super::file::{Found, IndexFile};
use super::format::Totals;
use super::page::Row;
use super::page_builder::Known;
use super::records::Stored;
use crate::error::Result;
use crate::index::Range;

/// A key that was written since the index file before was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'w> {
    pub(crate) key: &'w [u8],
    /// The version of its entry and the length of the value; nothing when it was removed.
    pub(crate) entry: Option<(u64, usize)>,
}

/// The rows of the file before that are still to be copied.
struct Rows<'f> {
    file: &'f IndexFile,
    cursor: Cursor<'f>,
    known: Vec<u8>,
    row: Option<Row>,
}

impl<'f> Rows<'f> {
    fn new(file: &'f IndexFile) -> Found<Self> {
        let mut rows =
            Self { file, cursor: Cursor::new(file, &Range::all())?, known: Vec::new(), row: None };
        rows.advance()?;
        Ok(rows)
    }

    fn advance(&mut self) -> Found<()> {
        self.row = self.cursor.next_known(&mut self.known)?;
        Ok(())
    }

    /// How the next row compares with a key, and its record when that had to be looked at.
    fn compare(&self, row: Row, key: &[u8]) -> Found<(Ordering, Option<Stored>)> {
        if let Some(order) = Known::partly(&self.known).compare(key) {
            return Ok((order, None));
        }
        let stored = self.file.record(row)?;
        let order = stored.operation()?.key.as_bytes().cmp(key);
        Ok((order, Some(stored)))
    }
}

impl IndexBuilder<'_> {
    /// Adds all entries: those of the file `before`, and what was `written` since, in the order of the keys. Says how many
    /// there are then, if the `totals` of that file are given. `check` is asked now and then whether to go on.
    pub(crate) fn merge<'w>(
        &mut self,
        before: &IndexFile,
        mut totals: Option<Totals>,
        written: impl Iterator<Item = Written<'w>>,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<Totals>> {
        let log = self.log;
        let failed = |error| log.failed(error);
        let mut rows = Rows::new(before).map_err(failed)?;
        for (at, written) in written.enumerate() {
            if at.is_multiple_of(CHECKED) {
                check()?;
            }
            let same = self.copy_before(&mut rows, written.key).map_err(failed)?;
            if let (Some(same), Some(totals)) = (&same, &mut totals) {
                let value = same.operation().map_err(failed)?.value.len();
                totals.entries -= 1;
                totals.live_bytes -= (written.key.len() + value) as u64;
            }
            if let Some((version, value)) = written.entry {
                if let Some(totals) = &mut totals {
                    totals.entries += 1;
                    totals.live_bytes += (written.key.len() + value) as u64;
                }
                let known = same.filter(|same| same.version == version);
                let position = match known {
                    Some(same) => same.position,
                    None => self.position_of(version)?,
                };
                self.add_at(written.key, version, position)?;
            }
        }
        while let Some(row) = rows.row {
            self.copy(&rows, row).and_then(|()| rows.advance()).map_err(failed)?;
        }
        // What the last page begins with may have to be looked up.
        self.writer.end_leaf_of(before).map_err(failed)?;
        Ok(totals)
    }

    /// Copies the rows that come before a key. Gives the record of the key itself when there is one.
    fn copy_before(&mut self, rows: &mut Rows<'_>, key: &[u8]) -> Found<Option<Stored>> {
        while let Some(row) = rows.row {
            match rows.compare(row, key)? {
                (Ordering::Less, _) => self.copy(rows, row)?,
                (Ordering::Equal, same) => {
                    rows.advance()?;
                    return Ok(same);
                }
                (Ordering::Greater, _) => break,
            }
            rows.advance()?;
        }
        Ok(None)
    }

    fn copy(&mut self, rows: &Rows<'_>, row: Row) -> Found<()> {
        self.writer.push_known(Known::partly(&rows.known), row, Some(rows.file))
    }
}

/// Keys between two looks at whether to go on.
const CHECKED: usize = 1024;
