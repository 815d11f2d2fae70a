//! The first bytes of a frame.

use super::fields::{Fields, put};
use super::{FRAME_ALIGNMENT, FRAME_HEADER_LEN, FRAME_MAGIC, MAX_BODY_LEN, MAX_SEQUENCE};
use crate::wal::checksum::Checksum;

/// Flag of a frame: it had to be synced before the next one was written.
const FLAG_SYNCED: u8 = 1;
/// Flag of a checkpoint frame: it is the last one.
const FLAG_LAST: u8 = 2;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A commit group.
    Commit,
    /// The end of a log that was closed or rewritten; it has no records.
    Seal,
    /// Entries of a state, each with its version, in the order of their keys.
    Checkpoint {
        /// Whether this is the end of the checkpoint.
        last: bool,
    },
    /// Removals that are remembered, each with its version, in the order of their keys: the rest of a checkpoint.
    Removals {
        /// Whether this is the end of the checkpoint.
        last: bool,
    },
    /// The positions of all consumers; each such frame replaces the one before.
    Consumers,
}

impl FrameKind {
    /// Whether every record of such a frame takes a sequence.
    pub const fn is_history(self) -> bool {
        matches!(self, Self::Commit)
    }

    /// Whether it is part of a checkpoint.
    pub const fn is_of_checkpoint(self) -> bool {
        matches!(self, Self::Checkpoint { .. } | Self::Removals { .. })
    }

    /// Whether it is part of a checkpoint, and not the last frame of that.
    pub(crate) const fn continues_checkpoint(self) -> bool {
        matches!(self, Self::Checkpoint { last: false } | Self::Removals { last: false })
    }

    /// Bytes before each record.
    pub(in crate::wal) const fn record_prefix(self) -> usize {
        if self.is_of_checkpoint() { size_of::<u64>() } else { 0 }
    }

    const fn to_bytes(self) -> (u8, u8) {
        match self {
            Self::Commit => (1, 0),
            Self::Seal => (2, 0),
            Self::Checkpoint { last } => (3, if last { FLAG_LAST } else { 0 }),
            Self::Consumers => (4, 0),
            Self::Removals { last } => (5, if last { FLAG_LAST } else { 0 }),
        }
    }

    const fn from_bytes(kind: u8, flags: u8) -> Option<Self> {
        match (kind, flags) {
            (1, 0) => Some(Self::Commit),
            (2, 0) => Some(Self::Seal),
            (3, _) => Some(Self::Checkpoint { last: flags & FLAG_LAST != 0 }),
            (4, 0) => Some(Self::Consumers),
            (5, _) => Some(Self::Removals { last: flags & FLAG_LAST != 0 }),
            _ => None,
        }
    }
}

/// The header of a frame.
///
/// | offset | field |
/// | --- | --- |
/// | 0 | magic, 4 bytes |
/// | 4 | kind, u8: 1 = commit, 2 = seal, 3 = checkpoint, 4 = consumers, 5 = removals |
/// | 5 | flags, u8: bit 0 = synced before the next frame was written; bit 1 = last of a checkpoint |
/// | 6 | zero, u16 |
/// | 8 | body length without padding, u32 |
/// | 12 | number of records, of entries or of consumers, u32 |
/// | 16 | frame number, u64, from 1 |
/// | 24 | sequence of the first record, u64 |
/// | 32 | durable frame, u64: all frames up to this number were synced before this one was written |
/// | 40 | checksum of the previous frame header, u32; of the file header for the first frame |
/// | 44 | salted checksum of the body, u32 |
/// | 48 | zero, u32 |
/// | 52 | salted checksum of bytes 0 to 51, u32 |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the frame is for.
    pub kind: FrameKind,
    /// Whether the frame had to be synced before the next one was written.
    pub synced: bool,
    /// Bytes of the records.
    pub body_len: u32,
    /// How many records there are.
    pub count: u32,
    /// The position of the frame in the chain, from 1.
    pub number: u64,
    /// The sequence of the first record; in a frame without history, of the next record to come.
    pub first_sequence: u64,
    /// All frames up to this one were on stable storage when this header was made.
    pub durable_frame: u64,
    /// The checksum in the header before this one.
    pub previous: u32,
    /// The salted checksum of the body.
    pub body_checksum: u32,
}

impl FrameHeader {
    /// The header as bytes, and its checksum, to which the next frame is chained.
    pub fn encode(&self, checksum: &Checksum) -> ([u8; FRAME_HEADER_LEN], u32) {
        let mut out = [0; FRAME_HEADER_LEN];
        let mut at = 0;
        let (kind, flags) = self.kind.to_bytes();
        let synced = if self.synced { FLAG_SYNCED } else { 0 };
        put(&mut out, &mut at, &FRAME_MAGIC);
        put(&mut out, &mut at, &[kind, flags | synced, 0, 0]);
        put(&mut out, &mut at, &self.body_len.to_le_bytes());
        put(&mut out, &mut at, &self.count.to_le_bytes());
        put(&mut out, &mut at, &self.number.to_le_bytes());
        put(&mut out, &mut at, &self.first_sequence.to_le_bytes());
        put(&mut out, &mut at, &self.durable_frame.to_le_bytes());
        put(&mut out, &mut at, &self.previous.to_le_bytes());
        put(&mut out, &mut at, &self.body_checksum.to_le_bytes());
        put(&mut out, &mut at, &[0; 4]);
        let own = checksum.of(covered(&out));
        put(&mut out, &mut at, &own.to_le_bytes());
        (out, own)
    }

    /// Reads the header at the start of `bytes`, and its own checksum; nothing when it is not a header of
    /// this log.
    pub fn decode(bytes: &[u8], checksum: &Checksum) -> Option<(Self, u32)> {
        let bytes = bytes.get(..FRAME_HEADER_LEN)?;
        let mut fields = Fields(bytes.strip_prefix(&FRAME_MAGIC)?);
        let own = Fields(bytes.get(52..)?).u32();
        if own != checksum.of(covered(bytes)) && !bug!(FrameHeaderNotChecked) {
            return None;
        }
        let kind = fields.u8();
        let flags = fields.u8();
        let zero = fields.u16();
        let header = Self {
            kind: FrameKind::from_bytes(kind, flags & !FLAG_SYNCED)?,
            synced: flags & FLAG_SYNCED != 0,
            body_len: fields.u32(),
            count: fields.u32(),
            number: fields.u64(),
            first_sequence: fields.u64(),
            durable_frame: fields.u64(),
            previous: fields.u32(),
            body_checksum: fields.u32(),
        };
        let reserved =
            u32::from(flags & !(FLAG_SYNCED | FLAG_LAST)) | u32::from(zero) | fields.u32();
        (reserved == 0 && header.fits()).then_some((header, own))
    }

    /// Bytes of the frame, including its padding.
    pub fn frame_len(&self) -> u64 {
        (FRAME_HEADER_LEN as u64 + u64::from(self.body_len))
            .next_multiple_of(FRAME_ALIGNMENT as u64)
    }

    /// How many sequences the frame takes.
    pub fn sequences(&self) -> u64 {
        if self.kind.is_history() { u64::from(self.count) } else { 0 }
    }

    /// The sequence of the last history record up to the end of this frame.
    pub fn last_sequence(&self) -> u64 {
        (self.first_sequence + self.sequences()).saturating_sub(1)
    }

    fn fits(&self) -> bool {
        let next_sequence = self.first_sequence.saturating_add(self.sequences());
        if next_sequence > MAX_SEQUENCE + 1 || self.number > MAX_SEQUENCE {
            return false;
        }
        let empty = self.body_len == 0 && self.count == 0;
        let filled = self.count > 0 && self.body_len as usize <= MAX_BODY_LEN;
        match self.kind {
            FrameKind::Commit => filled,
            FrameKind::Seal => empty,
            FrameKind::Checkpoint { last } | FrameKind::Removals { last } => {
                filled || (last && empty)
            }
            FrameKind::Consumers => filled || empty,
        }
    }
}

/// What the checksum of a frame header covers.
fn covered(header: &[u8]) -> &[u8] {
    let from = if bug!(LengthNotCovered) { 12 } else { 0 };
    header.get(from..52).unwrap_or_default()
}
