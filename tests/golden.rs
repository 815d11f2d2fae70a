//! Every log that a release wrote opens for ever, with the same state.
//!
//! The files were made by `golden/generate.py` from `docs/format.md`, not by the code under test.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use softadastra_store::{
    Key, OperationDecoder, OperationEncoder, SnapshotBuilderStore, StoreConfig, StoreEngine,
};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1").join(name)
}

/// Opens a copy of a golden log.
fn open(name: &str) -> (tempfile::TempDir, StoreEngine) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::copy(golden(name), &path).unwrap();
    let engine = StoreEngine::open(StoreConfig::durable(path)).unwrap();
    (folder, engine)
}

fn assert_history(engine: &StoreEngine, first: u64) {
    let entries = engine.entries().unwrap();
    let found: Vec<_> = entries
        .iter()
        .map(|e| (e.key.as_str(), e.value.as_bytes().to_vec(), e.version - first, e.timestamp))
        .collect();
    let bytes: Vec<u8> = (0..=255).collect();
    let expected = [
        ("bytes", bytes, 3, -1),
        ("empty", vec![], 4, 1_700_000_000_004),
        ("user:1", b"Gaspard Kirira".to_vec(), 5, 1_700_000_000_005),
        ("ville/\u{c9}vry", "é€😀".as_bytes().to_vec(), 2, 1_700_000_000_002),
    ];
    assert_eq!(found, expected);
    assert_eq!(engine.last_recovered_sequence(), first + 6);
}

#[test]
fn a_sealed_log_of_version_1_opens() {
    let (_folder, engine) = open("sealed.wal");
    assert_history(&engine, 1);
}

#[test]
fn a_compacted_log_of_version_1_opens() {
    let (_folder, engine) = open("compacted.wal");
    assert_history(&engine, 1);
    let stats = engine.stats();
    assert_eq!(stats.floor, 4);
    assert_eq!(stats.consumers.iter().collect::<Vec<_>>(), [("outbox", 6)]);
    let unsent = engine.consumer("outbox", 0).unwrap().operations(false).unwrap();
    assert_eq!(unsent.map(|found| found.unwrap().sequence).collect::<Vec<_>>(), [7]);
    let snapshot = SnapshotBuilderStore::build(golden("compacted.wal")).unwrap();
    assert_eq!(snapshot.all().unwrap(), engine.entries().unwrap());
}

#[test]
fn a_compacted_log_without_entries_opens() {
    let (_folder, engine) = open("compacted-empty.wal");
    assert_eq!((engine.size(), engine.last_sequence()), (0, 9));
}

#[test]
fn a_log_that_was_closed_and_opened_again_opens() {
    let (_folder, engine) = open("sealed-twice.wal");
    assert_history(&engine, 8);
}

#[test]
fn an_unsealed_log_of_version_1_opens() {
    let (_folder, engine) = open("unsealed.wal");
    assert_history(&engine, 1);
}

#[test]
fn a_torn_log_of_version_1_opens_without_its_torn_tail() {
    let (folder, engine) = open("torn.wal");
    assert_history(&engine, 1);
    let saved: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("torn.wal.cut-"))
        .collect();
    assert_eq!(saved.len(), 1, "{saved:?}");
}

#[test]
fn buffered_logs_of_version_1_open() {
    assert_history(&open("buffered.wal").1, 1);
    assert_history(&open("buffered-sealed.wal").1, 1);
}

#[test]
fn an_empty_log_of_version_1_opens() {
    let (_folder, engine) = open("empty.wal");
    assert_eq!((engine.size(), engine.last_sequence()), (0, 0));
}

#[test]
fn a_snapshot_is_built_from_a_golden_log_without_changing_it() {
    for name in ["sealed.wal", "unsealed.wal", "torn.wal", "buffered.wal"] {
        let before = fs::read(golden(name)).unwrap();
        let snapshot = SnapshotBuilderStore::build(golden(name)).unwrap();
        assert_eq!(snapshot.size(), 4, "{name}");
        let entry = snapshot.get(&Key::new("user:1").unwrap()).unwrap().unwrap();
        assert_eq!(entry.value.as_bytes(), b"Gaspard Kirira");
        assert_eq!(fs::read(golden(name)).unwrap(), before, "{name}");
    }
}

#[test]
fn a_log_written_today_is_the_golden_one_but_for_salt_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("today.wal");
    let engine = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    let payload = {
        let golden = fs::read(golden("sealed.wal")).unwrap();
        // The first record lies after the file header and the frame header.
        OperationDecoder::decode(&golden[120..120 + 18 + 6 + 7]).unwrap()
    };
    engine.apply(&payload).unwrap();
    engine.close().unwrap();
    let written = fs::read(&path).unwrap();
    assert_eq!(written.len(), 64 + 56 + 32 + 56);
    assert_eq!(&written[120..151], &OperationEncoder::encode(&payload).unwrap()[..]);
}
