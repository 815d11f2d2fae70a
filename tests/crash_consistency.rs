//! Whatever moment the machine stops at, every acknowledged commit is there afterwards, whole, and
//! nothing that was never written is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::{Error, Key, StoreConfig, StoreEngine, Value};
use support::model::{Commit, Model, run, script};
use support::random::Random;
use support::sim_disk::{Fault, SimDisk};

const LOG: &str = "/store.wal";
/// Crash images that are tried for each moment.
const IMAGES: usize = 6;

fn open(disk: &SimDisk, config: &StoreConfig) -> Result<StoreEngine, Error> {
    let engine = StoreEngine::with_storage(config.clone(), Arc::new(disk.clone()));
    engine.recover()?;
    Ok(engine)
}

/// Runs the script until the disk stops; says how many commits were acknowledged and submitted.
fn work(disk: &SimDisk, config: &StoreConfig, script: &[Commit]) -> (usize, usize) {
    let Ok(engine) = open(disk, config) else { return (0, 0) };
    let mut acknowledged = 0;
    for (at, commit) in script.iter().enumerate() {
        if at == script.len() / 2 {
            // The second half meets a log that was closed and opened again.
            let _ = engine.close();
            let Ok(engine) = open(disk, config) else { return (at, at) };
            let (done, tried) = work_on(&engine, &script[at..]);
            return (at + done, at + tried);
        }
        match run(&engine, commit) {
            Ok(()) => acknowledged += 1,
            Err(_) => return (acknowledged, at + 1),
        }
    }
    (acknowledged, script.len())
}

fn work_on(engine: &StoreEngine, script: &[Commit]) -> (usize, usize) {
    for (at, commit) in script.iter().enumerate() {
        if run(engine, commit).is_err() {
            return (at, at + 1);
        }
    }
    let _ = engine.close();
    (script.len(), script.len())
}

/// Checks a recovered store against the script; gives how many commits it shows.
fn check(
    engine: &StoreEngine,
    states: &[Model],
    at_least: usize,
    at_most: usize,
    context: &str,
) -> usize {
    let found = Model::of(engine);
    let commits = (at_least..=at_most).find(|&commits| states[commits] == found);
    commits.unwrap_or_else(|| {
        let shown = states.iter().position(|state| *state == found);
        panic!("{context}: the store shows {shown:?} commits, not {at_least} to {at_most}")
    })
}

/// The disk after the machine has stopped, or only the process.
fn stopped(disk: &SimDisk, random: &mut Random) -> SimDisk {
    if random.below(3) == 0 { disk.kill() } else { disk.crash(random) }
}

/// Opens a disk that the machine or the process left in the middle, ends in the middle of that as well, and
/// goes on until it is open.
fn survive(
    left: &SimDisk,
    config: &StoreConfig,
    random: &mut Random,
    context: &str,
) -> (SimDisk, StoreEngine) {
    let mut disk = stopped(left, random);
    for _ in 0..random.below(3) {
        disk.crash_at(random.below(24));
        if let Ok(engine) = open(&disk, config) {
            drop(engine.close());
        }
        disk = stopped(&disk, random);
    }
    let engine = open(&disk, config).unwrap_or_else(|error| panic!("{context}: {error}"));
    (disk, engine)
}

fn enumerate_crashes(config: &StoreConfig, seeds: std::ops::Range<u64>, synced: bool) {
    for seed in seeds {
        let mut random = Random::new(seed);
        let script = script(&mut random, 24);
        let states = Model::states(&script);
        let whole = SimDisk::new();
        assert_eq!(work(&whole, config, &script), (24, 24), "seed {seed}");
        for call in 0..=whole.calls() {
            let disk = SimDisk::new();
            disk.crash_at(call);
            let (acknowledged, submitted) = work(&disk, config, &script);
            let at_least = if synced { acknowledged } else { 0 };
            for image in 0..IMAGES {
                let context = format!("seed {seed}, stopped at call {call}, image {image}");
                let (disk, engine) = survive(&disk, config, &mut random, &context);
                let commits = check(&engine, &states, at_least, submitted, &context);
                go_on(&disk, config, &engine, &script[commits..], &states[commits], &context);
            }
        }
    }
}

/// The store goes on where the found state ends, and keeps what it adds.
fn go_on(
    disk: &SimDisk,
    config: &StoreConfig,
    engine: &StoreEngine,
    rest: &[Commit],
    found: &Model,
    context: &str,
) {
    let mut model = found.clone();
    for commit in rest {
        run(engine, commit).unwrap_or_else(|error| panic!("{context}: {error}"));
        model.commit(commit);
    }
    assert_eq!(Model::of(engine), model, "{context}");
    engine.close().unwrap();
    let reopened = open(disk, config).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(Model::of(&reopened), model, "{context}");
}

#[test]
fn an_acknowledged_commit_survives_a_crash_at_any_io_call() {
    enumerate_crashes(&StoreConfig::durable(LOG), 0..40, true);
}

#[test]
fn a_buffered_store_recovers_a_prefix_of_its_history_after_any_crash() {
    enumerate_crashes(&StoreConfig::buffered(LOG), 0..20, false);
}

#[test]
fn a_flushed_commit_of_a_buffered_store_survives_a_crash() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let script = script(&mut random, 12);
        let states = Model::states(&script);
        let disk = SimDisk::new();
        let config = StoreConfig::buffered(LOG);
        let engine = open(&disk, &config).unwrap();
        let flushed = 1 + random.below(10);
        for (at, commit) in script.iter().enumerate() {
            if at == flushed {
                engine.flush().unwrap();
            }
            run(&engine, commit).unwrap();
        }
        let context = format!("seed {seed}");
        let (_, recovered) = survive(&disk, &config, &mut random, &context);
        check(&recovered, &states, flushed, script.len(), &context);
    }
}

#[test]
fn what_recovery_served_after_a_failed_sync_is_not_lost_by_a_later_crash() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let script = script(&mut random, 6);
        let disk = SimDisk::new();
        let config = StoreConfig::durable(LOG);
        let engine = open(&disk, &config).unwrap();
        for commit in &script[..5] {
            run(&engine, commit).unwrap();
        }
        // The write of the last commit works, its sync does not: the pages look written.
        disk.fail_next_sync();
        let error = run(&engine, &script[5]).unwrap_err();
        assert!(matches!(error, Error::WalFlushFailed { .. }), "seed {seed}: {error}");
        engine.recover().unwrap();
        let served = Model::of(&engine);
        let after = open(&disk.crash(&mut random), &config).unwrap();
        assert_eq!(Model::of(&after), served, "seed {seed}");
    }
}

#[test]
fn what_a_refused_write_left_on_the_disk_cannot_come_back() {
    let config = StoreConfig::durable(LOG);
    let put = |engine: &StoreEngine, len| {
        engine.put(&Key::new("large").unwrap(), &Value::from_bytes(vec![7; len]))
    };
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let disk = SimDisk::new();
        let engine = open(&disk, &config).unwrap();
        put(&engine, 10).unwrap();
        disk.fail_at(disk.calls(), Fault::ShortThenFull);
        assert!(matches!(put(&engine, 600_000), Err(Error::WalAppendFailed { .. })));
        // The next write is smaller and does not reach the disk: nothing may stand after it.
        disk.crash_at(disk.calls() + 1);
        assert!(put(&engine, 200_000).is_err());
        let recovered = open(&disk.crash(&mut random), &config);
        let recovered = recovered.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let found = recovered.get(&Key::new("large").unwrap()).unwrap().unwrap();
        assert!([10, 200_000].contains(&found.value.as_bytes().len()), "seed {seed}");
    }
}

#[test]
fn space_whose_zeros_were_not_synced_is_cut_off_after_a_closed_log_too() {
    let config = StoreConfig::durable(LOG);
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let disk = SimDisk::new();
        disk.set_salt(seed);
        open(&disk, &config).unwrap().close().unwrap();
        let engine = open(&disk, &config).unwrap();
        let put = |len| engine.put(&Key::new("key").unwrap(), &Value::from_bytes(vec![7; len]));
        put(10).unwrap();
        engine.close().unwrap();
        let engine = open(&disk, &config).unwrap();
        let put = |len| engine.put(&Key::new("key").unwrap(), &Value::from_bytes(vec![7; len]));
        // The sync that fails is that of the zeros; the next frame asks for fewer of them.
        disk.fail_next_sync();
        assert!(put(100_000 + random.below(9_000)).is_err());
        engine.recover().unwrap();
        put(10).unwrap();
        disk.crash_at(disk.calls() + 1);
        assert!(put(3_000).is_err());
        let recovered = open(&disk.crash(&mut random), &config);
        recovered.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn the_same_log_always_gives_the_same_state() {
    let mut random = Random::new(7);
    let script = script(&mut random, 60);
    let disk = SimDisk::new();
    let config = StoreConfig::durable(LOG);
    let engine = open(&disk, &config).unwrap();
    for commit in &script {
        run(&engine, commit).unwrap();
    }
    engine.close().unwrap();
    let log = disk.read(Path::new(LOG)).unwrap();
    let open_copy = || open(&SimDisk::with_file(Path::new(LOG), &log), &config).unwrap();
    assert_eq!(open_copy().entries().unwrap(), open_copy().entries().unwrap());
    assert_eq!(Model::of(&open_copy()), Model::states(&script)[60]);
}
