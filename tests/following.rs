//! The history can be read and followed while writes and compactions go on, and nothing of it is missed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use softadastra_store::{Control, Error, Key, Operation, StoreConfig, StoreEngine, Value};
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

#[test]
fn the_history_after_a_consumer_stays_until_it_is_acknowledged() {
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

/// Lets those who wait go when a test fails.
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
    let (give, given) = channel();
    thread::scope(|scope| {
        let _closes = CloseAtLast(&engine);
        scope.spawn(move || {
            followed.for_each(|found| give.send(found.unwrap().sequence).unwrap());
        });
        for at in 0..50 {
            put(&engine, &format!("key {}", at % 5), "value");
            if at % 20 == 19 {
                engine.compact(&Control::default()).unwrap();
            }
        }
        let seen: Vec<u64> = given.iter().take(50).collect();
        assert_eq!(seen, (1..=50).collect::<Vec<_>>());
        // Waits at the end like anybody who follows, and is woken by the close.
        thread::sleep(std::time::Duration::from_millis(50));
        engine.close().unwrap();
        assert_eq!(given.iter().next(), None);
    });
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
    assert!(matches!(backwards, Error::NotAcknowledgeable { .. }), "{backwards}");
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
