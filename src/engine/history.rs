//! Reads the history from the log: operations in the order of their sequences, each once it is durable.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc;

use super::announce::Waiting;
use super::core::{Core, History};
use super::holds::Hold;
use super::locked::locked;
use crate::error::{Error, Result};
use crate::operation::{Operation, OperationDecoder, OperationEncoder};
use crate::storage::StorageFile;
use crate::sync::atomic::Ordering;
use crate::wal::format::FileHeader;
use crate::wal::parts::OpenFrame;
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::reader::{LogReader, Record};

/// The most bytes of a page, unless it is a single operation. The first pages have fewer, for those who want only a
/// little.
const FIRST_PAGE_BYTES: usize = 16 << 10;
const PAGE_BYTES: usize = 256 << 10;

/// The most operations of a page, since whoever goes through it may hold up everyone else on the thread.
const PAGE_OPERATIONS: usize = 1024;

/// One operation of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOperation {
    /// Its sequence in this store.
    pub sequence: u64,
    /// The operation in its published encoding, which other engines of the family read.
    pub payload: Vec<u8>,
    /// Whether no batch goes on after it: it is the last of what one frame made durable.
    pub ends_batch: bool,
    /// The node that made it, if that was said.
    pub node: Option<u64>,
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
    /// The published encodings, one after another.
    pub payloads: Vec<u8>,
    /// Where each of them ends.
    pub ends: Vec<usize>,
    /// After how many operations of the page a frame ends. A batch lies in one frame.
    pub batch_ends: Vec<usize>,
    /// The node that made each, 0 for none; empty if none was said of any.
    pub nodes: Vec<u64>,
}

impl Page {
    /// Adds an operation, unless the page is full.
    fn take(&mut self, record: &Record<'_>, bytes: usize) -> Result<bool> {
        let len = self.payloads.len() + record.operation.encoded_len();
        if !self.ends.is_empty() && (len > bytes || self.ends.len() >= PAGE_OPERATIONS) {
            return Ok(false);
        }
        OperationEncoder::encode_into(record.operation, &mut self.payloads)?;
        self.ends.push(self.payloads.len());
        let node = record.attributes.node.unwrap_or_default();
        if node != 0 || !self.nodes.is_empty() {
            self.nodes.resize(self.ends.len() - 1, 0);
            self.nodes.push(node);
        }
        Ok(true)
    }

    /// The frame of the last operation has no more.
    fn end_batch(&mut self) {
        let count = self.ends.len();
        if count > 0 && self.batch_ends.last() != Some(&count) {
            self.batch_ends.push(count);
        }
    }

    /// The operations one by one.
    pub fn operations(&self) -> impl Iterator<Item = LoggedOperation> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = starts.zip(&self.ends).zip(self.first_sequence..);
        let mut batch_ends = self.batch_ends.iter().peekable();
        spans.zip(1..).map(move |(((start, &end), sequence), count)| {
            let payload = self.payloads.get(start..end).unwrap_or_default().to_vec();
            let ends_batch = batch_ends.next_if_eq(&&count).is_some();
            let node = self.nodes.get(count - 1).copied().filter(|&node| node != 0);
            LoggedOperation { sequence, payload, ends_batch, node }
        })
    }
}

/// A reader of the history of a running store. As long as it lives, no compaction drops what it has
/// not read yet.
#[derive(Debug)]
pub struct Operations {
    core: Arc<Core>,
    /// Where it is.
    hold: Hold,
    /// Which of the logs that had the name it reads.
    origin: u64,
    place: Option<Place>,
    page_bytes: usize,
    follow: bool,
    ready: VecDeque<LoggedOperation>,
}

/// Which log it reads, and where the next operation is in that. Its file is open for as long as the store has it open.
#[derive(Debug)]
struct Place {
    path: LogPath,
    header: FileHeader,
    next: Position,
    /// The frame that starts there, if a part of it was read.
    frame: Option<OpenFrame>,
}

impl Place {
    fn unreadable(&self) -> Error {
        Error::CorruptLog {
            path: self.path.log().to_owned(),
            sequence: self.next.last_sequence + 1,
            offset: self.next.offset,
            reason: "a durable frame can no longer be read".into(),
        }
    }
}

impl Operations {
    pub(super) fn since(core: &Arc<Core>, since: u64, follow: bool) -> Result<Self> {
        // Taken before the floor is checked: a compaction that ends in between shows in the floor, and any
        // later one sees the hold.
        let hold = core.holds.take(since);
        let mut log = locked(&core.log);
        let history = log.history()?;
        check_since(history.path, since, history.header.base_sequence, history.last_sequence)?;
        let origin = core.following.origin.load(Ordering::Acquire);
        drop(log);
        let (core, ready) = (Arc::clone(core), VecDeque::new());
        Ok(Self { core, hold, origin, place: None, page_bytes: FIRST_PAGE_BYTES, follow, ready })
    }

    /// The sequence up to which was read.
    pub fn read_up_to(&self) -> u64 {
        self.hold.sequence()
    }

    /// The next operations that are durable and visible; none when there are no more yet. The first page of a
    /// log that was just opened waits until everything replayed is synced.
    pub fn next_page(&mut self) -> Result<Page> {
        let core = Arc::clone(&self.core);
        let _reading = core.reading();
        core.check_open()?;
        self.check_origin()?;
        if self.core.announcements.is_to_be_secured() {
            self.core.secure()?;
        }
        let read = self.read_up_to();
        let end = self.core.announcements.announced();
        let mut page = Page { first_sequence: read + 1, ..Page::default() };
        if read < end {
            let file = self.locate(read)?;
            let filled = self.fill(&mut page, &*file, read, end);
            if filled.is_err() {
                // What was read before the error was not handed out, so the position is looked up again.
                self.place = None;
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

    /// Calls `wake` once when there is more to read or the store is closed, unless the returned value is dropped
    /// before. It is called by whoever commits, with the log locked: `wake` must be short, and must not use the
    /// store.
    pub fn when_more(&self, wake: impl FnOnce() + Send + 'static) -> Waiting {
        self.core.announcements.wake_after(self.read_up_to(), Box::new(wake))
    }

    fn check_origin(&self) -> Result<()> {
        let origin = self.core.following.origin.load(Ordering::Acquire);
        if origin != self.origin && !bug!(HistoriesMixed) {
            return Err(ANOTHER_HISTORY);
        }
        Ok(())
    }

    /// Makes sure that `place` is in the current log, at or before the operation after `read`, and gives the file of that.
    fn locate(&mut self, read: u64) -> Result<Arc<dyn StorageFile>> {
        let mut log = locked(&self.core.log);
        // Again: a follower that starts anew has the log locked from before it has another one until that is counted.
        self.check_origin()?;
        let History { path, file, header, landmarks, .. } = log.history()?;
        let file = Arc::clone(file);
        if self.place.as_ref().is_some_and(|place| place.header == *header) {
            return Ok(file);
        }
        let floor = header.base_sequence;
        let gone = || Error::HistoryGone { path: path.to_owned(), since: read, floor };
        let next = landmarks.before(read).ok_or_else(gone)?;
        let path = LogPath::of_open_log(path);
        self.place = Some(Place { path, header: header.clone(), next, frame: None });
        Ok(file)
    }

    /// Reads operations after `read` until the page is full or has the one at `end`.
    fn fill(&mut self, page: &mut Page, file: &dyn StorageFile, read: u64, end: u64) -> Result<()> {
        let Some(place) = &mut self.place else { return Ok(()) };
        let mut reader = LogReader::at(place.path.log(), file, &place.header, place.next)?;
        reader.begin_small();
        if place.frame.is_none() {
            reader.skip_to(read, u64::MAX)?;
        }
        while place.frame.is_some() || reader.position().last_sequence < end {
            place.next = *reader.position();
            let mut frame = match place.frame.take() {
                Some(frame) => frame,
                None => reader.open_frame()?.ok_or_else(|| place.unreadable())?,
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
                bug!(BatchEndsWithPage, page.end_batch());
                place.frame = Some(frame);
                return Ok(());
            }
            reader.close_frame(&frame);
            place.next = *reader.position();
            page.end_batch();
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

/// Blocks if it follows and has read everything; then it ends when the store is closed.
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

const ANOTHER_HISTORY: Error = Error::InvalidState {
    reason: "the log was replaced by one with another history: begin to read that",
};

/// Refuses a position in the history that is gone or does not exist yet.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, StoreConfig, StoreEngine, Value};

    #[test]
    fn a_history_that_is_replaced_while_a_page_is_looked_for_gives_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreEngine::new(StoreConfig::durable(folder.path().join("a.wal")));
        store.recover().unwrap();
        store.put(&Key::new("a").unwrap(), &Value::from_string("x")).unwrap();
        let mut operations = Operations::since(&store.core, 0, false).unwrap();
        // What another thread does after the first check.
        store.core.following.origin.fetch_add(1, Ordering::AcqRel);
        assert!(matches!(operations.locate(0), Err(Error::InvalidState { .. })));
    }
}
