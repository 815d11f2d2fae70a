//! The view that a read gets.

use crate::index::{Index, Range, Record};

/// A time before any at which an entry can expire.
pub(crate) const NOTHING_EXPIRED: i64 = 0;

/// An index that has at least the entries that were asked for.
#[derive(Debug)]
pub(crate) enum View<'s> {
    Whole(&'s Index),
    Part(Box<Index>),
}

impl View<'_> {
    fn index(&self) -> &Index {
        match self {
            Self::Whole(index) => index,
            Self::Part(index) => index,
        }
    }

    /// What is seen of it at this time.
    pub(crate) fn at(&self, now: i64) -> Seen<'_> {
        Seen::new(self.index(), now)
    }
}

/// The entries of an index that have not expired at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'i> {
    index: &'i Index,
    now: i64,
}

impl<'i> Seen<'i> {
    pub(crate) fn new(index: &'i Index, now: i64) -> Self {
        Self { index, now }
    }

    /// The entry of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Record<'i>> {
        self.index.get(key).filter(|record| !record.is_expired(self.now))
    }

    /// [`Index::get_many`]
    #[allow(dead_code, reason = "for the binding")]
    pub(crate) fn get_many(&self, keys: &[&[u8]], mut each: impl FnMut(usize, Option<Record<'i>>)) {
        let now = self.now;
        self.index.get_many(keys, |at, record| {
            each(at, record.filter(|record| !record.is_expired(now)));
        });
    }

    /// The entries of a range, in its order.
    pub(crate) fn scan(&self, range: &Range) -> impl Iterator<Item = Record<'i>> + use<'i> {
        let now = self.now;
        self.index.scan(range).filter(move |record| !record.is_expired(now))
    }
}
