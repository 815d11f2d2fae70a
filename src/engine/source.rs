//! The log that a compaction or a backup is made from.

use std::sync::Arc;

use super::checkpoint::write_entries;
use super::core::Core;
use super::locked::locked;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::operation::PAYLOAD_OVERHEAD;
use crate::storage::{Protection, StorageFile};
use crate::wal::format::FileHeader;
use crate::wal::path::LogPath;
use crate::wal::position::Position;
use crate::wal::reader::LogReader;
use crate::wal::rewrite::Rewrite;

/// The log that is rewritten, as it was when the rewrite began.
pub(super) struct Source {
    pub(super) path: LogPath,
    pub(super) file: Arc<dyn StorageFile>,
    pub(super) header: FileHeader,
    /// The history from here on is kept.
    pub(super) begin: Position,
    pub(super) bytes: u64,
    /// About how many bytes the new log will have.
    pub(super) expected: u64,
}

impl Source {
    /// The log as it is now, and the frame boundary up to which its history is not needed.
    pub(super) fn of(core: &Core) -> Result<Self> {
        // Finds out whether the folder can be synced before anything has been renamed.
        core.secure()?;
        let mut log = locked(&core.log);
        let writer = log.writer()?;
        if writer.is_poisoned() {
            return Err(writer.poisoned());
        }
        let needed_after = core.history_needed_after(writer);
        let end = writer.position();
        let landmark = writer.landmarks().before(needed_after).unwrap_or(end);
        let (file, header) = (Arc::clone(writer.file()), writer.header().clone());
        let path = LogPath::of_open_log(writer.path());
        drop(log);
        let begin = if needed_after >= end.last_sequence {
            end
        } else {
            let mut reader = LogReader::at(path.log(), &*file, &header, landmark)?;
            reader.skip_to(needed_after, end.offset)?;
            *reader.position()
        };
        let expected = live_log_bytes(core)?.unwrap_or(0) + (end.offset - begin.offset);
        Ok(Self { path, file, header, begin, bytes: end.offset, expected })
    }

    /// A reader of the history that is kept.
    pub(super) fn reader(&self) -> Result<LogReader<'_>> {
        LogReader::at(self.path.log(), &*self.file, &self.header, self.begin)
    }

    /// Who may read it.
    pub(super) fn protection(&self) -> Result<Protection> {
        let found = self.file.protection();
        found.map_err(|error| Error::io(self.path.log(), "look at the log", error))
    }

    /// Begins a new log for `path` with the entries.
    pub(super) fn rewrite<'c>(
        &self,
        core: &'c Core,
        path: LogPath,
        control: &Control,
    ) -> Result<Rewrite<'c>> {
        let header = FileHeader {
            salt: if bug!(CompactionKeepsSalt) { self.header.salt } else { core.storage.random() },
            generation: self.header.generation + 1,
            base_sequence: self.begin.last_sequence,
            has_checkpoint: true,
        };
        let mut rewrite = Rewrite::begin(&*core.storage, path, header, &self.protection()?)?;
        write_entries(core, &mut rewrite, self.begin.last_sequence, control, self.expected)?;
        Ok(rewrite)
    }
}

/// Copies the history up to the frame boundary `end`, which must exist already.
pub(super) fn copy_to(
    core: &Core,
    rewrite: &mut Rewrite<'_>,
    reader: &mut LogReader<'_>,
    source: &Source,
    control: &Control,
    end: u64,
) -> Result<()> {
    reader.refresh()?;
    while reader.position().offset < end {
        rewrite.copy_frame(reader, &*source.file)?;
        let written = rewrite.position().offset;
        core.rewriting.step(control, written, source.expected)?;
    }
    Ok(())
}

/// About what a compaction leaves when nobody needs any history; nothing while the entries are not counted.
pub(super) fn live_log_bytes(core: &Core) -> Result<Option<u64>> {
    let entry = (size_of::<u64>() + PAYLOAD_OVERHEAD) as u64;
    core.read(|state| {
        let removed = if bug!(TombstonesNotDue) { 0 } else { state.tombstones.log_bytes() };
        Ok(state.totals().map(|all| all.live_bytes + all.entries * entry + removed))
    })
}
