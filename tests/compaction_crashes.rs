//! Compactions, backups and acknowledgements on a disk that fails or stops at any of its calls.

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

use softadastra_store::engine::Group;
use softadastra_store::operation::OperationRef;
use softadastra_store::storage::Storage;
use softadastra_store::{Control, Error, Key, Operation, StoreConfig, StoreEngine, Value, Write};
use support::model::{Commit, Model, run, script};
use support::random::Random;
use support::sim_disk::{Call, Fault, SimDisk};
use support::story::{INDEX, SMALL_INDEX};

const LOG: &str = "/store.wal";
const NEW: &str = "/store.wal.new";
const NEW_INDEX: &str = "/store.wal.index.new";
const BACKUP: &str = "/backup.wal";
const OUTBOX: &str = "outbox";
const COMMITS: usize = 16;
const KINDS: [ErrorKind; 2] = [ErrorKind::Other, ErrorKind::StorageFull];

fn open(disk: &SimDisk, path: &str) -> Result<StoreEngine, Error> {
    open_with(disk, StoreConfig::durable(path))
}

fn open_with(disk: &SimDisk, config: StoreConfig) -> Result<StoreEngine, Error> {
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover()?;
    Ok(engine)
}

/// Keys and values of the operations of a script, `None` for a remove, in the order of their sequences.
fn history(script: &[Commit]) -> Vec<(String, Option<Vec<u8>>)> {
    let writes = script.iter().flat_map(|commit| &commit.0);
    let operation = |write: &softadastra_store::Write| match write {
        softadastra_store::Write::Put { key, value, .. } => {
            (key.to_string(), Some(value.as_bytes().to_vec()))
        }
        softadastra_store::Write::Remove { key, .. } => (key.to_string(), None),
    };
    writes.map(operation).collect()
}

/// Does a commit as operations from elsewhere, together with an acknowledgement.
fn apply(engine: &StoreEngine, commit: &Commit, sequence: u64) -> Result<(), Error> {
    let mut group = Group::new();
    group.begin_batch();
    group.acknowledge(OUTBOX, sequence);
    for write in &commit.0 {
        let (operation, expiry) = match write {
            Write::Put { key, value, expires_at, .. } => {
                (Operation::put(key.clone(), value.clone()), *expires_at)
            }
            Write::Remove { key, .. } => (Operation::remove(key.clone()), None),
        };
        group.apply_until(OperationRef::from(&operation), expiry)?;
    }
    engine.commit(&mut group).map(drop)
}

/// What was done before the machine stopped.
#[derive(Debug, Default, Clone, Copy)]
struct Done {
    commits: usize,
    submitted: usize,
    acknowledged: u64,
    asked: u64,
    /// The sequence that each commit acknowledges in its own frame, or 0.
    together: [u64; COMMITS],
    backed_up: Option<usize>,
}

/// What a store is to do.
struct Plan {
    config: StoreConfig,
    script: Vec<Commit>,
    /// The states after 0, 1, 2, … commits.
    states: Vec<Model>,
}

impl Plan {
    /// Every second seed makes index files.
    fn new(seed: u64) -> Self {
        let config = StoreConfig::durable(LOG);
        let indexed = seed.is_multiple_of(2);
        let config = if indexed { config.with_index(SMALL_INDEX) } else { config };
        let script = script(&mut Random::new(seed), COMMITS);
        let states = Model::states(&script);
        Self { config, script, states }
    }
}

/// Commits, with acknowledgements, compactions and a backup between them, until the disk stops.
fn work(disk: &SimDisk, plan: &Plan, random: &mut Random) -> Done {
    let mut done = Done::default();
    let _ = work_on(disk, plan, plan.script.len(), random, &mut done);
    done
}

/// The next process goes on where a killed one was, for a few commits, until the disk stops.
fn resume(disk: &SimDisk, plan: &Plan, random: &mut Random, done: &mut Done) {
    let _ = work_on(disk, plan, 4, random, done);
}

fn work_on(
    disk: &SimDisk,
    plan: &Plan,
    commits: usize,
    random: &mut Random,
    done: &mut Done,
) -> Result<(), Error> {
    let Plan { config, script, states } = plan;
    let engine = open_with(disk, config.clone())?;
    let found = Model::read(&engine)?;
    let shown = (done.commits..=done.submitted).find(|&commits| states[commits] == found);
    done.commits = shown.unwrap_or_else(|| panic!("not a state from {done:?}"));
    let outbox = engine.consumer(OUTBOX, 0)?;
    for (at, commit) in script.iter().enumerate().skip(done.commits).take(commits) {
        done.submitted = at + 1;
        let read = outbox.operations(false)?.take(1 + random.below(4)).last().transpose()?;
        if let Some(last) = read.filter(|_| at % 3 == 2) {
            (done.asked, done.together[at]) = (done.asked.max(last.sequence), last.sequence);
            apply(&engine, commit, last.sequence)?;
            done.acknowledged = last.sequence;
        } else {
            run(&engine, commit)?;
        }
        done.commits = at + 1;
        if at % 3 == 1 {
            let read = outbox.operations(false)?.take(1 + random.below(4)).last();
            if let Some(last) = read.transpose()? {
                done.asked = done.asked.max(last.sequence);
                outbox.acknowledge(last.sequence)?;
                done.acknowledged = last.sequence;
            }
        }
        if at % 4 == 3 {
            engine.compact(&Control::default())?;
        }
        if at == script.len() / 2 {
            engine.backup(BACKUP, &Control::default())?;
            done.backed_up = Some(at + 1);
        }
    }
    Ok(())
}

/// The store shows a state between what was acknowledged and what was submitted, its consumer stands
/// where it was put, and every operation after that is there.
fn check(disk: &SimDisk, plan: &Plan, done: &Done, context: &str) {
    let Plan { config, script, states } = plan;
    let engine = open_with(disk, config.clone());
    let engine = engine.unwrap_or_else(|error| panic!("{context}: {error}"));
    let found = Model::of(&engine);
    let shown = (done.commits..=done.submitted).find(|&commits| states[commits] == found);
    let Some(shown) = shown else { panic!("{context}: not a state from {done:?}") };
    let kind = disk.kind(Path::new(NEW)).unwrap();
    assert_eq!(format!("{kind:?}"), "Missing", "{context}: an unfinished log is left");
    let outbox = engine.consumer(OUTBOX, 0).unwrap_or_else(|error| panic!("{context}: {error}"));
    let position = outbox.position().unwrap();
    assert!(
        (done.acknowledged..=done.asked).contains(&position),
        "{context}: {position}, {done:?}"
    );
    for (at, sequence) in done.together.into_iter().enumerate().filter(|one| one.1 > 0) {
        assert_eq!(
            at < shown,
            position >= sequence,
            "{context}: commit {at}, {position}, {done:?}"
        );
    }
    let expected = history(&script[..shown]).split_off(usize::try_from(position).unwrap());
    let unsent: Vec<_> = outbox
        .operations(false)
        .unwrap()
        .map(|found| found.unwrap().operation().unwrap())
        .map(|found| {
            let is_put = found.kind == softadastra_store::OperationType::Put;
            (found.key.to_string(), is_put.then(|| found.value.as_bytes().to_vec()))
        })
        .collect();
    assert_eq!(unsent, expected, "{context}: behind {position}");
    engine.ready(&Control::default()).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(Model::of(&engine), found, "{context}: once the whole log was replayed");
    for commit in &script[shown..] {
        run(&engine, commit).unwrap_or_else(|error| panic!("{context}: {error}"));
    }
    engine.compact(&Control::default()).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(&Model::of(&engine), states.last().unwrap(), "{context}");
}

/// A backup is there as a whole or not at all.
fn check_backup(disk: &SimDisk, states: &[Model], done: &Done, context: &str) {
    if disk.read(Path::new(BACKUP)).is_none() {
        assert_eq!(done.backed_up, None, "{context}: the backup is lost");
        return;
    }
    let copy = open(disk, BACKUP).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(Model::of(&copy), states[states.len() / 2 + 1], "{context}");
}

#[test]
fn a_crash_at_any_call_loses_no_commit_no_acknowledgement_and_no_unsent_operation() {
    for seed in 0..6 {
        let plan = Plan::new(seed);
        let whole = SimDisk::new();
        let done = work(&whole, &plan, &mut Random::new(seed));
        assert_eq!(done.commits, plan.script.len(), "seed {seed}: {done:?}");
        for call in 0..=whole.calls() {
            let disk = SimDisk::new();
            disk.crash_at(call);
            let done = work(&disk, &plan, &mut Random::new(seed));
            let mut random = Random::new(call as u64);
            for image in 0..3 {
                let context = format!("seed {seed}, stopped at call {call}, image {image}");
                let crashed = disk.crash(&mut random);
                check_backup(&crashed, &plan.states[..plan.script.len()], &done, &context);
                check(&crashed, &plan, &done, &context);
            }
        }
    }
}

#[test]
fn nor_does_a_crash_at_any_call_of_a_process_that_follows_a_killed_one() {
    for seed in 0..3 {
        let plan = Plan::new(seed);
        let whole = SimDisk::new();
        work(&whole, &plan, &mut Random::new(seed));
        for call in 0..=whole.calls() {
            let killed = SimDisk::new();
            killed.crash_at(call);
            let done = work(&killed, &plan, &mut Random::new(seed));
            let mut random = Random::new(call as u64);
            for _ in 0..8 {
                let (disk, mut done) = (killed.kill(), done);
                let stop = random.below(60);
                disk.crash_at(stop);
                resume(&disk, &plan, &mut random, &mut done);
                let context = format!("seed {seed}, killed at call {call}, stopped at {stop}");
                let crashed = disk.crash(&mut random);
                check_backup(&crashed, &plan.states[..plan.script.len()], &done, &context);
                check(&crashed, &plan, &done, &context);
            }
        }
    }
}

fn put(engine: &StoreEngine, key: &str) -> Result<u64, Error> {
    Ok(engine.put(&Key::new(key)?, &Value::from_string("value"))?.version)
}

/// A store with something to compact, on a disk of its own.
fn grown() -> (SimDisk, StoreEngine, Model) {
    let disk = SimDisk::new();
    let engine = open(&disk, LOG).unwrap();
    engine.consumer(OUTBOX, 0).unwrap();
    let mut model = Model::default();
    for commit in script(&mut Random::new(9), 30) {
        run(&engine, &commit).unwrap();
        model.commit(&commit);
    }
    engine.acknowledge(OUTBOX, 20).unwrap();
    (disk, engine, model)
}

#[test]
fn any_failing_call_of_a_compaction_is_reported_and_costs_nothing() {
    let (whole, engine, _) = grown();
    let before = whole.calls();
    engine.compact(&Control::default()).unwrap();
    let calls = before..whole.calls();
    for call in calls {
        for kind in KINDS {
            let context = format!("call {call}, {:?}, {kind:?}", whole.history()[call]);
            let (disk, engine, mut model) = grown();
            disk.fail_at(call, Fault::Error(kind));
            let error = engine.compact(&Control::default()).expect_err(&context);
            assert_eq!(error.code().as_str(), "io_error", "{context}: {error}");
            let noted = engine.stats().last_compaction_error.unwrap().to_string();
            assert_eq!(noted, error.to_string(), "{context}");
            assert_eq!(Model::of(&engine), model, "{context}");
            if engine.stats().poisoned {
                assert!(matches!(put(&engine, "next"), Err(Error::Poisoned { .. })), "{context}");
                engine.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
            }
            put(&engine, "next").unwrap_or_else(|error| panic!("{context}: {error}"));
            model.last_sequence += 1;
            model.entries.insert("next".into(), (b"value".into(), model.last_sequence));
            let crashed = open(&disk.crash(&mut Random::new(call as u64)), LOG);
            let crashed = crashed.unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(Model::of(&crashed), model, "{context}");
            engine
                .compact(&Control::default())
                .unwrap_or_else(|error| panic!("{context}: {error}"));
            assert!(engine.stats().last_compaction_error.is_none(), "{context}");
            assert_eq!(Model::of(&engine), model, "{context}");
            assert_eq!(engine.consumer(OUTBOX, 0).unwrap().position().unwrap(), 20, "{context}");
        }
    }
}

#[test]
fn any_failing_call_of_a_backup_leaves_no_backup_and_a_store_that_goes_on() {
    let (whole, engine, _) = grown();
    let before = whole.calls();
    engine.backup(BACKUP, &Control::default()).unwrap();
    for call in before..whole.calls() {
        let context = format!("call {call}, {:?}", whole.history()[call]);
        let (disk, engine, model) = grown();
        disk.fail_at(call, Fault::Error(ErrorKind::StorageFull));
        let error = engine.backup(BACKUP, &Control::default()).expect_err(&context);
        assert_eq!(error.code().as_str(), "io_error", "{context}: {error}");
        assert_eq!(Model::of(&engine), model, "{context}");
        assert!(!engine.stats().poisoned, "{context}");
        put(&engine, "next").unwrap_or_else(|error| panic!("{context}: {error}"));
        let new = disk.read(Path::new("/backup.wal.new"));
        assert!(new.is_none(), "{context}: an unfinished backup is left");
        if disk.read(Path::new(BACKUP)).is_some() {
            // It has its name already and only that could not be made durable.
            assert_eq!(Model::of(&open(&disk, BACKUP).unwrap()), model, "{context}");
        }
    }
}

/// A store whose next compaction writes an index file.
fn grown_with_index() -> (SimDisk, StoreEngine, Model) {
    let (disk, engine, model) = grown();
    drop(engine);
    let engine = open_with(&disk, StoreConfig::durable(LOG).with_index(SMALL_INDEX)).unwrap();
    (disk, engine, model)
}

/// The calls of a compaction that come after the new log has its name.
fn calls_of_the_index() -> (SimDisk, std::ops::Range<usize>) {
    let (whole, engine, _) = grown_with_index();
    engine.compact(&Control::default()).unwrap();
    let named = whole.history().iter().rposition(|call| *call == Call::SyncDir).unwrap();
    let calls = named + 1..whole.calls();
    for wanted in [Call::Look, Call::Open, Call::Read, Call::Write, Call::Rename] {
        assert!(whole.history()[calls.clone()].contains(&wanted), "{wanted:?}");
    }
    assert!(whole.read(Path::new(INDEX)).is_some() && engine.stats().indexed_sequence > 0);
    (whole, calls)
}

#[test]
fn any_failing_call_of_the_writing_of_an_index_file_is_told_and_costs_the_file_alone() {
    let (whole, calls) = calls_of_the_index();
    for (call, kind) in calls.flat_map(|call| KINDS.map(|kind| (call, kind))) {
        let context = format!("call {call}, {:?}, {kind:?}", whole.history()[call]);
        let (disk, engine, model) = grown_with_index();
        disk.fail_at(call, Fault::Error(kind));
        engine.compact(&Control::default()).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(disk.faults_met(), 1, "{context}");
        let stats = engine.stats();
        // What is there of another index file is looked at first, and not needed.
        assert!(stats.index_failure.is_some() || stats.indexed_sequence > 0, "{context}");
        assert!(stats.last_compaction_error.is_none() && !stats.poisoned, "{context}");
        assert!(disk.read(Path::new(NEW_INDEX)).is_none(), "{context}: a part of it is left");
        assert_eq!(Model::of(&engine), model, "{context}");
        let crashed = disk.crash(&mut Random::new(call as u64));
        assert_eq!(Model::of(&open(&crashed, LOG).unwrap()), model, "{context}");
        engine.compact(&Control::default()).unwrap();
        let stats = engine.stats();
        assert_eq!(stats.index_failure, None, "{context}");
        assert_eq!(stats.indexed_sequence, model.last_sequence, "{context}");
    }
}

#[test]
fn a_crash_at_any_call_of_the_writing_of_an_index_file_leaves_one_that_is_whole_or_of_no_use() {
    let (_, calls) = calls_of_the_index();
    let mut whole = 0;
    for call in calls.start..=calls.end {
        let (disk, engine, model) = grown_with_index();
        disk.crash_at(call);
        let _ = engine.compact(&Control::default());
        for image in 0..40 {
            let crashed = disk.crash(&mut Random::new(image * 1000 + call as u64));
            let config = StoreConfig::durable(LOG).with_index(SMALL_INDEX);
            let context = format!("call {call}, image {image}");
            let engine = open_with(&crashed, config).unwrap();
            whole += usize::from(!engine.stats().ready);
            assert_eq!(Model::of(&engine), model, "{context}");
            engine.ready(&Control::default()).unwrap();
            assert_eq!(Model::of(&engine), model, "{context}");
            assert_eq!(engine.size(), model.entries.len(), "{context}");
            put(&engine, "next").unwrap();
            engine.compact(&Control::default()).unwrap();
            assert!(engine.stats().index_failure.is_none(), "{context}");
        }
    }
    assert!(whole > 0, "no index file was whole");
}

#[test]
fn a_full_disk_stops_a_compaction_and_not_the_store() {
    let (disk, engine, model) = grown();
    put(&engine, "makes room ahead").unwrap();
    disk.set_full(true);
    let error = engine.compact(&Control::default()).unwrap_err();
    assert!(error.to_string().contains("no space left on device"), "{error}");
    assert!(disk.read(Path::new(NEW)).is_none());
    put(&engine, "fits into the space ahead").unwrap();
    assert_eq!(engine.size(), model.entries.len() + 2);
    disk.set_full(false);
    engine.compact(&Control::default()).unwrap();
}

#[test]
fn what_is_damaged_while_a_log_is_rewritten_is_found_before_it_gets_its_name() {
    let (whole, engine, _) = grown();
    let before = whole.calls();
    engine.compact(&Control::default()).unwrap();
    let mut found = 0;
    for call in before..whole.calls() {
        let (disk, engine, model) = grown();
        disk.spoil_write_from(call);
        let outcome = engine.compact(&Control::default());
        disk.heal();
        assert_eq!(Model::of(&engine), model);
        if outcome.is_err() {
            found += 1;
            assert!(matches!(outcome, Err(Error::RewriteDiffers { .. })), "{outcome:?}");
        }
        drop(engine);
        assert_eq!(Model::of(&open(&disk, LOG).unwrap()), model, "call {call}");
    }
    assert!(found > 3, "{found} damaged writes were found");
}
