//! Operations of other nodes that are applied only if they are newer: the last writer wins, on every node the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::engine::{Group, Outcome};
use softadastra_store::operation::OperationRef;
use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{
    CompactionPolicy, Control, Error, IfNewer, IndexPolicy, Key, Operation, OperationType,
    StoreConfig, StoreEngine, Value,
};
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";
const INDEXED: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 5, background: false };
/// The year 2096: no clock is there yet.
const LATER: i64 = 4_000_000_000_000;

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn config() -> StoreConfig {
    StoreConfig::durable(LOG)
        .with_sweeping(false)
        .with_index(IndexPolicy::DISABLED)
        .with_compaction(CompactionPolicy::MANUAL)
}

fn open_with(disk: &SimDisk, config: StoreConfig) -> StoreEngine {
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover().unwrap();
    engine
}

fn put(name: &str, value: &str, timestamp: i64) -> Operation {
    let value = Value::from_string(value);
    Operation { kind: OperationType::Put, key: key(name), value, timestamp }
}

fn removal(name: &str, timestamp: i64) -> Operation {
    Operation { timestamp, ..Operation::remove(key(name)) }
}

fn apply(engine: &StoreEngine, operation: &Operation, node: u64) -> bool {
    engine.apply_newer(operation, IfNewer::of(node)).unwrap().applied
}

fn read(engine: &StoreEngine, name: &str) -> Option<String> {
    let entry = engine.get(&key(name)).unwrap()?;
    Some(String::from_utf8(entry.value.as_bytes().to_vec()).unwrap())
}

/// Time and node of each operation of the history.
fn history(engine: &StoreEngine) -> Vec<(i64, Option<u64>)> {
    let found = engine.operations(0, false).unwrap().map(Result::unwrap);
    found.map(|one| (one.operation().unwrap().timestamp, one.node)).collect()
}

#[test]
fn the_later_operation_wins_and_of_one_millisecond_that_of_the_greater_node() {
    let stores =
        [StoreEngine::new(StoreConfig::memory_only()), open_with(&SimDisk::new(), config())];
    for engine in stores {
        assert!(apply(&engine, &put("k", "a", 100), 5));
        for (timestamp, node) in [(100, 5), (100, 4), (99, 9), (-1, 9)] {
            assert!(!apply(&engine, &put("k", "older", timestamp), node), "{timestamp} {node}");
            assert!(!apply(&engine, &removal("k", timestamp), node), "{timestamp} {node}");
        }
        assert_eq!((read(&engine, "k").as_deref(), engine.last_sequence()), (Some("a"), 1));
        assert!(apply(&engine, &put("k", "b", 100), 6));
        assert!(apply(&engine, &put("k", "c", 101), 1));
        let result = engine.apply_newer(&removal("k", 101), IfNewer::of(2)).unwrap();
        assert_eq!((result.version, result.applied, result.deleted), (4, true, true));
        assert_eq!(read(&engine, "k"), None);
        let refused = engine.apply_newer(&put("l", "a", 100), IfNewer::of(1)).unwrap();
        assert_eq!((refused.version, refused.created), (5, true));
        let refused = engine.apply_newer(&put("l", "b", 100), IfNewer::of(1)).unwrap();
        assert_eq!((refused.version, refused.applied, refused.created), (0, false, false));
        assert!(!refused.updated);
    }
}

#[test]
fn what_was_written_without_a_node_loses_against_each_node_at_the_same_millisecond() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    engine.apply(&put("k", "none", 100)).unwrap();
    assert!(apply(&engine, &put("k", "one", 100), 1));
    engine.apply(&put("k", "none", 50)).unwrap();
    assert_eq!(
        read(&engine, "k").as_deref(),
        Some("none"),
        "without a condition the last one wins"
    );
}

#[test]
fn in_a_batch_each_operation_is_compared_with_those_before_it() {
    let engine = open_with(&SimDisk::new(), config());
    engine.put(&key("other"), &Value::from_string("x")).unwrap();
    let operations = [
        (put("k", "a", 100), IfNewer::of(2)),
        (put("k", "b", 100), IfNewer::of(1)),
        (put("k", "c", 100), IfNewer::of(3)),
        (removal("k", 99), IfNewer::of(3)),
        (removal("k", 101), IfNewer::of(1)),
        (put("l", "d", 7), IfNewer::of(1)),
        (put("l", "e", 7), IfNewer::of(1)),
        (put("m", "f", 8), IfNewer::of(1)),
    ];
    let results = engine.apply_batch_newer(&operations, None).unwrap();
    let versions: Vec<_> = results.iter().map(|result| result.version).collect();
    assert_eq!(versions, [2, 0, 3, 0, 4, 5, 0, 6]);
    assert!(results.iter().all(|result| result.applied == (result.version > 0)));
    let state = ["k", "l", "m"].map(|name| read(&engine, name));
    assert_eq!(state, [None, Some("d".to_owned()), Some("f".to_owned())]);
    assert_eq!(history(&engine).len(), 6);
}

#[test]
fn a_refused_batch_does_nothing_and_what_follows_it_is_compared_with_what_there_is() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    apply(&engine, &put("k", "a", 100), 1);
    let mut group = Group::new();
    let newer = |group: &mut Group, operation: &Operation| {
        group.apply_newer(OperationRef::from(operation), IfNewer::of(1)).unwrap();
    };
    group.begin_batch();
    newer(&mut group, &put("k", "b", 99));
    newer(&mut group, &put("k", "c", 200));
    group.put("k", b"", Some(77)).unwrap();
    group.end_batch();
    newer(&mut group, &put("k", "d", 150));
    newer(&mut group, &put("k", "e", 149));
    group.put("l", b"f", Some(0)).unwrap();
    let outcome = engine.commit(&mut group).unwrap();
    let (with, refused) = (Outcome::RefusedWithBatch, Outcome::Refused);
    let (updated, outdated, created) = (Outcome::Updated, Outcome::Outdated, Outcome::Created);
    assert_eq!(outcome.outcomes, [with, with, refused, updated, outdated, created]);
    assert_eq!((outcome.first_sequence, engine.last_sequence()), (2, 3));
    assert_eq!(read(&engine, "k").as_deref(), Some("d"));
}

#[test]
fn a_batch_of_which_nothing_is_newer_still_acknowledges_durably() {
    let disk = SimDisk::new();
    let engine = open_with(&disk, config());
    engine.put(&key("k"), &Value::from_string("new")).unwrap();
    for name in ["inbox", "other"] {
        engine.consumer(name, 0).unwrap();
    }
    let position = |engine: &StoreEngine| engine.stats().consumers.get("inbox");
    let (before, length) = (engine.stats(), history(&engine).len());
    let old = [(put("k", "old", 1), IfNewer::of(7))];
    let results = engine.apply_batch_newer(&old, Some(("inbox", 1))).unwrap();
    assert!(!results[0].applied);
    assert_eq!(engine.stats().syncs, before.syncs + 1);
    assert_eq!((position(&engine), history(&engine).len()), (Some(1), length));
    // Once more there is nothing to be stored.
    engine.apply_batch_newer(&old, Some(("inbox", 1))).unwrap();
    assert_eq!(engine.stats().syncs, before.syncs + 1);
    let again = open_with(&disk.kill(), config());
    assert_eq!((position(&again), read(&again, "k").as_deref()), (Some(1), Some("new")));
    let error = engine.apply_batch_newer(&old, Some(("inbox", 0))).unwrap_err();
    assert!(matches!(error, Error::NotAcknowledgeable { .. }));
    disk.fail_next_sync();
    engine.consumer("third", 0).unwrap_err();
    engine.apply_batch_newer(&old, Some(("other", 1))).unwrap_err();
    assert_eq!(engine.stats().consumers.get("other"), Some(0));
}

#[test]
fn writes_of_a_node_are_newer_than_what_they_replace_on_every_other_node() {
    let node = open_with(&SimDisk::new(), config().with_node_id(2));
    let other = open_with(&SimDisk::new(), config().with_node_id(1));
    for at in 0..200 {
        node.put(&key("k"), &Value::from_string(at.to_string())).unwrap();
    }
    apply(&node, &put("ahead", "3", LATER), 3);
    apply(&other, &put("ahead", "3", LATER), 3);
    node.put(&key("ahead"), &Value::from_string("own")).unwrap();
    let mut group = Group::new();
    group.begin_batch();
    for value in ["a", "b"] {
        group.put("twice", value.as_bytes(), None).unwrap();
        group.put_until("expires", value.as_bytes(), None, Some(LATER)).unwrap();
    }
    group.remove("twice", None).unwrap();
    group.put("twice", b"c", None).unwrap();
    group.remove("ahead", None).unwrap();
    node.commit(&mut group).unwrap();
    let history: Vec<_> = node.operations(0, false).unwrap().map(Result::unwrap).collect();
    for logged in &history {
        let by = logged.node.unwrap();
        assert!(by == 2 || logged.sequence == 201);
        let operation = logged.operation().unwrap();
        assert_eq!(apply(&other, &operation, by), by == 2, "{operation:?}");
    }
    assert_eq!(history.len(), 209);
    for name in ["k", "ahead", "twice", "expires"] {
        assert_eq!(read(&other, name), read(&node, name), "{name}");
    }
    assert_eq!(read(&node, "twice").as_deref(), Some("c"));
    assert_eq!(read(&node, "ahead"), None);
}

#[test]
fn a_store_without_a_node_id_writes_what_it_always_wrote() {
    let disk = SimDisk::new();
    let engine = open_with(&disk, config());
    engine.apply(&put("k", "v", 1)).unwrap();
    engine.remove(&key("k")).unwrap();
    assert!(history(&engine).iter().all(|(_, node)| node.is_none()));
    let signed = SimDisk::new();
    let node = open_with(&signed, config().with_node_id(3));
    node.apply(&put("k", "v", 1)).unwrap();
    node.remove(&key("k")).unwrap();
    node.put(&key("l"), &Value::from_string("")).unwrap();
    let nodes: Vec<_> = history(&node).iter().map(|(_, node)| *node).collect();
    assert_eq!(nodes, [None, Some(3), Some(3)], "what is applied is nobody's unless that is said");
}

/// Whether the entries that [`three`] wrote are still those of nodes 5 and 2.
fn assert_kept(engine: &StoreEngine, what: &str) {
    let own = engine.get(&key("own")).unwrap().unwrap().timestamp;
    for (name, timestamp, node) in [("k", 100, 5), ("long", 100, 5), ("expires", LATER, 5)] {
        assert!(!apply(engine, &put(name, "older", timestamp), node), "{what}: {name}");
        assert!(!apply(engine, &put(name, "older", timestamp), node - 1), "{what}: {name}");
    }
    assert!(!apply(engine, &put("own", "older", own), 2), "{what}");
    let later = [("k", 100, 6), ("long", 100, 6), ("expires", LATER, 6), ("own", own, 3)];
    for (name, timestamp, node) in later {
        assert!(apply(engine, &put(name, "newer", timestamp), node), "{what}: {name}");
    }
}

fn three(engine: &StoreEngine) {
    let long = Value::from_bytes(vec![7; 5000]);
    assert!(apply(engine, &put("k", "a", 100), 5));
    assert!(apply(engine, &Operation { value: long, ..put("long", "", 100) }, 5));
    let mut group = Group::new();
    let ready = |frame: &mut Vec<u8>| {
        frame.extend_from_slice(b"b");
        Ok(())
    };
    let (kind, newer) = (OperationType::Put, IfNewer::of(5));
    group.apply_newer_with(kind, "expires", LATER, newer, Some(LATER), ready).unwrap();
    engine.commit(&mut group).unwrap();
    engine.put(&key("own"), &Value::from_string("c")).unwrap();
}

#[test]
fn nodes_survive_recovery_compaction_backup_and_salvage() {
    let disk = SimDisk::new();
    let own = || config().with_node_id(2);
    let engine = open_with(&disk, own());
    three(&engine);
    engine.backup("/early.wal", &Control::default()).unwrap();
    assert_kept(&open_with(&disk.kill(), own()), "a kill");
    engine.compact(&Control::default()).unwrap();
    engine.backup("/late.wal", &Control::default()).unwrap();
    assert_kept(&open_with(&disk.kill(), own()), "a kill after a compaction");
    engine.close().unwrap();
    let mut damaged = disk.read(Path::new("/early.wal")).unwrap();
    let end = damaged.len() - 8;
    damaged[end] ^= 1;
    let other = SimDisk::with_file(Path::new("/early.wal"), &damaged);
    salvage_on(&other, Path::new("/early.wal"), Path::new(LOG)).unwrap();
    assert_kept(&open_with(&other, own()), "a salvage");
    for log in [LOG, "/early.wal", "/late.wal"] {
        assert_kept(&open_with(&disk, StoreConfig::durable(log).with_node_id(9)), log);
    }
}

#[test]
fn nodes_are_known_before_the_log_was_replayed_and_beyond_a_memory_limit() {
    for compacted in [false, true] {
        let disk = SimDisk::new();
        let own = || config().with_node_id(2).with_index(INDEXED);
        let engine = open_with(&disk, own());
        three(&engine);
        if compacted {
            engine.compact(&Control::default()).unwrap();
        }
        engine.close().unwrap();
        for written in [0, 3] {
            let disk = disk.kill();
            let engine = open_with(&disk, own());
            assert!(engine.stats().indexed_sequence > 0);
            for at in 0..written {
                engine.put(&key(&format!("more/{at}")), &Value::from_string("x")).unwrap();
            }
            assert_kept(&engine, "by the index file");
        }
        let limited = || own().with_memory_limit(64 << 10);
        let engine = open_with(&disk, limited());
        for at in 0..2000 {
            let name = key(&format!("more/{at:05}"));
            engine.put(&name, &Value::from_string("x".repeat(200))).unwrap();
        }
        engine.compact(&Control::default()).unwrap();
        drop(engine);
        assert_kept(&open_with(&disk.kill(), limited()), "beyond a limit");
    }
}

#[test]
fn an_entry_that_has_expired_is_missing() {
    let disk = SimDisk::new();
    disk.set_now(50);
    let engine = open_with(&disk, config());
    let mut group = Group::new();
    let (kind, newer) = (OperationType::Put, IfNewer::of(5));
    group.apply_newer_with(kind, "k", 100, newer, Some(60), |_| Ok(())).unwrap();
    engine.commit(&mut group).unwrap();
    assert!(!apply(&engine, &put("k", "older", 99), 5));
    disk.set_now(60);
    assert!(apply(&engine, &put("k", "older", 99), 5));
}

#[test]
fn a_clock_that_is_too_far_ahead_and_ids_that_cannot_be_are_refused() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    let bounded = IfNewer { node: 1, max_ahead: Some(60_000) };
    let error = engine.apply_newer(&put("k", "", LATER), bounded).unwrap_err();
    let Error::ClockAhead { timestamp: LATER, latest, .. } = error else { panic!("{error}") };
    assert!(latest > 60_000 && latest < LATER);
    assert_eq!(
        (error.code().as_str(), error.context().as_deref()),
        ("invalid_argument", Some("k"))
    );
    let near =
        Operation { value: Value::from_string("b"), ..Operation::put(key("k"), Value::default()) };
    let ahead = Operation { timestamp: near.timestamp + 30_000, ..near.clone() };
    let batch = [(near, bounded), (put("k", "", LATER), bounded)];
    engine.apply_batch_newer(&batch, None).unwrap_err();
    assert_eq!(engine.last_sequence(), 0);
    assert!(engine.apply_newer(&ahead, bounded).unwrap().applied);
    for node in [0, 1 << 53, u64::MAX] {
        let error = engine.apply_newer(&put("k", "", LATER), IfNewer::of(node)).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }));
        let other = StoreEngine::new(StoreConfig::memory_only().with_node_id(node));
        let error = other.put(&key("k"), &Value::default()).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }));
    }
    let newest = put("k", "", i64::MAX);
    assert!(apply(&engine, &newest, (1 << 53) - 1));
    assert!(!apply(&engine, &newest, (1 << 53) - 1));
}
