//! Something that its owner may withdraw at any time.

use std::sync::{Mutex, PoisonError};

/// Something that we have as long as its owner lets us. It is reached only inside a call that holds the lock, so that
/// nobody uses it or will use it when [`end`](Self::end) returns.
#[derive(Debug)]
pub(crate) struct Lease<T>(Mutex<Option<T>>);

impl<T> Default for Lease<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Lease<T> {
    /// Lends the thing from here on.
    pub(crate) fn begin(&self, thing: T) {
        self.with(|place| *place = Some(thing));
    }

    /// Calls `with` with the thing, unless the lease is over. It is over afterwards when `with` says `false`.
    pub(crate) fn use_while(&self, with: impl FnOnce(&T) -> bool) {
        self.with(|place| {
            if place.as_ref().is_some_and(|thing| !with(thing)) {
                *place = None;
            }
        });
    }

    /// Ends the lease with a last use, unless it is over already.
    pub(crate) fn end_with(&self, last: impl FnOnce(T)) {
        self.with(|place| {
            if let Some(thing) = place.take() {
                last(thing);
            }
        });
    }

    /// Ends the lease. Nobody uses the thing when this returns.
    pub(crate) fn end(&self) {
        self.end_with(drop);
    }

    /// This call holds the lock, and not a guard, which could easily live shorter than it seems.
    fn with<R>(&self, look: impl FnOnce(&mut Option<T>) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::Lease;

    /// Runs `use_it` while the owner ends the lease, and returns whether it ended during that use.
    fn ended_meanwhile(use_it: impl FnOnce(&Lease<()>, &mut dyn FnMut()) + Send) -> bool {
        let lease = Arc::new(Lease::default());
        lease.begin(());
        let (ended, seen) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            let (entered, owner_may_end) = channel();
            let (owner, ended) = (Arc::clone(&lease), &ended);
            scope.spawn(move || {
                owner_may_end.recv().ok();
                owner.end();
                ended.store(true, Ordering::SeqCst);
            });
            use_it(&lease, &mut || {
                entered.send(()).ok();
                // Long enough for an owner that nothing holds up; if it is too short, no test fails.
                for _ in 0..10_000 {
                    thread::yield_now();
                    seen.fetch_or(ended.load(Ordering::SeqCst), Ordering::SeqCst);
                }
            });
        });
        assert!(ended.into_inner());
        lease.use_while(|()| panic!("the lease is over"));
        seen.into_inner()
    }

    #[test]
    fn an_owner_who_ends_a_lease_waits_for_whoever_uses_the_thing() {
        assert!(!ended_meanwhile(|lease, wait| lease.use_while(|()| {
            wait();
            true
        })));
    }

    #[test]
    fn an_owner_who_ends_a_lease_waits_for_the_last_use() {
        assert!(!ended_meanwhile(|lease, wait| lease.end_with(|()| wait())));
    }

    #[test]
    fn a_lease_is_over_when_a_use_says_so_and_ends_once() {
        let lease = Lease::default();
        lease.end_with(|_: u8| panic!("it has not begun"));
        lease.begin(7);
        lease.use_while(|&thing| thing == 7);
        let mut last = 0;
        lease.end_with(|thing| last = thing);
        lease.end_with(|_| panic!("it is over"));
        assert_eq!(last, 7);
        lease.begin(8);
        lease.use_while(|_| false);
        lease.use_while(|_| panic!("it is over"));
    }
}
