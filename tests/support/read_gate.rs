//! A disk on which somebody is held up while he reads, and that knows how many of its files are open.

use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use softadastra_store::StoreEngine;

use super::sim_disk::SimDisk;
use super::watched_disk::{WatchedDisk, Watcher};

#[derive(Debug)]
pub struct ReadGate {
    open: AtomicIsize,
    is_shut: AtomicBool,
    reached: Barrier,
    passed: Barrier,
}

impl ReadGate {
    pub fn new() -> Self {
        Self {
            open: AtomicIsize::new(0),
            is_shut: AtomicBool::new(false),
            reached: Barrier::new(2),
            passed: Barrier::new(2),
        }
    }

    /// The disk that has this gate.
    pub fn watch(self: &Arc<Self>, disk: SimDisk) -> WatchedDisk {
        WatchedDisk::new(Arc::new(disk), Arc::clone(self) as Arc<dyn Watcher>)
    }

    /// Closes the store while `read` is in the middle of its first read, and gives how many files are open when `close`
    /// returns. Only a close that does not wait for the reader is bound to any time.
    pub fn open_when_closed_during(
        &self,
        store: &StoreEngine,
        read: impl FnOnce() + Send,
    ) -> isize {
        self.is_shut.store(true, Ordering::Release);
        let (closed, hears) = channel();
        thread::scope(|scope| {
            scope.spawn(read);
            self.reached.wait();
            scope.spawn(move || {
                store.close().unwrap();
                closed.send(self.open.load(Ordering::Acquire)).unwrap();
            });
            let too_soon = hears.recv_timeout(Duration::from_millis(200));
            self.passed.wait();
            too_soon.unwrap_or_else(|_| hears.recv().unwrap())
        })
    }

    /// How many files are open.
    pub fn open_files(&self) -> isize {
        self.open.load(Ordering::Acquire)
    }
}

impl Watcher for ReadGate {
    fn opened(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
    }

    fn closed(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    fn read(&self, _bytes: usize) {
        if self.is_shut.swap(false, Ordering::AcqRel) {
            self.reached.wait();
            self.passed.wait();
        }
    }
}
