//! Which keys a scan visits, and in which direction.

use std::ops::{Bound, RangeBounds};

/// An interval of keys in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where the smallest keys are cut off.
    pub lower: Bound<Vec<u8>>,
    /// Where the greatest keys are cut off.
    pub upper: Bound<Vec<u8>>,
    /// Whether the greatest key comes first.
    pub reverse: bool,
}

impl Range {
    /// Every key, smallest first.
    pub fn all() -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false }
    }

    /// The keys that start with `prefix`, smallest first.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self {
            lower: Bound::Included(prefix.to_vec()),
            upper: after_prefix(prefix),
            reverse: false,
        }
    }

    /// Cuts the smallest keys off at `bound` if that leaves fewer keys.
    pub fn narrow_lower(&mut self, bound: Bound<Vec<u8>>) {
        let tighter = match (&self.lower, &bound) {
            (_, Bound::Unbounded) => false,
            (Bound::Unbounded, _) => true,
            (Bound::Excluded(now), Bound::Included(new)) => new > now,
            (
                Bound::Included(now) | Bound::Excluded(now),
                Bound::Included(new) | Bound::Excluded(new),
            ) => new >= now,
        };
        if tighter {
            self.lower = bound;
        }
    }

    /// Cuts the greatest keys off at `bound` if that leaves fewer keys.
    pub fn narrow_upper(&mut self, bound: Bound<Vec<u8>>) {
        let tighter = match (&self.upper, &bound) {
            (_, Bound::Unbounded) => false,
            (Bound::Unbounded, _) => true,
            (Bound::Excluded(now), Bound::Included(new)) => new < now,
            (
                Bound::Included(now) | Bound::Excluded(now),
                Bound::Included(new) | Bound::Excluded(new),
            ) => new <= now,
        };
        if tighter {
            self.upper = bound;
        }
    }

    pub(super) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.lower.as_ref().map(Vec::as_slice), self.upper.as_ref().map(Vec::as_slice))
    }

    /// Whether a key lies in it.
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        RangeBounds::<[u8]>::contains(&self.bounds(), key)
    }

    /// Whether the bounds cross, so that no key can lie between them.
    pub(crate) fn is_void(&self) -> bool {
        match self.bounds() {
            (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
            (Bound::Included(lower) | Bound::Excluded(lower), Bound::Excluded(upper))
            | (Bound::Excluded(lower), Bound::Included(upper)) => lower >= upper,
            _ => false,
        }
    }
}

/// The end of the keys that start with `prefix`: what remains of it up to its last byte that can grow, grown by one.
/// it.
fn after_prefix(prefix: &[u8]) -> Bound<Vec<u8>> {
    let Some(last) = prefix.iter().rposition(|byte| *byte != u8::MAX) else {
        return Bound::Unbounded;
    };
    let mut next = prefix.get(..=last).unwrap_or_default().to_vec();
    if let Some(byte) = next.last_mut() {
        *byte += 1;
    }
    Bound::Excluded(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrowing_keeps_the_tighter_bound() {
        use Bound::{Excluded, Included};
        let key = |text: &str| text.as_bytes().to_vec();
        let mut range = Range::prefix(b"b");
        range.narrow_lower(Included(key("a")));
        range.narrow_upper(Included(key("d")));
        assert_eq!(range, Range::prefix(b"b"));
        range.narrow_lower(Excluded(key("b")));
        range.narrow_lower(Included(key("b")));
        range.narrow_upper(Excluded(key("b9")));
        range.narrow_upper(Included(key("b9")));
        assert_eq!((range.lower, range.upper), (Excluded(key("b")), Excluded(key("b9"))));
    }

    #[test]
    fn a_prefix_ends_before_the_next_bytes_that_do_not_start_with_it() {
        assert_eq!(Range::prefix(b"ab").upper, Bound::Excluded(b"ac".to_vec()));
        assert_eq!(Range::prefix(b"a\xff\xff").upper, Bound::Excluded(b"b".to_vec()));
        assert_eq!(Range::prefix(b"\xff\xff").upper, Bound::Unbounded);
        assert_eq!(Range::prefix(b"").upper, Bound::Unbounded);
    }
}
