//! Walks entries in key order.

use std::hint::black_box;
use std::iter::FusedIterator;

use super::arena::Arena;
use super::range::Range;
use super::record::Record;
use super::tree::{Cursor, Tree};

/// How many records are fetched together, so that their cache misses overlap.
const GROUP: usize = 16;
/// The first group is smaller: many scans want only a few entries.
const FIRST_GROUP: usize = 4;

/// The records of a range, in its order. It borrows the index; scan a clone to let writes go on meanwhile.
#[derive(Clone, Debug)]
pub struct Scan<'a> {
    arena: &'a Arena,
    cursor: Cursor<'a>,
    stop: Cursor<'a>,
    reverse: bool,
    done: bool,
    group: [Option<Record<'a>>; GROUP],
    next: usize,
    size: usize,
    keys_alone: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(arena: &'a Arena, order: &'a Tree, range: &Range) -> Self {
        let (lower, upper) = range.bounds();
        let (start, end) = (order.lower(arena, lower), order.upper(arena, upper));
        let (cursor, stop) = if range.reverse { (end, start) } else { (start, end) };
        Self {
            arena,
            cursor,
            stop,
            reverse: range.reverse,
            done: range.is_void(),
            group: [None; GROUP],
            next: GROUP,
            size: FIRST_GROUP,
            keys_alone: false,
        }
    }

    /// The same records for a caller who will not look at their values.
    #[must_use]
    pub(crate) fn of_keys(mut self) -> Self {
        self.keys_alone = true;
        self
    }

    /// Fetches the next records, at least one unless the scan is over.
    fn fetch(&mut self) {
        while !self.done {
            let last = self.cursor.same_leaf(&self.stop);
            let refs = self.upcoming(last);
            if !refs.is_empty() {
                self.fill(refs);
                self.size = GROUP;
                return;
            }
            self.done = last
                || !if self.reverse {
                    self.cursor.previous_leaf()
                } else {
                    self.cursor.next_leaf()
                };
        }
    }

    /// The next addresses of this leaf, in memory order; moves the cursor past them.
    fn upcoming(&mut self, last: bool) -> &'a [u32] {
        let leaf = self.cursor.leaf().refs();
        let position = self.cursor.position();
        let (from, to) = if self.reverse {
            let from = if last { self.stop.position() } else { 0 };
            (from.max(position.saturating_sub(self.size)), position)
        } else {
            let to = if last { self.stop.position() } else { leaf.len() };
            (position, to.min(position + self.size))
        };
        self.cursor.set_position(if self.reverse { from } else { to });
        leaf.get(from..to).unwrap_or_default()
    }

    fn fill(&mut self, refs: &[u32]) {
        black_box(if self.keys_alone {
            refs.iter().fold(0, |seen, at| seen ^ self.arena.touch_key(*at))
        } else {
            refs.iter().fold(0, |seen, at| seen ^ self.arena.touch(*at))
        });
        self.next = GROUP - refs.len();
        let places = self.group.iter_mut().skip(self.next);
        if self.reverse {
            places.zip(refs.iter().rev()).for_each(|(place, at)| *place = self.arena.record(*at));
        } else {
            places.zip(refs).for_each(|(place, at)| *place = self.arena.record(*at));
        }
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        if self.next == GROUP {
            self.fetch();
        }
        let record = self.group.get_mut(self.next)?.take();
        self.next += 1;
        record
    }
}

impl FusedIterator for Scan<'_> {}
