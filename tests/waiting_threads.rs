//! A thread that opens a log waits for the thread that is opening or closing it, and can give up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use softadastra_store::engine::Registry;
use softadastra_store::{
    Control, Error, Key, RecoveryReport, Share, StoreConfig, StoreEngine, Value, Verify,
};
use support::gate::Gate;

const LOG: &str = "/store.wal";

fn open(share: &Share) -> Result<RecoveryReport, Error> {
    share.recover(&Control::default())
}

fn put(store: &StoreEngine, key: &str, value: &str) -> Result<u64, Error> {
    Ok(store.put(&Key::new(key)?, &Value::from_string(value))?.version)
}

fn get(store: &StoreEngine, key: &str) -> Option<String> {
    let entry = store.get(&Key::new(key).unwrap()).unwrap();
    entry.map(|entry| entry.value.to_string_lossy().into_owned())
}

#[test]
fn whoever_waits_for_the_replay_of_another_thread_attaches_when_it_is_done() {
    let gate = Gate::new();
    let registry = Registry::new(Arc::new(gate.disk()));
    gate.hold_syncs();
    let (send, receive) = channel();
    let opener = |registry: &Arc<Registry>| {
        let (registry, send) = (Arc::clone(registry), send.clone());
        thread::spawn(move || {
            let share = Share::in_registry(registry, StoreConfig::durable(LOG));
            let report = open(&share);
            send.send(()).unwrap();
            (share, report)
        })
    };
    let threads = [opener(&registry), opener(&registry)];
    gate.wait_until_held();
    assert!(receive.recv_timeout(Duration::from_millis(50)).is_err(), "nobody is let in early");
    gate.release();
    let [one, other] = threads.map(|thread| thread.join().unwrap());
    assert_eq!(one.1.unwrap(), other.1.unwrap(), "there was one replay");
    put(&one.0, "a", "1").unwrap();
    assert_eq!(get(&other.0, "a").as_deref(), Some("1"));
}

#[test]
fn whoever_waits_can_be_asked_to_give_up() {
    let gate = Gate::new();
    let registry = Registry::new(Arc::new(gate.disk()));
    gate.hold_syncs();
    let first = Arc::clone(&registry);
    let first = thread::spawn(move || {
        let share = Share::in_registry(first, StoreConfig::durable(LOG));
        open(&share).map(|_| share)
    });
    gate.wait_until_held();
    let control = Arc::new(Control::default());
    control.abort();
    let waiting = Share::in_registry(registry, StoreConfig::durable(LOG));
    assert!(matches!(waiting.recover(&control), Err(Error::Aborted)));
    assert_eq!(
        waiting.try_recover(&Control::default(), Verify::Later).unwrap(),
        None,
        "or not to wait at all"
    );
    gate.release();
    let first = first.join().unwrap().unwrap();
    assert!(waiting.try_recover(&Control::default(), Verify::Later).unwrap().is_some());
    assert_eq!(put(&first, "a", "1").unwrap(), 1);
    assert_eq!(put(&waiting, "a", "2").unwrap(), 2);
}

#[test]
fn when_the_first_opener_fails_the_next_one_tries_for_itself() {
    let gate = Gate::new();
    let registry = Registry::new(Arc::new(gate.disk()));
    gate.hold_syncs();
    gate.fail_sync_after(0);
    let threads = [0, 1].map(|_| {
        let registry = Arc::clone(&registry);
        thread::spawn(move || {
            let share = Share::in_registry(registry, StoreConfig::durable(LOG));
            open(&share).map(|_| share)
        })
    });
    gate.wait_until_held();
    gate.release();
    let [one, other] = threads.map(|thread| thread.join().unwrap());
    let (failed, share) = match (one, other) {
        (Err(error), Ok(share)) | (Ok(share), Err(error)) => (error, share),
        both => panic!("one of them fails: {both:?}"),
    };
    assert!(matches!(failed, Error::Io { .. } | Error::RecoveryFailed { .. }), "{failed}");
    assert_eq!(put(&share, "a", "1").unwrap(), 1);

    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    std::fs::write(&log, "not a log, and long enough not to be taken for an interrupted one")
        .unwrap();
    let begin = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (log, begin) = (log.clone(), Arc::clone(&begin));
            thread::spawn(move || {
                begin.wait();
                open(&Share::new(StoreConfig::durable(log))).unwrap_err()
            })
        })
        .collect();
    for thread in threads {
        let error = thread.join().unwrap();
        assert!(matches!(error, Error::NotALog { .. }), "each has its own error: {error}");
    }
}

#[test]
fn a_share_is_dropped_without_waiting_for_the_disk() {
    let gate = Gate::new();
    let registry = Registry::new(Arc::new(gate.disk()));
    let share = Share::in_registry(Arc::clone(&registry), StoreConfig::buffered(LOG));
    open(&share).unwrap();
    put(&share, "a", "1").unwrap();
    gate.hold_syncs();
    // Would hang if it waited.
    drop(share);
    gate.wait_until_held();
    let (send, receive) = sync_channel(1);
    let next = thread::spawn(move || {
        let share = Share::in_registry(registry, StoreConfig::buffered(LOG));
        let report = open(&share);
        send.send(()).unwrap();
        report.map(|report| (report.clean_shutdown, get(&share, "a")))
    });
    assert!(receive.recv_timeout(Duration::from_millis(50)).is_err(), "it waits for the close");
    gate.release();
    assert_eq!(next.join().unwrap().unwrap(), (true, Some("1".into())));
}

#[test]
fn an_aborted_replay_changes_no_byte_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let store = StoreEngine::open(StoreConfig::durable(&log)).unwrap();
    for n in 0..20 {
        put(&store, &format!("k{n}"), "x").unwrap();
    }
    drop(store);
    let bytes = std::fs::read(&log).unwrap();
    let share = Share::new(StoreConfig::durable(&log));
    let control = Control::default();
    control.abort();
    assert!(matches!(share.recover(&control), Err(Error::Aborted)));
    assert_eq!(std::fs::read(&log).unwrap(), bytes);
    assert!(matches!(share.view(|_| ()), Err(Error::NotOpen)));
    assert_eq!(open(&share).unwrap().records, 20);
}

#[test]
fn a_store_that_is_closed_while_it_is_opened_stays_closed() {
    let gate = Gate::new();
    let store =
        Arc::new(StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(gate.disk())));
    gate.hold_syncs();
    let opener = Arc::clone(&store);
    let opener = thread::spawn(move || opener.recover());
    gate.wait_until_held();
    let closer = Arc::clone(&store);
    let closer = thread::spawn(move || closer.close());
    let key = Key::new("a").unwrap();
    while !matches!(store.get(&key), Err(Error::Closed)) {
        thread::yield_now();
    }
    gate.release();
    closer.join().unwrap().unwrap();
    assert!(matches!(opener.join().unwrap(), Err(Error::Closed)));
    assert!(matches!(store.get(&key), Err(Error::Closed)));
    assert!(!store.stats().open);
}
