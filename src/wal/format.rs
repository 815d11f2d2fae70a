//! Every byte of the log. All integers are little-endian.
//!
//! `docs/format.md` is the same in prose, with a worked example; the golden logs in `tests/golden`
//! must open for ever.

use super::checksum::Checksum;

/// The first bytes of a log. The line ends catch a transfer that changes them.
pub const FILE_MAGIC: [u8; 8] = [0x89, b'S', b'D', b'S', b'T', 0x0D, 0x0A, 0x1A];
/// The format version that is written and read.
pub const FORMAT_VERSION: u16 = 1;
/// Bytes of the file header; the first frame starts here.
pub const FILE_HEADER_LEN: usize = 64;
/// The first bytes of a frame.
pub const FRAME_MAGIC: [u8; 4] = *b"SDFR";
/// Bytes of a frame header.
pub const FRAME_HEADER_LEN: usize = 56;
/// Frames start at multiples of this; the padding before the next one is zero.
pub const FRAME_ALIGNMENT: usize = 8;
/// The longest body of a frame: 1 GiB.
pub const MAX_BODY_LEN: usize = 1 << 30;
/// The last sequence that a log can have, and the last frame number: JavaScript has no greater whole
/// numbers, and counting on from here never overflows.
pub const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// Of a file: the frames begin with a checkpoint.
const FLAG_CHECKPOINT: u32 = 1;
/// Of a frame: it was to be synced before the next one was written.
const FLAG_SYNCED: u8 = 1;
/// Of a checkpoint frame: no other one follows.
const FLAG_LAST: u8 = 2;

/// The file header.
///
/// | offset | field |
/// | --- | --- |
/// | 0 | magic, 8 bytes |
/// | 8 | format version, u16 |
/// | 10 | length of this header, u16 |
/// | 12 | flags, u32: bit 0 = the frames begin with a checkpoint |
/// | 16 | salt, u64 |
/// | 24 | generation, u64 |
/// | 32 | base sequence, u64 |
/// | 40 | zero, 20 bytes |
/// | 60 | CRC-32 of bytes 0 to 59, u32 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHeader {
    /// Random; mixed into every checksum of the file.
    pub salt: u64,
    /// How often the log was rewritten.
    pub generation: u64,
    /// The last sequence before the first record of history: what the checkpoint stands for.
    pub base_sequence: u64,
    /// Whether the frames begin with a checkpoint.
    pub has_checkpoint: bool,
}

/// Why bytes are not the file header of a readable log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderProblem {
    /// They do not begin with the magic.
    NotALog,
    /// They end too soon.
    Truncated,
    /// The version is another one.
    Version(u16),
    /// They contradict their checksum, or a reserved field is not zero.
    Damaged,
}

impl FileHeader {
    /// The header as bytes.
    pub fn encode(&self) -> [u8; FILE_HEADER_LEN] {
        let mut out = [0; FILE_HEADER_LEN];
        let mut at = 0;
        put(&mut out, &mut at, &FILE_MAGIC);
        put(&mut out, &mut at, &FORMAT_VERSION.to_le_bytes());
        put(&mut out, &mut at, &64u16.to_le_bytes());
        let flags = if self.has_checkpoint { FLAG_CHECKPOINT } else { 0 };
        put(&mut out, &mut at, &flags.to_le_bytes());
        put(&mut out, &mut at, &self.salt.to_le_bytes());
        put(&mut out, &mut at, &self.generation.to_le_bytes());
        put(&mut out, &mut at, &self.base_sequence.to_le_bytes());
        put(&mut out, &mut at, &[0; 20]);
        let checksum = crc32fast::hash(out.get(..at).unwrap_or_default());
        put(&mut out, &mut at, &checksum.to_le_bytes());
        out
    }

    /// Reads a header. The version is judged before the checksum, because another version may lay
    /// out the rest differently.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderProblem> {
        let magic = bytes.get(..FILE_MAGIC.len()).ok_or(HeaderProblem::NotALog)?;
        if magic != FILE_MAGIC {
            return Err(HeaderProblem::NotALog);
        }
        let mut fields = Fields(bytes.get(8..FILE_HEADER_LEN).ok_or(HeaderProblem::Truncated)?);
        let version = fields.u16();
        if version != FORMAT_VERSION {
            return Err(HeaderProblem::Version(version));
        }
        let length = fields.u16();
        let flags = fields.u32();
        let header = Self {
            salt: fields.u64(),
            generation: fields.u64(),
            base_sequence: fields.u64(),
            has_checkpoint: flags & FLAG_CHECKPOINT != 0,
        };
        let unknown = u64::from(flags & !FLAG_CHECKPOINT);
        let zeros = fields.u64() | fields.u64() | u64::from(fields.u32()) | unknown;
        let expected = crc32fast::hash(bytes.get(..60).unwrap_or_default());
        let is_whole = fields.u32() == expected || bug!(FileHeaderNotChecked);
        let fits = header.base_sequence <= MAX_SEQUENCE;
        if !is_whole || !fits || usize::from(length) != FILE_HEADER_LEN || zeros != 0 {
            return Err(HeaderProblem::Damaged);
        }
        Ok(header)
    }

    /// What the first frame is chained to.
    pub fn chain(&self) -> u32 {
        let bytes = self.encode();
        Fields(bytes.get(60..).unwrap_or_default()).u32()
    }
}

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
    /// The positions of all consumers; each such frame replaces the one before.
    Consumers,
}

impl FrameKind {
    /// Whether every record of such a frame takes a sequence.
    pub const fn is_history(self) -> bool {
        matches!(self, Self::Commit)
    }

    /// Bytes before each record.
    pub(super) const fn record_prefix(self) -> usize {
        match self {
            Self::Checkpoint { .. } => size_of::<u64>(),
            _ => 0,
        }
    }

    const fn to_bytes(self) -> (u8, u8) {
        match self {
            Self::Commit => (1, 0),
            Self::Seal => (2, 0),
            Self::Checkpoint { last } => (3, if last { FLAG_LAST } else { 0 }),
            Self::Consumers => (4, 0),
        }
    }

    const fn from_bytes(kind: u8, flags: u8) -> Option<Self> {
        match (kind, flags) {
            (1, 0) => Some(Self::Commit),
            (2, 0) => Some(Self::Seal),
            (3, _) => Some(Self::Checkpoint { last: flags & FLAG_LAST != 0 }),
            (4, 0) => Some(Self::Consumers),
            _ => None,
        }
    }
}

/// The header of a frame.
///
/// | offset | field |
/// | --- | --- |
/// | 0 | magic, 4 bytes |
/// | 4 | kind, u8: 1 = commit, 2 = seal, 3 = checkpoint, 4 = consumers |
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
    /// Whether the frame was to be synced before the next one was written.
    pub synced: bool,
    /// Bytes of the records.
    pub body_len: u32,
    /// How many records there are.
    pub count: u32,
    /// The place of the frame in the chain, from 1.
    pub number: u64,
    /// The sequence of the first record; of the record to come, in a frame without history.
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

    /// Reads the header at the start of `bytes` with its own checksum; nothing when it is not one of
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

    /// Bytes of the frame with its padding.
    pub fn frame_len(&self) -> u64 {
        (FRAME_HEADER_LEN as u64 + u64::from(self.body_len))
            .next_multiple_of(FRAME_ALIGNMENT as u64)
    }

    /// How many sequences the frame takes.
    pub fn sequences(&self) -> u64 {
        if self.kind.is_history() { u64::from(self.count) } else { 0 }
    }

    /// The sequence of the last record of history up to the end of this frame.
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
            FrameKind::Checkpoint { last } => filled || (last && empty),
            FrameKind::Consumers => filled || empty,
        }
    }
}

/// What the checksum of a frame header is taken of.
fn covered(header: &[u8]) -> &[u8] {
    let from = if bug!(LengthNotCovered) { 12 } else { 0 };
    header.get(from..52).unwrap_or_default()
}

/// Copies `field` to `at` and moves `at` past it. The layouts above are shorter than their arrays.
fn put(out: &mut [u8], at: &mut usize, field: &[u8]) {
    if let Some(room) = out.get_mut(*at..*at + field.len()) {
        room.copy_from_slice(field);
    }
    *at += field.len();
}

/// Fields read one after the other from bytes whose length was checked.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk::<N>() else { return [0; N] };
        self.0 = rest;
        *field
    }

    fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}
