//! Tells followers of the history that there is more of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::locked::locked;
use crate::sync::Mutex;

type Wake = Box<dyn FnOnce() + Send>;

/// Who waits for operations after which sequence, and up to where the history is durable and visible.
#[derive(Default)]
pub(super) struct Announcements(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    announced: u64,
    /// The history up to here was replayed but is not secured; 0 when all of it is.
    replayed: u64,
    ended: bool,
    next_id: u64,
    /// Ordered by the sequence up to which each has read, so that only those who are woken are touched.
    followers: BTreeMap<(u64, u64), Wake>,
}

impl std::fmt::Debug for Announcements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = locked(&self.0);
        write!(f, "Announcements({}, {} wait)", state.announced, state.followers.len())
    }
}

/// Someone who waits for more of the history. Once it is dropped, they are no longer called, or were called before.
#[must_use = "nobody waits when it is dropped"]
pub struct Waiting {
    state: Arc<Mutex<State>>,
    place: (u64, u64),
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting(after {})", self.place.0)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let wake = locked(&self.state).followers.remove(&self.place);
        // Without the lock: what the wake owns may come back here when it is dropped.
        drop(wake);
    }
}

impl Announcements {
    /// The last sequence that may be shown to followers.
    pub(super) fn announced(&self) -> u64 {
        locked(&self.0).announced
    }

    /// The last sequence that there is to show, if need be after securing the log.
    pub(super) fn readable(&self) -> u64 {
        let state = locked(&self.0);
        state.announced.max(state.replayed)
    }

    /// Whether nothing may be shown before the log is secured.
    pub(super) fn is_to_be_secured(&self) -> bool {
        locked(&self.0).replayed > 0
    }

    /// Calls `wake` once, as soon as an operation after `sequence` may be shown or the store stops.
    pub(super) fn wake_after(&self, sequence: u64, wake: Wake) -> Waiting {
        let mut state = locked(&self.0);
        state.next_id += 1;
        let place = (sequence, state.next_id);
        if state.ended || state.announced.max(state.replayed) > sequence {
            drop(state);
            wake();
        } else {
            state.followers.insert(place, wake);
        }
        Waiting { state: Arc::clone(&self.0), place }
    }

    /// The history up to `sequence` is durable and visible.
    pub(super) fn announce(&self, sequence: u64) {
        self.tell(sequence, 0);
    }

    /// The history up to `sequence` is visible. To show it, the log has to be secured first.
    pub(super) fn announce_replayed(&self, sequence: u64) {
        self.tell(0, sequence);
    }

    fn tell(&self, announced: u64, replayed: u64) {
        let mut state = locked(&self.0);
        (state.announced, state.replayed) = (announced, replayed);
        state.ended = false;
        let readable = announced.max(replayed);
        let mut ready = Vec::new();
        while let Some(first) = state.followers.first_entry() {
            if first.key().0 >= readable {
                break;
            }
            ready.push(first.remove());
        }
        drop(state);
        wake_all(ready);
    }

    /// The store is no longer open; everyone who waits is woken to see that.
    pub(super) fn end(&self) {
        let mut state = locked(&self.0);
        state.ended = true;
        let all = std::mem::take(&mut state.followers);
        drop(state);
        wake_all(all.into_values());
    }
}

/// Without the lock, because those who wake may come back to wait again.
fn wake_all(wakes: impl IntoIterator<Item = Wake>) {
    for wake in wakes {
        wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn wait(at: &Announcements, sequence: u64, woken: &Arc<AtomicUsize>) -> Waiting {
        let woken = Arc::clone(woken);
        let wake = move || {
            woken.fetch_add(1, Ordering::AcqRel);
        };
        at.wake_after(sequence, Box::new(wake))
    }

    fn left(at: &Announcements) -> usize {
        locked(&at.0).followers.len()
    }

    #[test]
    fn those_are_woken_who_have_more_to_read_once_and_the_others_go_on_waiting() {
        let at = Announcements::default();
        let woken = Arc::new(AtomicUsize::new(0));
        let all: Vec<_> = (0..1000).map(|sequence| wait(&at, sequence, &woken)).collect();
        at.announce(0);
        assert_eq!((woken.load(Ordering::Acquire), left(&at)), (0, 1000));
        at.announce(250);
        assert_eq!((woken.load(Ordering::Acquire), left(&at)), (250, 750));
        at.announce(250);
        assert_eq!(woken.load(Ordering::Acquire), 250);
        let ready = wait(&at, 100, &woken);
        assert_eq!((woken.load(Ordering::Acquire), left(&at)), (251, 750));
        drop(ready);
        at.end();
        assert_eq!((woken.load(Ordering::Acquire), left(&at)), (1001, 0));
        drop(all);
    }

    #[test]
    fn who_waits_no_more_is_not_called_and_leaves_nothing() {
        let at = Announcements::default();
        let woken = Arc::new(AtomicUsize::new(0));
        for _ in 0..100_000 {
            drop(wait(&at, 5, &woken));
        }
        assert_eq!((left(&at), Arc::strong_count(&woken)), (0, 1));
        let (first, second) = (wait(&at, 5, &woken), wait(&at, 5, &woken));
        drop(first);
        at.announce(6);
        assert_eq!(woken.load(Ordering::Acquire), 1);
        drop(second);
    }
}
