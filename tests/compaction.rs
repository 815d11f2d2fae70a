//! A compaction takes what nobody needs out of the log, and changes nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use softadastra_store::{
    CompactionPolicy, Control, Error, Key, SnapshotBuilderStore, StoreConfig, StoreEngine, Value,
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
            assert!(built.all().unwrap() == entries, "seed {seed}, round {round}");
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
    assert_eq!(disk.names(), [LOG, "/store.wal.durable"].map(PathBuf::from));
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
