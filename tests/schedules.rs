//! Reads, writes, scans, snapshots, compaction and close while a store goes from cold to warm, or folds what was written
//! into its index file, under schedules that are chosen at every lock and atomic.
//!
//! `cargo test --features shuttle --test schedules`; `SCHEDULES` says how many of each kind. A failure prints its schedule,
//! which `shuttle::replay` takes.

#![cfg(feature = "shuttle")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, thread};
use softadastra_store::{
    CompactionPolicy, Control, Error, IndexPolicy, Key, Snapshot, StoreConfig, StoreEngine, Value,
};
use support::model::Model;
use support::sim_disk::{Fault, SimDisk};
use support::story::{INDEX, LOG, SMALL_INDEX, open};

/// Keys that are there from the start. Every second one is written to.
const KEYS: usize = 10;
const WRITES: usize = 4;

type Entries = BTreeMap<String, (Vec<u8>, u64)>;

fn key(number: usize) -> Key {
    Key::new(format!("key {number}")).unwrap()
}

/// What a thread has seen, and the last sequence that was acknowledged before it looked.
enum Seen {
    Key { after: u64, key: String, found: Option<(Vec<u8>, u64)> },
    All { after: u64, entries: Entries },
    Moment { after: u64, entries: Entries, sequence: u64 },
}

/// A write that was acknowledged, by its sequence: the key, its value or that it was removed, and whether there was an
/// entry before.
type Acknowledged = BTreeMap<u64, (String, Option<Vec<u8>>, bool)>;

/// What all threads have written and seen.
#[derive(Default)]
struct Witness {
    written: Mutex<Acknowledged>,
    seen: Mutex<Vec<Seen>>,
}

impl Witness {
    fn after(&self) -> u64 {
        self.written.lock().unwrap().keys().next_back().copied().unwrap_or(0)
    }

    fn saw(&self, seen: Seen) {
        self.seen.lock().unwrap().push(seen);
    }

    fn wrote(&self, sequence: u64, key: &Key, value: Option<Vec<u8>>, existed: bool) {
        let write = (key.to_string(), value, existed);
        assert!(self.written.lock().unwrap().insert(sequence, write).is_none());
    }

    /// Compares all of it with the one history that the acknowledged sequences make.
    fn judge(&self, before: &Model, end: &Model) {
        let mut states = vec![before.clone()];
        for (sequence, (key, value, existed)) in &*self.written.lock().unwrap() {
            let mut state = states.last().unwrap().clone();
            state.last_sequence += 1;
            assert_eq!(state.last_sequence, *sequence, "no sequence is skipped");
            assert_eq!(state.entries.contains_key(key), *existed, "{key} before {sequence}");
            match value {
                Some(value) => state.entries.insert(key.clone(), (value.clone(), *sequence)),
                None => state.entries.remove(key),
            };
            states.push(state);
        }
        assert_eq!(end, states.last().unwrap());
        for seen in &*self.seen.lock().unwrap() {
            let since = |after: &u64| {
                let after = *after;
                states.iter().filter(move |state| state.last_sequence >= after)
            };
            match seen {
                Seen::Key { after, key, found } => {
                    let is_right = |state: &Model| state.entries.get(key) == found.as_ref();
                    assert!(since(after).any(is_right), "{key} after {after}: {found:?}");
                }
                Seen::All { after, entries } => {
                    let is_right = |state: &Model| state.entries == *entries;
                    assert!(since(after).any(is_right), "all after {after}: {entries:?}");
                }
                Seen::Moment { after, entries, sequence } => {
                    assert!(sequence >= after, "a snapshot of {sequence} after {after}");
                    let state = since(sequence).next().unwrap();
                    assert_eq!(state.last_sequence, *sequence);
                    assert_eq!(state.entries, *entries, "a snapshot of {sequence}");
                }
            }
        }
    }
}

/// Refusals of a store that is being closed or recovered.
fn unless_closed<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Closed | Error::NotOpen | Error::Aborted) => None,
        Err(error) => panic!("{error:?}"),
    }
}

type Job = fn(&StoreEngine, &Witness);

fn writes(number: usize) -> impl Fn(&StoreEngine, &Witness) {
    move |store, witness| {
        for round in 0..WRITES {
            let key = key((2 * (number + 2 * round)) % (KEYS + 4));
            if (number + round).is_multiple_of(3) {
                let Some(removed) = unless_closed(store.remove(&key)) else { return };
                witness.wrote(removed.version, &key, None, removed.deleted);
            } else {
                let value = vec![b'a' + u8::try_from(number).unwrap(); 300 + round];
                let put = store.put(&key, &Value::from_bytes(value.clone()));
                let Some(put) = unless_closed(put) else { return };
                witness.wrote(put.version, &key, Some(value), put.updated);
            }
        }
    }
}

fn reads(store: &StoreEngine, witness: &Witness) {
    for number in [0, 1, 2, 4, KEYS, 0] {
        let (after, key) = (witness.after(), key(number));
        let Some(found) = unless_closed(store.get(&key)) else { return };
        let found = found.map(|entry| (entry.value.as_bytes().to_vec(), entry.version));
        witness.saw(Seen::Key { after, key: key.to_string(), found });
    }
}

fn scans(store: &StoreEngine, witness: &Witness) {
    for _ in 0..2 {
        let after = witness.after();
        let Some(entries) = unless_closed(store.entries()) else { return };
        let entries = entries.into_iter();
        let entries =
            entries.map(|e| (e.key.to_string(), (e.value.as_bytes().to_vec(), e.version)));
        witness.saw(Seen::All { after, entries: entries.collect() });
    }
}

fn of_snapshot(snapshot: &Snapshot) -> Entries {
    let entries = snapshot.all().unwrap().into_iter();
    entries.map(|e| (e.key.to_string(), (e.value.as_bytes().to_vec(), e.version))).collect()
}

fn snapshots(store: &StoreEngine, witness: &Witness) {
    let after = witness.after();
    let Some(snapshot) = unless_closed(store.snapshot()) else { return };
    let entries = of_snapshot(&snapshot);
    let _ = store.ready(&Control::default());
    assert_eq!(of_snapshot(&snapshot), entries, "a snapshot does not change");
    assert_eq!(snapshot.size(), entries.len());
    witness.saw(Seen::Moment { after, entries, sequence: snapshot.last_sequence() });
}

fn warms(store: &StoreEngine, _: &Witness) {
    unless_closed(store.ready(&Control::default()));
}

fn recovers(store: &StoreEngine, _: &Witness) {
    unless_closed(store.recover());
}

fn compacts(store: &StoreEngine, _: &Witness) {
    unless_closed(store.compact(&Control::default()));
}

fn reads_history(store: &StoreEngine, _: &Witness) {
    let floor = store.stats().floor;
    let history = match store.operations(floor, false) {
        // It was compacted since.
        Err(Error::HistoryGone { .. }) => return,
        begun => unless_closed(begun),
    };
    for (found, expected) in history.into_iter().flatten().map_while(unless_closed).zip(floor + 1..)
    {
        assert_eq!(found.sequence, expected);
    }
}

fn closes(store: &StoreEngine, _: &Witness) {
    store.close().unwrap();
}

/// A log, an index file that lacks its last changes, and what the log says.
struct Files {
    log: Vec<u8>,
    index: Vec<u8>,
    model: Model,
}

fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let made = Arc::new(Mutex::new(None));
        let making = Arc::clone(&made);
        Runner::new(RandomScheduler::new(1), settings())
            .run(move || *making.lock().unwrap() = Some(Files::new()));
        made.lock().unwrap().take().unwrap()
    })
}

impl Files {
    fn new() -> Self {
        let disk = SimDisk::new();
        let config = StoreConfig::durable(LOG).with_index(SMALL_INDEX);
        let store = open(&disk, &config).unwrap();
        for number in 0..KEYS {
            store.put(&key(number), &Value::from_bytes(vec![b'x'; 200])).unwrap();
        }
        store.close().unwrap();
        let index = disk.read(Path::new(INDEX)).unwrap();
        let store = open(&disk, &config).unwrap();
        store.remove(&key(2)).unwrap();
        store.put(&key(4), &Value::from_bytes(vec![b'y'; 200])).unwrap();
        let log = disk.read(Path::new(LOG)).unwrap();
        Self { log, index, model: Model::of(&store) }
    }
}

fn settings() -> Config {
    let mut settings = Config::new();
    settings.stack_size = 512 << 10;
    // That every atomic is taken for a sequentially consistent one.
    settings.silence_warnings = true;
    settings.max_steps = shuttle::MaxSteps::FailAfter(10_000_000);
    settings
}

/// Opens the store and lets each job be done by a thread of its own.
fn live(limit: Option<u64>, jobs: &[Job]) {
    let files = files();
    let disk = SimDisk::with_file(Path::new(LOG), &files.log);
    disk.put_file(Path::new(INDEX), &files.index);
    let config =
        StoreConfig::durable(LOG).with_index(IndexPolicy { background: true, ..SMALL_INDEX });
    let config = limit.map_or(config.clone(), |limit| config.with_memory_limit(limit));
    let store = Arc::new(open(&disk, &config).unwrap());
    let witness = Arc::new(Witness::default());
    let threads: Vec<_> = (0..2)
        .map(|number| {
            let (store, witness) = (Arc::clone(&store), Arc::clone(&witness));
            thread::spawn(move || writes(number)(&store, &witness))
        })
        .chain(jobs.iter().map(|job| {
            let (store, witness, job) = (Arc::clone(&store), Arc::clone(&witness), *job);
            thread::spawn(move || job(&store, &witness))
        }))
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    store.close().unwrap();
    drop(store);
    let reopened = open(&disk, &StoreConfig::durable(LOG)).unwrap();
    witness.judge(&files.model, &Model::of(&reopened));
}

fn explore(limit: Option<u64>, jobs: &'static [Job]) {
    let _ = files();
    let many = std::env::var("SCHEDULES").map_or(150, |many| many.parse().unwrap());
    Runner::new(RandomScheduler::new(many), settings()).run(move || live(limit, jobs));
    Runner::new(PctScheduler::new(3, many), settings()).run(move || live(limit, jobs));
}

/// With this limit, a few writes are more than may be in memory.
const SMALL_LIMIT: u64 = 2048;

#[test]
fn reads_and_scans_see_one_history_while_the_log_is_replayed() {
    explore(None, &[reads, scans, warms]);
}

#[test]
fn snapshots_do_not_change_while_the_log_is_replayed() {
    explore(None, &[snapshots, warms]);
}

#[test]
fn a_compaction_that_waits_for_the_replay_changes_nothing_that_is_seen() {
    explore(None, &[compacts, reads, scans]);
}

#[test]
fn a_store_that_is_closed_during_the_replay_has_what_was_acknowledged() {
    explore(None, &[closes, warms, reads]);
    explore(None, &[closes, reads_history, warms]);
}

#[test]
fn a_recovery_and_a_close_of_an_open_store_lose_nothing() {
    explore(None, &[recovers, closes, reads]);
    explore(None, &[recovers, warms, scans]);
}

#[test]
fn what_is_folded_into_the_index_file_is_seen_as_it_was_written() {
    explore(Some(SMALL_LIMIT), &[reads, scans]);
}

#[test]
fn snapshots_and_compactions_of_a_store_with_a_limit_see_one_history() {
    explore(Some(SMALL_LIMIT), &[snapshots, compacts, reads]);
}

#[test]
fn a_store_with_a_limit_that_is_closed_has_what_was_acknowledged() {
    explore(Some(SMALL_LIMIT), &[closes, reads, scans]);
    explore(Some(SMALL_LIMIT), &[closes, reads_history, compacts]);
}

#[test]
fn a_compaction_that_is_counted_has_taken_back_the_failure_before_it() {
    let lives = || {
        let disk = SimDisk::new();
        let config = StoreConfig::durable(LOG).with_compaction(CompactionPolicy::MANUAL);
        let store = Arc::new(open(&disk, &config).unwrap());
        store.put(&key(0), &Value::from_string("x")).unwrap();
        disk.fail_at(disk.calls(), Fault::Error(ErrorKind::Other));
        store.compact(&Control::default()).unwrap_err();
        assert!(store.stats().last_compaction_error.is_some());
        let compacted = Arc::clone(&store);
        let compacting = thread::spawn(move || compacted.compact(&Control::default()).unwrap());
        for _ in 0..100 {
            let stats = store.stats();
            assert!(stats.compactions == 0 || stats.last_compaction_error.is_none());
            thread::yield_now();
        }
        compacting.join().unwrap();
    };
    Runner::new(RandomScheduler::new(150), settings()).run(lives);
}
