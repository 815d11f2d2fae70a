//! Entries that expire: never read from then on, and removed by ordinary operations of the log.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use softadastra_store::index::Range;
use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{
    CompactionPolicy, Control, Error, IndexPolicy, Key, OperationType, SnapshotBuilderStore,
    StoreConfig, StoreEngine, Value, Write,
};
use support::sim_disk::{Fault, SimDisk};

const LOG: &str = "/store.wal";
/// No log is too short for an index file.
const INDEXED: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 0, background: false };

/// More than are remembered.
const COUNT: i64 = 30_000;

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn value(text: &str) -> Value {
    Value::from_string(text)
}

fn config() -> StoreConfig {
    StoreConfig::durable(LOG)
        .with_sweeping(false)
        .with_index(IndexPolicy::DISABLED)
        .with_compaction(CompactionPolicy::MANUAL)
}

fn open_with(disk: &SimDisk, config: StoreConfig) -> StoreEngine {
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    if !engine.config().path().as_os_str().is_empty() {
        engine.recover().unwrap();
    }
    engine
}

fn open(disk: &SimDisk) -> StoreEngine {
    open_with(disk, config())
}

/// A disk whose clock shows this time.
fn disk_at(now: i64) -> SimDisk {
    let disk = SimDisk::new();
    disk.set_now(now);
    disk
}

fn keys(engine: &StoreEngine) -> Vec<String> {
    engine.entries().unwrap().into_iter().map(|entry| entry.key.to_string()).collect()
}

fn sweep(engine: &StoreEngine) -> u64 {
    engine.sweep(&Control::default()).unwrap().removed
}

/// Key and expiry of each entry.
fn expiries(engine: &StoreEngine) -> Vec<(String, Option<i64>)> {
    let entries = engine.entries().unwrap().into_iter();
    entries.map(|entry| (entry.key.to_string(), entry.expires_at)).collect()
}

/// Entries that expire at 100, at 200 and never.
fn three(engine: &StoreEngine) {
    engine.put_until(&key("a"), &value("1"), 100).unwrap();
    engine.put_until(&key("b"), &value("2"), 200).unwrap();
    engine.put(&key("c"), &value("3")).unwrap();
}

#[test]
fn what_has_expired_is_not_read_by_any_call() {
    for config in [config(), StoreConfig::memory_only().with_sweeping(false)] {
        let disk = disk_at(99);
        let engine = open_with(&disk, config);
        three(&engine);
        let before = engine.snapshot().unwrap();
        assert_eq!(engine.get(&key("a")).unwrap().unwrap().expires_at, Some(100));
        assert_eq!(keys(&engine), ["a", "b", "c"]);
        disk.set_now(100);
        assert_eq!(engine.get(&key("a")).unwrap(), None);
        assert!(!engine.contains(&key("a")) && engine.contains(&key("b")));
        let many = engine.get_many(&["a", "b", "c"].map(key)).unwrap();
        assert_eq!(many.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(keys(&engine), ["b", "c"]);
        let reverse = Range { reverse: true, ..Range::all() };
        assert_eq!(engine.scan(&reverse).unwrap().len(), 2);
        assert_eq!(engine.size(), 3, "until it is removed");
        let after = engine.snapshot().unwrap();
        disk.set_now(1000);
        // A snapshot is of the time at which it was taken.
        assert_eq!(before.all().unwrap().len(), 3);
        assert!(before.get(&key("a")).unwrap().is_some());
        assert_eq!(after.all().unwrap().len(), 2);
        assert_eq!(after.get(&key("a")).unwrap(), None);
        assert_eq!(keys(&engine), ["c"]);
    }
}

#[test]
fn for_conditions_and_results_what_has_expired_is_missing() {
    let disk = disk_at(1000);
    let engine = open(&disk);
    let put = engine.put_until(&key("a"), &value("1"), 1000).unwrap();
    assert!(put.created);
    let found = engine.put_if(&key("a"), &value("2"), Some(put.version)).unwrap_err();
    assert!(matches!(found, Error::VersionMismatch { found: 0, .. }), "{found}");
    assert!(engine.remove_if(&key("a"), Some(put.version)).is_err());
    let again = engine.put_if(&key("a"), &value("2"), Some(0)).unwrap();
    assert!(again.created && !again.updated);
    assert_eq!(engine.get(&key("a")).unwrap().unwrap().expires_at, None);
    engine.put_until(&key("a"), &value("3"), 5).unwrap();
    assert!(engine.put(&key("a"), &value("4")).unwrap().created);
    engine.put_until(&key("a"), &value("5"), 5).unwrap();
    assert!(!engine.remove(&key("a")).unwrap().deleted);
    assert_eq!((engine.size(), sweep(&engine)), (0, 0));
}

#[test]
fn conditions_see_what_expires_in_the_same_group() {
    let disk = disk_at(1000);
    let engine = open(&disk);
    engine.put_until(&key("b"), &value("1"), 7).unwrap();
    let writes = [
        Write::put(key("a"), value("1")).expires_at(1000),
        Write::put(key("a"), value("2")).if_version(0),
        Write::put(key("a"), value("3")).if_version(3),
        Write::put(key("b"), value("2")).if_version(0).expires_at(1001),
        Write::remove(key("b")).if_version(5),
    ];
    engine.batch(&writes).unwrap();
    assert_eq!(expiries(&engine), [("a".to_owned(), None)]);
    let refused =
        [Write::put(key("c"), value("")).expires_at(1), Write::remove(key("c")).if_version(7)];
    assert!(engine.batch(&refused).is_err());
    assert_eq!(engine.last_sequence(), 6);
}

#[test]
fn a_log_leads_to_the_same_state_whatever_the_clock_says() {
    let disk = disk_at(50);
    let engine = open(&disk);
    three(&engine);
    disk.set_now(150);
    engine.put_if(&key("a"), &value("new"), Some(0)).unwrap();
    engine.close().unwrap();
    for now in [0, 150, 1 << 50] {
        disk.set_now(now);
        let engine = open(&disk);
        assert_eq!((engine.size(), engine.last_sequence()), (3, 4));
        engine.close().unwrap();
    }
    disk.set_now(0);
    let engine = open(&disk);
    let found = expiries(&engine);
    assert_eq!(found, [("a".into(), None), ("b".into(), Some(200)), ("c".into(), None)]);
}

#[test]
fn a_sweep_writes_plain_removals() {
    let disk = disk_at(50);
    let engine = open(&disk);
    let watcher = engine.watch(Range::all(), || ()).unwrap();
    three(&engine);
    disk.set_now(200);
    assert_eq!((sweep(&engine), sweep(&engine)), (2, 0));
    assert_eq!((engine.size(), engine.last_sequence()), (1, 5));
    let told = watcher.take(99, 1 << 20).unwrap().unwrap();
    let told: Vec<_> = told.iter().map(|change| (change.kind, change.version)).collect();
    let (put, delete) = (OperationType::Put, OperationType::Delete);
    assert_eq!(told, [(put, 1), (put, 2), (put, 3), (delete, 4), (delete, 5)]);
    let history: Vec<_> = engine.operations(0, false).unwrap().map(Result::unwrap).collect();
    for logged in &history {
        let operation = logged.operation().unwrap();
        let put = softadastra_store::OperationEncoder::encode(&operation).unwrap();
        assert_eq!(logged.payload, put, "the published encoding, and nothing else");
    }
    assert_eq!(history[3].operation().unwrap().key, key("a"));
    drop(engine);
    disk.set_now(0);
    assert_eq!(keys(&open(&disk)), ["c"]);
}

#[test]
fn a_watcher_that_fell_behind_is_told_that_an_expired_entry_is_gone() {
    let disk = disk_at(50);
    let engine = open_with(&disk, StoreConfig::memory_only().with_sweeping(false));
    engine.put_until(&key("a"), &value("1"), 100).unwrap();
    let watcher = engine.watch(Range::all(), || ()).unwrap();
    engine.put(&key("full"), &Value::from_bytes(vec![0; 2 << 20])).unwrap();
    disk.set_now(100);
    // For its writer the key was missing; for the watcher the entry was there all the time.
    assert!(engine.put(&key("a"), &value("2")).unwrap().created);
    engine.remove(&key("a")).unwrap();
    let told = watcher.take(99, 8 << 20).unwrap().unwrap();
    assert_eq!(told.last().map(|change| change.kind), Some(OperationType::Delete));
}

#[test]
fn what_is_written_again_is_not_swept() {
    let disk = disk_at(50);
    let engine = open(&disk);
    three(&engine);
    engine.put(&key("a"), &value("kept")).unwrap();
    engine.put_until(&key("b"), &value("longer"), 300).unwrap();
    disk.set_now(250);
    assert_eq!(sweep(&engine), 0);
    assert_eq!(expiries(&engine).len(), 3);
    disk.set_now(300);
    assert_eq!(sweep(&engine), 1);
    assert_eq!(keys(&engine), ["a", "c"]);
}

#[test]
fn a_clock_that_jumps_hides_entries_for_as_long_as_it_is_ahead() {
    let disk = disk_at(50);
    let engine = open(&disk);
    three(&engine);
    disk.set_now(1_000_000);
    assert_eq!(keys(&engine), ["c"]);
    disk.set_now(60);
    assert_eq!(keys(&engine), ["a", "b", "c"], "nothing was removed meanwhile");
    disk.set_now(150);
    assert_eq!(sweep(&engine), 1);
    disk.set_now(60);
    assert_eq!(keys(&engine), ["b", "c"], "what was removed does not come back");
    disk.set_now(200);
    assert_eq!(sweep(&engine), 1);
}

/// A clock that is set back between the look at it and the commit.
#[test]
fn what_is_not_due_any_more_when_it_is_removed_stays_until_it_is() {
    let disk = disk_at(50);
    let engine = open(&disk);
    engine.put_until(&key("a"), &value("1"), 100).unwrap();
    disk.show_once(100);
    assert_eq!(sweep(&engine), 0);
    assert_eq!(keys(&engine), ["a"]);
    disk.set_now(100);
    assert_eq!(sweep(&engine), 1);
}

#[test]
fn more_entries_than_are_remembered_are_all_swept_in_their_time() {
    let disk = disk_at(1);
    let engine = open_with(&disk, StoreConfig::memory_only().with_sweeping(false));
    let writes: Vec<_> = (1..=COUNT)
        .map(|at| Write::put(key(&format!("{}", at * 7919 % COUNT)), value("")).expires_at(10 * at))
        .collect();
    engine.batch(&writes).unwrap();
    let mut removed = 0;
    for now in [10, 1000, 40_000, 170_000, 10 * COUNT - 1] {
        disk.set_now(now);
        removed += sweep(&engine);
        assert_eq!(removed.cast_signed(), now / 10);
        assert_eq!(engine.entries().unwrap().len(), engine.size());
    }
    disk.set_now(10 * COUNT);
    assert_eq!((sweep(&engine), engine.size()), (1, 0));
}

#[test]
fn expiries_survive_recovery_compaction_backup_salvage_and_snapshots_of_logs() {
    let disk = disk_at(50);
    let engine = open(&disk);
    three(&engine);
    let long = Value::from_bytes(vec![7; 5000]);
    engine.put_until(&key("long"), &long, 300).unwrap();
    let expected = expiries(&engine);
    assert_eq!(expected.iter().filter(|(_, at)| at.is_some()).count(), 3);
    engine.backup("/early.wal", &Control::default()).unwrap();
    engine.compact(&Control::default()).unwrap();
    assert_eq!(expiries(&engine), expected);
    engine.backup("/late.wal", &Control::default()).unwrap();
    engine.put(&key("d"), &value("after")).unwrap();
    engine.remove(&key("d")).unwrap();
    drop(engine);
    for log in [LOG, "/early.wal", "/late.wal"] {
        let config = StoreConfig::durable(log).with_sweeping(false);
        let engine = open_with(&disk, config);
        assert_eq!(expiries(&engine), expected, "{log}");
        assert_eq!(engine.get(&key("long")).unwrap().unwrap().value, long);
        engine.compact(&Control::default()).unwrap();
        assert_eq!(expiries(&engine), expected, "{log}");
    }
    let built = SnapshotBuilderStore::build_on(&disk, Path::new(LOG)).unwrap();
    assert_eq!(built.all().unwrap().iter().filter(|entry| entry.expires_at.is_some()).count(), 3);
    disk.set_now(150);
    let built = SnapshotBuilderStore::build_on(&disk, Path::new(LOG)).unwrap();
    assert_eq!((built.all().unwrap().len(), built.size()), (3, 4));
    disk.set_now(50);

    let mut damaged = disk.read(Path::new("/early.wal")).unwrap();
    let end = damaged.len() - 8;
    damaged[end] ^= 1;
    let other = SimDisk::with_file(Path::new("/early.wal"), &damaged);
    salvage_on(&other, Path::new("/early.wal"), Path::new(LOG)).unwrap();
    assert_eq!(expiries(&open(&other)), expected);
}

#[test]
fn a_store_whose_log_was_not_replayed_yet_hides_and_removes_what_has_expired() {
    let disk = disk_at(50);
    let indexed = || config().with_index(INDEXED);
    let engine = open_with(&disk, indexed());
    three(&engine);
    engine.close().unwrap();
    for (now, visible) in [(99, vec!["a", "b", "c"]), (150, vec!["b", "c"]), (250, vec!["c"])] {
        disk.set_now(now);
        let engine = open_with(&disk, indexed());
        assert!(engine.stats().indexed_sequence > 0);
        assert_eq!(engine.get(&key("a")).unwrap().is_some(), now < 100);
        assert_eq!(keys(&engine), visible);
        let many = engine.get_many(&["a", "b", "c"].map(key)).unwrap();
        assert_eq!(many.iter().flatten().count(), visible.len());
        let snapshot = engine.snapshot().unwrap();
        assert_eq!(snapshot.all().unwrap().len(), visible.len());
        drop((snapshot, engine));
    }
    disk.set_now(150);
    let engine = open_with(&disk, indexed());
    assert!(engine.put_if(&key("a"), &value("new"), Some(0)).unwrap().created);
    engine.put_until(&key("d"), &value("4"), 160).unwrap();
    disk.set_now(250);
    assert_eq!(sweep(&engine), 2);
    assert_eq!(keys(&engine), ["a", "c"]);
    engine.close().unwrap();
    assert_eq!(keys(&open_with(&disk, indexed())), ["a", "c"]);
}

#[test]
fn a_store_with_a_memory_limit_hides_and_removes_what_has_expired() {
    let disk = disk_at(1);
    let limited = || config().with_index(INDEXED).with_memory_limit(64 << 10);
    let engine = open_with(&disk, limited());
    let text = "x".repeat(200);
    for at in 1..=2000 {
        let name = key(&format!("key/{at:05}"));
        if at % 2 == 0 {
            engine.put_until(&name, &value(&text), 10 * at).unwrap();
        } else {
            engine.put(&name, &value(&text)).unwrap();
        }
    }
    engine.compact(&Control::default()).unwrap();
    disk.set_now(10_000);
    let found = engine.scan(&Range::prefix(b"key/")).unwrap();
    assert_eq!(found.len(), 1500);
    assert_eq!(engine.get(&key("key/00010")).unwrap(), None);
    assert_eq!(engine.get(&key("key/01010")).unwrap().unwrap().expires_at, Some(10_100));
    assert_eq!(sweep(&engine), 500);
    assert_eq!(engine.size(), 1500);
    engine.close().unwrap();
    let engine = open_with(&disk, limited());
    assert_eq!(engine.entries().unwrap().len(), 1500);
    disk.set_now(1_000_000);
    assert_eq!((sweep(&engine), engine.size()), (500, 1000));
}

#[test]
fn times_that_cannot_be_are_refused_and_nothing_is_stored() {
    let engine = open_with(&disk_at(50), StoreConfig::memory_only());
    for at in [0, -1, i64::MIN, 1 << 53, i64::MAX] {
        let refused = engine.put_until(&key("a"), &value("1"), at);
        assert!(matches!(refused, Err(Error::InvalidArgument { .. })), "{at}");
        let writes =
            [Write::put(key("b"), value("1")), Write::put(key("a"), value("")).expires_at(at)];
        assert!(engine.batch(&writes).is_err());
    }
    assert_eq!((engine.size(), engine.last_sequence()), (0, 0));
    engine.put_until(&key("a"), &value("1"), (1 << 53) - 1).unwrap();
}

#[test]
fn a_sweep_that_the_disk_refuses_removes_nothing_and_can_be_repeated() {
    let disk = disk_at(50);
    let engine = open(&disk);
    three(&engine);
    disk.set_now(200);
    disk.fail_at(disk.calls(), Fault::Error(ErrorKind::StorageFull));
    let failed = engine.sweep(&Control::default());
    assert!(failed.is_err());
    assert_eq!((engine.size(), keys(&engine)), (3, vec!["c".to_owned()]));
    assert_eq!((sweep(&engine), engine.size()), (2, 1));
}

#[test]
fn a_thread_sweeps_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    for config in [StoreConfig::memory_only(), StoreConfig::durable(&path)] {
        let engine = StoreEngine::open(config).unwrap();
        engine.put_until(&key("a"), &value("1"), 1).unwrap();
        engine.put(&key("b"), &value("1")).unwrap();
        while engine.size() > 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(engine.last_sequence(), 3);
    }
    // It begins with what an opening finds.
    let engine = StoreEngine::open(StoreConfig::durable(&path).with_sweeping(false)).unwrap();
    engine.put_until(&key("c"), &value("1"), 1).unwrap();
    drop(engine);
    let engine = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    while engine.size() > 1 {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_follower_hides_what_has_expired_and_is_told_when_it_is_removed() {
    let disk = disk_at(50);
    let engine = open(&disk);
    three(&engine);
    let follower = open_with(&disk, StoreConfig::following(LOG).unattended());
    let watcher = follower.watch(Range::all(), || ()).unwrap();
    assert_eq!(expiries(&follower), expiries(&engine));
    engine.put_until(&key("d"), &value("4"), 150).unwrap();
    disk.set_now(200);
    follower.refresh().unwrap();
    assert_eq!((keys(&follower), follower.size()), (vec!["c".to_owned()], 4));
    assert_eq!(sweep(&engine), 3);
    follower.refresh().unwrap();
    assert_eq!((keys(&follower), follower.size()), (vec!["c".to_owned()], 1));
    let told = watcher.take(99, 1 << 20).unwrap().unwrap();
    let removed = told.iter().filter(|change| change.kind == OperationType::Delete);
    assert_eq!((told.len(), removed.count()), (4, 3));
}

#[test]
fn an_operation_from_elsewhere_has_no_expiry_and_ends_one() {
    let engine = open(&disk_at(50));
    engine.put_until(&key("a"), &value("1"), 100).unwrap();
    let operation = engine.operations(0, false).unwrap().next().unwrap().unwrap();
    engine.apply(&operation.operation().unwrap()).unwrap();
    assert_eq!(expiries(&engine), [("a".into(), None)]);
}
