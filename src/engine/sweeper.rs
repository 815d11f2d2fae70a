//! When there is something to sweep, and the thread that waits for it.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::expiring::Expiring;
use super::group::Group;
use super::locked::locked;
use crate::error::Result;
use crate::operation::OperationType;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread;
use crate::sync::{Condvar, Mutex, MutexGuard};

/// What has expired is removed this much later, together with what expires in between: one sync for all of it.
const GATHERED: Duration = Duration::from_secs(1);
/// The clock is looked at this often at least, since it may jump. After a failure it is tried again this much later.
const CLOCK: Duration = Duration::from_secs(30);

/// What is known of the entries that expire, and who removes them.
#[derive(Debug, Default)]
pub(super) struct Sweeping {
    shared: Arc<Shared>,
    /// Whoever looks at all entries, or removes some.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Shared {
    expiring: Mutex<Expiring>,
    /// There is, or will be, something to remove.
    is_wanted: AtomicBool,
    has_thread: AtomicBool,
    ended: AtomicBool,
    changed: Condvar,
}

impl Sweeping {
    /// Whether there is something to wait for, and no thread for it.
    pub(super) fn is_wanted(&self) -> bool {
        let is_wanted = self.shared.is_wanted.load(Ordering::Acquire);
        is_wanted && !self.shared.has_thread.load(Ordering::Acquire)
    }

    /// Has a thread call `sweep` whenever something has expired, until the store is closed.
    pub(super) fn start(
        &self,
        now: impl Fn() -> i64 + Send + 'static,
        sweep: impl Fn() -> Result<()> + Send + 'static,
    ) {
        if self.shared.has_thread.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let begun = thread::Builder::new()
            .name("store-sweep".into())
            .spawn(move || shared.sweep_when_due(&now, &sweep));
        if begun.is_err() {
            self.shared.has_thread.store(false, Ordering::Release);
        }
    }

    /// Waits for whoever sweeps.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        locked(&self.turn)
    }

    pub(super) fn expiring(&self) -> MutexGuard<'_, Expiring> {
        locked(&self.shared.expiring)
    }

    /// Notes when the entries that a group has written expire.
    pub(super) fn note_group(&self, group: &Group) {
        if !group.is_expiring() {
            return;
        }
        let mut expiring = locked(&self.shared.expiring);
        let before = expiring.next();
        for staged in group.staged() {
            if staged.kind == OperationType::Put
                && let Some(at) = group.operation(staged).marks.expiry
            {
                expiring.note(group.key_of(staged), at);
            }
        }
        let is_earlier = before.is_none_or(|before| expiring.next() < Some(before));
        drop(expiring);
        self.shared.is_wanted.store(true, Ordering::Release);
        if is_earlier {
            self.shared.changed.notify_one();
        }
    }

    /// The store has other entries than before, so many of which expire, if that is known. The log must be locked, so that no
    /// group is noted too early.
    pub(super) fn begin(&self, count: Option<usize>) {
        let mut expiring = locked(&self.shared.expiring);
        if count == Some(0) {
            expiring.begin_look();
        } else {
            expiring.forget();
        }
        drop(expiring);
        if count.is_some_and(|count| count > 0) {
            self.want();
        }
    }

    /// There are entries that expire.
    pub(super) fn want(&self) {
        self.shared.is_wanted.store(true, Ordering::Release);
        self.shared.changed.notify_one();
    }

    /// Nothing more is removed by the thread.
    pub(super) fn end(&self) {
        self.shared.ended.store(true, Ordering::Release);
        drop(locked(&self.shared.expiring));
        self.shared.changed.notify_one();
    }
}

impl Shared {
    /// Calls `sweep` whenever something has expired, until the store is closed.
    fn sweep_when_due(&self, now: &dyn Fn() -> i64, sweep: &dyn Fn() -> Result<()>) {
        let (mut deadline, mut not_before) = (None, Instant::now());
        let mut expiring = locked(&self.expiring);
        while !self.ended.load(Ordering::Acquire) {
            let Some(next) = expiring.next() else {
                deadline = None;
                expiring = self.changed.wait(expiring).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (at, left) = (Instant::now(), next.saturating_sub(now()));
            let wanted = at + (until(left) + GATHERED).min(CLOCK);
            let end = deadline.map_or(wanted, |before: Instant| before.min(wanted)).max(not_before);
            deadline = Some(end);
            if end > at {
                let woken = self.changed.wait_timeout(expiring, end - at);
                expiring = woken.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            deadline = None;
            if left <= 0 {
                drop(expiring);
                if sweep().is_err() {
                    not_before = Instant::now() + CLOCK;
                }
                expiring = locked(&self.expiring);
            }
        }
    }
}

fn until(left: i64) -> Duration {
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}
