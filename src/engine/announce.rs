//! Tells those who follow the history that there is more of it.

use std::sync::Mutex;

use super::core::locked;

type Wake = Box<dyn FnOnce() + Send>;

/// Who waits for operations behind which sequence, and how far the history is durable and visible.
#[derive(Default)]
pub(super) struct Announcements(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    announced: u64,
    /// The history up to here was replayed and is not secured; 0 when all of it is.
    replayed: u64,
    ended: bool,
    next_id: u64,
    followers: Vec<Follower>,
}

struct Follower {
    id: u64,
    read_up_to: u64,
    wake: Wake,
}

impl std::fmt::Debug for Announcements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = locked(&self.0);
        write!(f, "Announcements({}, {} wait)", state.announced, state.followers.len())
    }
}

impl Announcements {
    /// The last sequence that may be shown to followers.
    pub(super) fn announced(&self) -> u64 {
        locked(&self.0).announced
    }

    /// The last sequence that there is to show, where need be once the log is secured.
    pub(super) fn readable(&self) -> u64 {
        let state = locked(&self.0);
        state.announced.max(state.replayed)
    }

    /// Whether nothing may be shown before the log is secured.
    pub(super) fn is_to_be_secured(&self) -> bool {
        locked(&self.0).replayed > 0
    }

    /// Calls `wake` once, as soon as an operation behind `sequence` may be shown or the store stops.
    /// Gives a number to [`forget`](Self::forget) it by.
    pub(super) fn when_behind(&self, sequence: u64, wake: Wake) -> u64 {
        let mut state = locked(&self.0);
        state.next_id += 1;
        let id = state.next_id;
        if state.ended || state.announced.max(state.replayed) > sequence {
            drop(state);
            wake();
        } else {
            state.followers.push(Follower { id, read_up_to: sequence, wake });
        }
        id
    }

    /// Drops what waits under this number.
    pub(super) fn forget(&self, id: u64) {
        locked(&self.0).followers.retain(|follower| follower.id != id);
    }

    /// The history up to `sequence` is durable and visible.
    pub(super) fn announce(&self, sequence: u64) {
        self.tell(sequence, 0);
    }

    /// The history up to `sequence` is visible. Whoever wants it has to secure the log first.
    pub(super) fn announce_replayed(&self, sequence: u64) {
        self.tell(0, sequence);
    }

    fn tell(&self, announced: u64, replayed: u64) {
        let mut state = locked(&self.0);
        (state.announced, state.replayed) = (announced, replayed);
        state.ended = false;
        let readable = announced.max(replayed);
        let ready = state.followers.extract_if(.., |follower| readable > follower.read_up_to);
        let ready: Vec<_> = ready.collect();
        drop(state);
        wake_all(ready);
    }

    /// The store is not open any more; everybody who waits is woken to see that.
    pub(super) fn end(&self) {
        let mut state = locked(&self.0);
        state.ended = true;
        let all = std::mem::take(&mut state.followers);
        drop(state);
        wake_all(all);
    }
}

/// Without the lock, because whoever wakes may come back to wait again.
fn wake_all(followers: Vec<Follower>) {
    for follower in followers {
        (follower.wake)();
    }
}
