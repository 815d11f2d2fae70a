//! The layout of an entry in the arena: a header of three little-endian words, the key, when the entry expires if it does,
//! which node made it if that is known, then the value or nothing.

use std::sync::Arc;

/// Arena addresses count units of this many bytes.
pub(super) const UNIT: usize = 8;
/// Meta word, version, timestamp.
pub(super) const HEADER: usize = 24;
/// Longer values are kept outside the arena, so that they can be handed out without a copy.
pub(super) const INLINE_MAX: usize = 1024;
/// The longest key that a header can describe.
pub(super) const KEY_MAX: usize = (1 << 28) - 1;
/// The most bytes of marks.
pub(super) const MARKS: usize = 2 * MARK;
/// Bytes of the time at which an entry expires, and of the id of the node that made it.
const MARK: usize = 8;

const FREE: u64 = 1 << 31;
const BLOB: u64 = 1 << 30;
const EXPIRES: u64 = 1 << 29;
const NODE: u64 = 1 << 28;
const MARKED: u64 = EXPIRES | NODE;
const LOW: u64 = NODE - 1;

/// The first word of every block, live or free, which makes it possible to walk a chunk.
///
/// Live: key length, the flags for a blob, an expiry and a node, and above them the value's length or its blob's number.
/// Free: the next free block of the same bin, and above it the block's length in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta(pub(super) u64);

impl Meta {
    pub(super) fn inline(key_len: usize, value_len: usize) -> Self {
        Self(key_len as u64 & LOW | (value_len as u64) << 32)
    }

    pub(super) fn with_blob(key_len: usize, blob: u32) -> Self {
        Self(key_len as u64 & LOW | BLOB | u64::from(blob) << 32)
    }

    /// The same for an entry that has these marks.
    pub(super) fn marked(self, marks: Marks) -> Self {
        let expires = if marks.expiry.is_some() { EXPIRES } else { 0 };
        let node = if marks.node.is_some() { NODE } else { 0 };
        Self(self.0 | expires | node)
    }

    /// The same for an entry that has the marks of another.
    pub(super) fn marked_as(self, other: Self) -> Self {
        Self(self.0 | other.0 & MARKED)
    }

    pub(super) fn free(units: usize, next: u16) -> Self {
        Self(u64::from(next) | FREE | (units as u64) << 32)
    }

    pub(super) fn is_free(self) -> bool {
        self.0 & FREE != 0
    }

    pub(super) fn key_len(self) -> usize {
        (self.0 & LOW) as usize
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low 16 bits are the link")]
    pub(super) fn next(self) -> u16 {
        self.0 as u16
    }

    fn upper(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or_default()
    }

    pub(super) fn blob(self) -> Option<u32> {
        (self.0 & BLOB != 0).then(|| self.upper())
    }

    pub(super) fn inline_len(self) -> usize {
        if self.0 & BLOB == 0 { self.upper() as usize } else { 0 }
    }

    /// Whether the entry expires.
    pub(super) fn expires(self) -> bool {
        self.0 & EXPIRES != 0
    }

    /// Whether it is said which node made the entry.
    pub(super) fn has_node(self) -> bool {
        self.0 & NODE != 0
    }

    /// Whether there is anything between the key and the value.
    pub(super) fn is_marked(self) -> bool {
        self.0 & MARKED != 0
    }

    /// Bytes between the key and the value.
    pub(super) fn marks_len(self) -> usize {
        (self.0 & MARKED).count_ones() as usize * MARK
    }

    /// How long the block is. A live block is always exactly as long as its record needs.
    pub(super) fn units(self) -> usize {
        if self.is_free() {
            self.upper() as usize
        } else {
            (HEADER + self.key_len() + self.marks_len() + self.inline_len()).div_ceil(UNIT)
        }
    }
}

/// What few entries have beside their value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// When the entry expires, in milliseconds since the Unix epoch.
    pub expiry: Option<i64>,
    /// The node that made it.
    pub node: Option<u64>,
}

impl Marks {
    /// Those of most entries.
    pub const NONE: Self = Self { expiry: None, node: None };

    /// Those that a record with this first word has at the start of `bytes`.
    #[inline]
    pub(super) fn read(meta: Meta, bytes: &[u8]) -> Option<Self> {
        let (expiry, bytes) = if meta.expires() {
            let (expiry, rest) = bytes.split_first_chunk()?;
            (Some(i64::from_le_bytes(*expiry)), rest)
        } else {
            (None, bytes)
        };
        let node =
            if meta.has_node() { Some(u64::from_le_bytes(*bytes.first_chunk()?)) } else { None };
        Some(Self { expiry, node })
    }

    pub(super) fn len(self) -> usize {
        (usize::from(self.expiry.is_some()) + usize::from(self.node.is_some())) * MARK
    }
}

/// What a caller stores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    /// The same value, if it is already in shared memory that the index can keep.
    pub(super) blob: Option<&'a Arc<[u8]>>,
    pub(super) version: u64,
    pub(super) timestamp: i64,
    pub(super) marks: Marks,
}

impl Entry<'_> {
    /// Writes header, key and an inline value; `block` is exactly the block of this record.
    pub(super) fn write(&self, meta: Meta, block: &mut [u8]) {
        let mut rest = block;
        let mut add = |field: &[u8]| {
            if let Some((to, after)) = std::mem::take(&mut rest).split_at_mut_checked(field.len()) {
                to.copy_from_slice(field);
                rest = after;
            }
        };
        add(&meta.0.to_le_bytes());
        add(&self.version.to_le_bytes());
        add(&self.timestamp.to_le_bytes());
        add(self.key);
        if let Some(expiry) = self.marks.expiry {
            add(&expiry.to_le_bytes());
        }
        if let Some(node) = self.marks.node {
            add(&node.to_le_bytes());
        }
        if meta.blob().is_none() {
            add(self.value);
        }
        rest.fill(0);
    }
}

/// One stored entry, borrowed from the index.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) blob: Option<&'a Arc<[u8]>>,
    pub(super) version: u64,
    pub(super) timestamp: i64,
    pub(super) marks: Marks,
}

/// A value on its way into the index: borrowed if it will be stored beside its key; if it is longer, in the memory
/// where it will stay.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// To be copied.
    Short(&'a [u8]),
    /// To be kept.
    Long(Arc<[u8]>),
}

impl<'a> Content<'a> {
    /// Copies a long value, so that putting it copies nothing.
    pub fn of(value: &'a [u8]) -> Self {
        if Self::is_long(value.len()) { Self::Long(Arc::from(value)) } else { Self::Short(value) }
    }

    /// Whether the index keeps a value of this many bytes in memory of its own.
    pub const fn is_long(len: usize) -> bool {
        len > INLINE_MAX
    }

    /// The value's bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(value) => value,
            Self::Long(value) => value,
        }
    }

    pub(super) fn blob(&self) -> Option<&Arc<[u8]>> {
        match self {
            Self::Short(_) => None,
            Self::Long(value) => Some(value),
        }
    }
}

impl<'a> Record<'a> {
    /// A record whose bytes the caller has.
    pub fn read(key: &'a [u8], value: &'a [u8], version: u64, timestamp: i64) -> Self {
        Self { key, value, blob: None, version, timestamp, marks: Marks::NONE }
    }

    /// A record whose long value the caller holds.
    pub fn held(key: &'a [u8], value: &'a Arc<[u8]>, version: u64, timestamp: i64) -> Self {
        Self { key, value, blob: Some(value), version, timestamp, marks: Marks::NONE }
    }

    /// The same, of an entry with these marks.
    #[must_use]
    pub fn marked(self, marks: Marks) -> Self {
        Self { marks, ..self }
    }

    /// The key's bytes.
    pub fn key(&self) -> &'a [u8] {
        self.key
    }

    /// The value's bytes, wherever they are.
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The version given with the last write.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The timestamp given with the last write.
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// When the entry expires, in milliseconds since the Unix epoch; nothing if it does not.
    pub fn expiry(&self) -> Option<i64> {
        self.marks.expiry
    }

    /// The node that made it, if that was said.
    pub fn node(&self) -> Option<u64> {
        self.marks.node
    }

    /// What it has beside its value.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// Whether it has expired at this time.
    #[inline]
    pub fn is_expired(&self, now: i64) -> bool {
        self.marks.expiry.is_some_and(|at| at <= now)
    }

    /// The value as shared memory, if it is long enough to be worth sharing instead of copying.
    pub fn blob(&self) -> Option<&'a Arc<[u8]>> {
        self.blob
    }
}
