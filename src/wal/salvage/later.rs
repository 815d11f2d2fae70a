//! What can be read after the damage: each unbroken run of frames becomes a log.

use std::path::PathBuf;

use super::super::consumers::Consumers;
use super::super::format::{FRAME_ALIGNMENT, FRAME_HEADER_LEN, FRAME_MAGIC, FrameHeader};
use super::super::path::LogPath;
use super::super::reader::LogReader;
use super::super::window::SLICE;
use super::new_log::{NewLog, refuse_to_replace};
use super::report::{SalvageReport, SalvagedRun};
use crate::control::Steps;
use crate::error::{Error, Result};
use crate::storage::{Protection, Storage, StorageFile};

/// Turns the unbroken runs of frames after the damage into logs.
pub(super) struct LaterRuns<'a, 'c> {
    pub(super) storage: &'a dyn Storage,
    pub(super) to: &'a LogPath,
    pub(super) file: &'a dyn StorageFile,
    pub(super) like: &'a Protection,
    pub(super) steps: &'a mut Steps<'c>,
    pub(super) made: &'a mut Vec<PathBuf>,
}

impl LaterRuns<'_, '_> {
    /// Makes a log of each run.
    pub(super) fn take(self, reader: &mut LogReader<'_>, report: &mut SalvageReport) -> Result<()> {
        let Self { storage, to, file, like, steps, made } = self;
        let mut at = report.bytes_kept;
        let mut readable = 0;
        while let Some((offset, header)) = next_header(reader, at, steps)? {
            let (end, records) = measure(reader, offset, &header, steps)?;
            readable += end - offset;
            at = end.max(offset + FRAME_ALIGNMENT as u64);
            // A seal alone holds nothing.
            if records == 0 {
                continue;
            }
            let log = to.beside(&if header.kind.is_of_checkpoint() {
                format!(".entries-{offset}")
            } else {
                format!(".from-{}", header.first_sequence)
            });
            refuse_to_replace(storage, &log)?;
            let log = LogPath::resolve(storage, &log)?;
            reader.jump(offset, &header);
            let mut run = NewLog::begin(storage, &log, reader.position(), like)?;
            run.take_frames(reader, file, steps)?;
            run.finish(&Consumers::default())?;
            made.push(log.log().to_owned());
            report.later.push(SalvagedRun {
                log: log.log().to_owned(),
                offset,
                end,
                first_sequence: header.first_sequence,
                last_sequence: reader.position().last_sequence,
                records,
            });
        }
        let end = last_nonzero(reader, report.bytes_kept, steps)?;
        report.bytes_lost = end.saturating_sub(report.bytes_kept + readable);
        Ok(())
    }
}

/// Where the run of frames that begins with `header` ends, and how many operations it has.
fn measure(
    reader: &mut LogReader<'_>,
    offset: u64,
    header: &FrameHeader,
    steps: &Steps<'_>,
) -> Result<(u64, u64)> {
    reader.jump(offset, header);
    let before = reader.records() + reader.entries();
    loop {
        steps.check()?;
        match reader.next_frame(&mut |_| {}) {
            Ok(true) => {}
            Ok(false) | Err(Error::OperationDecodingFailed { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok((reader.position().offset, reader.records() + reader.entries() - before))
}

/// The next place at or after `at` where a frame header of this log verifies.
pub(super) fn next_header(
    reader: &mut LogReader<'_>,
    at: u64,
    steps: &Steps<'_>,
) -> Result<Option<(u64, FrameHeader)>> {
    let checksum = reader.checksum().clone();
    each_piece(reader, at, steps, |offset, slice| {
        let is_start = slice.starts_with(&FRAME_MAGIC);
        let header = is_start.then(|| FrameHeader::decode(slice, &checksum)).flatten();
        header.map(|(header, _)| (offset, header))
    })
}

/// The offset after the last byte at or after `at` that is not zero.
fn last_nonzero(reader: &mut LogReader<'_>, at: u64, steps: &Steps<'_>) -> Result<u64> {
    let mut end = at;
    each_piece(reader, at, steps, |offset, slice| -> Option<()> {
        let piece = slice.get(..FRAME_ALIGNMENT).unwrap_or(slice);
        if let Some(last) = piece.iter().rposition(|&byte| byte != 0) {
            end = offset + last as u64 + 1;
        }
        None
    })?;
    Ok(end)
}

/// Shows `look` every place where a frame could begin, with the bytes of one header or what is left,
/// until it finds something.
fn each_piece<T>(
    reader: &mut LogReader<'_>,
    from: u64,
    steps: &Steps<'_>,
    mut look: impl FnMut(u64, &[u8]) -> Option<T>,
) -> Result<Option<T>> {
    let mut at = from;
    loop {
        steps.check()?;
        // Slices overlap by a header, so that none is cut in two.
        let wanted = SLICE + FRAME_HEADER_LEN;
        let slice = match reader.window().view(at, wanted) {
            Ok(slice) => slice,
            Err(error) => return Err(reader.failed(error)),
        };
        let last = slice.len() < wanted;
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
