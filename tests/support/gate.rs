//! A disk whose syncs wait until they are let go.

use std::sync::{Arc, Condvar, Mutex};

use super::sim_disk::SimDisk;
use super::watched_disk::{WatchedDisk, Watcher};

#[derive(Debug, Default)]
struct State {
    closed: bool,
    waiting: bool,
    /// Syncs that still work before one fails.
    good_syncs: Option<usize>,
}

/// A gate before the syncs of a simulated disk. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    disk: SimDisk,
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    pub fn new() -> Self {
        let (disk, state) = (SimDisk::new(), Mutex::default());
        Self(Arc::new(Shared { disk, state, changed: Condvar::new() }))
    }

    /// The disk that has this gate.
    pub fn disk(&self) -> WatchedDisk {
        WatchedDisk::new(Arc::new(self.0.disk.clone()), Arc::clone(&self.0) as Arc<dyn Watcher>)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.state.lock().unwrap());
        self.0.changed.notify_all();
    }

    /// Lets the next sync wait.
    pub fn hold_syncs(&self) {
        self.change(|state| state.closed = true);
    }

    /// Returns when a sync waits.
    pub fn wait_until_held(&self) {
        let state = self.0.state.lock().unwrap();
        drop(self.0.changed.wait_while(state, |state| !state.waiting).unwrap());
    }

    /// Makes one sync fail after so many good ones.
    pub fn fail_sync_after(&self, good: usize) {
        self.change(|state| state.good_syncs = Some(good));
    }

    pub fn release(&self) {
        self.change(|state| state.closed = false);
    }
}

impl Watcher for Shared {
    fn before_sync(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting = state.closed;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| state.closed).unwrap();
        let fails = state.good_syncs == Some(0);
        state.good_syncs = state.good_syncs.and_then(|good| good.checked_sub(1));
        drop(state);
        if fails {
            self.disk.fail_next_sync();
        }
    }
}
