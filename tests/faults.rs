//! Every I/O call is made to fail in turn: nothing acknowledged is lost, nothing hangs, and reads go
//! on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use softadastra_store::{Error, Key, StoreConfig, StoreEngine, Value};
use support::model::{Model, run, script};
use support::random::Random;
use support::sim_disk::{Fault, SimDisk};

const LOG: &str = "/store.wal";

fn engine(disk: &SimDisk, config: &StoreConfig) -> StoreEngine {
    StoreEngine::with_storage(config.clone(), Arc::new(disk.clone()))
}

fn put(engine: &StoreEngine, key: &str) -> Result<u64, Error> {
    Ok(engine.put(&Key::new(key)?, &Value::from_string("value"))?.version)
}

/// Runs a script while the call with this number fails. Commits that fail are tried once more after
/// the store was recovered where it had to be.
fn run_with_fault(seed: u64, call: usize, fault: Fault, config: &StoreConfig) -> bool {
    let context = format!("seed {seed}, call {call}, {fault:?}");
    let mut random = Random::new(seed);
    let script = script(&mut random, 10);
    let disk = SimDisk::new();
    disk.fail_at(call, fault);
    let engine = engine(&disk, config);
    if let Err(error) = engine.recover() {
        assert!(!error.to_string().is_empty(), "{context}");
        engine.recover().unwrap_or_else(|error| panic!("{context}: second try: {error}"));
    }
    let mut model = Model::default();
    for commit in &script {
        match run(&engine, commit) {
            Ok(()) => model.commit(commit),
            Err(error) => {
                assert_eq!(Model::of(&engine), model, "{context}: reads go on unchanged");
                let unknown = matches!(error, Error::WalFlushFailed { .. });
                if unknown {
                    let again = run(&engine, commit).unwrap_err();
                    assert!(matches!(again, Error::Poisoned { .. }), "{context}: {again}");
                    engine.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
                    let mut done = model.clone();
                    done.commit(commit);
                    let found = Model::of(&engine);
                    assert!(found == model || found == done, "{context}: {found:?}");
                    model = found;
                } else {
                    assert!(matches!(error, Error::WalAppendFailed { .. }), "{context}: {error}");
                    run(&engine, commit).unwrap_or_else(|error| panic!("{context}: {error}"));
                    model.commit(commit);
                }
            }
        }
        assert_eq!(Model::of(&engine), model, "{context}");
    }
    let closed = engine.close();
    let met = disk.faults_met() > 0;
    assert!(closed.is_ok() || met, "{context}: {closed:?}");
    let reopened = self::engine(&disk, config);
    if reopened.recover().is_err() {
        reopened.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
    }
    assert_eq!(Model::of(&reopened), model, "{context}");
    disk.faults_met() > 0
}

fn every_call_fails_once(config: &StoreConfig) {
    let faults = [
        Fault::Error(ErrorKind::Other),
        Fault::Error(ErrorKind::StorageFull),
        Fault::Error(ErrorKind::FileTooLarge),
        Fault::ShortThenFull,
    ];
    for seed in 0..6 {
        for fault in faults {
            // A short write only meets writes; the others meet every call until the run has none.
            let met = (0..400).filter(|&call| run_with_fault(seed, call, fault, config)).count();
            assert!(met > 10, "{fault:?} met {met} calls");
            assert!(met < 400, "the run is longer than the calls that were tried");
        }
    }
}

#[test]
fn no_failing_call_loses_an_acknowledged_write_of_a_durable_store() {
    every_call_fails_once(&StoreConfig::durable(LOG));
}

#[test]
fn no_failing_call_loses_a_write_of_a_buffered_store_that_goes_on() {
    every_call_fails_once(&StoreConfig::buffered(LOG));
}

#[test]
fn a_full_disk_refuses_writes_and_takes_them_again_when_there_is_room() {
    let disk = SimDisk::new();
    let engine = engine(&disk, &StoreConfig::durable(LOG));
    engine.recover().unwrap();
    assert_eq!(put(&engine, "before").unwrap(), 1);
    disk.set_full(true);
    let big = Value::from_bytes(vec![7; 200_000]);
    for _ in 0..3 {
        let error = engine.put(&Key::new("big").unwrap(), &big).unwrap_err();
        assert!(error.to_string().contains("no space left on device"), "{error}");
        assert_eq!(error.code().as_str(), "io_error");
        assert_eq!(engine.size(), 1);
    }
    disk.set_full(false);
    assert_eq!(engine.put(&Key::new("big").unwrap(), &big).unwrap().version, 2);
    assert_eq!(put(&engine, "after").unwrap(), 3);
    engine.close().unwrap();
    let reopened = self::engine(&disk, &StoreConfig::durable(LOG));
    assert_eq!(reopened.recover().unwrap().records, 3);
}

#[test]
fn a_write_that_fits_is_taken_however_little_room_is_left_on_the_disk() {
    for room in (0..140_000).step_by(7_013).chain([256, 4096, 65_536]) {
        let disk = SimDisk::new();
        let engine = engine(&disk, &StoreConfig::durable(LOG));
        engine.recover().unwrap();
        let used = disk.read(Path::new(LOG)).unwrap().len();
        disk.set_room(room);
        let mut written = 0;
        // The header of the frame, the record, its key and its value.
        let mut frame = |len: usize| {
            let key = Key::new("key").unwrap();
            let done = engine.put(&key, &Value::from_bytes(vec![7; len]));
            let bytes = (56 + 18 + 3 + len).next_multiple_of(8);
            assert_eq!(done.is_ok(), written + bytes <= room, "{room}, {written}: {done:?}");
            written += if done.is_ok() { bytes } else { 0 };
            done.is_ok()
        };
        while frame(3_000) {}
        while frame(1) {}
        let log = disk.read(Path::new(LOG)).unwrap();
        assert!(log.len() <= used + room);
        let state = Model::of(&engine);
        let crashed = self::engine(&disk.crash(&mut Random::new(1)), &StoreConfig::durable(LOG));
        crashed.recover().unwrap();
        assert_eq!(Model::of(&crashed), state, "{room}");
        // Closed on the full disk, with or without room for a seal, it opens there.
        assert_eq!(engine.close().is_ok(), written + 56 <= room, "{room}, {written}");
        let reopened = self::engine(&disk, &StoreConfig::durable(LOG));
        let report = reopened.recover().unwrap();
        assert_eq!(report.bytes_cut, 0, "{room}");
        assert_eq!(Model::of(&reopened), state, "{room}");
    }
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_until_the_store_is_recovered() {
    let disk = SimDisk::new();
    let engine = engine(&disk, &StoreConfig::durable(LOG));
    engine.recover().unwrap();
    put(&engine, "a").unwrap();
    disk.fail_next_sync();
    let error = put(&engine, "b").unwrap_err();
    assert!(matches!(error, Error::WalFlushFailed { sequence: 2, .. }), "{error}");
    assert!(error.to_string().contains("outcome unknown"), "{error}");
    for _ in 0..3 {
        assert!(matches!(put(&engine, "c"), Err(Error::Poisoned { .. })));
        assert!(engine.get(&Key::new("a").unwrap()).unwrap().is_some(), "reads go on");
        assert!(engine.get(&Key::new("b").unwrap()).unwrap().is_none(), "never became visible");
    }
    assert!(engine.stats().poisoned);
    engine.recover().unwrap();
    assert!(!engine.stats().poisoned);
    put(&engine, "c").unwrap();
}

#[test]
fn a_second_opener_is_refused_and_the_first_goes_on() {
    let disk = SimDisk::new();
    let first = engine(&disk, &StoreConfig::durable(LOG));
    first.recover().unwrap();
    let second = engine(&disk, &StoreConfig::durable(LOG));
    assert!(matches!(second.recover(), Err(Error::Locked { .. })));
    put(&first, "a").unwrap();
    first.close().unwrap();
    second.recover().unwrap();
    assert_eq!(second.size(), 1);
}
