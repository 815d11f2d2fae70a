//! How far back the history must be kept for its current readers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::locked::locked;
use crate::sync::Mutex;

/// How many readers have read up to each sequence.
type Readers = BTreeMap<u64, usize>;

/// Where the active readers of the history are. Each costs the same however many there are, and so does asking for
/// the slowest.
#[derive(Debug, Default)]
pub(super) struct Holds(Arc<Mutex<Readers>>);

impl Holds {
    /// Keeps the operations after `sequence` for as long as the hold lives.
    pub(super) fn take(&self, sequence: u64) -> Hold {
        *locked(&self.0).entry(sequence).or_default() += 1;
        Hold { readers: Arc::clone(&self.0), sequence }
    }

    /// The sequence of the reader that is furthest behind.
    pub(super) fn slowest(&self) -> Option<u64> {
        locked(&self.0).first_key_value().map(|(&sequence, _)| sequence)
    }
}

/// The position of one reader.
#[derive(Debug)]
pub(super) struct Hold {
    readers: Arc<Mutex<Readers>>,
    sequence: u64,
}

impl Hold {
    /// The sequence up to which was read.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Everything up to `sequence` was read.
    pub(super) fn advance(&mut self, sequence: u64) {
        let mut readers = locked(&self.readers);
        *readers.entry(sequence).or_default() += 1;
        leave(&mut readers, self.sequence);
        drop(readers);
        self.sequence = sequence;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        leave(&mut locked(&self.readers), self.sequence);
    }
}

fn leave(readers: &mut Readers, sequence: u64) {
    if let Some(count) = readers.get_mut(&sequence) {
        *count -= 1;
        if *count == 0 {
            readers.remove(&sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_many_readers_is_known_and_readers_that_are_gone_leave_nothing() {
        let holds = Holds::default();
        assert_eq!(holds.slowest(), None);
        let mut all: Vec<_> = (0..10_000).map(|at| holds.take(at % 100)).collect();
        assert_eq!(locked(&holds.0).len(), 100, "one place for each sequence");
        assert_eq!(holds.slowest(), Some(0));
        for hold in &mut all {
            hold.advance(hold.sequence() + 1000);
        }
        assert_eq!(holds.slowest(), Some(1000));
        all.retain(|hold| hold.sequence() >= 1050);
        assert_eq!((holds.slowest(), locked(&holds.0).len()), (Some(1050), 50));
        drop(all);
        assert_eq!((holds.slowest(), locked(&holds.0).len()), (None, 0));
        for at in 0..100_000 {
            drop(holds.take(at));
        }
        assert!(locked(&holds.0).is_empty());
    }
}
