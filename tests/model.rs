//! Whatever is written in whatever order, and however a store ends and begins again, it is the ordered
//! map that counts its versions.
//!
//! `PROPTEST_CASES` sets how many lives are tried; a failure prints the shortest life that fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::ops::Bound;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use softadastra_store::engine::WriteResult;
use softadastra_store::index::Range;
use softadastra_store::{
    Control, Error, Key, Operation, OperationType, StoreConfig, StoreEngine, Value, Write,
};
use support::model::Model;
use support::random::Random;
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";
/// Few keys, so that they meet again, some of them prefixes of others.
const KEYS: [&str; 8] = ["a", "a/1", "a/2", "b", "é", "日本", "👍", "\u{0}"];

#[derive(Debug, Clone)]
struct Change {
    key: usize,
    /// Nothing for a remove.
    value: Option<Vec<u8>>,
    if_version: Option<u64>,
    expires_at: Option<i64>,
}

#[derive(Debug, Clone)]
enum Step {
    One(Change),
    Batch(Vec<Change>),
    Apply(Change, i64),
    ApplyBatch(Vec<(Change, i64)>),
    Scan(Option<usize>, Option<usize>, bool),
    /// The clock shows this, from 0 to 20.
    Clock(i64),
    Sweep,
    Flush,
    Recover,
    Reopen,
    /// The process ends without a close.
    Kill,
    /// The machine stops.
    Crash(u64),
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        5 => vec(any::<u8>(), 0..40),
        1 => Just(vec![7; 5_000]),
    ];
    let if_version = option::weighted(0.3, 0..12u64);
    let expires_at = option::weighted(0.3, 1..20i64);
    (0..KEYS.len(), option::weighted(0.75, value), if_version, expires_at).prop_map(
        |(key, value, if_version, expires_at)| Change { key, value, if_version, expires_at },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let key = || option::of(0..KEYS.len());
    prop_oneof![
        8 => change().prop_map(Step::One),
        4 => vec(change(), 0..6).prop_map(Step::Batch),
        2 => (change(), any::<i64>()).prop_map(|(change, time)| Step::Apply(change, time)),
        2 => vec((change(), any::<i64>()), 0..6).prop_map(Step::ApplyBatch),
        2 => (key(), key(), any::<bool>()).prop_map(|(a, b, reverse)| Step::Scan(a, b, reverse)),
        2 => (0..20i64).prop_map(Step::Clock),
        1 => Just(Step::Sweep),
        1 => Just(Step::Flush),
        1 => Just(Step::Recover),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        1 => any::<u64>().prop_map(Step::Crash),
    ]
}

fn key_of(change: &Change) -> Key {
    Key::new(KEYS[change.key]).unwrap()
}

fn write_of(change: &Change) -> Write {
    let write = match &change.value {
        Some(value) => Write::put(key_of(change), Value::from_bytes(value.clone())),
        None => Write::remove(key_of(change)),
    };
    let write = match change.expires_at {
        Some(at) => write.expires_at(at),
        None => write,
    };
    match change.if_version {
        Some(version) => write.if_version(version),
        None => write,
    }
}

fn operation_of(change: &Change, timestamp: i64) -> Operation {
    let mut operation = match &change.value {
        Some(value) => Operation::put(key_of(change), Value::from_bytes(value.clone())),
        None => Operation::remove(key_of(change)),
    };
    operation.timestamp = timestamp;
    operation
}

/// The store, the model, and the disk between them.
struct Life {
    disk: SimDisk,
    engine: StoreEngine,
    /// All entries, whether they have expired or not.
    model: Model,
    now: i64,
}

impl Life {
    fn begin() -> Self {
        let disk = SimDisk::new();
        let engine = Self::open(&disk);
        Self { disk, engine, model: Model::default(), now: 0 }
    }

    fn open(disk: &SimDisk) -> StoreEngine {
        let config = StoreConfig::durable(LOG).with_sweeping(false);
        let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
        engine.recover().unwrap();
        engine
    }

    fn version_of(model: &Model, key: &str) -> u64 {
        model.entries.get(key).map_or(0, |entry| entry.1)
    }

    /// Does the changes to the model when every condition holds.
    fn expect(&mut self, changes: &[Change]) -> bool {
        let mut next = self.model.clone();
        for change in changes {
            let key = KEYS[change.key];
            let found = Self::version_of(&next.seen(self.now), key);
            if change.if_version.is_some_and(|expected| expected != found) {
                return false;
            }
            next.last_sequence += 1;
            if let Some(value) = &change.value {
                next.entries.insert(key.into(), (value.clone(), next.last_sequence));
                match change.expires_at {
                    Some(at) => next.expiries.insert(key.into(), at),
                    None => next.expiries.remove(key),
                };
            } else {
                next.entries.remove(key);
                next.expiries.remove(key);
            }
        }
        self.model = next;
        true
    }

    fn one(&mut self, change: &Change) {
        let was_there = self.model.seen(self.now).entries.contains_key(KEYS[change.key]);
        let written =
            self.engine.batch(&[write_of(change)]).map(|batch| match &batch.results[..] {
                [WriteResult::Put(put)] => (put.version, put.updated),
                [WriteResult::Remove(removed)] => (removed.version, removed.deleted),
                other => panic!("{other:?}"),
            });
        let outcome = written.map(|(version, found)| {
            assert_eq!(found, was_there);
            version
        });
        self.agree(outcome, std::slice::from_ref(change));
    }

    fn agree(&mut self, outcome: Result<u64, Error>, changes: &[Change]) {
        let accepted = self.expect(changes);
        match outcome {
            Ok(version) => {
                assert!(accepted, "a condition that does not hold was not refused");
                assert_eq!(version, self.model.last_sequence);
            }
            Err(Error::AlreadyExists { .. } | Error::VersionMismatch { .. }) => assert!(!accepted),
            Err(error) => panic!("{error}"),
        }
    }

    fn scan(&self, from: Option<usize>, to: Option<usize>, reverse: bool) {
        let key = |at: Option<usize>| at.map(|at| KEYS[at]);
        let (from, to) = (key(from), key(to));
        let mut range = Range::all();
        let bytes = |key: &str| key.as_bytes().to_vec();
        range.lower = from.map_or(Bound::Unbounded, |key| Bound::Included(bytes(key)));
        range.upper = to.map_or(Bound::Unbounded, |key| Bound::Excluded(bytes(key)));
        range.reverse = reverse;
        let found = self.engine.scan(&range).unwrap();
        let found = found.into_iter().map(|entry| (entry.key.to_string(), entry.version));
        let inside =
            |key: &str| from.is_none_or(|from| key >= from) && to.is_none_or(|to| key < to);
        let seen = self.model.seen(self.now);
        let expected = seen.entries.iter().filter(|(key, _)| inside(key));
        let mut expected: Vec<_> = expected.map(|(key, entry)| (key.clone(), entry.1)).collect();
        if reverse {
            expected.reverse();
        }
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    fn restart(&mut self, end: impl FnOnce(&StoreEngine, &SimDisk) -> SimDisk) {
        self.disk = end(&self.engine, &self.disk);
        self.disk.set_now(self.now);
        let idle = StoreEngine::new(StoreConfig::memory_only());
        drop(std::mem::replace(&mut self.engine, idle));
        self.engine = Self::open(&self.disk);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::One(change) => self.one(change),
            Step::Batch(changes) => {
                let writes: Vec<_> = changes.iter().map(write_of).collect();
                let outcome = self.engine.batch(&writes);
                let last = self.engine.last_sequence();
                self.agree(outcome.map(|_| last), changes);
            }
            Step::Apply(change, timestamp) => {
                let change = Change { expires_at: None, ..change.clone() };
                let operation = operation_of(&change, *timestamp);
                let outcome = self.engine.apply_if(&operation, change.if_version);
                self.agree(outcome.map(|applied| applied.version), &[change]);
            }
            Step::ApplyBatch(changes) => {
                let operations: Vec<_> =
                    changes.iter().map(|(change, time)| operation_of(change, *time)).collect();
                let outcome = self.engine.apply_batch(&operations);
                let last = self.engine.last_sequence();
                let changes: Vec<_> = changes
                    .iter()
                    .map(|(change, _)| Change {
                        if_version: None,
                        expires_at: None,
                        ..change.clone()
                    })
                    .collect();
                self.agree(outcome.map(|_| last), &changes);
                for operation in &operations {
                    let found = self.engine.get(&operation.key).unwrap();
                    let last = operations.iter().rfind(|other| other.key == operation.key);
                    let put = last.filter(|last| last.kind == OperationType::Put);
                    assert_eq!(found.map(|e| e.timestamp), put.map(|put| put.timestamp));
                }
            }
            Step::Scan(from, to, reverse) => self.scan(*from, *to, *reverse),
            Step::Clock(now) => {
                self.now = *now;
                self.disk.set_now(*now);
            }
            Step::Sweep => {
                let removed = self.engine.sweep(&Control::default()).unwrap().removed;
                assert_eq!(removed, self.model.remove_expired(self.now));
                assert_eq!(self.engine.size(), self.model.entries.len());
            }
            Step::Flush => self.engine.flush().unwrap(),
            Step::Recover => drop(self.engine.recover().unwrap()),
            Step::Reopen => self.restart(|engine, disk| {
                engine.close().unwrap();
                disk.clone()
            }),
            Step::Kill => self.restart(|_, disk| disk.clone()),
            Step::Crash(seed) => self.restart(|_, disk| disk.crash(&mut Random::new(*seed))),
        }
        assert_eq!(Model::of(&self.engine), self.model.seen(self.now), "after {step:?}");
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(400, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_an_ordered_map_that_counts_its_versions(steps in vec(step(), 1..40)) {
        let mut life = Life::begin();
        for step in &steps {
            life.step(step);
        }
    }
}
