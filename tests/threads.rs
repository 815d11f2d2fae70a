//! The threads of a process that open one log share one engine: one of them replays, all see the same, and
//! the last one closes it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use softadastra_store::engine::Registry;
use softadastra_store::{
    CompactionPolicy, Control, Error, Key, RecoveryReport, Share, StoreConfig, StoreEngine, Value,
};
use support::gate::Gate;
use support::random::Random;

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

/// Runs `work` on another thread, to its end.
fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(work).join().unwrap()
}

/// The report of an opener that comes when all others are gone.
fn reopened(log: &Path) -> RecoveryReport {
    let store = StoreEngine::new(StoreConfig::durable(log));
    let report = store.recover().unwrap();
    store.close().unwrap();
    report
}

#[test]
fn threads_that_open_at_once_share_one_replay_and_every_write_keeps_its_order() {
    const THREADS: usize = 8;
    const WRITES: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let begin = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|me| {
            let (log, begin) = (log.clone(), Arc::clone(&begin));
            thread::spawn(move || {
                let store = Share::new(StoreConfig::durable(log));
                begin.wait();
                let report = open(&store).unwrap();
                let versions: Vec<u64> = (0..WRITES)
                    .map(|n| put(&store, &format!("{me}/{}", n % 50), &n.to_string()).unwrap())
                    .collect();
                // Whoever comes first must not close the engine under the others.
                store.close().unwrap();
                (report, versions)
            })
        })
        .collect();
    let done: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    for (_, versions) in &done {
        assert!(versions.is_sorted(), "the writes of a thread keep their order");
    }
    let all: BTreeSet<u64> = done.iter().flat_map(|(_, versions)| versions).copied().collect();
    assert_eq!(all.len(), THREADS * WRITES, "no sequence is given twice");
    assert_eq!(all.last(), Some(&((THREADS * WRITES) as u64)));

    assert!(reopened(&log).clean_shutdown, "the last one sealed the log");
    let expected: BTreeMap<String, String> = (0..THREADS)
        .flat_map(|me| (0..WRITES).map(move |n| (format!("{me}/{}", n % 50), n.to_string())))
        .collect();
    let store = StoreEngine::open(StoreConfig::durable(&log)).unwrap();
    let found: BTreeMap<String, String> = store
        .entries()
        .unwrap()
        .into_iter()
        .map(|entry| (entry.key.to_string(), entry.value.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_thread_has_a_log_open_once_and_other_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let first = Share::new(StoreConfig::durable(&log));
    open(&first).unwrap();
    put(&first, "a", "1").unwrap();
    let second = Share::new(StoreConfig::durable(&log));
    assert!(matches!(open(&second), Err(Error::Locked { .. })));
    assert!(matches!(second.get(&Key::new("a").unwrap()), Err(Error::NotOpen)));
    second.close().unwrap();

    let others = [
        StoreConfig::buffered(&log),
        StoreConfig::durable(&log).with_compaction(CompactionPolicy::MANUAL),
    ];
    for config in others {
        let error = elsewhere(move || open(&Share::new(config)).unwrap_err());
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    }
    // An engine of its own, as another process would have it.
    let outside = StoreEngine::new(StoreConfig::durable(&log));
    assert!(matches!(outside.recover(), Err(Error::Locked { .. })));
    assert_eq!(put(&first, "b", "2").unwrap(), 2);
    first.close().unwrap();
    open(&Share::new(StoreConfig::durable(&log))).unwrap();
}

#[test]
fn a_share_that_is_closed_stands_for_a_closed_store_while_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let first = Share::new(StoreConfig::buffered(&log));
    open(&first).unwrap();
    put(&first, "a", "1").unwrap();
    let config = first.config().clone();
    let second = elsewhere(move || {
        let share = Share::new(config);
        open(&share).unwrap();
        share
    });
    let syncs = second.stats().syncs;
    first.close().unwrap();
    assert_eq!(second.stats().syncs, syncs + 1, "a close makes durable what was acknowledged");
    assert!(matches!(put(&first, "b", "2"), Err(Error::Closed)));
    assert!(matches!(first.view(|_| ()), Err(Error::Closed)));
    assert!(matches!(open(&first), Err(Error::Closed)));
    assert_eq!(first.last_sequence(), 1);
    first.close().unwrap();
    assert_eq!(put(&second, "b", "2").unwrap(), 2);
    assert_eq!(get(&second, "a").as_deref(), Some("1"));
    second.close().unwrap();
    let report = reopened(&log);
    assert_eq!((report.clean_shutdown, report.entries), (true, Some(2)));
}

#[test]
fn recover_on_a_shared_store_disturbs_nobody_and_replays_for_all_when_writing_stopped() {
    let gate = Gate::new();
    let registry = Registry::new(Arc::new(gate.disk()));
    let first = Share::in_registry(Arc::clone(&registry), StoreConfig::durable(LOG));
    let made = open(&first).unwrap();
    put(&first, "a", "1").unwrap();
    let second = elsewhere(move || {
        let share = Share::in_registry(registry, StoreConfig::durable(LOG));
        open(&share).unwrap();
        share
    });
    let groups = first.stats().groups;
    assert_eq!(open(&second).unwrap(), made, "nothing is replayed");
    assert_eq!(first.stats().groups, groups, "the log stayed open");

    gate.fail_sync_after(0);
    assert!(matches!(put(&first, "b", "2"), Err(Error::WalFlushFailed { .. })));
    assert!(matches!(put(&second, "c", "3"), Err(Error::Poisoned { .. })));
    let report = open(&second).unwrap();
    assert!(report != made, "this one is a replay");
    assert_eq!(open(&first).unwrap(), report, "for all: there is nothing left to replay");
    put(&first, "d", "4").unwrap();
    assert_eq!(get(&second, "d").as_deref(), Some("4"));
    first.close().unwrap();
    let report = open(&second).unwrap();
    assert_eq!(report.last_sequence, first.last_sequence(), "alone it replays what is there now");
}

#[test]
fn shares_that_are_dropped_end_like_closed_ones() {
    let seed = Random::new(7).next();
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let mut expected = 0;
    for round in 0..30 {
        let threads: Vec<_> = (0..=random.below(4))
            .map(|me| {
                let (log, closes) = (log.clone(), random.below(2) == 0);
                thread::spawn(move || {
                    let store = Share::new(StoreConfig::buffered(log));
                    open(&store).unwrap();
                    for n in 0..10 {
                        put(&store, &format!("{round}/{me}/{n}"), "x").unwrap();
                    }
                    if closes {
                        store.close().unwrap();
                    }
                })
            })
            .collect();
        expected += threads.len() * 10;
        for thread in threads {
            thread.join().unwrap();
        }
        // What closes in the background is waited for, so nobody is refused.
        let store = Share::new(StoreConfig::buffered(&log));
        let report = open(&store).unwrap();
        assert_eq!(
            (report.entries, report.clean_shutdown),
            (Some(expected as u64), true),
            "seed {seed}"
        );
        store.close().unwrap();
    }
}

#[test]
fn threads_that_come_and_go_all_the_time_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let until = Instant::now() + Duration::from_millis(500);
    let threads: Vec<_> = (0..4)
        .map(|me| {
            let log = log.clone();
            thread::spawn(move || {
                let mut written = 0;
                while Instant::now() < until || written == 0 {
                    let store = Share::new(StoreConfig::durable(&log));
                    open(&store).unwrap();
                    let before = get(&store, &format!("count/{me}"));
                    assert_eq!(before.map_or(0, |text| text.parse::<u32>().unwrap()), written);
                    written += 1;
                    put(&store, &format!("count/{me}"), &written.to_string()).unwrap();
                    if written % 3 != 0 {
                        store.close().unwrap();
                    }
                }
                written
            })
        })
        .collect();
    let written: Vec<u32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let store = Share::new(StoreConfig::durable(&log));
    assert_eq!(open(&store).unwrap().records, u64::from(written.iter().sum::<u32>()));
}
