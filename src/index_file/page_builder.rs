//! Filling one page of the tree.

use std::cmp::Ordering;

use super::format::PAGE;
use super::page::{HEADER, MAX_HEAD, MAX_PREFIX, Row, Widths};

/// As many bytes of a key as a page can need.
const KEPT: usize = MAX_PREFIX + MAX_HEAD;
/// A page of more rows ends before a key that would make its rows hard to tell apart.
const MIXED: usize = 32;

/// The bytes of a key that a page can need.
pub(super) fn kept(key: &[u8]) -> &[u8] {
    key.get(..KEPT).unwrap_or(key)
}

/// As much of a key as is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'k> {
    bytes: &'k [u8],
    /// So many bytes are known: those, and zeros after them or the end of the key.
    depth: usize,
}

impl<'k> Known<'k> {
    pub(super) fn whole(key: &'k [u8]) -> Self {
        Self { bytes: kept(key), depth: usize::MAX }
    }

    /// What a page has of a key.
    pub(super) fn partly(bytes: &'k [u8]) -> Self {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Self { bytes: bytes.get(..end).unwrap_or_default(), depth: bytes.len() }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.depth == usize::MAX
    }

    /// How the key compares with another one; nothing when that cannot be told.
    pub(super) fn compare(&self, key: &[u8]) -> Option<Ordering> {
        let shared = shared(self.bytes, key);
        let (own, other) = (self.bytes.get(shared..)?, key.get(shared..)?);
        let end = self.depth.saturating_sub(shared);
        match (own.first(), other.first()) {
            (Some(a), Some(b)) => Some(a.cmp(b)),
            // Its next bytes are not zero somewhere before the end of what is known.
            (Some(_), None) => Some(Ordering::Greater),
            (None, _) => {
                let known = other.get(..end.min(other.len())).unwrap_or_default();
                known.iter().any(|byte| *byte != 0).then_some(Ordering::Less)
            }
        }
    }
}

/// A page that is being filled, in the order of the keys.
#[derive(Debug, Default)]
pub(super) struct PageBuilder {
    level: u8,
    /// What may be needed of the keys, one after the other, and where each ends.
    keys: Vec<u8>,
    ends: Vec<usize>,
    rows: Vec<Row>,
    /// Whether all of the first key is known.
    first_is_whole: bool,
    shape: Shape,
}

/// What decides how much room the rows need.
#[derive(Debug, Clone, Copy)]
struct Shape {
    prefix: usize,
    /// How many bytes of the keys tell all neighbours apart.
    distinct: usize,
    /// So many bytes are known of all keys.
    depth: usize,
    position: u64,
    number: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { prefix: MAX_PREFIX, distinct: 0, depth: usize::MAX, position: 0, number: 0 }
    }
}

impl Shape {
    fn widths(&self, level: u8) -> Widths {
        let needed = (self.distinct.saturating_sub(self.prefix)).clamp(1, MAX_HEAD);
        let needed = needed.min(self.depth - self.prefix);
        Widths {
            // Of inner pages there are few, and a key that is alike costs a look at the log.
            head: if level > 0 { MAX_HEAD } else { needed },
            position: bytes_of(self.position),
            number: bytes_of(self.number),
        }
    }
}

impl PageBuilder {
    pub(super) fn new(level: u8) -> Self {
        Self { level, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the next key; false, and nothing is added, when the page has no room for it or knows too little of others.
    pub(super) fn push(&mut self, key: Known<'_>, row: Row) -> bool {
        let mut shape = self.shape;
        shape.depth = shape.depth.min(key.depth);
        shape.prefix = shape.prefix.min(shape.depth.saturating_sub(1));
        match self.ends.len().checked_sub(1) {
            None => shape.prefix = shape.prefix.min(key.bytes.len()),
            Some(last) => {
                let shared = shared(self.key(last), key.bytes);
                shape.prefix = shape.prefix.min(shared);
                shape.distinct = shape.distinct.max(shared + 1);
            }
        }
        shape.position = shape.position.max(row.position);
        shape.number = shape.number.max(row.number);
        let rows = self.rows.len() + 1;
        let size = HEADER + shape.prefix + rows * shape.widths(self.level).of_row();
        let is_vague =
            shape.distinct > shape.depth && rows > MIXED && self.shape.distinct <= self.shape.depth;
        if (size > PAGE || is_vague) && !self.is_empty() {
            return false;
        }
        if self.is_empty() {
            self.first_is_whole = key.is_whole();
        }
        self.shape = shape;
        self.keys.extend_from_slice(key.bytes);
        self.ends.push(self.keys.len());
        self.rows.push(row);
        true
    }

    /// What is kept of the first key, and its row. Nothing of the key when not all of it is known.
    pub(super) fn first(&self) -> Option<(Option<&[u8]>, Row)> {
        let row = *self.rows.first()?;
        Some((Some(self.key(0)).filter(|_| self.first_is_whole), row))
    }

    /// The page, all but its checksum. The builder is empty again.
    pub(super) fn finish(&mut self) -> [u8; PAGE] {
        let Widths { head, position, number } = self.shape.widths(self.level);
        let prefix = self.shape.prefix;
        let mut page = [0; PAGE];
        let mut rest = &mut page[..];
        rest = put(rest, 4, &[]);
        rest = put(rest, 2, &u16_of(self.rows.len()).to_le_bytes());
        rest = put(rest, 4, &[self.level, width(head), width(position), width(number)]);
        rest = put(rest, 2, &u16_of(prefix).to_le_bytes());
        rest = put(rest, prefix, self.key(0));
        let mut start = 0;
        for end in &self.ends {
            rest = put(rest, head, self.keys.get(start + prefix..*end).unwrap_or_default());
            start = *end;
        }
        for row in &self.rows {
            rest = put(rest, position, &row.position.to_le_bytes());
        }
        for row in &self.rows {
            rest = put(rest, number, &row.number.to_le_bytes());
        }
        self.keys.clear();
        self.ends.clear();
        self.rows.clear();
        self.shape = Shape::default();
        page
    }

    fn key(&self, at: usize) -> &[u8] {
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let to = self.ends.get(at).copied().unwrap_or(from);
        self.keys.get(from..to).unwrap_or_default()
    }
}

/// Fills the first bytes of what is left of a page, as far as there are bytes for them, and gives the rest.
fn put<'p>(rest: &'p mut [u8], width: usize, bytes: &[u8]) -> &'p mut [u8] {
    let (field, after) = rest.split_at_mut_checked(width).unwrap_or_default();
    field.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    after
}

fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn bytes_of(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()).div_ceil(8).max(1) as usize
}

fn width(bytes: usize) -> u8 {
    u8::try_from(bytes).unwrap_or(u8::MAX)
}

fn u16_of(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
