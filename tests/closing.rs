//! When a store is closed, nobody has its files open any more, whatever was done with it just then.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

use std::sync::Arc;

use softadastra_store::{
    CompactionPolicy, Control, Error, IndexPolicy, Key, StoreConfig, StoreEngine, Value,
};
use support::read_gate::ReadGate;
use support::sim_disk::SimDisk;
use support::story::LOG;

/// The index file is written by compactions alone.
const RARE: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 1000, background: false };

fn config() -> StoreConfig {
    StoreConfig::durable(LOG).with_compaction(CompactionPolicy::MANUAL).with_index(RARE)
}

fn put(store: &StoreEngine, name: &str) -> Result<u64, Error> {
    Ok(store.put(&Key::new(name)?, &Value::from_string("value"))?.version)
}

/// A store that was opened by its index file, on a disk with a gate.
fn opened() -> (Arc<ReadGate>, StoreEngine) {
    let disk = SimDisk::new();
    let store = StoreEngine::with_storage(config(), Arc::new(disk.clone()));
    store.recover().unwrap();
    for n in 0..100 {
        put(&store, &format!("{n}")).unwrap();
    }
    store.compact(&Control::default()).unwrap();
    for n in 0..100 {
        put(&store, &format!("after/{n}")).unwrap();
    }
    drop(store);
    let gate = Arc::new(ReadGate::new());
    let store = StoreEngine::with_storage(config(), Arc::new(gate.watch(disk)));
    store.recover().unwrap();
    assert!(!store.stats().ready, "opened by the index file");
    (gate, store)
}

#[test]
fn a_reader_of_the_history_that_is_in_the_middle_of_a_page() {
    let (gate, store) = opened();
    let since = store.last_sequence() - 100;
    let mut history = store.operations(since, true).unwrap();
    let open = gate.open_when_closed_during(&store, || drop(history.next_page()));
    assert_eq!(open, 0, "files are open");
    assert!(matches!(history.next_page(), Err(Error::Closed)));
}

#[test]
fn a_reader_of_the_history_between_two_pages() {
    let (gate, store) = opened();
    let since = store.last_sequence() - 100;
    let mut history = store.operations(since, true).unwrap();
    assert!(!history.next_page().unwrap().ends.is_empty());
    store.close().unwrap();
    assert_eq!(gate.open_files(), 0, "files are open");
    assert!(matches!(history.next_page(), Err(Error::Closed)));
}

#[test]
fn a_write_that_looks_for_an_old_entry_in_the_log() {
    let (gate, store) = opened();
    // The end of the log is in memory then.
    assert!(store.get(&Key::new("after/0").unwrap()).unwrap().is_some());
    let mut written = Ok(0);
    let open = gate.open_when_closed_during(&store, || written = put(&store, "50"));
    assert_eq!(open, 0, "files are open");
    assert!(matches!(written, Ok(_) | Err(Error::Closed)), "{written:?}");
}
