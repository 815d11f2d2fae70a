//! A store that was opened by its index file answers as one does whose whole log was replayed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::sync::Arc;

use softadastra_store::{Control, IndexPolicy, RecoveryReport, StoreConfig, StoreEngine, Write};
use support::model::{Commit, Model, run};
use support::random::Random;
use support::reads::{commit, compare};
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";

/// Index files of the smallest logs, written where it can be foreseen.
const SMALL: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 5, background: false };

fn open(disk: &SimDisk, limit: Option<u64>) -> (StoreEngine, RecoveryReport) {
    let config = StoreConfig::durable(LOG).with_index(SMALL);
    let config = match limit {
        Some(bytes) => config.with_memory_limit(bytes),
        None => config,
    };
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    let report = engine.recover().unwrap();
    (engine, report)
}

/// Does a commit, and compares what it says of each write.
fn commit_and_compare(engine: &StoreEngine, model: &mut Model, commit: &Commit, context: &str) {
    let before = model.clone();
    model.commit(commit);
    match &commit.0[..] {
        [Write::Put { key, value, expires_at: None, .. }] => {
            let version = before.entries.get(key.as_str()).map_or(0, |(_, version)| *version);
            let wrong = engine.put_if(key, value, Some(version + 1));
            assert!(wrong.is_err(), "{context}: {key}");
            let put = engine.put_if(key, value, Some(version)).unwrap();
            assert_eq!(
                (put.created, put.version),
                (version == 0, model.last_sequence),
                "{context}"
            );
        }
        [Write::Remove { key, .. }] => {
            let removed = engine.remove(key).unwrap();
            assert_eq!(removed.deleted, before.entries.contains_key(key.as_str()), "{context}");
        }
        _ => run(engine, commit).unwrap(),
    }
}

#[test]
fn reads_and_writes_before_the_log_is_replayed_are_those_after_it() {
    assert!(tell(0..120, &mut |_| None) > 500);
}

#[test]
fn a_store_that_is_closed_before_its_log_was_replayed_leaves_little_to_replay() {
    let disk = SimDisk::new();
    let mut random = Random::new(7);
    let mut model = Model::default();
    for round in 0..10 {
        let (engine, report) = open(&disk, None);
        assert!(report.records <= 6, "round {round}: {report:?}");
        assert_eq!(report.entries, Some(model.entries.len() as u64), "round {round}");
        assert_eq!(engine.stats().ready, round == 0);
        for _ in 0..20 {
            commit_and_compare(&engine, &mut model, &commit(&mut random), "before the replay");
        }
        engine.close().unwrap();
    }
    let (engine, _) = open(&disk, None);
    compare(&engine, &model, &mut random, "at the end");
}

#[test]
fn a_store_that_keeps_entries_in_its_log_answers_as_one_that_has_all_in_memory() {
    assert!(tell(0..80, &mut |_| Some(4096)) > 300);
}

#[test]
fn a_limit_may_be_set_and_lifted_from_opening_to_opening() {
    let limit = &mut |random: &mut Random| (random.below(2) == 0).then_some(20_000);
    assert!(tell(1000..1080, limit) > 300);
}

/// Lives of stores, each opening with a limit of its own. Says how many openings went by an index file.
fn tell(seeds: std::ops::Range<u64>, limit: &mut dyn FnMut(&mut Random) -> Option<u64>) -> usize {
    let mut opened_by_index = 0;
    for seed in seeds {
        let mut random = Random::new(seed);
        let disk = SimDisk::new();
        let (mut engine, _) = open(&disk, limit(&mut random));
        let mut model = Model::default();
        for round in 0..12 {
            for _ in 0..random.below(30) {
                let commit = commit(&mut random);
                let context = format!("seed {seed}, round {round}");
                commit_and_compare(&engine, &mut model, &commit, &context);
            }
            if random.below(3) == 0 {
                engine.compact(&Control::default()).unwrap();
            }
            if random.below(2) == 0 {
                engine.close().unwrap();
            }
            drop(engine);
            let report;
            (engine, report) = open(&disk, limit(&mut random));
            let context = format!("seed {seed}, round {round}, {report:?}");
            opened_by_index += usize::from(report.bytes_unverified > 0);
            assert_eq!(report.last_sequence, model.last_sequence, "{context}");
            assert!(report.entries.is_none_or(|n| n == model.entries.len() as u64), "{context}");
            if random.below(4) == 0 {
                engine.ready(&Control::default()).unwrap();
            } else if report.entries.is_some() {
                // Reads do not wait for the replay.
                let ready = engine.stats().ready;
                compare(&engine, &model, &mut random, &context);
                assert_eq!(engine.stats().ready, ready, "{context}");
            }
            if random.below(2) == 0 {
                let more = commit(&mut random);
                commit_and_compare(&engine, &mut model, &more, &context);
                compare(&engine, &model, &mut random, &context);
            }
        }
        engine.ready(&Control::default()).unwrap();
        compare(&engine, &model, &mut random, &format!("seed {seed}, at the end"));
    }
    opened_by_index
}
