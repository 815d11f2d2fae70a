//! A log that has grown is compacted automatically, and a failure of that is reported.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

use std::thread;

use softadastra_store::{CompactionPolicy, Key, StoreConfig, StoreEngine, Value};

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
