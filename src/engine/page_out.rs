//! Makes the index file of a log from its start, with little in memory at a time.

use super::core::Core;
use super::folding::{fold, of_checkpoint};
use super::open_log::OpenLog;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::state::{Loader, State, replay};
use crate::wal::landmarks::Landmarks;
use crate::wal::position::Position;
use crate::wal::reader::{LogReader, Record};
use crate::wal::writer::LogWriter;

impl Core {
    /// The state of a log that was found sound and for which no index file fits. When none can be written, all of it is
    /// in memory, whatever the limit says.
    pub(super) fn page_out_log(&self, writer: &mut LogWriter, control: &Control) -> Result<State> {
        writer.secure()?;
        let (log, end) = (OpenLog::of(writer), writer.position());
        let mut check = || control.check();
        match self.page_out(&log, &end, &mut check) {
            Ok(mut state) => {
                self.note_paged(&log, &state);
                // No other thread reads all of the log, and says so.
                self.sweeping.want();
                if let Ok(totals) = state.count() {
                    state.note_counted(totals);
                }
                Ok(state)
            }
            Err(error @ (Error::Io { .. } | Error::PermissionDenied { .. })) => {
                self.indexing.note_none(Some(error.to_string()));
                let mut reader = LogReader::new(log.path.log(), &*log.file)?;
                let mut loader = Loader::for_log(end.offset);
                let mut sink = |records: &[Record<'_>]| replay(&mut loader, records);
                let check = |_| control.check();
                reader.read_to(end.offset, &mut Landmarks::default(), &mut sink, &check)?;
                Ok(State::loaded(loader, end.last_sequence))
            }
            Err(error) => Err(error),
        }
    }

    /// The state that a log leads to that is on stable storage up to `end`, by an index file that is made for it.
    pub(super) fn page_out(
        &self,
        log: &OpenLog,
        end: &Position,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<State> {
        let mut reader = LogReader::new(log.path.log(), &*log.file)?;
        let mut state = State::default();
        if log.header.has_checkpoint {
            while reader.position().in_checkpoint && reader.next_frame(&mut |_| ())? {
                check()?;
            }
            let covered = log.covered(&*self.storage, *reader.position());
            state = of_checkpoint(&covered, self.cached_pages(), check)?;
        }
        self.page_on(log, &mut reader, &mut state, end, self.budget(), check)?;
        if state.cold.is_none() {
            state = fold(&log.covered(&*self.storage, *end), &state, self.cached_pages(), check)?;
        }
        Ok(state)
    }

    /// Replays the log up to `end`, and writes the index file anew whenever more than this is in memory.
    pub(super) fn page_on(
        &self,
        log: &OpenLog,
        reader: &mut LogReader<'_>,
        state: &mut State,
        end: &Position,
        budget: u64,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        reader.refresh()?;
        while reader.position().offset < end.offset {
            check()?;
            if !reader.next_frame(&mut |records| replay(state, records))? {
                return Err(reader.unreadable());
            }
            state.last_sequence = reader.position().last_sequence;
            if state.written_bytes() > budget {
                let covered = log.covered(&*self.storage, *reader.position());
                *state = fold(&covered, state, self.cached_pages(), check)?;
            }
        }
        Ok(())
    }
}
