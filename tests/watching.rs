//! A watcher is told what was committed: all of it from its beginning on, in order, each change once, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use softadastra_store::index::Range;
use softadastra_store::{
    Change, Error, Key, OperationType, StoreConfig, StoreEngine, Value, Watcher,
};
use support::model::{Model, commit, run, script};
use support::random::Random;
use support::sim_disk::{Fault, SimDisk};

const LOG: &str = "/store.wal";

fn open(config: &StoreConfig, disk: &SimDisk) -> StoreEngine {
    let engine = StoreEngine::with_storage(config.clone(), Arc::new(disk.clone()));
    if config.path().as_os_str().is_empty() {
        return engine;
    }
    if engine.recover().is_err() {
        engine.recover().unwrap();
    }
    engine
}

fn put(engine: &StoreEngine, key: &str, value: &str) -> u64 {
    engine.put(&Key::new(key).unwrap(), &Value::from_string(value)).unwrap().version
}

fn watch(engine: &StoreEngine) -> Watcher {
    engine.watch(Range::all(), || ()).unwrap()
}

fn taken(watcher: &Watcher) -> Vec<Change> {
    watcher.take(usize::MAX, usize::MAX).unwrap().unwrap()
}

/// What someone knows who had a state and was told of changes.
struct Told(Model);

impl Told {
    fn hear(&mut self, changes: Vec<Change>) {
        for change in changes {
            assert!(change.version > self.0.last_sequence, "{change:?}");
            self.0.last_sequence = change.version;
            let key = String::from_utf8(change.key.to_vec()).unwrap();
            match change.kind {
                OperationType::Put => {
                    self.0.entries.insert(key, (change.value.to_vec(), change.version));
                }
                OperationType::Delete => {
                    assert!(self.0.entries.remove(&key).is_some() || change.overflow, "{key}");
                }
            }
        }
    }

    fn knows(&self, engine: &StoreEngine) -> bool {
        self.0.entries == Model::of(engine).entries
    }
}

fn configs() -> [StoreConfig; 3] {
    [StoreConfig::memory_only(), StoreConfig::durable(LOG), StoreConfig::buffered(LOG)]
}

#[test]
fn a_watcher_hears_of_every_change_of_its_keys_once_and_of_nothing_before() {
    for config in configs() {
        let engine = open(&config, &SimDisk::new());
        put(&engine, "a1", "before");
        let (all, few) = (watch(&engine), engine.watch(Range::prefix(b"a"), || ()).unwrap());
        put(&engine, "a1", "x");
        put(&engine, "b", "x");
        engine.remove(&Key::new("missing").unwrap()).unwrap();
        engine.remove(&Key::new("a1").unwrap()).unwrap();
        let seen = |changes: Vec<Change>| -> Vec<_> {
            changes.iter().map(|one| (one.kind, one.key[0], one.version, one.overflow)).collect()
        };
        let (wrote, removed) = (OperationType::Put, OperationType::Delete);
        let of_a = [(wrote, b'a', 2, false), (removed, b'a', 5, false)];
        assert_eq!(seen(taken(&few)), of_a);
        assert_eq!(seen(taken(&all)), [of_a[0], (wrote, b'b', 3, false), of_a[1]]);
        assert_eq!(seen(taken(&all)), []);
        few.end();
        put(&engine, "a2", "x");
        assert_eq!(few.take(1, 1).unwrap(), None);
        assert_eq!(taken(&all).len(), 1);
        put(&engine, "a2", "last");
        engine.close().unwrap();
        assert_eq!(taken(&all).len(), 1, "what was committed before the end");
        assert_eq!(all.take(1, 1).unwrap(), None);
        assert_eq!(watch(&engine).take(1, 1).unwrap(), None, "nothing is to come");
    }
}

#[test]
fn whoever_watches_from_the_middle_of_concurrent_writes_misses_nothing() {
    for config in configs() {
        let engine = open(&config, &SimDisk::new());
        let writers = AtomicUsize::new(3);
        thread::scope(|scope| {
            for seed in 0..3 {
                let (engine, writers) = (&engine, &writers);
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    for _ in 0..1000 {
                        run(engine, &commit(&mut random, 300)).unwrap();
                    }
                    writers.fetch_sub(1, Ordering::AcqRel);
                });
            }
            for _ in 0..4 {
                let (engine, writers) = (&engine, &writers);
                scope.spawn(move || {
                    while writers.load(Ordering::Acquire) > 0 {
                        let watcher = watch(engine);
                        let snapshot = engine.snapshot().unwrap();
                        let since = snapshot.last_sequence();
                        let entries = snapshot.all().unwrap().into_iter().map(|entry| {
                            (
                                entry.key.to_string(),
                                (entry.value.as_bytes().to_vec(), entry.version),
                            )
                        });
                        let entries: BTreeMap<_, _> = entries.collect();
                        let mut told =
                            Told(Model { entries, last_sequence: since, ..Model::default() });
                        drop(snapshot);
                        let mut rounds = 0;
                        while writers.load(Ordering::Acquire) > 0 && rounds < 50 {
                            rounds += 1;
                            let mut changes = taken(&watcher);
                            for change in &changes {
                                let key = Key::new(String::from_utf8_lossy(&change.key)).unwrap();
                                let now = engine.get(&key).unwrap();
                                let visible = now.is_none_or(|now| now.version >= change.version);
                                assert!(visible || change.kind == OperationType::Delete);
                            }
                            changes.retain(|change| change.version > since);
                            told.hear(changes);
                            thread::yield_now();
                        }
                        if writers.load(Ordering::Acquire) == 0 {
                            let mut changes = taken(&watcher);
                            changes.retain(|change| change.version > since);
                            told.hear(changes);
                            assert!(told.knows(engine));
                        }
                    }
                });
            }
        });
    }
}

#[test]
fn a_reader_that_does_not_read_costs_no_more_than_the_entries() {
    let engine = open(&StoreConfig::memory_only(), &SimDisk::new());
    let mut told = Told(Model::default());
    let watcher = watch(&engine);
    let mut random = Random::new(7);
    for _ in 0..30_000 {
        run(&engine, &commit(&mut random, 3000)).unwrap();
    }
    let changes = taken(&watcher);
    assert!(changes.len() < 20_000, "{}", changes.len());
    assert!(changes.iter().any(|change| change.overflow));
    told.hear(changes);
    assert!(told.knows(&engine));
    put(&engine, "a", "x");
    let caught_up = taken(&watcher);
    assert_eq!((caught_up.len(), caught_up[0].overflow), (1, false));
}

#[test]
fn the_ring_says_that_there_is_something_again_and_that_it_is_over() {
    let engine = open(&StoreConfig::memory_only(), &SimDisk::new());
    let rings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&rings);
    let ring = move || {
        counted.fetch_add(1, Ordering::AcqRel);
    };
    let watcher = engine.watch(Range::prefix(b"a"), ring).unwrap();
    let count = || rings.load(Ordering::Acquire);
    put(&engine, "b", "x");
    assert_eq!(count(), 0);
    put(&engine, "a", "x");
    put(&engine, "a", "y");
    assert_eq!(count(), 1, "it has not read the first");
    taken(&watcher);
    put(&engine, "a", "z");
    assert_eq!(count(), 2);
    engine.close().unwrap();
    assert_eq!(count(), 3);
}

#[test]
fn what_a_failing_disk_did_not_take_is_told_to_nobody() {
    for config in [StoreConfig::durable(LOG), StoreConfig::buffered(LOG)] {
        for fault in [Fault::Error(ErrorKind::Other), Fault::ShortThenFull] {
            let mut met = 0;
            for call in 0..300 {
                let disk = SimDisk::new();
                disk.fail_at(call, fault);
                let engine = open(&config, &disk);
                let mut told = Told(Model::of(&engine));
                let mut watcher = watch(&engine);
                for commit in script(&mut Random::new(call as u64), 12) {
                    let done = run(&engine, &commit);
                    told.hear(taken(&watcher));
                    assert!(told.knows(&engine), "call {call}, {fault:?}");
                    if matches!(done, Err(Error::WalFlushFailed { .. })) {
                        engine.recover().unwrap();
                        let end = watcher.take(1, 1).unwrap_err();
                        assert!(end.to_string().contains("the store was recovered"), "{end}");
                        assert_eq!(watcher.take(1, 1).unwrap(), None);
                        (told, watcher) = (Told(Model::of(&engine)), watch(&engine));
                    }
                }
                met += usize::from(disk.faults_met() > 0);
            }
            assert!(met > 10, "{met}");
        }
    }
}
