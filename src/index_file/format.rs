//! The first two pages of an index file, and the checksums of all.

use crate::wal::format::FileHeader;
use crate::wal::position::Position;

/// Bytes of a page, and of a block of the log that has a checksum of its own.
pub(crate) const PAGE: usize = 4096;
/// The page with the counts, and the first leaf.
pub(super) const COUNTS_PAGE: u64 = 1;
pub(super) const FIRST_LEAF: u64 = 2;
/// Checksums of blocks in a page.
pub(super) const SUMS: usize = PAGE / 4 - 1;

const MAGIC: [u8; 8] = [0x89, b'S', b'D', b'I', b'X', 0x0D, 0x0A, 0x1A];
const VERSION: u16 = 2;
/// Bytes of the header that are in use, without the checksum after them.
const HEADER_LEN: usize = 232;
const COUNTS_LEN: usize = 40;

/// To which log an index file belongs, and where its parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Random; mixed into the checksum of every page, so that pages of two files never pass for one.
    pub(super) id: u64,
    /// The log.
    pub(super) log: FileHeader,
    /// The frame boundary up to which the file knows the log.
    pub(super) covered: Position,
    /// Where the last frame before it begins.
    pub(super) last_frame: u64,
    /// Where the history begins.
    pub(super) history: Position,
    /// Where the last frame about consumers begins; 0 without one.
    pub(super) consumers: u64,
    /// Entries of the checkpoint of the log.
    pub(super) checkpoint_entries: u64,
    /// How many entries there are at the covered boundary, when the file has all of them.
    pub(super) exact: Option<Totals>,
    /// Whether the file was on stable storage before it got its name.
    pub(super) synced: bool,
    /// Pages of leaves; the root, after all of them; the first page of checksums; pages in all.
    pub(super) leaves: u64,
    pub(super) root: u64,
    pub(super) sums: u64,
    pub(super) pages: u64,
    pub(super) removals: Removals,
}

/// The removals that are remembered: how many, and the first of the pages that they are in, which are the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Removals {
    pub(super) page: u64,
    pub(super) count: u64,
}

/// How many entries there are, and bytes of their keys and values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) entries: u64,
    pub(crate) live_bytes: u64,
}

/// The totals at a boundary of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) offset: u64,
    pub(crate) chain: u32,
    pub(crate) totals: Totals,
}

impl Totals {
    pub(crate) fn at(self, position: &Position) -> Counts {
        Counts { offset: position.offset, chain: position.chain, totals: self }
    }
}

impl Counts {
    /// Whether they are those at this boundary.
    pub(crate) fn is_at(&self, position: &Position) -> bool {
        self.offset == position.offset && self.chain == position.chain
    }
}

/// Of a header: the file has all entries of the covered boundary.
const FLAG_EXACT: u16 = 1;
/// Of a header: the file was synced before it got its name.
const FLAG_SYNCED: u16 = 2;
/// Of a boundary: the frame before is a seal; a frame of the checkpoint must come next.
const SEALED: u32 = 1;
const IN_CHECKPOINT: u32 = 2;

impl Header {
    /// The header of a file of this log that has no pages yet.
    pub(super) fn begin(log: &FileHeader, id: u64, covered: Position) -> Self {
        Self {
            id,
            log: log.clone(),
            covered,
            last_frame: 0,
            history: covered,
            consumers: 0,
            checkpoint_entries: 0,
            exact: None,
            synced: false,
            leaves: 0,
            root: FIRST_LEAF,
            sums: FIRST_LEAF,
            pages: FIRST_LEAF,
            removals: Removals { page: FIRST_LEAF, count: 0 },
        }
    }

    pub(super) fn encode(&self) -> [u8; PAGE] {
        let mut fields = Vec::with_capacity(PAGE);
        fields.extend_from_slice(&MAGIC);
        fields.extend_from_slice(&VERSION.to_le_bytes());
        let flags = if self.exact.is_some() { FLAG_EXACT } else { 0 }
            | if self.synced { FLAG_SYNCED } else { 0 };
        fields.extend_from_slice(&flags.to_le_bytes());
        fields.extend_from_slice(&[0; 4]);
        fields.extend_from_slice(&self.id.to_le_bytes());
        fields.extend_from_slice(&self.log.encode());
        for position in [&self.covered, &self.history] {
            fields.extend_from_slice(&position.offset.to_le_bytes());
            fields.extend_from_slice(&position.next_frame.to_le_bytes());
            let flags = if position.sealed { SEALED } else { 0 }
                | if position.in_checkpoint { IN_CHECKPOINT } else { 0 };
            fields.extend_from_slice(&position.chain.to_le_bytes());
            fields.extend_from_slice(&flags.to_le_bytes());
        }
        let places = [self.covered.last_sequence, self.last_frame, self.consumers];
        let parts = [self.checkpoint_entries, self.leaves, self.root, self.sums, self.pages];
        let Totals { entries, live_bytes } = self.exact.unwrap_or_default();
        let Removals { page, count } = self.removals;
        let last = [entries, live_bytes, page, count];
        for number in places.into_iter().chain(parts).chain(last) {
            fields.extend_from_slice(&number.to_le_bytes());
        }
        sealed(fields)
    }

    /// Nothing unless the page is a header of this version, whole.
    pub(super) fn decode(page: &[u8]) -> Option<Self> {
        let mut fields = Fields(opened(page, HEADER_LEN)?);
        if fields.bytes::<8>()? != MAGIC || u16::from_le_bytes(fields.bytes()?) != VERSION {
            return None;
        }
        let flags = u16::from_le_bytes(fields.bytes()?);
        fields.bytes::<4>()?;
        let id = fields.u64()?;
        let log = FileHeader::decode(&fields.bytes::<64>()?).ok()?;
        let mut covered = fields.position()?;
        let mut history = fields.position()?;
        covered.last_sequence = fields.u64()?;
        history.last_sequence = log.base_sequence;
        let (last_frame, consumers) = (fields.u64()?, fields.u64()?);
        let checkpoint_entries = fields.u64()?;
        let (leaves, root, sums, pages) =
            (fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?);
        let totals = Totals { entries: fields.u64()?, live_bytes: fields.u64()? };
        let removals = Removals { page: fields.u64()?, count: fields.u64()? };
        let exact = Some(totals).filter(|_| flags & FLAG_EXACT != 0);
        let header = Self {
            id,
            log,
            covered,
            last_frame,
            history,
            consumers,
            checkpoint_entries,
            exact,
            synced: flags & FLAG_SYNCED != 0,
            leaves,
            root,
            sums,
            pages,
            removals,
        };
        header.is_consistent().then_some(header)
    }

    /// Whether all parts are where they can be, so that no number made of these is too large.
    fn is_consistent(&self) -> bool {
        let blocks = self.covered.offset.div_ceil(PAGE as u64);
        let ends = [
            self.leaves.checked_add(FIRST_LEAF),
            self.root.checked_add(1),
            self.sums.checked_add(blocks.div_ceil(SUMS as u64)),
            Some(self.removals.page),
        ];
        self.pages.checked_mul(PAGE as u64).is_some()
            && ends.iter().all(|end| end.is_some_and(|end| end <= self.pages))
            && self.history.offset <= self.covered.offset
            && self.history.next_frame <= self.covered.next_frame
    }

    /// The checksum of the page with this number, of which `bytes` are the rest.
    pub(super) fn sum_of_page(&self, number: u64, bytes: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&if bug!(PagesOfAllFilesAlike) { 0 } else { self.id }.to_le_bytes());
        hasher.update(&number.to_le_bytes());
        hasher.update(bytes);
        hasher.finalize()
    }
}

impl Counts {
    pub(super) fn encode(&self, id: u64) -> [u8; PAGE] {
        let mut fields = Vec::with_capacity(PAGE);
        fields.extend_from_slice(&id.to_le_bytes());
        fields.extend_from_slice(&self.offset.to_le_bytes());
        fields.extend_from_slice(&self.chain.to_le_bytes());
        fields.extend_from_slice(&[0; 4]);
        fields.extend_from_slice(&self.totals.entries.to_le_bytes());
        fields.extend_from_slice(&self.totals.live_bytes.to_le_bytes());
        sealed(fields)
    }

    /// Nothing unless the page has counts that were written for the file with this id.
    pub(super) fn decode(page: &[u8], id: u64) -> Option<Self> {
        let mut fields = Fields(opened(page, COUNTS_LEN)?);
        let is_of_file = fields.u64()? == id;
        let offset = fields.u64()?;
        let chain = u32::from_le_bytes(fields.bytes()?);
        fields.bytes::<4>()?;
        let totals = Totals { entries: fields.u64()?, live_bytes: fields.u64()? };
        let counts = Self { offset, chain, totals };
        is_of_file.then_some(counts)
    }
}

/// A page of `fields` with their checksum after them.
fn sealed(mut fields: Vec<u8>) -> [u8; PAGE] {
    let sum = crc32fast::hash(&fields);
    fields.extend_from_slice(&sum.to_le_bytes());
    let mut page = [0; PAGE];
    for (to, from) in page.iter_mut().zip(&fields) {
        *to = *from;
    }
    page
}

/// The fields of a page whose checksum after so many bytes of them is right.
fn opened(page: &[u8], len: usize) -> Option<&[u8]> {
    let (fields, rest) = page.split_at_checked(len)?;
    let sum = u32::from_le_bytes(*rest.first_chunk()?);
    (sum == crc32fast::hash(fields)).then_some(fields)
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn position(&mut self) -> Option<Position> {
        let (offset, next_frame) = (self.u64()?, self.u64()?);
        let chain = u32::from_le_bytes(self.bytes()?);
        let flags = u32::from_le_bytes(self.bytes()?);
        let (sealed, in_checkpoint) = (flags & SEALED != 0, flags & IN_CHECKPOINT != 0);
        let last_sequence = 0;
        Some(Position { offset, next_frame, chain, last_sequence, sealed, in_checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let log = FileHeader { salt: 7, generation: 3, base_sequence: 40, has_checkpoint: true };
        let first = Position { in_checkpoint: false, ..Position::first(&log) };
        Header {
            id: 99,
            covered: Position {
                offset: 9000,
                next_frame: 12,
                chain: 5,
                last_sequence: 60,
                ..first
            },
            history: Position { offset: 800, next_frame: 2, chain: 6, ..first },
            log,
            last_frame: 8000,
            consumers: 700,
            checkpoint_entries: 41,
            exact: Some(Totals { entries: 41, live_bytes: 1234 }),
            synced: true,
            leaves: 2,
            root: 4,
            sums: 5,
            pages: 7,
            removals: Removals { page: 6, count: 3 },
        }
    }

    #[test]
    fn a_header_reads_back_and_any_changed_byte_is_noticed() {
        let (header, len) = (header(), HEADER_LEN + 4);
        let page = header.encode();
        assert_eq!(Header::decode(&page), Some(header));
        for at in 0..len {
            let mut bad = page;
            bad[at] ^= 1;
            assert_eq!(Header::decode(&bad), None, "byte {at}");
        }
        assert!(page[len..].iter().all(|byte| *byte == 0), "nothing else is in the page");
    }

    #[test]
    fn counts_are_those_of_one_file() {
        let totals = Totals { entries: 41, live_bytes: 1234 };
        let counts = Counts { offset: 9000, chain: 5, totals };
        let page = counts.encode(99);
        assert_eq!(Counts::decode(&page, 99), Some(counts));
        assert_eq!(Counts::decode(&page, 98), None);
        assert_eq!(Counts::decode(&[0; PAGE], 0), None);
        for at in 0..COUNTS_LEN + 4 {
            let mut bad = page;
            bad[at] ^= 1;
            assert_eq!(Counts::decode(&bad, 99), None, "byte {at}");
        }
    }
}
