//! The history as it is read from the log: operations in the order of their sequences, each once it is
//! durable.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc;

use super::announce::Waiting;
use super::core::Core;
use super::holds::Hold;
use super::locked::locked;
use crate::error::{Error, Result};
use crate::operation::{Operation, OperationDecoder, OperationEncoder};
use crate::storage::StorageFile;
use crate::wal::format::FileHeader;
use crate::wal::parts::OpenFrame;
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::reader::{LogReader, Record};

/// A page has at most so many bytes, unless it is a single operation. The first ones have fewer, for those who want
/// no more than that.
const FIRST_PAGE_BYTES: usize = 16 << 10;
const PAGE_BYTES: usize = 256 << 10;

/// A page has at most so many operations, since whoever goes through it may let nobody else have a turn meanwhile.
const PAGE_OPERATIONS: usize = 1024;

/// One operation of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOperation {
    /// Its sequence in this store.
    pub sequence: u64,
    /// The operation in its published encoding, as other engines of the family read it.
    pub payload: Vec<u8>,
}

impl LoggedOperation {
    /// The operation itself.
    pub fn operation(&self) -> Result<Operation> {
        OperationDecoder::decode(&self.payload)
    }
}

/// Some operations with consecutive sequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The sequence of the first one.
    pub first_sequence: u64,
    /// The published encodings, one after the other.
    pub payloads: Vec<u8>,
    /// Where each of them ends.
    pub ends: Vec<usize>,
}

impl Page {
    /// Adds an operation, unless the page is full without it.
    fn take(&mut self, record: &Record<'_>, bytes: usize) -> Result<bool> {
        let len = self.payloads.len() + record.operation.encoded_len();
        if !self.ends.is_empty() && (len > bytes || self.ends.len() >= PAGE_OPERATIONS) {
            return Ok(false);
        }
        OperationEncoder::encode_into(record.operation, &mut self.payloads)?;
        self.ends.push(self.payloads.len());
        Ok(true)
    }

    /// The operations one by one.
    pub fn operations(&self) -> impl Iterator<Item = LoggedOperation> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = starts.zip(&self.ends).zip(self.first_sequence..);
        spans.map(|((start, &end), sequence)| {
            let payload = self.payloads.get(start..end).unwrap_or_default().to_vec();
            LoggedOperation { sequence, payload }
        })
    }
}

/// A reader of the history of a running store. As long as it lives, no compaction takes away what it has
/// not read yet.
#[derive(Debug)]
pub struct Operations {
    core: Arc<Core>,
    /// Where it is.
    hold: Hold,
    log: Option<OpenLog>,
    page_bytes: usize,
    follow: bool,
    ready: VecDeque<LoggedOperation>,
}

/// The log as it was when it was last looked at, and where its next operation is.
#[derive(Debug)]
struct OpenLog {
    path: LogPath,
    file: Arc<dyn StorageFile>,
    header: FileHeader,
    next: Position,
    /// The frame that starts there, when a part of it was read.
    frame: Option<OpenFrame>,
}

impl OpenLog {
    fn unreadable(&self) -> Error {
        Error::CorruptLog {
            path: self.path.log().to_owned(),
            sequence: self.next.last_sequence + 1,
            offset: self.next.offset,
            reason: "a frame that was durable cannot be read any more".into(),
        }
    }
}

impl Operations {
    pub(super) fn behind(core: &Arc<Core>, since: u64, follow: bool) -> Result<Self> {
        // Taken before the floor is looked at: a compaction that ends in between shows in the floor, any
        // later one sees the hold.
        let hold = core.holds.take(since);
        let mut log = locked(&core.log);
        let writer = log.writer()?;
        check_since(writer.path(), since, writer.header().base_sequence, writer.last_sequence())?;
        drop(log);
        let (core, ready) = (Arc::clone(core), VecDeque::new());
        Ok(Self { core, hold, log: None, page_bytes: FIRST_PAGE_BYTES, follow, ready })
    }

    /// The sequence up to which was read.
    pub fn read_up_to(&self) -> u64 {
        self.hold.sequence()
    }

    /// The next operations that are durable and visible; none when there are no more yet. The first page of a
    /// log that was just opened waits until all that was replayed is synced.
    pub fn next_page(&mut self) -> Result<Page> {
        self.core.check_open()?;
        if self.core.announcements.is_to_be_secured() {
            self.core.secure()?;
        }
        let read = self.read_up_to();
        let end = self.core.announcements.announced();
        let mut page = Page { first_sequence: read + 1, ..Page::default() };
        if read < end {
            self.locate(read)?;
            let filled = self.fill(&mut page, read, end);
            if filled.is_err() {
                // What was read before the error is given by nobody: the place is found anew.
                self.log = None;
            }
            filled?;
            self.hold.advance(read + page.ends.len() as u64);
            self.page_bytes = (self.page_bytes * 4).min(PAGE_BYTES);
        }
        Ok(page)
    }

    /// Whether there is more to read now.
    pub fn has_more(&self) -> bool {
        self.core.announcements.readable() > self.read_up_to()
    }

    /// Calls `wake` once when there is more to read or the store is closed, unless what this gives is dropped before.
    /// Whoever commits calls it, with the log locked: `wake` must be short, and must not use the store.
    pub fn when_more(&self, wake: impl FnOnce() + Send + 'static) -> Waiting {
        self.core.announcements.when_behind(self.read_up_to(), Box::new(wake))
    }

    /// Makes sure that `log` is the current one, at or before the operation after `read`.
    fn locate(&mut self, read: u64) -> Result<()> {
        let mut log = locked(&self.core.log);
        let writer = log.writer()?;
        let header = writer.header();
        if self.log.as_ref().is_some_and(|log| log.header == *header) {
            return Ok(());
        }
        let (path, floor) = (writer.path(), header.base_sequence);
        let gone = || Error::HistoryGone { path: path.to_owned(), since: read, floor };
        let next = writer.landmarks().before(read).ok_or_else(gone)?;
        let path = LogPath::of_open_log(path);
        let file = Arc::clone(writer.file());
        self.log = Some(OpenLog { path, file, header: header.clone(), next, frame: None });
        Ok(())
    }

    /// Reads operations after `read` until the page is full or has the one at `end`.
    fn fill(&mut self, page: &mut Page, read: u64, end: u64) -> Result<()> {
        let Some(log) = &mut self.log else { return Ok(()) };
        let mut reader = LogReader::at(log.path.log(), &*log.file, &log.header, log.next)?;
        reader.begin_small();
        if log.frame.is_none() {
            reader.skip_to(read, u64::MAX)?;
        }
        while log.frame.is_some() || reader.position().last_sequence < end {
            log.next = *reader.position();
            let mut frame = match log.frame.take() {
                Some(frame) => frame,
                None => reader.open_frame()?.ok_or_else(|| log.unreadable())?,
            };
            let mut failed = None;
            let is_done = reader.read_part(&mut frame, &mut |record| {
                record.sequence <= read
                    || page.take(record, self.page_bytes).unwrap_or_else(|error| {
                        failed = Some(error);
                        false
                    })
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
            if !is_done {
                log.frame = Some(frame);
                return Ok(());
            }
            reader.close_frame(&frame);
            log.next = *reader.position();
        }
        Ok(())
    }

    fn wait(&self) {
        let (wake, woken) = mpsc::channel();
        let _waiting = self.when_more(move || {
            let _ = wake.send(());
        });
        let _ = woken.recv();
    }
}

/// Blocks when it follows and has read everything; then it ends when the store is closed.
impl Iterator for Operations {
    type Item = Result<LoggedOperation>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(operation) = self.ready.pop_front() {
                return Some(Ok(operation));
            }
            match self.next_page() {
                Ok(page) if !page.ends.is_empty() => self.ready.extend(page.operations()),
                Ok(_) if self.follow => self.wait(),
                Ok(_) => return None,
                Err(Error::Closed) if self.follow => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Refuses a place in the history that is gone or does not exist yet.
pub(super) fn check_since(
    path: &std::path::Path,
    since: u64,
    floor: u64,
    last_sequence: u64,
) -> Result<()> {
    if since < floor {
        return Err(Error::HistoryGone { path: path.to_owned(), since, floor });
    }
    if since > last_sequence {
        let reason = format!(
            "since is {since}, beyond the last operation, which has sequence {last_sequence}"
        );
        return Err(Error::InvalidArgument { reason });
    }
    Ok(())
}
