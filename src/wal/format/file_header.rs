//! The first bytes of a log.

use super::fields::{Fields, put};
use super::{FILE_HEADER_LEN, FILE_MAGIC, FORMAT_VERSION, MAX_SEQUENCE};

/// Flag of a file: the frames begin with a checkpoint.
const FLAG_CHECKPOINT: u32 = 1;

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
    /// The last sequence before the first history record: what the checkpoint stands for.
    pub base_sequence: u64,
    /// Whether the frames begin with a checkpoint.
    pub has_checkpoint: bool,
}

/// Why bytes are not the file header of a readable log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderProblem {
    /// They do not begin with the magic bytes.
    NotALog,
    /// They end too soon.
    Truncated,
    /// They have another version.
    Version(u16),
    /// They do not match their checksum, or a reserved field is not zero.
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

    /// Reads a header. The version is checked before the checksum, because another version may lay
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
