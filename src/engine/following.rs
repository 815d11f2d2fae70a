//! A store that follows the log of another process: it shows a prefix of what that has written, and only ever later ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::apply::Waste;
use super::config::Verify;
use super::core::{Core, Log, Phase};
use super::group::Group;
use super::locked::locked;
use super::notices::Notice;
use super::open_log::OpenLog;
use super::outcome::{RecoveryReport, Restart, RestartReason};
use super::recovery::resume_of;
use super::store::StoreEngine;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::index_file::IndexFile;
use crate::state::{Cold, Loader, State, Tombstones, replay};
use crate::sync::atomic::Ordering;
use crate::sync::thread;
use crate::wal::durable::Mark;
use crate::wal::followed::{Followed, Found};
use crate::wal::path::LogPath;
use crate::wal::reader::Record;

/// Bytes of the log whose operations become visible at once, unless one frame has more.
const AT_ONCE: u64 = 4 << 20;

/// How often a log that is waited for is looked for.
const PATIENCE: Duration = Duration::from_millis(20);

impl StoreEngine {
    /// Shows what the writer of the followed log has made of it by now, and says up to which sequence that is. A thread
    /// does so whenever there is more; whoever has been told of a write by other means calls this to see it.
    ///
    /// An error leaves the store as it was: the log is missing, damaged, or just being replaced. It is looked at again.
    pub fn refresh(&self) -> Result<u64> {
        self.core.refresh()?;
        Ok(self.core.last_sequence())
    }
}

impl Core {
    /// Opens the log to follow it, or opens it again. As a store does, it reads what follows an index file alone, and the rest
    /// of the log in the background; until that is done, nothing is shown that is written meanwhile.
    pub(super) fn follow(
        self: &Arc<Self>,
        control: &Control,
        verify: Verify,
    ) -> Result<RecoveryReport> {
        let begun = Instant::now();
        let path = self.log_to_follow(control)?;
        let mut log = locked(&self.log);
        if matches!(*log, Log::Closed) {
            return Err(Error::Closed);
        }
        let mut followed = Followed::begin(&*self.storage, path)?;
        let is_first = !matches!(*log, Log::Following(_));
        let by_index =
            matches!(*log, Log::Unopened) && verify == Verify::Later && self.config.index().enabled;
        let file = by_index.then(|| self.index_file_of(&OpenLog::of_followed(&followed))).flatten();
        let known = file.as_ref().map(|(file, _)| *file.covered());
        let check = || control.check();
        let (state, records) = match file {
            Some((file, tombstones)) => {
                self.follow_by_index(&mut followed, &file, tombstones, &check)?
            }
            None => self.load_followed(&mut followed, &check)?,
        };
        let position = *followed.position();
        let report = RecoveryReport {
            records,
            entries: state.entries(),
            last_sequence: position.last_sequence,
            indexed_sequence: known.map_or(0, |known| known.last_sequence),
            bytes_unverified: known.map_or(0, |known| known.offset),
            index_failure: if by_index { self.indexing.failure() } else { None },
            bytes_kept: position.offset,
            clean_shutdown: position.sealed,
            ..RecoveryReport::default()
        };
        let phase = if state.cold.is_some() { Phase::Cold } else { Phase::Open };
        self.replace(state)?;
        self.feed.end(Some(&STARTED_ANEW));
        *log = Log::Following(Box::new(followed));
        self.last_recovered.store(position.last_sequence, Ordering::Release);
        self.publish(&log);
        let entered = self.enter(phase);
        self.announce(&log);
        drop(log);
        entered?;
        if is_first && self.config.attends() {
            super::attending::attend(self);
        }
        Ok(RecoveryReport { duration: begun.elapsed(), ..report })
    }

    /// The log at the path of the configuration, which is waited for if that says so.
    fn log_to_follow(&self, control: &Control) -> Result<LogPath> {
        loop {
            let path = match self.resolved.get() {
                Some(known) => LogPath::resolve(&*self.storage, known),
                None => LogPath::resolve(&*self.storage, self.config.path()),
            };
            match path {
                Ok(path) if path.exists() => {
                    self.resolved.get_or_init(|| path.log().to_owned());
                    self.refuse_remote(&path)?;
                    return Ok(path);
                }
                Ok(path) if !self.config.waits() => {
                    let source =
                        std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file");
                    return Err(Error::io(path.log(), "open the log to follow it", source));
                }
                Err(Error::DirectoryMissing { .. }) if self.config.waits() => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
            control.check()?;
            thread::sleep(PATIENCE);
        }
    }

    /// What another machine writes is seen late and in any order, and what it locks is seen at its leisure.
    fn refuse_remote(&self, path: &LogPath) -> Result<()> {
        if self.storage.is_remote(path.folder()).unwrap_or(false) {
            return Err(Error::InvalidState {
                reason: "a log on a network file system cannot be followed: follow it on the machine that has its disk",
            });
        }
        Ok(())
    }

    /// The state that an index file and what follows it in the log lead to, and how many operations follow.
    fn follow_by_index(
        &self,
        followed: &mut Followed,
        file: &Arc<IndexFile>,
        tombstones: Tombstones,
        check: &dyn Fn() -> Result<()>,
    ) -> Result<(State, u64)> {
        let mark = Mark::read(&*self.storage, followed.names());
        followed.resume(resume_of(file), file.last_frame());
        let cold = Cold::new(Arc::clone(file), Index::new(), &Index::new(), None);
        let mut state = State { cold: Some(cold), tombstones, ..State::default() };
        let mut records = 0;
        let mut sink = |read: &[Record<'_>]| {
            records += read.len() as u64;
            replay(&mut state, read);
        };
        while followed.read_on(mark.as_ref(), u64::MAX, &mut sink, &|_| check())? {}
        let end = *followed.position();
        state.last_sequence = end.last_sequence;
        if let (Some(cold), Some(totals)) = (&mut state.cold, file.totals_at(&end)) {
            cold.count(&state.index, totals);
        }
        if state.is_exhausted() { Err(Error::StoreFull) } else { Ok((state, records)) }
    }

    /// The state of a log of which nothing was read yet, and how many operations led to it.
    fn load_followed(
        &self,
        followed: &mut Followed,
        check: &dyn Fn() -> Result<()>,
    ) -> Result<(State, u64)> {
        let mark = Mark::read(&*self.storage, followed.names());
        let mut loader = Loader::for_log(followed.len()?);
        let mut records = 0;
        let mut sink = |read: &[Record<'_>]| {
            records += read.len() as u64;
            replay(&mut loader, read);
        };
        while followed.read_on(mark.as_ref(), u64::MAX, &mut sink, &|_| check())? {}
        let mut state = State::loaded(loader, followed.position().last_sequence);
        if state.is_exhausted() {
            return Err(Error::StoreFull);
        }
        if followed.position().in_checkpoint {
            return Err(followed.unreadable());
        }
        state.tombstones.forget_all(self.storage.now());
        Ok((state, records))
    }

    /// Shows what is new; says whether anything was.
    pub(super) fn refresh(&self) -> Result<bool> {
        if self.is_cold() {
            self.warm(&Control::default())?;
        }
        let mut log = locked(&self.log);
        let outcome = match &mut *log {
            Log::Following(followed) => self.refresh_log(followed),
            Log::Closed => Err(Error::Closed),
            Log::Unopened => Err(Error::NotOpen),
            Log::Failed(error) => Err(error.clone()),
            _ => {
                Err(Error::InvalidState { reason: "only a store that follows a log is refreshed" })
            }
        };
        self.publish(&log);
        self.announce(&log);
        self.following.note_error(outcome.as_ref().err().cloned());
        outcome
    }

    fn refresh_log(&self, followed: &mut Followed) -> Result<bool> {
        match followed.look(&*self.storage)? {
            Found::Same(mark) => self.show_news(followed, mark.as_ref()),
            Found::Compacted(other, mark) => {
                *followed = *other;
                self.show_news(followed, mark.as_ref()).map(|_| true)
            }
            Found::Gone(why) => self.start_anew(followed, why.into()).map(|()| true),
        }
    }

    /// Whether the followed log could not be read because there is another one in its place by now, with which the store has
    /// started anew.
    pub(super) fn follows_another(&self) -> bool {
        bug!(OverwrittenLogFails, return false);
        let mut log = locked(&self.log);
        let Log::Following(followed) = &mut *log else { return false };
        let Ok(Found::Gone(why)) = followed.look(&*self.storage) else { return false };
        let has_started = self.start_anew(followed, why.into()).is_ok();
        self.publish(&log);
        self.announce(&log);
        has_started
    }

    /// Makes visible what follows, whole frames at a time.
    fn show_news(&self, followed: &mut Followed, mark: Option<&Mark>) -> Result<bool> {
        let begin = *followed.position();
        let mut waste = Waste::default();
        let shown = loop {
            let first = followed.position().last_sequence + 1;
            let mut group = Group::new();
            let mut refused = Ok(());
            group.begin_batch();
            let mut sink = |records: &[Record<'_>]| {
                for record in records {
                    let taken = group.apply_as(record.operation, record.attributes);
                    refused = std::mem::replace(&mut refused, Ok(())).and(taken);
                }
            };
            let read = followed.read_on(mark, AT_ONCE, &mut sink, &|_| self.check_open());
            refused?;
            // What a frame that could not be read to its end had before its fault is not shown.
            let whole = followed.position().last_sequence + 1 - first;
            group.retain(|at| (at as u64) < whole);
            if !group.is_empty() {
                let done = self.apply_group(&group, first, self.storage.now(), &mut waste)?;
                self.tell_watchers(&group, first, &done.outcomes);
            }
            if !read? {
                break *followed.position() != begin;
            }
        };
        waste.free();
        Ok(shown)
    }

    /// Takes the log for another one, from its start. Until all of it was read, the store stays as it is.
    fn start_anew(&self, followed: &mut Followed, why: RestartReason) -> Result<()> {
        let mut other = Followed::begin(&*self.storage, followed.names().clone())?;
        let (state, _) = self.load_followed(&mut other, &|| self.check_open())?;
        let (before, after) = (followed.position().last_sequence, other.position().last_sequence);
        if bug!(OldEntriesKept) {
            *followed = other;
            return Ok(());
        }
        self.replace(state)?;
        self.enter(Phase::Open)?;
        *followed = other;
        if why != RestartReason::Checkpoint {
            self.following.origin.fetch_add(1, Ordering::AcqRel);
        }
        let restart = Restart { reason: why, before, after };
        self.following.note_restart(restart);
        self.feed.end(Some(&STARTED_ANEW));
        // Whoever waits for more of the other history is to hear that there is none, until this one is announced.
        self.announcements.end();
        self.notices.tell(&Notice::Restart(restart));
        Ok(())
    }
}

/// What a store skips or takes back when it starts anew is not known change by change.
const STARTED_ANEW: Error = Error::InvalidState {
    reason: "the store has started anew from the log, and what that changed is not known: watch it again",
};
