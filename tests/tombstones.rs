//! Removals that are remembered: no older write that arrives later brings an entry back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{
    CompactionPolicy, Control, Error, IfNewer, IndexPolicy, Key, Operation, OperationType,
    StoreConfig, StoreEngine, Value,
};
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";
const INDEX: &str = "/store.wal.index";
const INDEXED: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 0, background: false };
const LIFE: i64 = 1000;

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn config() -> StoreConfig {
    StoreConfig::durable(LOG)
        .with_tombstones(LIFE)
        .with_sweeping(false)
        .with_index(IndexPolicy::DISABLED)
        .with_compaction(CompactionPolicy::MANUAL)
}

fn open_with(disk: &SimDisk, config: StoreConfig) -> StoreEngine {
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    if *engine.config().path() != *Path::new("") {
        engine.recover().unwrap();
    }
    engine
}

fn put(name: &str, timestamp: i64) -> Operation {
    let value = Value::from_string("value");
    Operation { kind: OperationType::Put, key: key(name), value, timestamp }
}

fn removal(name: &str, timestamp: i64) -> Operation {
    Operation { timestamp, ..Operation::remove(key(name)) }
}

fn apply(engine: &StoreEngine, operation: &Operation, node: u64) -> bool {
    engine.apply_newer(operation, IfNewer::of(node)).unwrap().applied
}

fn tombstones(engine: &StoreEngine) -> u64 {
    engine.stats().tombstones.unwrap()
}

/// The log of the disk as it is, opened anew.
fn reopened(disk: &SimDisk, config: StoreConfig, now: i64) -> StoreEngine {
    let disk = disk.kill();
    disk.set_now(now);
    open_with(&disk, config)
}

#[test]
fn an_older_write_that_comes_after_a_removal_does_nothing_while_that_is_remembered() {
    for config in [config(), StoreConfig::memory_only().with_tombstones(LIFE)] {
        let disk = SimDisk::new();
        disk.set_now(5000);
        let engine = open_with(&disk, config);
        assert!(apply(&engine, &put("k", 100), 1));
        assert!(apply(&engine, &removal("k", 200), 2));
        assert!(apply(&engine, &removal("never there", 200), 2));
        let before = engine.last_sequence();
        for name in ["k", "never there"] {
            for (timestamp, node) in [(100, 1), (199, 9), (200, 1), (200, 2)] {
                assert!(!apply(&engine, &put(name, timestamp), node), "{timestamp} {node}");
                assert!(!apply(&engine, &removal(name, timestamp), node), "{timestamp} {node}");
            }
        }
        assert_eq!(engine.last_sequence(), before, "what is not applied is not logged");
        assert_eq!(tombstones(&engine), 2);
        assert!(engine.get(&key("k")).unwrap().is_none());
        assert_eq!((engine.entries().unwrap().len(), engine.stats().entries), (0, Some(0)));
        assert!(apply(&engine, &put("k", 200), 3), "of a greater node at the same millisecond");
        assert_eq!(tombstones(&engine), 1);
        disk.set_now(5000 + LIFE - 1);
        assert!(!apply(&engine, &put("never there", 100), 1));
        disk.set_now(5000 + LIFE);
        assert!(apply(&engine, &put("never there", 100), 1), "its life is over");
        assert_eq!(tombstones(&engine), 0);
    }
}

#[test]
fn in_a_batch_a_removal_is_remembered_at_once() {
    for (life, versions) in [(LIFE, [1, 0, 2]), (0, [1, 2, 3])] {
        let engine = open_with(&SimDisk::new(), config().with_tombstones(life));
        let of = IfNewer::of(1);
        let operations = [(removal("k", 100), of), (put("k", 99), of), (put("k", 101), of)];
        let results = engine.apply_batch_newer(&operations, None).unwrap();
        assert_eq!(results.iter().map(|one| one.version).collect::<Vec<_>>(), versions);
    }
}

#[test]
fn one_node_of_several_remembers_removals_unless_it_is_told_otherwise() {
    let plain = StoreConfig::durable(LOG);
    assert_eq!(plain.tombstone_life(), None);
    let node = plain.clone().with_node_id(1);
    assert_eq!(node.tombstone_life(), Some(StoreConfig::TOMBSTONE_LIFE));
    assert_eq!(node.clone().with_tombstones(0).tombstone_life(), None);
    assert_eq!(node.with_tombstones(LIFE).tombstone_life(), Some(LIFE));
    assert_eq!(plain.clone().with_tombstones(LIFE).tombstone_life(), Some(LIFE));

    let engine = open_with(&SimDisk::new(), config().with_tombstones(0));
    assert!(apply(&engine, &removal("k", 200), 1));
    assert_eq!(tombstones(&engine), 0);
    assert!(apply(&engine, &put("k", 100), 1));
}

#[test]
fn what_a_node_writes_after_a_removal_is_newer_than_that() {
    let later = 4_000_000_000_000;
    let engine = open_with(&SimDisk::new(), config().with_node_id(3));
    assert!(apply(&engine, &removal("k", later), 9));
    engine.put(&key("k"), &Value::from_string("own")).unwrap();
    assert_eq!(engine.get(&key("k")).unwrap().unwrap().timestamp, later + 1);
    assert!(!apply(&engine, &put("k", later), 9));
    engine.remove(&key("k")).unwrap();
    assert!(!apply(&engine, &put("k", later + 2), 3), "it was made at that time");
    assert!(apply(&engine, &put("k", later + 2), 4));
}

/// Writes what the functions below look for.
fn write(engine: &StoreEngine) {
    for name in ["gone", "back", "kept"] {
        assert!(apply(engine, &put(name, 100), 1));
    }
    for name in ["gone", "back", "early"] {
        assert!(apply(engine, &removal(name, 200), 2));
    }
    assert!(apply(engine, &put("back", 300), 1));
    engine.remove(&key("plain")).unwrap();
}

fn assert_remembered(engine: &StoreEngine, what: &str) {
    for name in ["gone", "early"] {
        assert!(!apply(engine, &put(name, 199), 9), "{what}: {name}");
        assert!(!apply(engine, &put(name, 200), 2), "{what}: {name}");
    }
    assert!(!apply(engine, &put("plain", 199), 9), "{what}");
    assert_eq!(tombstones(engine), 3, "{what}");
    let keys: Vec<_> = engine.entries().unwrap().into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, [key("back"), key("kept")], "{what}");
    assert!(apply(engine, &put("gone", 200), 3), "{what}");
    assert_eq!(tombstones(engine), 2, "{what}");
}

fn assert_forgotten(engine: &StoreEngine, what: &str) {
    for name in ["gone", "early"] {
        assert!(apply(engine, &put(name, 199), 9), "{what}: {name}");
    }
}

#[test]
fn tombstones_survive_recovery_compaction_backup_and_salvage_until_their_life_is_over() {
    let disk = SimDisk::new();
    let engine = open_with(&disk, config());
    write(&engine);
    engine.backup("/early.wal", &Control::default()).unwrap();
    // Whatever the store is told by then: the log says how long a removal is remembered.
    for config in [config(), config().with_tombstones(0), config().with_tombstones(9 * LIFE)] {
        assert_remembered(&reopened(&disk, config.clone(), LIFE - 1), "a kill");
        assert_forgotten(&reopened(&disk, config, LIFE), "a kill");
    }
    let before = engine.compact(&Control::default()).unwrap();
    assert!(before.bytes_after < before.bytes_before);
    engine.backup("/late.wal", &Control::default()).unwrap();
    assert_remembered(&reopened(&disk, config(), LIFE - 1), "a kill after a compaction");
    assert_forgotten(&reopened(&disk, config(), LIFE), "a kill after a compaction");
    engine.close().unwrap();
    let mut damaged = disk.read(Path::new("/late.wal")).unwrap();
    let end = damaged.len() - 8;
    damaged[end] ^= 1;
    let other = SimDisk::with_file(Path::new("/late.wal"), &damaged);
    let report = salvage_on(&other, Path::new("/late.wal"), Path::new(LOG)).unwrap();
    assert_eq!(report.entries, 2, "tombstones are none");
    assert_remembered(&open_with(&other, config()), "a salvage");
    for log in [LOG, "/early.wal", "/late.wal"] {
        let disk = disk.kill();
        assert_remembered(&open_with(&disk, StoreConfig::durable(log).with_tombstones(LIFE)), log);
    }
}

#[test]
fn a_compaction_drops_tombstones_whose_life_is_over() {
    let disk = SimDisk::new();
    let engine = open_with(&disk, config());
    for at in 0..100 {
        engine.remove(&key(&format!("gone/{at}"))).unwrap();
    }
    let kept = engine.compact(&Control::default()).unwrap().bytes_after;
    assert!(kept > 100 * 40);
    disk.set_now(LIFE - 1);
    assert!(engine.compact(&Control::default()).unwrap().bytes_after >= kept);
    disk.set_now(LIFE);
    assert!(engine.compact(&Control::default()).unwrap().bytes_after < 400);
    assert_eq!(
        tombstones(&reopened(&disk, config(), 0)),
        0,
        "the log has none, whatever the clock shows"
    );
}

#[test]
fn tombstones_are_known_by_the_index_file_and_beyond_a_memory_limit() {
    for compacted in [false, true] {
        let disk = SimDisk::new();
        let indexed = || config().with_index(INDEXED);
        let engine = open_with(&disk, indexed());
        write(&engine);
        if compacted {
            engine.compact(&Control::default()).unwrap();
        }
        engine.close().unwrap();
        let engine = reopened(&disk, indexed(), 0);
        assert!(engine.stats().indexed_sequence > 0);
        assert_remembered(&engine, "by the index file");
        // What follows the index file says otherwise.
        let disk_of_tail = disk.kill();
        let engine = open_with(&disk_of_tail, indexed());
        assert!(apply(&engine, &put("gone", 400), 1));
        assert!(apply(&engine, &removal("kept", 400), 1));
        drop(engine);
        let engine = reopened(&disk_of_tail, indexed(), 0);
        assert!(engine.stats().indexed_sequence > 0);
        assert!(!apply(&engine, &put("kept", 300), 1));
        assert_eq!(tombstones(&engine), 3);
        engine.ready(&Control::default()).unwrap();
        assert_eq!(tombstones(&engine), 3, "once the log was replayed");
        assert!(!apply(&engine, &put("kept", 300), 1));

        let limited = || indexed().with_memory_limit(64 << 10);
        let engine = reopened(&disk, limited(), 0);
        for at in 0..1000 {
            engine.put(&key(&format!("more/{at:04}")), &Value::from_bytes(vec![7; 200])).unwrap();
        }
        for at in 0..1000 {
            engine.remove(&key(&format!("more/{at:04}"))).unwrap();
        }
        assert_eq!(tombstones(&engine), 1003);
        engine.compact(&Control::default()).unwrap();
        assert!(!apply(&engine, &put("more/0500", 1), 1));
        assert_eq!(tombstones(&engine), 1003);
        for at in 0..1000 {
            engine.put(&key(&format!("more/{at:04}")), &Value::from_bytes(vec![7; 200])).unwrap();
        }
        for at in 0..1000 {
            assert!(engine.apply(&removal(&format!("more/{at:04}"), 1)).is_ok());
        }
        assert_eq!(tombstones(&engine), 1003);
    }
}

#[test]
fn a_damaged_index_file_is_not_believed() {
    let disk = SimDisk::new();
    let engine = open_with(&disk, config().with_index(INDEXED));
    write(&engine);
    engine.close().unwrap();
    let whole = disk.read(Path::new(INDEX)).unwrap();
    for at in (whole.len() - 4096..whole.len()).step_by(61) {
        let disk = disk.kill();
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        disk.put_file(Path::new(INDEX), &bytes);
        let engine = open_with(&disk, config().with_index(INDEXED));
        assert_eq!(engine.stats().indexed_sequence, 0, "byte {at}");
        assert_remembered(&engine, "a damaged index file");
    }
}

#[test]
fn every_flipped_bit_of_a_checkpoint_with_tombstones_is_found() {
    let disk = SimDisk::new();
    let engine = open_with(&disk, config());
    write(&engine);
    engine.compact(&Control::default()).unwrap();
    engine.close().unwrap();
    let whole = disk.read(Path::new(LOG)).unwrap();
    // Up to the seal, which may be torn.
    for bit in 64 * 8..(whole.len() - 56) * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let disk = SimDisk::with_file(Path::new(LOG), &bytes);
        let engine = StoreEngine::with_storage(config(), Arc::new(disk));
        assert!(matches!(engine.recover(), Err(Error::CorruptLog { .. })), "byte {}", bit / 8);
    }
}

#[test]
fn whatever_the_clock_does_a_life_ends_when_the_clock_shows_its_end() {
    let disk = SimDisk::new();
    disk.set_now(1_000_000);
    let engine = open_with(&disk, config());
    write(&engine);
    for now in [0, 1_000_000 + LIFE - 1, -5, 1_000_000 + LIFE - 1] {
        assert_remembered(&reopened(&disk, config(), now), "a clock that jumps");
    }
    assert_forgotten(&reopened(&disk, config(), 2_000_000), "a clock far ahead");
    disk.set_now(i64::MAX);
    let far = open_with(&SimDisk::new(), config().with_tombstones(i64::MAX));
    write(&far);
    assert_remembered(&far, "as late as can be");
}

#[test]
fn there_are_never_many_tombstones_whose_life_is_over() {
    let disk = SimDisk::new();
    let engine = open_with(&disk, config().with_tombstones(100));
    let mut most = 0;
    for at in 0..5000 {
        disk.set_now(at);
        engine.remove(&key(&format!("gone/{}", at * 7919 % 5000))).unwrap();
        most = most.max(tombstones(&engine));
    }
    assert!((100..400).contains(&most), "{most}");
}

#[test]
fn tombstones_make_no_compaction_due() {
    let policy = CompactionPolicy { automatic: true, ratio: 2.0, minimum_bytes: 1024 };
    let disk = SimDisk::new();
    let engine = open_with(&disk, config().with_compaction(policy));
    for at in 0..200 {
        engine.remove(&key(&format!("gone/{at}"))).unwrap();
    }
    engine.compact(&Control::default()).unwrap();
    let before = engine.stats().compactions;
    for _ in 0..30 {
        engine.put(&key("k"), &Value::from_string("v")).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(engine.stats().compactions, before);
}

#[test]
fn a_follower_knows_what_its_writer_remembers() {
    let disk = SimDisk::new();
    let writer = open_with(&disk, config());
    let following = StoreConfig::following(LOG).with_index(IndexPolicy::DISABLED).unattended();
    let follower = open_with(&disk, following);
    write(&writer);
    follower.refresh().unwrap();
    assert_eq!(tombstones(&follower), 3);
    assert_eq!(follower.entries().unwrap().len(), 2);
    let kinds =
        follower.operations(0, false).unwrap().map(|one| one.unwrap().operation().unwrap().kind);
    assert_eq!(kinds.filter(|kind| *kind == OperationType::Delete).count(), 4);
    assert!(apply(&writer, &put("gone", 300), 1));
    follower.refresh().unwrap();
    assert_eq!(tombstones(&follower), 2);
}
