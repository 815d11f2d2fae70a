//! Saves what can be read of a damaged log, into new files.
//!
//! The damaged log is only read. It is copied first, and everything else is taken from that copy.
//!
//! What comes before the damage is a history without a gap and becomes a log at the new place, with
//! the versions that it always had. What comes after it may be readable as well, but the operations
//! in between are missing: put together, the two would show a state that the store never had, such as
//! a key whose removal was lost. So every unbroken run of later frames becomes a log of its own, with
//! the versions that its operations always had, for someone who knows the data to judge.

mod copy;
mod later;
mod new_log;
mod report;

use std::path::{Path, PathBuf};

use self::copy::copy_readable;
use self::later::LaterRuns;
use self::new_log::{NewLog, refuse_to_replace};
pub use self::report::{SalvageReport, SalvagedRun};
use super::format::FileHeader;
use super::path::LogPath;
use super::reader::LogReader;
use super::side_names::check_salvage_names;
use crate::control::{Control, Steps};
use crate::error::{Error, Result};
use crate::storage::{Access, DiskStorage, LockError, Protection, Storage, StorageFile, read_full};

/// Saves what can be read of the log at `path` into a new log at `to` and files beside that.
///
/// The copy of the damaged log is `<to>.damaged`; later runs are `<to>.from-<first sequence>`, or
/// `<to>.entries-<offset>` if they begin inside a checkpoint. No existing file is replaced or changed.
pub fn salvage(path: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<SalvageReport> {
    salvage_on(&DiskStorage, path.as_ref(), to.as_ref())
}

/// Like [`salvage`], but shows how much of the log is copied, with `expected` twice its size, and gives up with
/// [`Error::Aborted`] when asked to. The files that it has created are removed then.
pub fn salvage_with(
    path: impl AsRef<Path>,
    to: impl AsRef<Path>,
    control: &Control,
) -> Result<SalvageReport> {
    salvage_with_on(&DiskStorage, path.as_ref(), to.as_ref(), control)
}

/// [`salvage`] on another file system.
pub fn salvage_on(storage: &dyn Storage, path: &Path, to: &Path) -> Result<SalvageReport> {
    salvage_with_on(storage, path, to, &Control::default())
}

/// [`salvage_with`] on another file system.
pub fn salvage_with_on(
    storage: &dyn Storage,
    path: &Path,
    to: &Path,
    control: &Control,
) -> Result<SalvageReport> {
    let mut made = Vec::new();
    let outcome = salvage_noting(storage, path, to, control, &mut made);
    // A leftover copy would block the next try, and the log itself is still there.
    if matches!(outcome, Err(Error::Aborted)) || outcome.is_err() && made.len() == 1 {
        for file in made {
            // The next try names what cannot be removed.
            let _ = storage.remove(&file);
        }
    }
    outcome
}

/// Notes every file that it has created.
fn salvage_noting(
    storage: &dyn Storage,
    path: &Path,
    to: &Path,
    control: &Control,
    made: &mut Vec<PathBuf>,
) -> Result<SalvageReport> {
    let from = LogPath::resolve(storage, path)?;
    let to = LogPath::resolve(storage, to)?;
    let (like, log_bytes) = refuse_what_is_no_log(storage, from.log())?;
    check_salvage_names(storage, &to)?;
    // A log that cannot be locked because its folder is read-only can still be salvaged.
    let _lock = unless_held(storage.lock(&from.lock(), &like), &from)?;
    let copy = to.beside(".damaged");
    refuse_to_replace(storage, to.log())?;
    refuse_to_replace(storage, &copy)?;
    let steps = &mut Steps::new(control, 2 * log_bytes);
    steps.check()?;
    let source = open_source(storage, &from)?;
    made.push(copy.clone());
    let (file, bytes_unreadable) = copy_readable(storage, &*source, &to, &copy, &like, steps)?;
    let (mut reader, mut problem) = begin(&copy, &*file)?;
    let mut out = NewLog::begin(storage, &to, reader.position(), &like)?;
    problem = problem.or(out.take_frames(&mut reader, &*file, steps)?);
    bug!(SalvageJoinsRuns, {
        let end = reader.position().offset + super::format::FRAME_ALIGNMENT as u64;
        if let Some((at, header)) = later::next_header(&mut reader, end, steps)? {
            reader.jump(at, &header);
            out.take_frames(&mut reader, &*file, steps)?;
        }
    });
    let mut report = SalvageReport {
        problem,
        bytes_unreadable,
        ..SalvageReport::of_start(to.log(), &copy, &reader)
    };
    out.finish(reader.consumers())?;
    made.push(to.log().to_owned());
    let runs = LaterRuns { storage, to: &to, file: &*file, like: &like, steps, made };
    runs.take(&mut reader, &mut report)?;
    Ok(report)
}

/// The damaged log, locked if that is possible.
fn open_source(storage: &dyn Storage, from: &LogPath) -> Result<Box<dyn StorageFile>> {
    let source = unless_held(storage.open_alone(from.log(), Access::Read), from)?;
    let source = source.map_or_else(|| storage.open(from.log(), Access::Read), Ok);
    source.map_err(|error| Error::io(from.log(), "open the log", error))
}

/// The lock that was taken, or nothing where that cannot be done; an error when the log is open elsewhere.
fn unless_held<T>(taken: std::result::Result<T, LockError>, log: &LogPath) -> Result<Option<T>> {
    match taken {
        Ok(taken) => Ok(Some(taken)),
        Err(LockError::Held { owner }) => Err(Error::Locked { path: log.log().to_owned(), owner }),
        Err(LockError::Io(_)) => Ok(None),
    }
}

/// Before anything is created: nothing may be left beside a file that is not ours. Returns who may read the log, and
/// its size.
fn refuse_what_is_no_log(storage: &dyn Storage, path: &Path) -> Result<(Protection, u64)> {
    let file = storage.open(path, Access::Read);
    let file = file.map_err(|error| Error::io(path, "open the log", error))?;
    // Damaged or unreadable: that is what salvage is for.
    if let Err(error @ (Error::NotALog { .. } | Error::UnsupportedVersion { .. })) =
        LogReader::new(path, &*file)
    {
        return Err(error);
    }
    let like = file.protection().map_err(|error| Error::io(path, "look at the log", error))?;
    Ok((like, file.len().unwrap_or_default()))
}

/// A reader at the first frame. A damaged file header does not stop it: frames that verify with the
/// salt in it prove that at least the salt is right.
fn begin<'f>(path: &Path, file: &'f dyn StorageFile) -> Result<(LogReader<'f>, Option<String>)> {
    let error = match LogReader::new(path, file) {
        Ok(reader) => return Ok((reader, None)),
        Err(error @ Error::CorruptLog { .. }) => error,
        Err(error) => return Err(error),
    };
    let Error::CorruptLog { reason, .. } = error else { return Err(error) };
    let failed = |error| Error::io(path, "read the copy", error);
    let mut salt = [0; 8];
    read_full(file, &mut salt, 16).map_err(failed)?;
    let salt = u64::from_le_bytes(salt);
    let mut header = FileHeader { salt, generation: 1, base_sequence: 0, has_checkpoint: false };
    let mut reader = LogReader::with_header(path, file, header.clone()).map_err(failed)?;
    let start = reader.position().offset;
    if let Some((first, _)) = reader.header_at(start).map_err(failed)?
        && first.number == 1
    {
        header.base_sequence = first.first_sequence.saturating_sub(1);
        header.has_checkpoint = first.kind.is_of_checkpoint();
        reader = LogReader::with_header(path, file, header).map_err(failed)?;
        reader.jump(start, &first);
    }
    Ok((reader, Some(reason)))
}
