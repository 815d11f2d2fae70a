//! Classifies what follows the last valid frame: a clean end, an interrupted write, or damage.

use std::io;

use super::format::{FRAME_ALIGNMENT, FRAME_HEADER_LEN, FRAME_MAGIC, FrameHeader};
use super::reader::LogReader;
use super::window::SLICE;

/// What follows the last valid frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tail {
    /// Nothing, or zeroed space.
    Clean,
    /// A write that a crash interrupted; its bytes end here.
    Torn {
        /// The offset after the last byte that is not zero.
        end: u64,
    },
    /// Damage: something later was written after these bytes were on stable storage.
    Corrupt {
        /// What shows it.
        reason: String,
    },
}

/// What lies after the last valid frame.
struct Evidence {
    /// The offset after the last byte that is not zero, or where the scan began if there is none.
    end: u64,
    /// A later frame, made when the frame in question was already durable, and where it is.
    later: Option<(FrameHeader, u64)>,
}

/// Classifies the rest of the log from the position of `reader`, where there is no valid frame.
pub fn judge(reader: &mut LogReader<'_>) -> crate::Result<Tail> {
    inspect(reader).map_err(|error| reader.failed(error))
}

fn inspect(reader: &mut LogReader<'_>) -> io::Result<Tail> {
    let start = reader.position().offset;
    let number = reader.position().next_frame;
    if reader.position().in_checkpoint && !bug!(CheckpointMayBeTorn) {
        // The file got its name when all of the checkpoint was durable.
        let reason = format!("frame {number}, a part of the checkpoint, cannot be read");
        return Ok(Tail::Corrupt { reason });
    }
    let claimed = reader.claimed_frame()?;
    let evidence = search(reader, start)?;
    if let Some((later, at)) = evidence.later
        && !bug!(TruncateAtFirstBadFrame)
    {
        let reason = format!(
            "frame {number} cannot be read, but frame {} at byte {at} (from sequence {}) was written after it",
            later.number, later.first_sequence,
        );
        return Ok(Tail::Corrupt { reason });
    }
    match claimed {
        _ if evidence.end == start => Ok(Tail::Clean),
        // The space ahead of a synced frame is zeroed and synced before the frame is written.
        Some((header, _))
            if header.synced
                && evidence.end > start + header.frame_len()
                && !bug!(BytesAfterIgnored) =>
        {
            let reason = format!("the body of frame {number} is damaged and other bytes follow it");
            Ok(Tail::Corrupt { reason })
        }
        _ => Ok(Tail::Torn { end: evidence.end }),
    }
}

/// Looks at every place after `start` where a frame could begin.
fn search(reader: &mut LogReader<'_>, start: u64) -> io::Result<Evidence> {
    let number = reader.position().next_frame;
    let checksum = reader.checksum().clone();
    let mut evidence = Evidence { end: start, later: None };
    let mut at = start;
    loop {
        // Slices overlap by a header, so that none is cut in two.
        let slice = reader.window().view(at, SLICE + FRAME_HEADER_LEN)?;
        let last = slice.len() < SLICE + FRAME_HEADER_LEN;
        let fresh = if last { slice.len() } else { SLICE };
        for (index, bytes) in slice.chunks(FRAME_ALIGNMENT).enumerate() {
            let offset = index * FRAME_ALIGNMENT;
            if offset >= fresh {
                break;
            }
            if bytes == [0; FRAME_ALIGNMENT] {
                continue;
            }
            if let Some(nonzero) = bytes.iter().rposition(|&byte| byte != 0) {
                evidence.end = at + (offset + nonzero) as u64 + 1;
            }
            if bytes.starts_with(&FRAME_MAGIC)
                && let Some((found, _)) =
                    FrameHeader::decode(slice.get(offset..).unwrap_or_default(), &checksum)
                && (found.durable_frame >= number || bug!(AnyLaterFrameIsProof))
                && evidence.later.is_none()
            {
                evidence.later = Some((found, at + offset as u64));
            }
        }
        if last {
            return Ok(evidence);
        }
        at += SLICE as u64;
    }
}
