//! What goes wrong on the disk, and when.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::SimDisk;

/// What a failing call reports, and what it did before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and reports this.
    Error(io::ErrorKind),
    /// A write takes half of the bytes; the next call on the disk finds it full.
    ShortThenFull,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Vec<(usize, Fault)>,
    met: usize,
    crash_at: Option<usize>,
    /// By how many bytes the files can still grow; without a limit when nothing.
    room: Option<usize>,
    pub(super) choppy: bool,
    sync_fails: bool,
    pub(super) folder_syncs_fail: Option<io::ErrorKind>,
    /// Names are synced with the files that have them, and not with folders.
    pub(super) names_go_with_files: bool,
    spoils_from: Option<usize>,
    /// A name that nobody may open or make, and what they are told.
    refused: Option<(PathBuf, io::ErrorKind)>,
    /// A file, and a part of it that cannot be read.
    unreadable: Option<(usize, Range<usize>)>,
}

impl SimDisk {
    /// Makes the call with this number, counted from 0 from the start of the disk, fail.
    pub fn fail_at(&self, call: usize, fault: Fault) {
        self.state().faults.planned.push((call, fault));
    }

    /// How many calls failed because they were told to.
    pub fn faults_met(&self) -> usize {
        self.state().faults.met
    }

    /// Whether the disk is full: then every write that would need room fails.
    pub fn set_full(&self, full: bool) {
        self.state().faults.room = full.then_some(0);
    }

    /// Lets the files grow by this many bytes in all.
    pub fn set_room(&self, bytes: usize) {
        self.state().faults.room = Some(bytes);
    }

    /// Makes every sync of a folder fail, as on a file system that knows no such call.
    pub fn refuse_folder_syncs(&self, with: io::ErrorKind) {
        self.state().faults.folder_syncs_fail = Some(with);
    }

    /// Makes folders have nothing to sync, and files their names, as on Windows.
    pub fn sync_names_with_files(&self) {
        self.state().faults.names_go_with_files = true;
    }

    /// Whether reads and writes do only a part of what they were asked for.
    pub fn set_choppy(&self, choppy: bool) {
        self.state().faults.choppy = choppy;
    }

    /// Makes a part of a file unreadable, as a worn-out sector does.
    pub fn set_unreadable(&self, path: &Path, part: Range<usize>) {
        let mut state = self.state();
        let inode = state.contents.names[path];
        state.faults.unreadable = Some((inode, part));
    }

    /// Lets nobody open or make the file with this name.
    pub fn refuse(&self, path: &Path, with: io::ErrorKind) {
        self.state().faults.refused = Some((path.into(), with));
    }

    /// Makes the next sync of a file fail.
    pub fn fail_next_sync(&self) {
        self.state().faults.sync_fails = true;
    }

    /// Makes the next write from this call on store something else than it was given, and say nothing.
    pub fn spoil_write_from(&self, call: usize) {
        self.state().faults.spoils_from = Some(call);
    }

    /// Forgets every fault that is still to come.
    pub fn heal(&self) {
        let faults = &mut self.state().faults;
        faults.planned.clear();
        faults.sync_fails = false;
        faults.folder_syncs_fail = None;
        faults.refused = None;
        faults.unreadable = None;
        faults.spoils_from = None;
    }

    /// Makes every call from this number on fail, as if the machine had stopped.
    pub fn crash_at(&self, call: usize) {
        self.state().faults.crash_at = Some(call);
    }
}

impl Faults {
    pub(super) fn check_refused(&self, path: &Path) -> io::Result<()> {
        match &self.refused {
            Some((refused, kind)) if refused == path => Err((*kind).into()),
            _ => Ok(()),
        }
    }

    /// Whether the machine has stopped before this call.
    pub(super) fn stopped(&self, call: usize) -> bool {
        self.crash_at.is_some_and(|at| call >= at)
    }

    /// Fails the call that is to fail.
    pub(super) fn meet(&mut self, call: usize) -> io::Result<()> {
        if let Some(&(_, Fault::Error(kind))) = self.planned.iter().find(|(at, _)| *at == call) {
            self.met += 1;
            return Err(kind.into());
        }
        Ok(())
    }

    pub(super) fn meet_sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.sync_fails) {
            self.met += 1;
            return Err(io::Error::other("the drive gave up"));
        }
        Ok(())
    }

    pub(super) fn is_unreadable(&self, inode: usize, offset: usize, len: usize) -> bool {
        let part = self.unreadable.as_ref().filter(|(bad, _)| *bad == inode);
        part.is_some_and(|(_, part)| part.start < offset + len && offset < part.end)
    }

    /// Whether this write is to be a short one; the disk is full afterwards.
    pub(super) fn cuts_short(&mut self, call: usize) -> bool {
        let short = self.planned.contains(&(call, Fault::ShortThenFull));
        if short {
            self.met += 1;
            self.planned.push((call + 1, Fault::Error(io::ErrorKind::StorageFull)));
        }
        short
    }

    /// Whether this write is the one to be spoilt.
    pub(super) fn spoils(&mut self, call: usize) -> bool {
        self.spoils_from.take_if(|from| call >= *from).is_some()
    }

    /// How much of a write to a file that ends at `end` fits on the disk; an error when nothing of it does.
    pub(super) fn take_room(&mut self, end: usize, offset: usize, len: usize) -> io::Result<usize> {
        let Some(room) = self.room else { return Ok(len) };
        let fits = (end + room).saturating_sub(offset).min(len);
        if fits == 0 && len > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room = Some(room - (offset + fits).saturating_sub(end));
        Ok(fits)
    }

    pub(super) fn give_back(&mut self, bytes: usize) {
        self.room = self.room.map(|room| room + bytes);
    }
}
