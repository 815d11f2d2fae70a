//! Replays the log of a store that is already open, to load all entries into memory.

use std::sync::Arc;

use super::catch_up::{ROUNDS, SHORT};
use super::core::{Core, Log, Phase};
use super::indexing::index_if_due;
use super::locked::locked;
use super::sweeping::sweep_if_due;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::state::{Loader, State, replay};
use crate::sync::thread;
use crate::wal::landmarks::Landmarks;
use crate::wal::path::LogPath;
use crate::wal::reader::{LogReader, Record};

impl Core {
    /// Has all entries in memory when it returns or, where a limit keeps some of them in the log, has found all of that
    /// sound. Whoever comes while somebody is at it waits. An error is that of an opening, and the store has failed;
    /// [`Error::Aborted`] leaves it as it was.
    pub(super) fn warm(&self, control: &Control) -> Result<()> {
        if self.is_warm() {
            return Ok(());
        }
        let _turn = self.warming.begin(control)?;
        if !self.is_cold() || (self.is_paging() && self.warming.is_verified()) {
            return self.when_recovered();
        }
        match self.replay(control) {
            Ok(()) => Ok(()),
            Err(Error::Aborted) if control.is_aborted() => Err(Error::Aborted),
            Err(Error::Aborted) => self.when_recovered(),
            Err(_) if self.follows_another() => Ok(()),
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    /// Waits for the recovery that replays the log now, if there is one, and says whether the store is open after it.
    fn when_recovered(&self) -> Result<()> {
        drop(locked(&self.log));
        self.check_open()
    }

    fn replay(&self, control: &Control) -> Result<()> {
        let (log, _) = locked(&self.log).opened()?;
        let mut reader = LogReader::new(log.path.log(), &*log.file)?;
        if *reader.header() != log.header {
            return Err(reader.unreadable());
        }
        let check = |read: u64| {
            self.warming.show(read, self.log_bytes().0);
            if self.is_cold() { control.check() } else { Err(Error::Aborted) }
        };
        if self.is_paging() {
            self.scrub(&mut reader, &check)?;
            self.warming.note_verified(true);
            return Ok(());
        }
        let mut landmarks = Landmarks::default();
        let mut loader = Loader::for_log(self.log_bytes().0);
        let mut state = {
            let end = self.log_bytes().0;
            let mut sink = |records: &[Record<'_>]| replay(&mut loader, records);
            reader.read_to(end, &mut landmarks, &mut sink, &check)?;
            State::loaded(loader, reader.position().last_sequence)
        };
        let mut sink = |records: &[Record<'_>]| replay(&mut state, records);
        for _ in 0..ROUNDS {
            let end = self.log_bytes().0;
            reader.read_to(end, &mut landmarks, &mut sink, &check)?;
            if self.log_bytes().0 - reader.position().offset < SHORT {
                break;
            }
        }
        let mut log = locked(&self.log);
        check(reader.position().offset)?;
        let (_, end) = log.opened()?;
        if !bug!(WarmWithoutCatchUp) {
            reader.read_to(end.offset, &mut landmarks, &mut sink, &check)?;
        }
        if *reader.position() != end && !bug!(WarmWithoutCatchUp) {
            return Err(reader.unreadable());
        }
        if state.is_exhausted() {
            return Err(Error::StoreFull);
        }
        log.set_landmarks(landmarks);
        self.sweeping.begin(Some(state.index.expiring()));
        state.tombstones.forget_all(self.storage.now());
        self.replace(State { last_sequence: end.last_sequence, ..state })?;
        self.enter(Phase::Open).map_err(|_| Error::Aborted)?;
        self.publish(&log);
        Ok(())
    }

    /// The log is not to be trusted. What was written to it meanwhile is there for a salvage.
    pub(super) fn fail(&self, error: &Error) {
        bug!(LateDamageForgotten, return);
        let mut log = locked(&self.log);
        if !self.is_cold() {
            return;
        }
        self.warming.fail(error.clone());
        let writer = std::mem::replace(&mut *log, Log::Failed(error.clone()));
        let _ = self.enter(Phase::Failed);
        drop(log);
        if let Log::Open(writer) = &writer {
            // The next opening is to find the damage at once. When this fails it finds it later, as this one did.
            let _ = self.storage.remove(&LogPath::of_open_log(writer.path()).index());
        }
        drop(writer);
        // Only a panic elsewhere keeps the old state, which nobody sees any more.
        let _ = self.empty();
        self.announcements.end();
        self.feed.end(Some(error));
    }
}

/// Brings the end of the log into memory, which is needed soon, and then replays all of it. Each has a thread of its own,
/// so that nobody who needs the end waits for the replay. Without threads, the first calls that need it do it.
pub(super) fn warm_in_background(core: &Arc<Core>) {
    let settled = Arc::clone(core);
    let begun = thread::Builder::new().name("store-tail".into()).spawn(move || {
        // A failure is met again by the replay.
        let _ = settled.read(|_| Ok(()));
        warm_on_a_thread(&settled);
    });
    drop(begun);
}

fn warm_on_a_thread(core: &Arc<Core>) {
    let warmed = Arc::clone(core);
    let begun = thread::Builder::new().name("store-warming".into()).spawn(move || {
        // The next caller gets the error as well.
        if warmed.warm(&Control::default()).is_ok() {
            index_if_due(&warmed);
            sweep_if_due(&warmed);
        }
    });
    drop(begun);
}
