//! Where in a log its records are.

use std::io;

use super::checksum::Checksum;
use super::consumers::Consumers;
use super::format::{FRAME_HEADER_LEN, FileHeader, FrameHeader, FrameKind};
use super::position::Position;
use super::reader::{LogReader, Record};
use crate::error::Result;
use crate::operation::{DecodeError, OperationType, consumers_of};
use crate::storage::{StorageFile, read_full};

/// Bytes of a commit that are read for the positions of a few consumers.
const FIRST_READ: usize = 512;

/// What was found between two boundaries of frames.
#[derive(Debug)]
pub(crate) struct Located {
    /// How many entries of the checkpoint were passed.
    pub(crate) checkpoint: u64,
    /// The offsets of the records of the history, in sequence.
    pub(crate) history: Vec<u64>,
    /// Where the history begins, when that was passed.
    pub(crate) begin: Option<Position>,
    /// Where the last frame begins.
    pub(crate) last_frame: u64,
    /// Where the last frame about consumers begins.
    pub(crate) consumers: Option<u64>,
}

/// Reads the frames from where `reader` stands up to `end`, checksums and all, and notes where their records are. Those of a
/// checkpoint go to `part` with the offsets after their versions: the entries in the order of their keys, then the removals.
pub(crate) fn locate(
    reader: &mut LogReader<'_>,
    end: &Position,
    check: &mut dyn FnMut() -> Result<()>,
    part: &mut dyn FnMut(&Record<'_>, u64),
) -> Result<Located> {
    let mut found = Located {
        checkpoint: 0,
        history: Vec::new(),
        begin: None,
        last_frame: reader.position().offset,
        consumers: None,
    };
    while reader.position().offset < end.offset {
        check()?;
        let start = *reader.position();
        if !start.in_checkpoint && found.begin.is_none() {
            found.begin = Some(start);
        }
        let (checkpoint, history) = (&mut found.checkpoint, &mut found.history);
        let mut at = start.offset + FRAME_HEADER_LEN as u64;
        let mut is_about_consumers = false;
        let read = reader.next_frame(&mut |records| {
            for record in records {
                if start.in_checkpoint {
                    at += size_of::<u64>() as u64;
                    *checkpoint += u64::from(record.operation.kind == OperationType::Put);
                    part(record, at);
                } else {
                    history.push(at);
                }
                at += record.encoded_len() as u64;
                is_about_consumers |= record.attributes.consumers_len > 0;
            }
        })?;
        if !read {
            return Err(reader.unreadable());
        }
        found.last_frame = start.offset;
        let header = reader.header_at(start.offset).map_err(|error| reader.failed(error))?;
        is_about_consumers &= !bug!(AttachedPositionsNotIndexed);
        let is_consumers = |kind| kind == FrameKind::Consumers || is_about_consumers;
        if header.is_some_and(|(header, _)| is_consumers(header.kind)) {
            found.consumers = Some(start.offset);
        }
    }
    if reader.position() == end { Ok(found) } else { Err(reader.unreadable()) }
}

/// Whether the frame at `start` is the one that leads to `end`; to the start of the history no frame does.
pub(crate) fn leads_to(
    file: &dyn StorageFile,
    log: &FileHeader,
    start: u64,
    end: &Position,
) -> io::Result<bool> {
    bug!(IndexChainNotChecked, return Ok(file.len()? >= end.offset));
    if *end == Position::first(log) {
        return Ok(file.len()? >= end.offset);
    }
    let Some((header, own)) = frame_at(file, log, start)? else { return Ok(false) };
    let before = Position { offset: start, next_frame: header.number, ..*end };
    Ok(before.after_frame(&header, own) == *end && file.len()? >= end.offset)
}

/// What the frame about consumers at `start` says, or the first record of a commit; nothing when there is no such frame.
pub(crate) fn consumers_at(
    file: &dyn StorageFile,
    log: &FileHeader,
    start: u64,
) -> io::Result<Option<Consumers>> {
    let Some((header, _)) = frame_at(file, log, start)? else { return Ok(None) };
    if header.kind == FrameKind::Commit {
        return attached(file, &header, start + FRAME_HEADER_LEN as u64);
    }
    if header.kind != FrameKind::Consumers {
        return Ok(None);
    }
    let mut body = vec![0; header.body_len as usize];
    let read = read_full(file, &mut body, start + FRAME_HEADER_LEN as u64)?;
    let is_whole =
        read == body.len() && Checksum::salted(log.salt).of(&body) == header.body_checksum;
    Ok(Consumers::decode(&body, header.count, header.last_sequence()).filter(|_| is_whole))
}

/// What the first record of the commit whose body begins at `body` says of the consumers. It has a checksum of its own, so the
/// rest of the frame need not be read.
fn attached(
    file: &dyn StorageFile,
    header: &FrameHeader,
    body: u64,
) -> io::Result<Option<Consumers>> {
    let mut wanted = FIRST_READ.min(header.body_len as usize);
    loop {
        let mut bytes = vec![0; wanted];
        let read = read_full(file, &mut bytes, body)?;
        bytes.truncate(read);
        match consumers_of(&bytes) {
            Ok(found) => {
                let last_sequence = header.first_sequence.saturating_sub(1);
                return Ok(found.and_then(|one| Consumers::decode_attribute(one, last_sequence)));
            }
            Err(DecodeError::Truncated { needed, .. })
                if needed > wanted && needed <= header.body_len as usize =>
            {
                wanted = needed;
            }
            Err(_) => return Ok(None),
        }
    }
}

fn frame_at(
    file: &dyn StorageFile,
    log: &FileHeader,
    start: u64,
) -> io::Result<Option<(FrameHeader, u32)>> {
    let mut bytes = [0; FRAME_HEADER_LEN];
    let read = read_full(file, &mut bytes, start)?;
    let bytes = bytes.get(..read).unwrap_or_default();
    Ok(FrameHeader::decode(bytes, &Checksum::salted(log.salt)))
}
