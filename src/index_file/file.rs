//! An index file that fits its log, and reading by it.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError};

use super::cache::{Bytes, Cache};
use super::format::{COUNTS_PAGE, Counts, FIRST_LEAF, Header, PAGE, Totals};
use super::page::{Page, Row};
use crate::storage::{Access, PathKind, Storage, StorageFile, read_full};
use crate::sync::Mutex;
use crate::wal::consumers::Consumers;
use crate::wal::format::FileHeader;
use crate::wal::locate::{consumers_at, leads_to};
use crate::wal::path::LogPath;
use crate::wal::position::Position;

/// Pages and blocks that are kept in memory, unless the caller wants more.
pub(crate) const FEW_PAGES: usize = 256;

/// Why an index file is of no use.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// There is none.
    Missing,
    /// It cannot be read.
    Io(io::Error),
    /// It is not what was written for this log, or the log is not.
    Mismatch(&'static str),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is none"),
            Self::Io(error) => error.fmt(f),
            Self::Mismatch(what) => f.write_str(what),
        }
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(crate) type Found<T> = Result<T, Unusable>;

/// Where the records of a log are that make its state at one boundary of frames. What is read by it was compared with
/// checksums that were made when the log was known to be sound.
#[derive(Debug)]
pub(crate) struct IndexFile {
    file: Box<dyn StorageFile>,
    pub(super) log: Arc<dyn StorageFile>,
    pub(super) header: Header,
    consumers: Consumers,
    counts: Option<Counts>,
    cache: Mutex<Cache>,
}

impl IndexFile {
    /// Opens the index file of a log, when it has one that fits, and keeps so many pages of both in memory.
    pub(crate) fn open(
        storage: &dyn Storage,
        path: &LogPath,
        log: &Arc<dyn StorageFile>,
        log_header: &FileHeader,
        cached: usize,
    ) -> Found<Self> {
        let path = path.index();
        match storage.kind(&path)? {
            PathKind::File => {}
            PathKind::Missing => return Err(Unusable::Missing),
            _ => return Err(Unusable::Mismatch("it is not a regular file")),
        }
        let file = storage.open(&path, Access::Read)?;
        let mut pages = [0; 2 * PAGE];
        let read = read_full(&*file, &mut pages, 0)?;
        let (first, second) = pages.get(..read).unwrap_or_default().split_at(PAGE.min(read));
        let header =
            Header::decode(first).ok_or(Unusable::Mismatch("its header is not readable"))?;
        if header.log != *log_header {
            return Err(Unusable::Mismatch("it was made for another log"));
        }
        if !leads_to(&**log, log_header, header.last_frame, &header.covered)? {
            return Err(Unusable::Mismatch("the log is not the one any more that it was made for"));
        }
        let consumers = match header.consumers {
            0 => Consumers::default(),
            at => consumers_at(&**log, log_header, at)?
                .ok_or(Unusable::Mismatch("the consumers are not where they should be"))?,
        };
        let counts = Counts::decode(second, header.id);
        let cache = Mutex::new(Cache::new(cached));
        Ok(Self { file, log: Arc::clone(log), header, consumers, counts, cache })
    }

    /// Makes sure that no crash has torn the file, for a store that cannot do without any page of it.
    pub(crate) fn check_whole(&self) -> Found<()> {
        // One that was on stable storage before it got its name is whole.
        let unsynced = if self.header.synced { FIRST_LEAF } else { self.header.pages };
        (FIRST_LEAF..unsynced).try_for_each(|number| self.page(number).map(drop))
    }

    /// What tells it from every other index file.
    pub(crate) fn id(&self) -> u64 {
        self.header.id
    }

    /// Whether it was made for the log with this header.
    pub(crate) fn is_of(&self, log: &FileHeader) -> bool {
        self.header.log == *log
    }

    /// What the pages that are in memory take.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).len() * PAGE
    }

    /// The boundary of frames up to which the log is known.
    pub(crate) fn covered(&self) -> &Position {
        &self.header.covered
    }

    /// Where the last frame before that boundary begins.
    pub(crate) fn last_frame(&self) -> u64 {
        self.header.last_frame
    }

    /// Where the history of the log begins.
    pub(crate) fn history(&self) -> &Position {
        &self.header.history
    }

    pub(crate) fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    pub(crate) fn checkpoint_entries(&self) -> u64 {
        self.header.checkpoint_entries
    }

    /// How many entries the state has at this boundary of frames, when that was counted.
    pub(crate) fn totals_at(&self, position: &Position) -> Option<Totals> {
        let exact = self.header.exact.filter(|_| self.header.covered == *position);
        let counted =
            self.counts.filter(|counts| counts.is_at(position) || bug!(CountsOfAnotherTime));
        exact.or(counted.map(|counts| counts.totals))
    }

    /// How many entries there are at the covered boundary, when the file has all of them.
    pub(crate) fn exact(&self) -> Option<Totals> {
        self.header.exact
    }

    /// The header, for the next file of the same log.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The leaf after the one with this number, or before it.
    pub(super) fn neighbour(&self, leaf: u64, reverse: bool) -> Option<u64> {
        let next = if reverse { leaf.checked_sub(1)? } else { leaf + 1 };
        (FIRST_LEAF..FIRST_LEAF + self.header.leaves).contains(&next).then_some(next)
    }

    /// The first leaf or the last.
    pub(super) fn outermost(&self, reverse: bool) -> u64 {
        if reverse { FIRST_LEAF + self.header.leaves.saturating_sub(1) } else { FIRST_LEAF }
    }

    /// A page of the tree or of checksums.
    pub(super) fn page(&self, number: u64) -> Found<Bytes> {
        self.cached(number, PAGE, |room| {
            if number <= COUNTS_PAGE || number >= self.header.pages {
                return Err(Unusable::Mismatch("it has no such page"));
            }
            let read = read_full(&*self.file, room, number * PAGE as u64)?;
            let (sum, rest) = room.split_first_chunk().ok_or(CUT_SHORT)?;
            let is_right = u32::from_le_bytes(*sum) == self.header.sum_of_page(number, rest);
            if (read < PAGE || !is_right) && !bug!(PagesNotChecked) {
                return Err(Unusable::Mismatch("one of its pages is damaged"));
            }
            Ok(())
        })
    }

    /// The bytes that go by this name, which `read` puts into room for so many when they are not in memory.
    pub(super) fn cached(
        &self,
        name: u64,
        len: usize,
        read: impl FnOnce(&mut [u8]) -> Found<()>,
    ) -> Found<Bytes> {
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = match cache().get(name, len) {
            Ok(known) => return Ok(known),
            Err(room) => room,
        };
        read(Arc::get_mut(&mut room).unwrap_or_default())?;
        cache().put(name, &room);
        Ok(room)
    }
}

pub(super) const CUT_SHORT: Unusable = Unusable::Mismatch("a page is too short");

pub(super) fn read_page(bytes: &[u8]) -> Found<Page<'_>> {
    Page::read(bytes).ok_or(Unusable::Mismatch("one of its pages contradicts itself"))
}

pub(super) fn row(page: &Page<'_>, at: usize) -> Found<Row> {
    page.row(at).ok_or(Unusable::Mismatch("a page has fewer keys than it should"))
}
