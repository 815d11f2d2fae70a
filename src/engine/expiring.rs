//! Which entries expire next, as far as a bounded memory can say.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Bytes of keys that are kept at most, each counted with `EACH` more.
const LIMIT: usize = 1 << 20;
const EACH: usize = 150;

/// Every entry that expires before the `horizon` is in here, unless it was removed or written again meanwhile: then what is
/// in here may be out of date. Entries that expire later are found by a look at all entries.
#[derive(Debug)]
pub(super) struct Expiring {
    order: BTreeSet<(i64, Arc<[u8]>)>,
    times: HashMap<Arc<[u8]>, i64>,
    bytes: usize,
    horizon: i64,
}

impl Default for Expiring {
    fn default() -> Self {
        Self { order: BTreeSet::new(), times: HashMap::new(), bytes: 0, horizon: Self::NO_HORIZON }
    }
}

impl Expiring {
    const NO_HORIZON: i64 = i64::MAX;

    /// Nothing is known: all entries are to be looked at.
    pub(super) fn forget(&mut self) {
        *self = Self { horizon: i64::MIN, ..Self::default() };
    }

    /// Begins a look at all entries, each of which is to be [noted](Self::note).
    pub(super) fn begin_look(&mut self) {
        *self = Self::default();
    }

    /// Whether all entries are to be looked at now.
    pub(super) fn is_to_look(&self, now: i64) -> bool {
        self.order.is_empty() && self.horizon <= now
    }

    /// When there is something to do next.
    pub(super) fn next(&self) -> Option<i64> {
        let first = self.order.first().map(|(at, _)| *at);
        first.or((self.horizon != Self::NO_HORIZON).then_some(self.horizon))
    }

    /// An entry expires then. Its earlier time no longer counts.
    pub(super) fn note(&mut self, key: &[u8], at: i64) {
        let known = self.times.remove_entry(key);
        let key = match known {
            Some((key, before)) => {
                self.order.remove(&(before, Arc::clone(&key)));
                self.bytes -= key.len() + EACH;
                key
            }
            None => Arc::from(key),
        };
        if at >= self.horizon {
            return;
        }
        self.bytes += key.len() + EACH;
        self.times.insert(Arc::clone(&key), at);
        self.order.insert((at, key));
        while self.bytes > LIMIT && self.order.len() > 1 {
            let Some((last, key)) = self.order.pop_last() else { break };
            self.times.remove(&key);
            self.bytes -= key.len() + EACH;
            if !bug!(HorizonForgotten) {
                self.horizon = last;
            }
        }
    }

    /// Takes out up to `count` entries that have expired.
    pub(super) fn take(&mut self, now: i64, count: usize) -> Vec<(i64, Arc<[u8]>)> {
        let mut taken = Vec::new();
        while taken.len() < count
            && self.order.first().is_some_and(|(at, _)| *at <= now)
            && let Some((at, key)) = self.order.pop_first()
        {
            self.times.remove(&key);
            self.bytes -= key.len() + EACH;
            taken.push((at, key));
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(taken: &[(i64, Arc<[u8]>)]) -> Vec<String> {
        taken.iter().map(|(_, key)| String::from_utf8_lossy(key).into_owned()).collect()
    }

    #[test]
    fn what_expires_first_comes_first_and_each_key_once() {
        let mut expiring = Expiring::default();
        assert_eq!(expiring.next(), None);
        for (key, at) in [("b", 20), ("a", 30), ("c", 10), ("a", 5), ("c", 40)] {
            expiring.note(key.as_bytes(), at);
        }
        assert_eq!(expiring.next(), Some(5));
        assert!(expiring.take(4, 9).is_empty());
        assert_eq!(keys(&expiring.take(39, 1)), ["a"]);
        assert_eq!(keys(&expiring.take(39, 9)), ["b"]);
        assert_eq!(keys(&expiring.take(40, 9)), ["c"]);
        assert_eq!((expiring.next(), expiring.bytes), (None, 0));
        assert!(!expiring.is_to_look(i64::MAX - 1));
    }

    #[test]
    fn memory_is_bounded_and_what_is_left_out_is_looked_for() {
        let mut expiring = Expiring::default();
        for at in (1..=20_000_i64).rev() {
            expiring.note(format!("{at}").as_bytes(), at);
        }
        assert!(expiring.bytes <= LIMIT && expiring.order.len() == expiring.times.len());
        let kept = i64::try_from(expiring.order.len()).unwrap();
        assert!(kept > 5_000);
        assert_eq!(expiring.horizon, kept + 1);
        expiring.note(b"late", kept + 1);
        expiring.note(b"later", i64::MAX - 1);
        assert_eq!(expiring.take(i64::MAX - 1, usize::MAX).len(), usize::try_from(kept).unwrap());
        assert_eq!(expiring.next(), Some(kept + 1));
        assert!(!expiring.is_to_look(kept) && expiring.is_to_look(kept + 1));
        expiring.begin_look();
        assert_eq!(expiring.next(), None);
    }

    #[test]
    fn one_key_of_any_length_has_room() {
        let mut expiring = Expiring::default();
        expiring.note(&vec![b'k'; LIMIT + 1], 7);
        assert_eq!(expiring.next(), Some(7));
    }

    #[test]
    fn what_was_forgotten_is_looked_for_at_once() {
        let mut expiring = Expiring::default();
        expiring.note(b"a", 7);
        expiring.forget();
        assert!(expiring.is_to_look(1) && expiring.take(9, 9).is_empty());
    }
}
