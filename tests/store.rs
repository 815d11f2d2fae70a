//! The store as an application in Rust uses it: the documented programs first, then every promise of
//! the calls.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use softadastra_store::{
    Error, ErrorCode, Key, Operation, OperationDecoder, OperationEncoder, OperationType,
    SnapshotBuilderStore, StoreConfig, StoreEngine, Value, Write,
};

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn value(text: &str) -> Value {
    Value::from_string(text)
}

fn text_of(engine: &StoreEngine, name: &str) -> Option<(String, u64)> {
    let entry = engine.get(&key(name)).unwrap()?;
    Some((entry.value.to_string_lossy().into_owned(), entry.version))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn config(&self) -> StoreConfig {
        StoreConfig::durable(self.0.path().join("store.wal"))
    }

    fn open(&self) -> StoreEngine {
        StoreEngine::open(self.config()).unwrap()
    }
}

#[test]
fn memory_only_program() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    let put = engine.put(&key("session:1"), &value("temporary-value")).unwrap();
    assert!(put.created && !put.updated);
    assert_eq!(put.version, 1);
    assert_eq!(text_of(&engine, "session:1"), Some(("temporary-value".into(), 1)));
}

#[test]
fn basic_program() {
    let folder = Folder::new();
    let engine = folder.open();
    assert_eq!(engine.put(&key("user:1"), &value("Gaspard")).unwrap().version, 1);
    assert_eq!(text_of(&engine, "user:1"), Some(("Gaspard".into(), 1)));
    assert!(engine.remove(&key("user:1")).unwrap().deleted);
    assert!(engine.get(&key("user:1")).unwrap().is_none());
}

#[test]
fn wal_usage_program() {
    let folder = Folder::new();
    let engine = folder.open();
    engine.put(&key("product:1"), &value("Laptop")).unwrap();
    engine.put(&key("product:2"), &value("Phone")).unwrap();
    let third = engine.put(&key("product:1"), &value("Laptop Pro")).unwrap();
    assert!(third.updated && !third.created);
    assert_eq!(engine.size(), 2);
    let entries = engine.entries().unwrap();
    let shown: Vec<_> = entries.iter().map(|entry| (entry.key.as_str(), entry.version)).collect();
    assert_eq!(shown, [("product:1", 3), ("product:2", 2)]);
}

#[test]
fn operation_codec_program() {
    let operation = Operation::put(key("user:1"), value("Gaspard"));
    let payload = OperationEncoder::encode(&operation).unwrap();
    let decoded = OperationDecoder::decode(&payload).unwrap();
    assert_eq!((decoded.kind, decoded.key.as_str()), (OperationType::Put, "user:1"));
    assert_eq!(decoded.value.to_string_lossy(), "Gaspard");
}

#[test]
fn recovery_program() {
    let folder = Folder::new();
    {
        let engine = folder.open();
        engine.put(&key("user:1"), &value("Gaspard")).unwrap();
        engine.put(&key("user:2"), &value("Softadastra")).unwrap();
        engine.put(&key("user:1"), &value("Gaspard Kirira")).unwrap();
        assert_eq!(engine.size(), 2);
    }
    let recovered = folder.open();
    assert_eq!(recovered.size(), 2);
    assert_eq!(text_of(&recovered, "user:1"), Some(("Gaspard Kirira".into(), 3)));
    assert_eq!(recovered.last_recovered_sequence(), 3);
}

#[test]
fn snapshot_from_wal_program() {
    let folder = Folder::new();
    let config = folder.config();
    {
        let engine = folder.open();
        engine.put(&key("item:1"), &value("alpha")).unwrap();
        engine.put(&key("item:2"), &value("beta")).unwrap();
        engine.put(&key("item:1"), &value("alpha-updated")).unwrap();
    }
    let snapshot = SnapshotBuilderStore::build(config.path()).unwrap();
    assert_eq!(snapshot.size(), 2);
    let all: Vec<_> = snapshot
        .all()
        .unwrap()
        .into_iter()
        .map(|entry| entry.value.to_string_lossy().into_owned())
        .collect();
    assert_eq!(all, ["alpha-updated", "beta"]);
}

#[test]
fn a_removed_key_stays_removed_after_recovery() {
    let folder = Folder::new();
    let engine = folder.open();
    engine.put(&key("a"), &value("1")).unwrap();
    engine.put(&key("b"), &value("2")).unwrap();
    assert!(engine.remove(&key("a")).unwrap().deleted);
    assert!(!engine.remove(&key("never")).unwrap().deleted);
    engine.close().unwrap();
    let engine = folder.open();
    assert_eq!(text_of(&engine, "a"), None);
    assert_eq!(engine.size(), 1);
    assert_eq!(engine.put(&key("a"), &value("3")).unwrap().version, 5);
}

#[test]
fn a_batch_is_done_as_a_whole_or_not_at_all() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    engine.put(&key("taken"), &value("1")).unwrap();
    let refused = engine.batch(&[
        Write::put(key("a"), value("2")),
        Write::put(key("taken"), value("2")).if_version(0),
        Write::remove(key("taken")),
    ]);
    assert!(matches!(refused, Err(Error::AlreadyExists { version: 1, .. })), "{refused:?}");
    assert_eq!(engine.size(), 1);
    let done = engine
        .batch(&[
            Write::put(key("a"), value("2")).if_version(0),
            Write::put(key("a"), value("3")).if_version(2),
            Write::remove(key("taken")).if_version(1),
        ])
        .unwrap();
    assert_eq!(done.results.len(), 3);
    assert_eq!(text_of(&engine, "a"), Some(("3".into(), 3)));
    assert_eq!(engine.size(), 1);
}

#[test]
fn a_conditional_write_is_done_only_when_the_version_is_the_expected_one() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    assert_eq!(engine.put_if(&key("a"), &value("1"), Some(0)).unwrap().version, 1);
    let error = engine.put_if(&key("a"), &value("2"), Some(0)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AlreadyExists);
    let error = engine.put_if(&key("a"), &value("2"), Some(7)).unwrap_err();
    assert_eq!(error.to_string(), "version mismatch: expected 7, found 1");
    assert_eq!(engine.put_if(&key("a"), &value("2"), Some(1)).unwrap().version, 2);
    let error = engine.remove_if(&key("missing"), Some(1)).unwrap_err();
    assert_eq!(error.to_string(), "version mismatch: expected 1, found 0");
    assert!(engine.remove_if(&key("a"), Some(2)).unwrap().deleted);
}

#[test]
fn an_operation_made_elsewhere_keeps_its_time_and_gets_its_own_version() {
    let folder = Folder::new();
    let engine = folder.open();
    engine.put(&key("a"), &value("1")).unwrap();
    let mut operation = Operation::put(key("b"), value("2"));
    operation.timestamp = -42;
    let applied = engine.apply(&operation).unwrap();
    assert!(applied.created);
    assert_eq!(applied.version, 2);
    engine.close().unwrap();
    let entry = folder.open().get(&key("b")).unwrap().unwrap();
    assert_eq!((entry.version, entry.timestamp), (2, -42));
}

#[test]
fn a_snapshot_does_not_see_later_writes() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    engine.put(&key("a"), &value("1")).unwrap();
    let snapshot = engine.snapshot().unwrap();
    engine.put(&key("a"), &value("2")).unwrap();
    engine.put(&key("b"), &value("2")).unwrap();
    engine.close().unwrap();
    assert_eq!(snapshot.size(), 1);
    assert_eq!(snapshot.get(&key("a")).unwrap().unwrap().value, value("1"));
}

#[test]
fn bad_keys_and_values_are_refused_by_name() {
    assert_eq!(Key::new("").unwrap_err().to_string(), "invalid key: key is empty");
    let long = Key::new("k".repeat(Key::MAX_LEN + 1)).unwrap_err();
    assert_eq!(long.code(), ErrorCode::InvalidArgument);
    let engine = StoreEngine::new(StoreConfig::memory_only());
    let big = Value::from_bytes(vec![0; Value::MAX_LEN + 1]);
    let error = engine.put(&key("big"), &big).unwrap_err();
    assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    assert_eq!(engine.size(), 0);
    engine.put(&Key::new("k".repeat(Key::MAX_LEN)).unwrap(), &value("longest key")).unwrap();
    engine.put(&key("largest"), &Value::from_bytes(vec![1; Value::MAX_LEN])).unwrap();
}

#[test]
fn a_store_that_is_not_open_says_so() {
    let folder = Folder::new();
    let engine = StoreEngine::new(folder.config());
    assert!(matches!(engine.put(&key("a"), &value("1")), Err(Error::NotOpen)));
    assert!(matches!(engine.get(&key("a")), Err(Error::NotOpen)));
    engine.recover().unwrap();
    engine.put(&key("a"), &value("1")).unwrap();
    engine.close().unwrap();
    engine.close().unwrap();
    assert!(matches!(engine.put(&key("a"), &value("1")), Err(Error::Closed)));
    assert!(matches!(engine.get(&key("a")), Err(Error::Closed)));
    assert!(matches!(engine.recover(), Err(Error::Closed)));
    assert_eq!((engine.size(), engine.contains(&key("a"))), (0, false));
}

#[test]
fn recovering_an_open_store_shows_the_same_state_again() {
    let folder = Folder::new();
    let engine = folder.open();
    engine.put(&key("a"), &value("1")).unwrap();
    let report = engine.recover().unwrap();
    assert_eq!((report.records, report.entries, report.last_sequence), (1, Some(1), 1));
    assert_eq!(text_of(&engine, "a"), Some(("1".into(), 1)));
    assert_eq!(engine.put(&key("b"), &value("2")).unwrap().version, 2);
}

#[test]
fn threads_share_a_store_and_every_write_gets_its_own_version() {
    const THREADS: u64 = 8;
    const WRITES: u64 = 200;
    let folder = Folder::new();
    let engine = folder.open();
    let sum = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (engine, sum) = (&engine, &sum);
            scope.spawn(move || {
                let mut last = 0;
                for write in 0..WRITES {
                    let name = key(&format!("{thread}/{write}"));
                    let put = engine.put(&name, &value("x")).unwrap();
                    assert!(put.version > last, "versions of one thread only grow");
                    assert_eq!(engine.get(&name).unwrap().unwrap().version, put.version);
                    last = put.version;
                    sum.fetch_add(put.version, Ordering::Relaxed);
                }
            });
        }
    });
    let writes = THREADS * WRITES;
    assert_eq!(sum.into_inner(), writes * (writes + 1) / 2, "each version was given once");
    engine.close().unwrap();
    assert_eq!(folder.open().size() as u64, writes);
}

#[test]
fn entries_come_in_the_order_of_their_utf8_bytes() {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    let names = ["\u{10000}", "\u{FFFD}", "b", "a", "ab", "a/1", "é", "Z"];
    for name in names {
        engine.put(&key(name), &value("")).unwrap();
    }
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let found: Vec<_> =
        engine.entries().unwrap().into_iter().map(|entry| entry.key.to_string()).collect();
    assert_eq!(found, sorted);
}
