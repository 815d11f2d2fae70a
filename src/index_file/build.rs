//! Making the index file of a log from the state that the log leads to.

use std::hint::black_box;
use std::sync::Arc;

use super::cursor::Cursor;
use super::file::{Found, IndexFile, Unusable};
use super::format::{Counts, Header, PAGE, Totals};
use super::page::Row;
use super::page_builder::Known;
use super::writer::{IndexFileWriter, sums_of_log};
use crate::error::{Error, Result};
use crate::index::{Range, Record as IndexRecord};
use crate::operation::OperationType;
use crate::state::{Tombstones, append_removal, note_tombstone};
use crate::storage::{Protection, Storage, StorageFile};
use crate::wal::format::FileHeader;
use crate::wal::locate::{Located, locate};
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::reader::{LogReader, Record};

/// A log, and the boundary of frames up to which it is to be known. Everything before that must be on stable storage.
#[derive(Debug)]
pub(crate) struct Covered<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) path: &'a LogPath,
    pub(crate) file: &'a Arc<dyn StorageFile>,
    pub(crate) header: &'a FileHeader,
    pub(crate) end: Position,
}

/// An index file in the making. It gets the entries of the state in the order of their keys; where their records are
/// was read from the log or, as far as that goes, from the index file before.
#[derive(Debug)]
pub(crate) struct IndexBuilder<'a> {
    pub(super) log: &'a Covered<'a>,
    pub(super) writer: IndexFileWriter<'a>,
    sums: Vec<u32>,
    /// The file of which rows are copied.
    before: Option<&'a IndexFile>,
    older: Older<'a>,
    /// The offsets of the records after this sequence, one by one.
    since: u64,
    history: Vec<u64>,
    /// Each a version and a record.
    removals: Vec<u8>,
}

/// Versions and where their records are, in the order of the keys.
#[derive(Debug)]
enum Older<'a> {
    Checkpoint(std::vec::IntoIter<(u64, u64)>),
    Before(Cursor<'a>),
}

impl Older<'_> {
    fn next(&mut self) -> std::result::Result<Option<(u64, u64)>, Unusable> {
        match self {
            Self::Checkpoint(entries) => Ok(entries.next()),
            Self::Before(cursor) => Ok(cursor.next_row()?.map(|row| (row.number, row.position))),
        }
    }
}

impl<'a> IndexBuilder<'a> {
    /// Begins with all entries of the state to be added in order, whatever of them the file `before` knows. `check` is
    /// asked now and then whether to go on.
    pub(crate) fn begin(
        log: &'a Covered<'a>,
        before: Option<&'a IndexFile>,
        like: &Protection,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Self> {
        let mut builder = Self::begin_merge(log, before, like, check)?;
        if let Some(before) = before {
            let all = Cursor::new(before, &Range::all());
            builder.older = Older::Before(all.map_err(|error| log.failed(error))?);
        }
        Ok(builder)
    }

    /// Makes the file of a log of which nothing but its checkpoint is covered, and says how many entries that has.
    pub(crate) fn of_checkpoint(
        log: &'a Covered<'a>,
        like: &Protection,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Totals> {
        let mut builder = Self::empty(log, None, like)?;
        let mut totals = Totals::default();
        let (mut tombstones, mut pushed) = (Tombstones::default(), Found::Ok(()));
        let mut reader =
            LogReader::at(log.path.log(), &**log.file, log.header, Position::first(log.header))?;
        let found = locate(&mut reader, &log.end, check, &mut |record, at| {
            if record.operation.kind == OperationType::Delete {
                return note_tombstone(&mut tombstones, record);
            }
            let (key, value) = (record.operation.key.as_bytes(), record.operation.value);
            totals.entries += 1;
            totals.live_bytes += (key.len() + value.len()) as u64;
            if pushed.is_ok() {
                pushed = builder.writer.push(key, Row { position: at, number: record.sequence });
            }
        })?;
        pushed.map_err(|error| log.failed(error))?;
        builder.note(None, &found);
        builder.add_removals(tombstones.after(None))?;
        builder.sync_first();
        builder.finish(Some(totals.at(&log.end)))?;
        Ok(totals)
    }

    /// [`begin`](Self::begin) for a caller who says of the entries that `before` knows where their records are: reads
    /// the log, from where that ends if there is one.
    pub(crate) fn begin_merge(
        log: &'a Covered<'a>,
        before: Option<&'a IndexFile>,
        like: &Protection,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Self> {
        let mut builder = Self::empty(log, before, like)?;
        let start = before.map_or_else(|| Position::first(log.header), |before| *before.covered());
        let mut reader = LogReader::at(log.path.log(), &**log.file, log.header, start)?;
        let mut checkpoint = Vec::new();
        let part = &mut |record: &Record<'_>, at| {
            if record.operation.kind == OperationType::Put {
                checkpoint.push((record.sequence, at));
            }
        };
        let mut found = locate(&mut reader, &log.end, check, part)?;
        builder.older = Older::Checkpoint(checkpoint.into_iter());
        builder.note(before.map(IndexFile::header), &found);
        builder.history = std::mem::take(&mut found.history);
        Ok(builder)
    }

    /// Takes the sums first: the frames are found to be sound after that.
    fn empty(
        log: &'a Covered<'a>,
        before: Option<&'a IndexFile>,
        like: &Protection,
    ) -> Result<Self> {
        let sums = log.sums(before)?;
        let header = Header::begin(log.header, log.storage.random(), log.end);
        let writer = IndexFileWriter::begin(log.storage, log.path, header, like);
        let writer = writer.map_err(|error| log.failed(error.into()))?;
        let older = Older::Checkpoint(Vec::new().into_iter());
        let since =
            before.map_or(log.header.base_sequence, |before| before.covered().last_sequence);
        Ok(Self {
            log,
            writer,
            sums,
            before,
            older,
            since,
            history: Vec::new(),
            removals: Vec::new(),
        })
    }

    /// Notes what was found in the log after what is `known` of it.
    fn note(&mut self, known: Option<&Header>, found: &Located) {
        let header = &mut self.writer.header;
        header.last_frame = known
            .filter(|known| known.covered == header.covered)
            .map_or(found.last_frame, |known| known.last_frame);
        header.history = known
            .filter(|known| !known.covered.in_checkpoint)
            .map_or(found.begin.unwrap_or(header.covered), |known| known.history);
        header.consumers = found.consumers.or(known.map(|known| known.consumers)).unwrap_or(0);
        header.checkpoint_entries =
            found.checkpoint + known.map_or(0, |known| known.checkpoint_entries);
    }

    /// Adds the next few entries, each a key and its version, as [`add`](Self::add) does.
    pub(crate) fn add_all(&mut self, entries: &[(&[u8], u64)]) -> Result<()> {
        // Touched before they are needed, so that their cache misses overlap.
        let places = entries.iter().filter_map(|(_, version)| self.place_of(*version));
        black_box(places.fold(0, |seen, place| seen ^ place));
        entries.iter().try_for_each(|(key, version)| self.add(key, *version))
    }

    /// Where the record with this version is, when it is one of those that were read from the log.
    fn place_of(&self, version: u64) -> Option<u64> {
        let at = usize::try_from(version.checked_sub(self.since + 1)?).ok()?;
        self.history.get(at).copied()
    }

    /// Adds the next entry, unless it was changed after what is covered: a replay of the rest comes to it.
    pub(crate) fn add(&mut self, key: &[u8], version: u64) -> Result<()> {
        if version > self.log.end.last_sequence && !bug!(NewerEntriesIndexed) {
            return Ok(());
        }
        let position = self.position_of(version)?;
        self.add_at(key, version, position)
    }

    /// Where the record of the next entry is, which has this version.
    pub(super) fn position_of(&mut self, version: u64) -> Result<u64> {
        let position = if version > self.since {
            let last = self.history.last().filter(|_| bug!(NewerEntriesIndexed));
            self.place_of(version).or(last.copied())
        } else {
            self.older_position(version)?
        };
        position.ok_or(NOT_LOGGED)
    }

    /// Adds the next entry, whose record is there.
    pub(crate) fn add_at(&mut self, key: &[u8], version: u64, position: u64) -> Result<()> {
        let row = Row { position, number: version };
        self.writer
            .push_known(Known::whole(key), row, self.before)
            .map_err(|error| self.log.failed(error))
    }

    /// Entries that were not changed are in the same order as they were.
    fn older_position(&mut self, version: u64) -> Result<Option<u64>> {
        loop {
            match self.older.next().map_err(|error| self.log.failed(error))? {
                Some((found, position)) if found == version => return Ok(Some(position)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// Adds removals that are remembered, unless they are later than what is covered: a replay of the rest comes to them.
    pub(crate) fn add_removals<'r>(
        &mut self,
        removals: impl Iterator<Item = IndexRecord<'r>>,
    ) -> Result<()> {
        for removal in removals.filter(|_| !bug!(TombstonesNotIndexed)) {
            if removal.version() <= self.log.end.last_sequence {
                append_removal(&removal, &mut self.removals)?;
                self.writer.header.removals.count += 1;
            }
        }
        Ok(())
    }

    /// Has the file on stable storage before it gets its name, for a store that cannot do without it.
    pub(crate) fn sync_first(&mut self) {
        self.writer.header.synced = true;
    }

    /// Ends the file and gives it its name. Says what its id is. Without `counts` nobody has counted the entries.
    pub(crate) fn finish(self, counts: Option<Counts>) -> Result<u64> {
        let Self { log, writer, sums, removals, .. } = self;
        writer.finish(sums, &removals, counts).map_err(|error| log.failed(error))
    }
}

const NOT_LOGGED: Error = Error::Internal { reason: "an entry has no record in the log" };

impl Covered<'_> {
    /// The index file that the log has now.
    pub(crate) fn open_file(&self, cached: usize) -> Found<IndexFile> {
        IndexFile::open(self.storage, self.path, self.file, self.header, cached)
    }

    /// The checksums of the blocks of the log. What is known from before is not read again: nobody looks any more at
    /// whether that is sound.
    fn sums(&self, before: Option<&IndexFile>) -> Result<Vec<u32>> {
        let before = before.filter(|_| !bug!(KnownBlocksSummedAnew));
        let known = before.map_or(0, |before| before.covered().offset);
        let (mut sums, mut begun) = (Vec::new(), 0);
        if let Some(before) = before {
            let sum = |block| before.sum_of_block(block).map_err(|error| self.failed(error));
            for block in 0..known / PAGE as u64 {
                sums.push(sum(block)?);
            }
            if !known.is_multiple_of(PAGE as u64) {
                begun = sum(known / PAGE as u64)?;
            }
        }
        let rest = sums_of_log(&**self.file, known, begun, self.end.offset);
        sums.extend(rest.map_err(|error| self.failed(error.into()))?);
        Ok(sums)
    }

    /// Why there is no index file.
    pub(crate) fn failed(&self, error: Unusable) -> Error {
        let path = self.path.index();
        match error {
            Unusable::Io(error) => Error::io(&path, "write the index file", error),
            other => {
                let error = std::io::Error::new(std::io::ErrorKind::InvalidData, other.to_string());
                Error::io(&path, "read the index file before", error)
            }
        }
    }
}
