//! What the log has after its index file ends is read when it is needed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::storage::{Access, Storage};
use softadastra_store::{Control, Error, IndexPolicy, Key, StoreConfig, StoreEngine, Value};
use support::model::Model;
use support::read_gate::ReadGate;
use support::sim_disk::SimDisk;
use support::story::LOG;

/// The file is written by compactions, and never before 1,000 operations after that.
const RARE: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 1000, background: false };

fn open(disk: &SimDisk) -> StoreEngine {
    let config = StoreConfig::durable(LOG).with_index(RARE);
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover().unwrap();
    engine
}

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn put(engine: &StoreEngine, name: &str, value: &str) -> Result<u64, Error> {
    Ok(engine.put(&key(name), &Value::from_string(value))?.version)
}

fn get(engine: &StoreEngine, name: &str) -> Result<Option<String>, Error> {
    let entry = engine.get(&key(name))?;
    Ok(entry.map(|entry| String::from_utf8_lossy(entry.value.as_bytes()).into_owned()))
}

/// A log with an index file, and changes of all kinds after that.
fn killed() -> (SimDisk, Model) {
    let disk = SimDisk::new();
    let store = open(&disk);
    for name in ["kept", "changed", "removed", "again"] {
        put(&store, name, "before").unwrap();
    }
    store.compact(&Control::default()).unwrap();
    put(&store, "changed", "after").unwrap();
    store.remove(&key("removed")).unwrap();
    store.remove(&key("again")).unwrap();
    put(&store, "again", "after").unwrap();
    put(&store, "new", "after").unwrap();
    put(&store, "gone", "after").unwrap();
    store.remove(&key("gone")).unwrap();
    let model = Model::of(&store);
    (disk.kill(), model)
}

#[test]
fn what_was_changed_after_the_index_file_is_seen_by_the_first_read() {
    let (disk, model) = killed();
    let names = ["kept", "changed", "removed", "again", "new", "gone", "never"];
    let values = [Some("before"), Some("after"), None, Some("after"), Some("after"), None, None];
    for (name, value) in names.into_iter().zip(values) {
        let store = open(&disk.kill());
        assert!(!store.stats().ready, "opened by the index file");
        assert_eq!(get(&store, name).unwrap().as_deref(), value, "{name}");
        assert_eq!(Model::of(&store), model, "after {name}");

        let store = open(&disk.kill());
        let created = store.put(&key(name), &Value::from_string("now")).unwrap().created;
        assert_eq!(created, value.is_none(), "{name}");
        let store = open(&disk.kill());
        assert_eq!(store.remove(&key(name)).unwrap().deleted, value.is_some(), "{name}");
        let store = open(&disk.kill());
        let keys = [key(name), key("kept")];
        let found = store.get_many(&keys).unwrap();
        assert_eq!(found[0].is_some(), value.is_some(), "{name}");
    }
    let store = open(&disk.kill());
    assert_eq!(store.size(), model.entries.len());
    assert_eq!(store.entries().unwrap().len(), model.entries.len());
    let store = open(&disk.kill());
    store.ready(&Control::default()).unwrap();
    assert_eq!(Model::of(&store), model);
    let store = open(&disk);
    store.close().unwrap();
    assert_eq!(Model::of(&open(&disk)), model);
}

#[test]
fn an_end_of_the_log_that_changes_after_the_opening_is_not_read_and_not_written_to() {
    let (disk, model) = killed();
    let store = open(&disk);
    let log = disk.read(Path::new(LOG)).unwrap();
    let at = log.windows(5).rposition(|bytes| bytes == b"after").unwrap();
    let file = disk.open(Path::new(LOG), Access::ReadWrite).unwrap();
    file.write_at(b"A", at as u64).unwrap();
    let damaged = disk.read(Path::new(LOG)).unwrap();
    let corrupt = |error: &Error| matches!(error, Error::CorruptLog { .. });
    assert_eq!(get(&store, "kept").unwrap().as_deref(), Some("before"), "not touched by that");
    assert!(corrupt(&get(&store, "changed").unwrap_err()));
    assert!(corrupt(&put(&store, "changed", "lost").unwrap_err()));
    assert!(corrupt(&put(&store, "kept", "lost").unwrap_err()));
    assert_eq!(disk.read(Path::new(LOG)).unwrap(), damaged, "nothing was written");

    file.write_at(b"a", at as u64).unwrap();
    assert_eq!(get(&store, "changed").unwrap().as_deref(), Some("after"));
    assert_eq!(Model::of(&store), model);
}

#[test]
fn a_store_that_is_closed_while_the_end_is_read_has_let_go_of_its_log() {
    let gate = Arc::new(ReadGate::new());
    let disk = gate.watch(killed().0);
    // Whoever writes an index file on close has waited for the end already.
    let never_written = IndexPolicy { minimum_bytes: u64::MAX, ..RARE };
    let config = StoreConfig::durable(LOG).with_index(never_written);
    let store = StoreEngine::with_storage(config, Arc::new(disk));
    store.recover().unwrap();
    assert!(!store.stats().ready, "opened by the index file");
    let open_when_closed = gate.open_when_closed_during(&store, || drop(get(&store, "changed")));
    assert_eq!(open_when_closed, 0, "files are open");
}
