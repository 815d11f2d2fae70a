//! Compactions and backups show their progress, can be aborted, and are done one by one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use softadastra_store::{
    CompactionPolicy, Control, Error, IndexPolicy, Key, Progress, StoreConfig, StoreEngine, Value,
};
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";

fn open(disk: &SimDisk) -> StoreEngine {
    let config = StoreConfig::durable(LOG);
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover().unwrap();
    engine
}

fn put(engine: &StoreEngine, key: &str, value: &str) -> u64 {
    engine.put(&Key::new(key).unwrap(), &Value::from_string(value)).unwrap().version
}

/// Gives a compaction that runs by itself time to come to an end; how much does not matter.
fn wait_until(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 60, "it never happens");
        thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn progress_grows_and_never_passes_what_is_expected() {
    let engine = open(&SimDisk::new());
    for at in 0..4000 {
        put(&engine, &format!("{at:06}"), &"x".repeat(1000));
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_by_watch = Arc::clone(&seen);
    let watch = move |progress| seen_by_watch.lock().unwrap().push(progress);
    engine.compact(&Control::watched(watch)).unwrap();
    let seen: Vec<Progress> = seen.lock().unwrap().clone();
    assert!(seen.len() >= 3, "{seen:?}");
    assert!(seen.iter().all(|progress| progress.written <= progress.expected), "{seen:?}");
    assert!(seen.is_sorted_by_key(|progress| progress.written), "{seen:?}");
}

#[test]
fn an_abort_is_heard_until_the_new_log_gets_its_name() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    for at in 0..4000 {
        put(&engine, &format!("{at:06}"), &"x".repeat(1000));
    }
    let before = disk.read(Path::new(LOG)).unwrap();
    let steps = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&steps);
    let count = move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    engine.backup("/copy.wal", &Control::watched(count)).unwrap();
    let last = steps.load(Ordering::Relaxed);
    for rewrite in [
        |engine: &StoreEngine, control: &Control| engine.compact(control).map(drop),
        |engine: &StoreEngine, control: &Control| engine.backup("/other.wal", control).map(drop),
    ] {
        let seen = Arc::new(AtomicUsize::new(0));
        let control = Arc::new_cyclic(|control: &Weak<Control>| {
            let control = Weak::clone(control);
            Control::watched(move |_| {
                if seen.fetch_add(1, Ordering::Relaxed) + 1 == last {
                    control.upgrade().unwrap().abort();
                }
            })
        });
        let aborted = rewrite(&engine, &control);
        assert!(matches!(aborted, Err(Error::Aborted)), "{aborted:?}");
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), before);
    }
}

#[test]
fn a_compaction_can_be_watched_and_aborted_and_ends_when_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::buffered(folder.path().join("store.wal"))
        .with_compaction(CompactionPolicy::MANUAL)
        .with_index(IndexPolicy::DISABLED);
    let engine = StoreEngine::open(config).unwrap();
    let value = Value::from_bytes(vec![7; 1 << 20]);
    for at in 0..8 {
        engine.put(&Key::new(format!("key {at}")).unwrap(), &value).unwrap();
    }
    let before = engine.entries().unwrap();
    let (send, steps) = std::sync::mpsc::channel();
    engine.compact(&Control::watched(move |step| send.send(step).unwrap())).unwrap();
    let steps: Vec<_> = steps.iter().collect();
    assert!(steps.len() >= 8 && steps.is_sorted_by_key(|step| step.written), "{steps:?}");
    assert!(steps.iter().all(|step| step.written <= step.expected), "{steps:?}");

    let control = Control::default();
    control.abort();
    assert!(matches!(engine.compact(&control), Err(Error::Aborted)));
    assert!(matches!(engine.backup(folder.path().join("b.wal"), &control), Err(Error::Aborted)));
    for left in ["store.wal.new", "b.wal", "b.wal.new"] {
        assert!(!folder.path().join(left).exists(), "{left}");
    }

    thread::scope(|scope| {
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let may_go_on = std::sync::Mutex::new(may_go_on);
        let control = Control::watched(move |_| {
            let _ = begun.send(());
            let _ = may_go_on.lock().unwrap().recv();
        });
        let engine = &engine;
        let compaction = scope.spawn(move || engine.compact(&control));
        has_begun.recv().unwrap();
        let impatient = Control::default();
        impatient.abort();
        let second = engine.compact(&impatient);
        assert!(matches!(second, Err(Error::Aborted)), "{second:?}");
        let queued = scope.spawn(move || engine.compact(&Control::default()));
        let waiting = engine.backup(folder.path().join("c.wal"), &impatient);
        assert!(matches!(waiting, Err(Error::Aborted)), "{waiting:?}");
        let closing = scope.spawn(move || engine.close());
        wait_until(|| engine.get(&Key::new("key 1").unwrap()).is_err());
        drop(go_on);
        assert!(matches!(compaction.join().unwrap(), Err(Error::Aborted | Error::Closed)));
        let queued = queued.join().unwrap();
        assert!(matches!(queued, Err(Error::Closed)), "who waits is sent away: {queued:?}");
        closing.join().unwrap().unwrap();
    });
    let path = folder.path().join("store.wal");
    let reopened = StoreEngine::open(StoreConfig::durable(path)).unwrap();
    assert_eq!(reopened.entries().unwrap(), before);
    let closed = StoreEngine::new(StoreConfig::memory_only());
    assert!(matches!(closed.compact(&Control::default()), Err(Error::InvalidState { .. })));
}

#[test]
fn calls_that_were_lined_up_are_done_in_that_order() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let store = StoreEngine::open(StoreConfig::durable(at("store.wal"))).unwrap();
    put(&store, "a", "value");
    let places: Vec<_> = (0..6).map(|_| store.queue_up()).collect();
    let done = Arc::new(Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for (number, place) in places.iter().enumerate().rev() {
            let (store, done, at) = (&store, Arc::clone(&done), &at);
            scope.spawn(move || {
                let control = Control::watched(move |_| {
                    let mut done = done.lock().unwrap();
                    if done.last() != Some(&number) {
                        done.push(number);
                    }
                });
                if number % 2 == 0 {
                    store.compact_at(place, &control).unwrap();
                } else {
                    let copy = at(&format!("copy-{number}.wal"));
                    store.backup_at(copy, place, &control).unwrap();
                }
            });
        }
    });
    assert_eq!(*done.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(store.stats().compactions, 3);
}
