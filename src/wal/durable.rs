//! How far a log is beyond recall, in a file beside it for the followers of the log.
//!
//! It is a hint: written after what it vouches for, never synced, and believed only where the log bears it out. Without
//! it a follower sees what later frames vouch for.

use std::io::ErrorKind;

use super::format::{Fields, FileHeader, put};
use super::path::LogPath;
use super::position::Position;
use crate::storage::{Access, PathKind, Protection, Storage, StorageFile, read_full, write_full};

/// The first bytes of the file.
const MAGIC: [u8; 8] = [0x89, b'S', b'D', b'D', b'U', 0x0D, 0x0A, 0x1A];
/// Bytes before the relatives.
const FIXED_LEN: usize = 48;
/// The most relatives that are kept: a follower that slept longer than so many compactions starts anew.
const MOST_RELATIVES: usize = 32;
/// The most bytes of the file that mean anything.
const MAX_LEN: usize = FIXED_LEN + 8 * MOST_RELATIVES + 4;
/// How often a mark is read again that was just being written.
const ATTEMPTS: usize = 4;

/// What the file says.
///
/// | offset | field |
/// | --- | --- |
/// | 0 | magic, 8 bytes |
/// | 8 | salt of the log, u64 |
/// | 16 | number of the last frame that is not taken back, u64 |
/// | 24 | where it ends, u64 |
/// | 32 | sequence of the last record up to there, u64 |
/// | 40 | checksum of the header of that frame, u32 |
/// | 44 | number of relatives, u32 |
/// | 48 | their salts, u64 each |
/// | … | CRC-32 of all that, u32 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) salt: u64,
    pub(crate) frame: u64,
    pub(crate) offset: u64,
    pub(crate) last_sequence: u64,
    pub(crate) chain: u32,
    /// The salts of the logs that were or are about to be compacted into each other: they have one history.
    pub(crate) relatives: Vec<u64>,
}

impl Mark {
    fn encode_into(&self, out: &mut Vec<u8>) {
        let count = u32::try_from(self.relatives.len()).unwrap_or(0);
        let len = FIXED_LEN + 8 * self.relatives.len();
        out.clear();
        out.resize(len + 4, 0);
        let mut at = 0;
        put(out, &mut at, &MAGIC);
        for field in [self.salt, self.frame, self.offset, self.last_sequence] {
            put(out, &mut at, &field.to_le_bytes());
        }
        put(out, &mut at, &self.chain.to_le_bytes());
        put(out, &mut at, &count.to_le_bytes());
        for salt in &self.relatives {
            put(out, &mut at, &salt.to_le_bytes());
        }
        let checksum = crc32fast::hash(out.get(..len).unwrap_or_default());
        put(out, &mut at, &checksum.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes.get(..FIXED_LEN)?.strip_prefix(&MAGIC)?);
        let mut mark = Self {
            salt: fields.u64(),
            frame: fields.u64(),
            offset: fields.u64(),
            last_sequence: fields.u64(),
            chain: fields.u32(),
            relatives: Vec::new(),
        };
        let count = fields.u32() as usize;
        if count > MOST_RELATIVES {
            return None;
        }
        let len = FIXED_LEN + 8 * count;
        let mut rest = Fields(bytes.get(FIXED_LEN..len + 4)?);
        mark.relatives = (0..count).map(|_| rest.u64()).collect();
        let is_whole = rest.u32() == crc32fast::hash(bytes.get(..len)?);
        (is_whole || bug!(MarkNotChecked)).then_some(mark)
    }

    /// What the file beside a log says; nothing without one, and for one that says nothing.
    pub(crate) fn read(storage: &dyn Storage, path: &LogPath) -> Option<Self> {
        let name = path.durable();
        if storage.kind(&name).ok()? != PathKind::File {
            return None;
        }
        Self::of(&*storage.open(&name, Access::Read).ok()?)
    }

    fn of(file: &dyn StorageFile) -> Option<Self> {
        let mut bytes = [0; MAX_LEN];
        // It may be written right now.
        (0..ATTEMPTS).find_map(|_| {
            let read = read_full(file, &mut bytes, 0).ok()?;
            Self::decode(bytes.get(..read)?)
        })
    }

    /// Whether it says this boundary of the log with this header.
    pub(crate) fn is(&self, header: &FileHeader, position: &Position) -> bool {
        let (offset, frame, chain) = (position.offset, position.next_frame - 1, position.chain);
        self.salt == header.salt
            && (self.offset, self.frame) == (offset, frame)
            && (self.chain == chain || bug!(MarkChainNotChecked))
    }

    /// Whether logs with these salts have one history.
    pub(crate) fn relates(&self, one: u64, other: u64) -> bool {
        let is_known = |salt| self.salt == salt || self.relatives.contains(&salt);
        is_known(one) && is_known(other)
    }
}

/// The file, as the writer of the log has it open.
#[derive(Debug)]
pub(super) struct DurableFile {
    file: Box<dyn StorageFile>,
    relatives: Vec<u64>,
    bytes: Vec<u8>,
    found: Option<Mark>,
    /// What was written last.
    shown: Option<(u64, Position)>,
}

impl DurableFile {
    /// The file beside a log, made if need be; nothing where that is not possible, and followers do without. What has its
    /// name and is no such file is replaced, a link too.
    pub(super) fn open(storage: &dyn Storage, path: &LogPath, like: &Protection) -> Option<Self> {
        let name = path.durable();
        let known = storage.kind(&name).ok()? == PathKind::File;
        let opened = known.then(|| storage.open(&name, Access::ReadWrite)).transpose();
        let opened = match opened {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
            opened => opened.ok()?,
        };
        let found = opened.and_then(|file| Mark::of(&*file).map(|mark| (file, mark)));
        let (file, mark) = match found {
            Some((file, mark)) => (file, Some(mark)),
            None => (storage.create(&name, like).ok()?, None),
        };
        // Nobody else writes to it, as nobody else has the log.
        file.release();
        Some(Self { file, relatives: Vec::new(), bytes: Vec::new(), shown: None, found: mark })
    }

    /// What the file said when it was opened.
    pub(super) fn found(&self) -> Option<&Mark> {
        self.found.as_ref()
    }

    /// The log still has the history for which the file spoke when it was opened.
    pub(super) fn keep_relatives(&mut self) {
        if let Some(mark) = self.found.take() {
            self.relatives = mark.relatives;
            self.relate(mark.salt);
        }
    }

    /// A log with this salt is about to get the name of the one that is written, with the same history.
    pub(super) fn expect(&mut self, salt: u64) {
        self.relate(salt);
        self.shown = None;
    }

    fn relate(&mut self, salt: u64) {
        self.relatives.retain(|known| *known != salt);
        self.relatives.push(salt);
        // The one that is written now is among them.
        let surplus = self.relatives.len().saturating_sub(MOST_RELATIVES + 1);
        self.relatives.drain(..surplus);
    }

    /// Says that nothing up to this boundary will be taken back. Failing at it costs followers time and nobody else
    /// anything.
    pub(super) fn show(&mut self, header: &FileHeader, position: &Position) {
        if self.shown == Some((header.salt, *position)) {
            return;
        }
        if !self.relatives.contains(&header.salt) {
            self.relate(header.salt);
        }
        let mark = Mark {
            salt: header.salt,
            frame: position.next_frame - 1,
            offset: position.offset,
            last_sequence: position.last_sequence,
            chain: position.chain,
            relatives: self
                .relatives
                .iter()
                .filter(|salt| **salt != header.salt)
                .copied()
                .collect(),
        };
        mark.encode_into(&mut self.bytes);
        let written = write_full(&*self.file, &self.bytes, 0);
        self.shown = written.is_ok().then_some((header.salt, *position));
    }
}
