//! A follower that has fallen far behind catches up at a cost that grows with what it missed and no faster.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use softadastra_store::{CompactionPolicy, IndexPolicy, Key, StoreConfig, StoreEngine, Value};
use support::sim_disk::SimDisk;
use support::watched_disk::{WatchedDisk, Watcher};

const LOG: &str = "/store.wal";

/// Counts the bytes that are read.
#[derive(Debug, Default)]
struct Meter(AtomicUsize);

impl Watcher for Meter {
    fn read(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[test]
fn what_it_missed_is_read_twice_at_most() {
    let disk = SimDisk::new();
    let config = StoreConfig::durable(LOG).with_compaction(CompactionPolicy::MANUAL);
    let config = config.with_index(IndexPolicy { enabled: false, ..IndexPolicy::default() });
    let writer = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    writer.recover().unwrap();
    let meter = Arc::new(Meter::default());
    let watched = WatchedDisk::new(Arc::new(disk.clone()), Arc::clone(&meter) as Arc<dyn Watcher>);
    let config = StoreConfig::following(LOG).unattended();
    let follower = StoreEngine::with_storage(config, Arc::new(watched));
    follower.recover().unwrap();

    let before = disk.read(Path::new(LOG)).unwrap().len();
    let value = Value::from_bytes(vec![b'x'; 16 << 10]);
    for at in 0..3000 {
        writer.put(&Key::new(format!("key {at}")).unwrap(), &value).unwrap();
    }
    let missed = disk.read(Path::new(LOG)).unwrap().len() - before;
    meter.0.store(0, Ordering::Relaxed);
    assert_eq!(follower.refresh().unwrap(), 3000);
    let read = meter.0.load(Ordering::Relaxed);
    // The headers first, which are read with what is around them, and then the frames.
    assert!(read < missed * 9 / 4, "{read} bytes were read of {missed}");
}
