//! Saves what can be read of a damaged log, into new files.
//!
//! The log that is damaged is only read. A copy of it is made first, and everything else is taken
//! from that copy.
//!
//! What comes before the damage is a history without a gap and becomes a log at the new place, with
//! the versions that it always had. What comes after it may be readable as well, but operations are
//! missing between: put together the two would show a state that the store never had, such as a key
//! whose removal was lost. So every unbroken run of later frames becomes a log of its own, with the
//! versions that its operations always had, to be looked at and judged by somebody who knows the data.

mod copy;
mod new_log;

use std::io;
use std::path::{Path, PathBuf};

use self::copy::copy_readable;
use self::new_log::NewLog;
use super::consumers::Consumers;
use super::format::{
    FRAME_ALIGNMENT, FRAME_HEADER_LEN, FRAME_MAGIC, FileHeader, FrameHeader, FrameKind,
};
use super::path::LogPath;
use super::reader::LogReader;
use super::window::SLICE;
use crate::error::{Error, Result};
use crate::storage::{
    Access, DiskStorage, LockError, PathKind, Protection, Storage, StorageFile, read_full,
};

/// What was saved of a damaged log, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalvageReport {
    /// The new log: everything before the damage.
    pub log: PathBuf,
    /// The copy of the damaged log, with zeros for what the disk could not read.
    pub copy: PathBuf,
    /// Entries in the checkpoint of the new log.
    pub entries: u64,
    /// Operations in the new log.
    pub records: u64,
    /// The sequence of the last one.
    pub last_sequence: u64,
    /// Where the part of the damaged log ends that became the new log.
    pub bytes_kept: u64,
    /// What is wrong behind that; nothing when the log is whole.
    pub problem: Option<String>,
    /// What could be read behind the damage.
    pub later: Vec<SalvagedRun>,
    /// Bytes behind the new log's part that are in no later run, the zeros at the end not counted.
    pub bytes_lost: u64,
    /// Bytes that the disk could not read.
    pub bytes_unreadable: u64,
}

/// Frames behind the damage with no gap between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalvagedRun {
    /// The log that was made of them.
    pub log: PathBuf,
    /// Where they begin in the damaged log.
    pub offset: u64,
    /// Where they end.
    pub end: u64,
    /// The sequence of their first operation.
    pub first_sequence: u64,
    /// The sequence of their last operation.
    pub last_sequence: u64,
    /// How many operations and entries of a checkpoint they hold.
    pub records: u64,
}

/// Saves what can be read of the log at `path` into a new log at `to` and files beside that.
///
/// The copy of the damaged log is `<to>.damaged`, later runs are `<to>.from-<first sequence>`, or
/// `<to>.entries-<offset>` where they begin inside a checkpoint. No file that exists is replaced or changed.
pub fn salvage(path: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<SalvageReport> {
    salvage_on(&DiskStorage, path.as_ref(), to.as_ref())
}

/// [`salvage`] on another file system.
pub fn salvage_on(storage: &dyn Storage, path: &Path, to: &Path) -> Result<SalvageReport> {
    let from = LogPath::resolve(storage, path)?;
    let to = LogPath::resolve(storage, to)?;
    let like = refuse_what_is_no_log(storage, from.log())?;
    // A log that nobody can lock because its folder cannot be written is what salvage is for.
    let _lock = unless_held(storage.lock(&from.lock(), &like), &from)?;
    let copy = to.beside(".damaged");
    refuse_to_replace(storage, to.log())?;
    refuse_to_replace(storage, &copy)?;
    let source = unless_held(storage.open_alone(from.log(), Access::Read), &from)?;
    let source = source.map_or_else(|| storage.open(from.log(), Access::Read), Ok);
    let source = source.map_err(|error| Error::io(from.log(), "open the log", error))?;
    let (file, bytes_unreadable) = copy_readable(storage, &*source, &to, &copy, &like)?;
    let saved = save(storage, &to, copy.clone(), &*file, &like);
    if saved.is_err() && matches!(storage.kind(to.log()), Ok(PathKind::Missing)) {
        // In the way of the next try, and the log itself is still there.
        let _ = storage.remove(&copy);
    }
    Ok(SalvageReport { bytes_unreadable, ..saved? })
}

/// Makes new logs of the copy.
fn save(
    storage: &dyn Storage,
    to: &LogPath,
    copy: PathBuf,
    file: &dyn StorageFile,
    like: &Protection,
) -> Result<SalvageReport> {
    let (mut reader, mut problem) = begin(&copy, file)?;
    let mut out = NewLog::begin(storage, to, reader.position(), like)?;
    problem = problem.or(out.take_frames(&mut reader, file)?);
    bug!(SalvageJoinsRuns, {
        let end = reader.position().offset + FRAME_ALIGNMENT as u64;
        if let Some((at, header)) = next_header(&mut reader, end)? {
            reader.jump(at, &header);
            out.take_frames(&mut reader, file)?;
        }
    });
    let mut report = SalvageReport {
        log: to.log().to_owned(),
        copy,
        entries: reader.entries(),
        records: reader.records(),
        last_sequence: reader.position().last_sequence,
        bytes_kept: reader.position().offset,
        problem,
        later: Vec::new(),
        bytes_lost: 0,
        bytes_unreadable: 0,
    };
    out.finish(reader.consumers())?;
    take_later_runs(storage, to, &mut reader, file, like, &mut report)?;
    Ok(report)
}

/// What was taken, or nothing where it cannot be; an error when the log is open elsewhere.
fn unless_held<T>(taken: std::result::Result<T, LockError>, log: &LogPath) -> Result<Option<T>> {
    match taken {
        Ok(taken) => Ok(Some(taken)),
        Err(LockError::Held { owner }) => Err(Error::Locked { path: log.log().to_owned(), owner }),
        Err(LockError::Io(_)) => Ok(None),
    }
}

/// Before anything is made: nothing may be left beside a file that is not ours. Says who may read the log.
fn refuse_what_is_no_log(storage: &dyn Storage, path: &Path) -> Result<Protection> {
    let file = storage.open(path, Access::Read);
    let file = file.map_err(|error| Error::io(path, "open the log", error))?;
    match LogReader::new(path, &*file) {
        Err(error @ (Error::NotALog { .. } | Error::UnsupportedVersion { .. })) => Err(error),
        // Damaged or not readable: that is what salvage is for.
        _ => file.protection().map_err(|error| Error::io(path, "look at the log", error)),
    }
}

fn refuse_to_replace(storage: &dyn Storage, path: &Path) -> Result<()> {
    let kind = storage.kind(path).map_err(|error| Error::io(path, "look at the path", error))?;
    let link =
        storage.link_target(path).map_err(|error| Error::io(path, "read the link", error))?;
    if (kind == PathKind::Missing && link.is_none()) || bug!(SalvageReplaces) {
        return Ok(());
    }
    let reason = format!("salvage replaces no file: {}", path.display());
    Err(Error::InvalidArgument { reason })
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
        header.has_checkpoint = matches!(first.kind, FrameKind::Checkpoint { .. });
        reader = LogReader::with_header(path, file, header).map_err(failed)?;
        reader.jump(start, &first);
    }
    Ok((reader, Some(reason)))
}

/// Makes a log of each unbroken run of frames behind the damage.
fn take_later_runs(
    storage: &dyn Storage,
    to: &LogPath,
    reader: &mut LogReader<'_>,
    file: &dyn StorageFile,
    like: &Protection,
    report: &mut SalvageReport,
) -> Result<()> {
    let mut at = report.bytes_kept;
    let mut readable = 0;
    while let Some((offset, header)) = next_header(reader, at)? {
        let (end, records) = measure(reader, offset, &header)?;
        readable += end - offset;
        at = end.max(offset + FRAME_ALIGNMENT as u64);
        // A seal alone holds nothing.
        if records == 0 {
            continue;
        }
        let log = to.beside(&match header.kind {
            FrameKind::Checkpoint { .. } => format!(".entries-{offset}"),
            _ => format!(".from-{}", header.first_sequence),
        });
        refuse_to_replace(storage, &log)?;
        let log = LogPath::resolve(storage, &log)?;
        reader.jump(offset, &header);
        let mut run = NewLog::begin(storage, &log, reader.position(), like)?;
        run.take_frames(reader, file)?;
        run.finish(&Consumers::default())?;
        report.later.push(SalvagedRun {
            log: log.log().to_owned(),
            offset,
            end,
            first_sequence: header.first_sequence,
            last_sequence: reader.position().last_sequence,
            records,
        });
    }
    let end = last_nonzero(reader, report.bytes_kept)?;
    report.bytes_lost = end.saturating_sub(report.bytes_kept + readable);
    Ok(())
}

/// Where the run of frames that begins with `header` ends, and how many operations it has.
fn measure(reader: &mut LogReader<'_>, offset: u64, header: &FrameHeader) -> Result<(u64, u64)> {
    reader.jump(offset, header);
    let before = reader.records() + reader.entries();
    loop {
        match reader.next_frame(&mut |_| {}) {
            Ok(true) => {}
            Ok(false) | Err(Error::OperationDecodingFailed { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok((reader.position().offset, reader.records() + reader.entries() - before))
}

/// The next place from `at` on where a frame header of this log verifies.
fn next_header(reader: &mut LogReader<'_>, at: u64) -> Result<Option<(u64, FrameHeader)>> {
    let checksum = reader.checksum().clone();
    let found = each_piece(reader, at, |offset, slice| {
        let is_start = slice.starts_with(&FRAME_MAGIC);
        let header = is_start.then(|| FrameHeader::decode(slice, &checksum)).flatten();
        header.map(|(header, _)| (offset, header))
    });
    found.map_err(|error| reader.failed(error))
}

/// Behind the last byte from `at` on that is not zero.
fn last_nonzero(reader: &mut LogReader<'_>, at: u64) -> Result<u64> {
    let mut end = at;
    let looked = each_piece(reader, at, |offset, slice| -> Option<()> {
        let piece = slice.get(..FRAME_ALIGNMENT).unwrap_or(slice);
        if let Some(last) = piece.iter().rposition(|&byte| byte != 0) {
            end = offset + last as u64 + 1;
        }
        None
    });
    looked.map_err(|error| reader.failed(error))?;
    Ok(end)
}

/// Shows every place where a frame could begin, with a header's length of bytes or what is left,
/// until `look` finds something.
fn each_piece<T>(
    reader: &mut LogReader<'_>,
    from: u64,
    mut look: impl FnMut(u64, &[u8]) -> Option<T>,
) -> io::Result<Option<T>> {
    let mut at = from;
    loop {
        // Slices overlap by a header, so that none is cut in two.
        let slice = reader.window().view(at, SLICE + FRAME_HEADER_LEN)?;
        let last = slice.len() < SLICE + FRAME_HEADER_LEN;
        let fresh = if last { slice.len() } else { SLICE };
        for offset in (0..fresh).step_by(FRAME_ALIGNMENT) {
            let bytes = slice.get(offset..).unwrap_or_default();
            let piece = bytes.get(..FRAME_HEADER_LEN).unwrap_or(bytes);
            if let Some(found) = look(at + offset as u64, piece) {
                return Ok(Some(found));
            }
        }
        if last {
            return Ok(None);
        }
        at += SLICE as u64;
    }
}
