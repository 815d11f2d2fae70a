//! One page of the tree: keys in order, each with where its record is in the log.
//!
//! A page keeps what its keys begin with once, and of the rest of each key as many bytes as tell neighbours apart.
//! Keys that are alike in those are read from the log. `docs/format.md` has every byte.

use std::ops::Range;

/// Bytes before the prefix of a page; the first four are its checksum.
pub(super) const HEADER: usize = 12;
/// The longest prefix that a page keeps.
pub(super) const MAX_PREFIX: usize = 1024;
/// The most bytes that are kept of a key after the prefix.
pub(super) const MAX_HEAD: usize = 8;

/// What a page knows of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Where the record of the key is in the log; in an inner page, of the first key of the child.
    pub(super) position: u64,
    /// The version of the entry; in an inner page, the number of the child.
    pub(super) number: u64,
}

/// Bytes of the three fields of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub(super) head: usize,
    pub(super) position: usize,
    pub(super) number: usize,
}

impl Widths {
    pub(super) fn of_row(self) -> usize {
        self.head + self.position + self.number
    }
}

/// As many bytes of a key after the prefix as a page can keep; zeros follow a key that ends before.
fn head_of(rest: &[u8]) -> [u8; MAX_HEAD] {
    let mut head = [0; MAX_HEAD];
    head.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    head
}

/// A page as it was read; its checksum was right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'p> {
    pub(super) level: u8,
    prefix: &'p [u8],
    heads: &'p [u8],
    positions: &'p [u8],
    numbers: &'p [u8],
    widths: Widths,
    len: usize,
}

impl<'p> Page<'p> {
    /// Nothing when the fields contradict each other.
    pub(super) fn read(bytes: &'p [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let [_, _, _, _, len, len_high, level, head, position, number, prefix, prefix_high] =
            *header
        else {
            return None;
        };
        let len = usize::from(u16::from_le_bytes([len, len_high]));
        let prefix = usize::from(u16::from_le_bytes([prefix, prefix_high]));
        let widths = Widths { head: head.into(), position: position.into(), number: number.into() };
        let (prefix, rest) = rest.split_at_checked(prefix)?;
        let (heads, rest) = rest.split_at_checked(len * widths.head)?;
        let (positions, rest) = rest.split_at_checked(len * widths.position)?;
        let numbers = rest.get(..len * widths.number)?;
        let fits = (1..=MAX_HEAD).contains(&widths.head)
            && widths.position.max(widths.number) <= size_of::<u64>();
        fits.then_some(Self { level, prefix, heads, positions, numbers, widths, len })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn row(&self, at: usize) -> Option<Row> {
        let position = number_at(self.positions, at, self.widths.position)?;
        let number = number_at(self.numbers, at, self.widths.number)?;
        Some(Row { position, number })
    }

    /// What is known of the key of a row: as many bytes as the page has of it.
    pub(super) fn known(&self, at: usize, known: &mut Vec<u8>) {
        let start = at * self.widths.head;
        known.clear();
        known.extend_from_slice(self.prefix);
        known
            .extend_from_slice(self.heads.get(start..start + self.widths.head).unwrap_or_default());
    }

    /// The rows whose keys may be this one or cannot be told from it here. Those before are smaller, those after are
    /// greater.
    pub(super) fn alike(&self, key: &[u8]) -> Range<usize> {
        let Some(rest) = key.strip_prefix(self.prefix) else {
            return if key < self.prefix { 0..0 } else { self.len..self.len };
        };
        let head = head_of(rest);
        let head = head.get(..self.widths.head).unwrap_or_default();
        let before = self.count(|found| found < head);
        before..self.count(|found| found <= head)
    }

    /// How many rows, from the first on, have a head of which `is` holds.
    fn count(&self, is: impl Fn(&[u8]) -> bool) -> usize {
        let (mut from, mut to) = (0, self.len);
        while from < to {
            let middle = usize::midpoint(from, to);
            let start = middle * self.widths.head;
            if self.heads.get(start..start + self.widths.head).is_some_and(&is) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }
}

fn number_at(numbers: &[u8], at: usize, width: usize) -> Option<u64> {
    let mut bytes = [0; size_of::<u64>()];
    let start = at.checked_mul(width)?;
    bytes.get_mut(..width)?.copy_from_slice(numbers.get(start..start + width)?);
    Some(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::super::format::PAGE;
    use super::super::page_builder::{Known, PageBuilder};
    use super::*;

    fn filled(keys: &[&[u8]]) -> ([u8; PAGE], usize) {
        let mut builder = PageBuilder::new(0);
        let mut taken = 0;
        for (at, key) in (0..).zip(keys) {
            if !builder.push(Known::whole(key), Row { position: 100 + at, number: at + 1 }) {
                break;
            }
            taken += 1;
        }
        (builder.finish(), taken)
    }

    #[test]
    fn every_key_is_found_among_few_and_with_its_row() {
        let keys: Vec<Vec<u8>> = (0..2000).map(|n| format!("user:{n:08}").into_bytes()).collect();
        let borrowed: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let (bytes, taken) = filled(&borrowed);
        assert!(taken > 500, "{taken} keys of 13 bytes in a page");
        let page = Page::read(&bytes).unwrap();
        assert_eq!(page.len(), taken);
        for (at, key) in borrowed.iter().take(taken).enumerate() {
            assert_eq!(page.alike(key), at..at + 1);
            let number = at as u64;
            let expected = Row { position: 100 + number, number: number + 1 };
            assert_eq!(page.row(at), Some(expected));
        }
        assert_eq!(page.alike(b"user"), 0..0);
        assert_eq!(page.alike(b"user:"), 0..0, "shorter than what all begin with");
        assert_eq!(page.alike(b"userz"), taken..taken);
        assert_eq!(page.row(taken), None);
    }

    #[test]
    fn keys_that_differ_late_are_alike_and_in_order() {
        let long = "x".repeat(3000);
        let keys = [format!("{long}a"), format!("{long}b"), format!("{long}c"), "y".into()];
        let borrowed: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
        let (bytes, taken) = filled(&borrowed);
        assert_eq!(taken, 4);
        let page = Page::read(&bytes).unwrap();
        assert_eq!(page.alike(keys[1].as_bytes()), 0..3);
        assert_eq!(page.alike(b"y"), 3..4);
    }

    #[test]
    fn a_key_that_another_one_begins_with_comes_before_it() {
        let keys: [&[u8]; 4] = [b"a", b"a\0", b"a\0\0", b"ab"];
        let (bytes, _) = filled(&keys);
        let page = Page::read(&bytes).unwrap();
        for (at, key) in keys.iter().enumerate() {
            assert!(page.alike(key).contains(&at), "{key:?}");
        }
    }

    #[test]
    fn fields_that_contradict_each_other_are_refused() {
        let (bytes, _) = filled(&[b"a", b"b"]);
        for (at, value) in [(5, 255), (7, 0), (7, 9), (8, 9), (9, 200), (11, 255)] {
            let mut bad = bytes;
            bad[at] = value;
            assert!(Page::read(&bad).is_none(), "byte {at}");
        }
    }
}
