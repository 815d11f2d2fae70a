//! A compaction takes what nobody needs out of the log, and changes nothing else.

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
    CompactionPolicy, Control, Error, Key, Operation, Progress, SnapshotBuilderStore, StoreConfig,
    StoreEngine, Value,
};
use support::model::{Model, run, script};
use support::random::Random;
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

fn log_len(disk: &SimDisk) -> usize {
    disk.read(Path::new(LOG)).unwrap().len()
}

#[test]
fn a_compacted_log_holds_the_same_entries_with_the_same_versions_and_timestamps() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let disk = SimDisk::new();
        let engine = open(&disk);
        let mut model = Model::default();
        for round in 0..3 {
            for commit in script(&mut random, 30) {
                run(&engine, &commit).unwrap();
                model.commit(&commit);
            }
            let entries = engine.entries().unwrap();
            let report = engine.compact(&Control::default()).unwrap();
            assert_eq!(report.bytes_after, engine.stats().log_bytes, "seed {seed}");
            assert_eq!(report.floor, model.last_sequence);
            assert_eq!(engine.entries().unwrap(), entries, "seed {seed}, round {round}");
            let built = SnapshotBuilderStore::build_on(&disk, Path::new(LOG)).unwrap();
            assert!(built.all().eq(entries), "seed {seed}, round {round}");
            assert_eq!(built.last_sequence(), model.last_sequence);
        }
        drop(engine);
        let reopened = open(&disk.crash(&mut random));
        assert_eq!(Model::of(&reopened), model, "seed {seed}");
        assert_eq!(reopened.stats().floor, model.last_sequence);
    }
}

#[test]
fn what_is_overwritten_or_removed_leaves_the_disk() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    for round in 0..100 {
        put(&engine, "key", &format!("value of round {round}"));
    }
    put(&engine, "gone", "secret");
    engine.remove(&Key::new("gone").unwrap()).unwrap();
    let before = log_len(&disk);
    let report = engine.compact(&Control::default()).unwrap();
    assert!(log_len(&disk) < 400, "{} of {before} bytes are left", log_len(&disk));
    assert!(report.bytes_after < report.bytes_before);
    let log = disk.read(Path::new(LOG)).unwrap();
    assert!(!log.windows(6).any(|bytes| bytes == b"secret"));
    assert_eq!(put(&engine, "key", "next"), 103);
    assert_eq!(disk.names(), [Path::new(LOG), Path::new("/store.wal.lock")][..1]);
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
fn an_empty_store_can_be_compacted_and_opened_again() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    engine.compact(&Control::default()).unwrap();
    put(&engine, "a", "1");
    engine.remove(&Key::new("a").unwrap()).unwrap();
    engine.compact(&Control::default()).unwrap();
    drop(engine);
    let engine = open(&disk);
    assert_eq!((engine.size(), engine.last_sequence()), (0, 2));
    assert_eq!(put(&engine, "a", "1"), 3);
}

#[test]
fn writes_that_are_made_while_a_log_is_compacted_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    let policy = CompactionPolicy::MANUAL;
    let config = StoreConfig::buffered(&path).with_compaction(policy);
    let engine = StoreEngine::open(config).unwrap();
    let writers = 3;
    let per_writer = 4000;
    thread::scope(|scope| {
        for writer in 0..writers {
            let engine = &engine;
            scope.spawn(move || {
                for at in 0..per_writer {
                    let key = format!("{writer}/{}", at % 700);
                    put(engine, &key, &at.to_string());
                    if at % 5 == 0 {
                        let gone = format!("{writer}/{}", (at + 350) % 700);
                        engine.remove(&Key::new(gone).unwrap()).unwrap();
                    }
                }
            });
        }
        for _ in 0..20 {
            engine.compact(&Control::default()).unwrap();
        }
    });
    let entries = engine.entries().unwrap();
    let last_sequence = engine.last_sequence();
    assert_eq!(last_sequence, writers * (per_writer + per_writer / 5));
    engine.close().unwrap();
    let reopened = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    assert_eq!(reopened.entries().unwrap(), entries);
    assert_eq!(reopened.last_sequence(), last_sequence);
}

#[test]
fn the_history_behind_a_consumer_stays_until_it_is_acknowledged() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    for at in 0..20 {
        put(&engine, &format!("key {}", at % 3), &at.to_string());
    }
    let outbox = engine.consumer("outbox", 0).unwrap();
    let sent: Vec<_> = outbox.operations(false).unwrap().take(7).map(Result::unwrap).collect();
    assert_eq!(sent.iter().map(|sent| sent.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    outbox.acknowledge(7).unwrap();
    let state = engine.entries().unwrap();
    assert_eq!(engine.compact(&Control::default()).unwrap().floor, 7);
    drop((outbox, engine));
    let engine = open(&disk);
    assert_eq!(engine.entries().unwrap(), state);
    let outbox = engine.consumer("outbox", 0).unwrap();
    assert_eq!(outbox.position().unwrap(), 7);
    let rest: Vec<_> = outbox.operations(false).unwrap().map(Result::unwrap).collect();
    assert_eq!(
        rest.iter().map(|sent| sent.sequence).collect::<Vec<_>>(),
        (8..=20).collect::<Vec<_>>()
    );
    assert_eq!(rest[12].operation().unwrap().value, Value::from_string("19"));
    outbox.acknowledge(20).unwrap();
    assert_eq!(engine.compact(&Control::default()).unwrap().floor, 20);
    let gone = engine.operations(19, false).unwrap_err();
    assert!(matches!(gone, Error::HistoryGone { since: 19, floor: 20, .. }), "{gone}");
    engine.remove_consumer("outbox").unwrap();
    assert!(matches!(engine.remove_consumer("outbox"), Err(Error::UnknownConsumer { .. })));
}

#[test]
fn an_iteration_goes_on_across_compactions_and_misses_nothing() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    let mut operations = engine.operations(0, false).unwrap();
    let mut next = 1;
    for round in 0..30 {
        for at in 0..10 {
            put(&engine, &format!("key {at}"), &format!("{round}"));
        }
        if round % 3 == 1 {
            engine.compact(&Control::default()).unwrap();
        }
        for found in operations.by_ref().take(7) {
            assert_eq!(found.unwrap().sequence, next);
            next += 1;
        }
    }
    for found in operations {
        assert_eq!(found.unwrap().sequence, next);
        next += 1;
    }
    assert_eq!(next, 301);
}

#[test]
fn a_backup_is_a_store_of_its_own_and_replaces_nothing() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    for at in 0..20 {
        put(&engine, &format!("key {}", at % 3), &at.to_string());
    }
    let backup = Path::new("/backup.wal");
    let report = engine.backup(backup, &Control::default()).unwrap();
    assert_eq!((report.entries, report.last_sequence), (3, 20));
    for taken in [backup, Path::new(LOG)] {
        let refused = engine.backup(taken, &Control::default()).unwrap_err();
        assert!(matches!(refused, Error::FileExists { .. }), "{refused}");
    }
    let state = Model::of(&engine);
    put(&engine, "later", "1");
    let config = StoreConfig::durable(backup);
    let copy = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    copy.recover().unwrap();
    assert_eq!(Model::of(&copy), state);
    assert_eq!(put(&copy, "own", "1"), 21);
}

#[test]
fn operations_are_shown_when_they_are_durable_and_not_before() {
    let disk = SimDisk::new();
    let config = StoreConfig::buffered(LOG);
    let engine = StoreEngine::with_storage(config, Arc::new(disk));
    engine.recover().unwrap();
    put(&engine, "a", "1");
    assert_eq!(engine.operations(0, false).unwrap().count(), 0);
    let follower = engine.operations(0, true).unwrap();
    assert!(!follower.has_more());
    engine.flush().unwrap();
    assert!(follower.has_more());
    drop(follower);
    let operation = Operation::put(Key::new("b").unwrap(), Value::from_string("2"));
    engine.apply(&operation).unwrap();
    let shown: Vec<_> = engine.operations(0, false).unwrap().map(Result::unwrap).collect();
    assert_eq!(shown.len(), 1);
    engine.compact(&Control::default()).unwrap();
    assert_eq!(engine.operations(2, false).unwrap().count(), 0);
}

/// So that a test which fails lets those go who wait.
struct CloseAtLast<'e>(&'e StoreEngine);

impl Drop for CloseAtLast<'_> {
    fn drop(&mut self) {
        let _ = self.0.close();
    }
}

#[test]
fn a_follower_is_given_what_is_written_until_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::durable(folder.path().join("store.wal"));
    let engine = StoreEngine::open(config).unwrap();
    let followed = engine.operations(0, true).unwrap();
    thread::scope(|scope| {
        let _closes = CloseAtLast(&engine);
        let seen = scope.spawn(move || followed.map(|found| found.unwrap().sequence).collect());
        for at in 0..50 {
            put(&engine, &format!("key {}", at % 5), "value");
            if at % 20 == 19 {
                engine.compact(&Control::default()).unwrap();
            }
        }
        // Waits at the end like anybody who follows, and is woken by the close.
        thread::sleep(std::time::Duration::from_millis(50));
        engine.close().unwrap();
        let seen: Vec<u64> = seen.join().unwrap();
        assert_eq!(seen, (1..=50).collect::<Vec<_>>());
    });
}

/// Gives a compaction that runs by itself time to come to an end; how much does not matter.
fn wait_until(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 60, "it never happens");
        thread::sleep(std::time::Duration::from_millis(2));
    }
}

const SMALL: CompactionPolicy =
    CompactionPolicy { minimum_bytes: 16 << 10, ..CompactionPolicy::DEFAULT };

fn overwrite(engine: &StoreEngine, rounds: usize) {
    for round in 0..rounds {
        for at in 0..50 {
            put(engine, &format!("key {at}"), &format!("value of round {round}"));
        }
    }
}

#[test]
fn a_log_that_has_grown_enough_is_compacted_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::buffered(folder.path().join("store.wal")).with_compaction(SMALL);
    let engine = StoreEngine::open(config).unwrap();
    overwrite(&engine, 40);
    wait_until(|| {
        overwrite(&engine, 1);
        engine.stats().compactions > 0 && engine.stats().log_bytes < 32 << 10
    });
    assert_eq!(engine.size(), 50);
    assert!(engine.stats().last_compaction_error.is_none());
}

#[test]
fn a_slow_consumer_keeps_the_log_and_no_compaction_runs_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::buffered(folder.path().join("store.wal")).with_compaction(SMALL);
    let engine = StoreEngine::open(config).unwrap();
    engine.consumer("slow", 0).unwrap();
    overwrite(&engine, 40);
    assert!(engine.stats().log_bytes > 100 << 10);
    assert_eq!(engine.stats().compactions, 0);
    wait_until(|| {
        overwrite(&engine, 1);
        engine.flush().unwrap();
        engine.acknowledge("slow", engine.last_sequence()).unwrap();
        engine.stats().compactions > 0
    });
}

#[test]
fn a_compaction_that_fails_by_itself_is_reported_and_is_not_tried_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::buffered(folder.path().join("store.wal")).with_compaction(SMALL);
    let engine = StoreEngine::open(config).unwrap();
    let in_the_way = folder.path().join("store.wal.new");
    std::fs::create_dir(&in_the_way).unwrap();
    wait_until(|| {
        overwrite(&engine, 1);
        engine.stats().last_compaction_error.is_some()
    });
    assert_eq!(engine.size(), 50);
    std::fs::remove_dir(&in_the_way).unwrap();
    wait_until(|| {
        overwrite(&engine, 1);
        engine.stats().compactions > 0
    });
    assert!(engine.stats().last_compaction_error.is_none());
}

#[test]
fn a_compaction_can_be_watched_and_aborted_and_ends_when_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::buffered(folder.path().join("store.wal"))
        .with_compaction(CompactionPolicy::MANUAL);
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
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the log and its lock file");

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
fn places_that_the_history_does_not_have_are_refused() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    put(&engine, "a", "1");
    let ahead = engine.operations(2, false).unwrap_err();
    assert!(matches!(ahead, Error::InvalidArgument { .. }), "{ahead}");
    let outbox = engine.consumer("outbox", 0).unwrap();
    let unread = outbox.acknowledge(1).unwrap_err();
    assert!(matches!(unread, Error::InvalidArgument { .. }), "{unread}");
    assert_eq!(outbox.operations(false).unwrap().count(), 1);
    outbox.acknowledge(1).unwrap();
    outbox.acknowledge(1).unwrap();
    let backwards = outbox.acknowledge(0).unwrap_err();
    assert!(matches!(backwards, Error::InvalidArgument { .. }), "{backwards}");
    for name in ["", &"n".repeat(256)] {
        let refused = engine.consumer(name, 0).unwrap_err();
        assert!(matches!(refused, Error::InvalidArgument { .. }), "{refused}");
    }
    assert!(matches!(engine.acknowledge("nobody", 1), Err(Error::UnknownConsumer { .. })));
    engine.compact(&Control::default()).unwrap();
    let gone = engine.consumer("late", 0).unwrap_err();
    assert!(matches!(gone, Error::HistoryGone { since: 0, floor: 1, .. }), "{gone}");
    engine.remove_consumer("outbox").unwrap();
    assert!(matches!(outbox.acknowledge(1), Err(Error::UnknownConsumer { .. })));
    assert!(matches!(outbox.position(), Err(Error::UnknownConsumer { .. })));
    let in_memory = StoreEngine::new(StoreConfig::memory_only());
    assert!(matches!(in_memory.operations(0, false), Err(Error::InvalidState { .. })));
}

#[test]
fn a_batch_larger_than_a_page_is_read_whole_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = StoreEngine::open(StoreConfig::buffered(folder.path().join("store.wal"))).unwrap();
    let write = |at: u32| {
        let key = Key::new(format!("key {at}")).unwrap();
        softadastra_store::Write::put(key, Value::from_bytes(vec![1; 40_000]))
    };
    engine.batch(&(0..400).map(write).collect::<Vec<_>>()).unwrap();
    put(&engine, "last", "1");
    engine.flush().unwrap();
    let sequences: Vec<_> =
        engine.operations(0, false).unwrap().map(|found| found.unwrap().sequence).collect();
    assert_eq!(sequences, (1..=401).collect::<Vec<_>>());
    let mut pages = engine.operations(3, false).unwrap();
    let first = pages.next_page().unwrap();
    assert_eq!(first.first_sequence, 4);
    assert!(first.payloads.len() < 2 << 20, "{} bytes in a page", first.payloads.len());
}
