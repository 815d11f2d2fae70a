//! Threads that read, write, scan, compact and close while a store on a real disk replays its log: each sees what one
//! who is alone would see.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use softadastra_store::index::Range;
use softadastra_store::{
    Control, Error, IndexPolicy, Key, Snapshot, StoreConfig, StoreEngine, Value, Write,
};
use support::random::Random;

/// Entries of each part of the keys.
const PART: usize = 13_000;
/// The parts that one thread each writes to; nobody writes to the others.
const WRITERS: usize = 2;
const PARTS: usize = 4;
const WRITES: usize = 150;

const POLICY: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 100, background: true };

/// Values and versions of the keys of a part.
type Part = BTreeMap<String, (Vec<u8>, u64)>;

fn name(part: usize, number: usize) -> String {
    format!("part {part}:{number:06}")
}

fn value(random: &mut Random) -> Vec<u8> {
    let len = if random.below(50) == 0 { 6000 } else { 10 + random.below(40) };
    random.bytes(len)
}

fn range_of(part: usize, reverse: bool) -> Range {
    let bound = |part| Bound::Included(format!("part {part}:").into_bytes());
    Range { lower: bound(part), upper: bound(part + 1), reverse }
}

fn config(path: &Path, random: &mut Random) -> StoreConfig {
    let durable = random.below(4) == 0;
    let config = if durable { StoreConfig::durable(path) } else { StoreConfig::buffered(path) };
    config.with_index(POLICY)
}

/// Writes a log whose index file covers nearly all of it.
fn prepare(path: &Path) -> Vec<Part> {
    let engine = StoreEngine::open(StoreConfig::buffered(path).with_index(POLICY)).unwrap();
    let mut random = Random::new(7);
    let mut parts = vec![Part::new(); PARTS];
    let mut sequence = 0;
    for (part, model) in parts.iter_mut().enumerate() {
        let numbers: Vec<_> = (0..PART).collect();
        for numbers in numbers.chunks(1000) {
            let mut batch = Vec::new();
            for number in numbers {
                sequence += 1;
                let (name, bytes) = (name(part, *number), value(&mut random));
                batch.push(Write::put(Key::new(&*name).unwrap(), Value::from_bytes(bytes.clone())));
                model.insert(name, (bytes, sequence));
            }
            engine.batch(&batch).unwrap();
        }
    }
    engine.close().unwrap();
    for (number, model) in parts.iter_mut().enumerate() {
        let engine = StoreEngine::open(StoreConfig::buffered(path).with_index(POLICY)).unwrap();
        // A tail that the index file does not cover.
        let mut writer = Writer { engine: &engine, part: number, model, random: Random::new(3) };
        for _ in 0..10 {
            writer.write().unwrap();
        }
        engine.close().unwrap();
    }
    parts
}

struct Writer<'a> {
    engine: &'a StoreEngine,
    part: usize,
    model: &'a mut Part,
    random: Random,
}

impl Writer<'_> {
    /// Changes one entry, and compares what the store says of it.
    fn write(&mut self) -> Result<(), Error> {
        let name = name(self.part, self.random.below(PART + 200));
        let key = Key::new(&*name).unwrap();
        let before = self.model.get(&name).map_or(0, |(_, version)| *version);
        match self.random.below(4) {
            0 => {
                let removed = self.engine.remove(&key)?;
                assert_eq!(removed.deleted, before > 0, "{name}");
                self.model.remove(&name);
            }
            1 => {
                let wrong = self.engine.put_if(&key, &Value::from_string("no"), Some(before + 1));
                match wrong {
                    Err(Error::VersionMismatch { found, .. }) => assert_eq!(found, before),
                    Err(error) => return Err(error),
                    Ok(put) => panic!("{put:?}"),
                }
            }
            _ => {
                let bytes = value(&mut self.random);
                let put =
                    self.engine.put_if(&key, &Value::from_bytes(bytes.clone()), Some(before))?;
                assert_eq!((put.created, put.updated), (before == 0, before > 0), "{name}");
                self.model.insert(name.clone(), (bytes, put.version));
            }
        }
        let found = self.engine.get(&key)?;
        let found = found.map(|entry| (entry.value.as_bytes().to_vec(), entry.version));
        assert_eq!(found.as_ref(), self.model.get(&name), "{name}: its own write");
        Ok(())
    }
}

/// What threads share in one round.
struct Round<'a> {
    engine: &'a StoreEngine,
    parts: &'a [Part],
    begin: Barrier,
    /// Somebody closes the store.
    closes: bool,
    done: AtomicBool,
    calls: AtomicUsize,
}

impl Round<'_> {
    /// Does something again and again until the writers are done, or the store is closed.
    fn repeat(&self, mut call: impl FnMut() -> Result<(), Error>) {
        self.begin.wait();
        let mut again = true;
        while again {
            again = !self.done.load(Ordering::Acquire);
            match call() {
                Ok(()) => self.calls.fetch_add(1, Ordering::Relaxed),
                Err(Error::Closed) if self.closes => return,
                Err(error) => panic!("{error}"),
            };
        }
    }

    fn read(&self, random: &mut Random) -> Result<(), Error> {
        let part = WRITERS + random.below(PARTS - WRITERS);
        let name = name(part, random.below(PART + 200));
        let found = self.engine.get(&Key::new(&*name).unwrap())?;
        let found = found.map(|entry| (entry.value.as_bytes().to_vec(), entry.version));
        assert_eq!(found.as_ref(), self.parts[part].get(&name), "{name}");
        Ok(())
    }

    fn scan(&self, random: &mut Random) -> Result<(), Error> {
        let (part, first) = (WRITERS + random.below(PARTS - WRITERS), random.below(PART));
        let (from, to) = (name(part, first), name(part, first + 300));
        let range = Range {
            lower: Bound::Included(from.clone().into_bytes()),
            upper: Bound::Excluded(to.clone().into_bytes()),
            reverse: random.below(2) == 0,
        };
        let found = self.engine.scan(&range)?;
        let mut found: Vec<_> = found.into_iter().map(|e| (e.key.to_string(), e.version)).collect();
        if range.reverse {
            found.reverse();
        }
        let known = self.parts[part].range(from..to);
        let known: Vec<_> = known.map(|(name, (_, version))| (name.clone(), *version)).collect();
        assert_eq!(found, known);
        Ok(())
    }

    /// What a snapshot shows does not change, and is one moment of the store.
    fn look(&self) -> Result<(), Error> {
        let snapshot = self.engine.snapshot()?;
        let versions = |snapshot: &Snapshot| -> Result<Vec<_>, Error> {
            let all = snapshot.scan(&range_of(0, false))?;
            Ok(all.into_iter().map(|entry| (entry.key.to_string(), entry.version)).collect())
        };
        let first = versions(&snapshot)?;
        thread::yield_now();
        assert_eq!(versions(&snapshot)?, first);
        let newest = first.iter().map(|(_, version)| *version).max().unwrap();
        assert!(newest <= snapshot.last_sequence());
        assert_eq!(snapshot.all()?.len(), snapshot.size());
        Ok(())
    }

    /// Calls that have the log replayed or rewritten, or the store closed.
    fn upkeep(&self, random: &mut Random, kind: usize) -> Result<(), Error> {
        for _ in 0..random.below(40) {
            self.read(random)?;
        }
        let control = Control::default();
        match kind {
            0 => self.engine.compact(&control).map(drop),
            1 => self.engine.ready(&control),
            2 => self.engine.view(|index| assert!(index.len() > PART)),
            3 => {
                control.abort();
                match self.engine.ready(&control) {
                    Err(Error::Aborted) | Ok(()) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            4 => {
                assert!(self.engine.size() > PART);
                Ok(())
            }
            _ => {
                self.engine.close()?;
                Err(Error::Closed)
            }
        }
    }
}

/// What the store shows in the end, also when it is opened again, is what the writers were told.
fn compare(engine: &StoreEngine, parts: &[Part], context: &str) {
    for (number, part) in parts.iter().enumerate() {
        for reverse in [false, true] {
            let found = engine.scan(&range_of(number, reverse)).unwrap();
            let found: Part = found
                .into_iter()
                .map(|e| (e.key.to_string(), (e.value.as_bytes().to_vec(), e.version)))
                .collect();
            assert!(found == *part, "{context}: part {number} is not what was written");
        }
    }
    let all: usize = parts.iter().map(BTreeMap::len).sum();
    assert_eq!(engine.size(), all, "{context}");
}

/// One life of a store in which `kind` of upkeep meets reads and writes. Gives the entries after it.
fn live(engine: &StoreEngine, parts: &[Part], seed: u64, kind: usize) -> Vec<Part> {
    let mut random = Random::new(seed);
    let mut seeded = || Random::new(random.next());
    let round = Round {
        engine,
        parts,
        begin: Barrier::new(WRITERS + 4),
        closes: kind >= 5,
        done: AtomicBool::new(false),
        calls: AtomicUsize::new(0),
    };
    let round = &round;
    let mut after = parts.to_vec();
    thread::scope(|scope| {
        let (mut reads, mut scans, mut keeps) = (seeded(), seeded(), seeded());
        scope.spawn(move || round.repeat(|| round.read(&mut reads)));
        scope.spawn(move || round.repeat(|| round.scan(&mut scans)));
        scope.spawn(move || round.repeat(|| round.look()));
        scope.spawn(move || round.repeat(|| round.upkeep(&mut keeps, kind)));
        let writers: Vec<_> = (0..WRITERS)
            .zip(&mut after)
            .map(|(part, model)| {
                let mut writer = Writer { engine, part, model, random: seeded() };
                scope.spawn(move || {
                    round.begin.wait();
                    for _ in 0..WRITES {
                        match writer.write() {
                            Ok(()) => {}
                            Err(Error::Closed) if round.closes => return,
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        round.done.store(true, Ordering::Release);
    });
    assert!(round.closes || round.calls.load(Ordering::Relaxed) >= 4);
    after
}

#[test]
fn threads_that_meet_the_replay_of_the_log_see_what_they_would_without_it() {
    let rounds = std::env::var("THREAD_ROUNDS").map_or(12, |text| text.parse().unwrap());
    let prepared = tempfile::tempdir().unwrap();
    let from = prepared.path().join("store.wal");
    let parts = prepare(&from);
    let mut cold = 0;
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.wal");
        fs::copy(&from, &path).unwrap();
        fs::copy(prepared.path().join("store.wal.index"), folder.path().join("store.wal.index"))
            .unwrap();
        let mut random = Random::new(round);
        let engine = StoreEngine::new(config(&path, &mut random));
        let report = engine.recover().unwrap();
        assert!(report.bytes_unverified > 0, "{report:?}");
        cold += usize::from(!engine.stats().ready);
        let context = format!("round {round}");
        let kind = usize::try_from(round % 6).unwrap();
        let after = live(&engine, &parts, random.next(), kind);
        if kind < 5 {
            compare(&engine, &after, &context);
            engine.ready(&Control::default()).unwrap();
            assert!(engine.stats().ready, "{context}");
            compare(&engine, &after, &context);
        }
        if round % 2 == 0 {
            engine.close().unwrap();
        }
        drop(engine);
        for policy in [POLICY, IndexPolicy::DISABLED] {
            let again = StoreConfig::durable(&path).with_index(policy);
            let again = StoreEngine::open(again).unwrap();
            compare(&again, &after, &format!("{context}, opened again with {policy:?}"));
            again.close().unwrap();
        }
    }
    assert!(cold > 0, "no round began before the log was replayed");
}
