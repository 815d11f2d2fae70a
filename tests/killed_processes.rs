//! A process is killed at any of its I/O calls, the next one finds what it left in the page cache and works on
//! it, and the machine stops at any call of that one or of a third. Nothing rests on what was not synced.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use softadastra_store::{Control, Durability, Key, StoreConfig, StoreEngine, Value, Write};
use support::model::{Commit, Model, run_at};
use support::random::Random;
use support::sim_disk::{Call, Moment, Note, SimDisk};
use support::story::{LOG, SMALL_INDEX, open};

/// What a process does after it has opened the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Commit,
    Flush,
    /// The history is read, as a follower does.
    Follow,
    Acknowledge,
    Compact,
    /// The new log has its name, but the folder cannot be synced.
    UnnamedCompact,
    Close,
    /// The sync of the seal fails.
    FailingClose,
}
use Step::{
    Acknowledge, Close, Commit as Put, Compact, FailingClose, Flush, Follow, UnnamedCompact,
};

const CONSUMER: &str = "outbox";

/// The lives of processes, one after the other, each with its own configuration.
struct Lives<'a> {
    plans: &'a [(Durability, &'a [Step])],
    /// Whether they have index files.
    indexed: bool,
    crashes: usize,
    checked: HashSet<(u64, Note, usize)>,
    random: Random,
    /// The moments at which the processes were stopped.
    at: Vec<usize>,
}

fn config(durability: Durability) -> StoreConfig {
    match durability {
        Durability::Synced => StoreConfig::durable(LOG),
        _ => StoreConfig::buffered(LOG),
    }
}

fn commit(number: usize) -> Commit {
    let key = Key::new(format!("key/{}", number % 3)).unwrap();
    Commit(vec![Write::put(key, Value::from_bytes(vec![7; 20 + 300 * (number % 2)]))])
}

/// A running process, and what the next one may find.
struct Process {
    disk: SimDisk,
    engine: StoreEngine,
    states: Vec<Model>,
    safe: usize,
    durable: bool,
}

impl Process {
    fn note(&self, asked: usize) {
        let done = self.states.len() - 1;
        self.disk.note(Note { safe: self.safe, done, asked });
    }

    fn all_safe(&mut self) {
        self.safe = self.states.len() - 1;
        self.note(self.safe);
    }

    fn step(&mut self, step: Step) {
        match step {
            Put => {
                let number = self.states.len();
                let mut model = self.states[number - 1].clone();
                model.commit(&commit(number));
                self.note(number);
                run_at(&self.engine, &commit(number), 1).unwrap();
                self.states.push(model);
                if self.durable {
                    self.safe = number;
                }
                self.note(number);
            }
            Flush => {
                self.engine.flush().unwrap();
                self.all_safe();
            }
            Follow => self.follow(),
            Acknowledge => {
                let last = self.engine.last_sequence();
                let floor = self.engine.stats().floor;
                self.engine.consumer(CONSUMER, floor).unwrap();
                self.engine.acknowledge(CONSUMER, last).unwrap();
                if self.durable {
                    self.all_safe();
                }
            }
            Compact => {
                self.engine.compact(&Control::default()).unwrap();
                self.all_safe();
            }
            UnnamedCompact => {
                self.disk.refuse_folder_syncs(ErrorKind::Other);
                self.engine.compact(&Control::default()).unwrap_err();
                self.disk.heal();
            }
            Close => {
                self.engine.close().unwrap();
                self.all_safe();
            }
            FailingClose => {
                self.disk.fail_next_sync();
                assert!(self.engine.close().is_err() || self.disk.faults_met() == 0);
                self.disk.heal();
            }
        }
    }

    /// What a follower was given is there for ever.
    fn follow(&mut self) {
        let floor = self.engine.stats().floor;
        let operations = self.engine.operations(floor, false).unwrap();
        let last = operations.last().map_or(floor, |operation| operation.unwrap().sequence);
        let given = self.states.iter().rposition(|state| state.last_sequence <= last).unwrap();
        self.safe = self.safe.max(given);
        self.note(self.states.len() - 1);
    }
}

impl Lives<'_> {
    fn fail(&self, what: &str) -> ! {
        panic!("{:?}, stopped at the moments {:?}: {what}", self.plans, self.at)
    }

    /// Opens the log and goes on for one life, checked at each of its moments.
    fn go_on(&mut self, found: &SimDisk, note: Note, fewest: usize, states: &[Model]) {
        let (durability, steps) = self.plans[self.at.len()];
        let (moments, states) = self.live(found, durability, steps, note, fewest, states);
        let lives_left = self.at.len() + 1 < self.plans.len();
        self.at.push(0);
        for (number, Moment { contents, note }) in moments.into_iter().enumerate() {
            *self.at.last_mut().unwrap() = number;
            if !self.checked.insert((contents.fingerprint(), note, self.at.len())) {
                continue;
            }
            let found = SimDisk::with_contents(contents);
            for _ in 0..self.crashes {
                let crashed = found.crash(&mut self.random);
                self.live(&crashed, durability, &[Put], note, note.safe, &states);
            }
            if lives_left {
                self.go_on(&found, note, note.done, &states);
            }
        }
        self.at.pop();
    }

    fn live(
        &self,
        disk: &SimDisk,
        durability: Durability,
        steps: &[Step],
        note: Note,
        fewest: usize,
        states: &[Model],
    ) -> (Vec<Moment>, Vec<Model>) {
        disk.set_salt(self.random.clone().next());
        disk.record(note);
        let config = config(durability);
        let config = if self.indexed { config.with_index(SMALL_INDEX) } else { config };
        let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
        let report = engine.recover().unwrap_or_else(|error| self.fail(&error.to_string()));
        let model = Model::of(&engine);
        let shown = (fewest..=note.asked).find(|&commits| states[commits] == model);
        let Some(shown) = shown else {
            let shown = states.iter().position(|state| *state == model);
            self.fail(&format!("{shown:?} commits are shown, not {fewest} to {}", note.asked))
        };
        let states = states[..=shown].to_vec();
        let safe = if report.clean_shutdown { note.safe } else { shown };
        let durable = durability == Durability::Synced;
        let mut process = Process { disk: disk.clone(), engine, states, safe, durable };
        process.note(shown);
        for &step in steps {
            process.step(step);
        }
        let Process { engine, states, .. } = process;
        if self.indexed && engine.stats().open {
            engine.ready(&Control::default()).unwrap_or_else(|error| self.fail(&error.to_string()));
            if Model::of(&engine) != states[states.len() - 1] {
                self.fail("a replay of the whole log shows something else");
            }
        }
        drop(engine);
        (disk.moments(), states)
    }
}

fn check(plans: &[(Durability, &[Step])], crashes: usize) {
    for indexed in [false, true] {
        let random = Random::new(plans.len() as u64);
        let mut all =
            Lives { plans, indexed, crashes, checked: HashSet::new(), random, at: vec![] };
        all.go_on(&SimDisk::new(), Note::default(), 0, &[Model::default()]);
    }
}

const BOTH: [Durability; 2] = [Durability::Synced, Durability::Buffered];

#[test]
fn whatever_a_killed_process_left_no_later_crash_makes_a_sound_log_corrupt_nor_takes_what_is_safe()
{
    let ends: [&[Step]; 5] = [
        &[Put, Put, Close],
        &[Put, Compact, Put, Close],
        &[Put, UnnamedCompact],
        &[Put, Flush, Put, FailingClose],
        &[Put, Flush, Acknowledge, Put],
    ];
    let next: [&[Step]; 6] = [
        &[Put, Put],
        &[Follow, Put],
        &[Flush, Put],
        &[Close],
        &[Acknowledge, Put],
        &[Compact, Put],
    ];
    for first in BOTH {
        for second in BOTH {
            for (end, next) in ends.iter().flat_map(|end| next.iter().map(move |next| (end, next)))
            {
                check(&[(first, end), (second, next)], 3);
            }
        }
    }
}

#[test]
fn nor_does_a_crash_after_the_second_process_was_killed_as_well() {
    for first in BOTH {
        for second in BOTH {
            for third in BOTH {
                for next in [Put, Close, Follow] {
                    check(&[(first, &[Put, Close]), (second, &[next]), (third, &[Put])], 1);
                }
                check(
                    &[(first, &[Put, UnnamedCompact]), (second, &[Close]), (third, &[Follow])],
                    1,
                );
            }
        }
    }
}

/// A disk with a closed log that has a few entries.
fn closed() -> SimDisk {
    let disk = SimDisk::new();
    let engine = open(&disk, &StoreConfig::durable(LOG)).unwrap();
    for number in 1..4 {
        run_at(&engine, &commit(number), 1).unwrap();
    }
    engine.close().unwrap();
    disk
}

/// Syncs of files and of folders since the call `before`.
fn syncs_since(disk: &SimDisk, before: usize) -> (usize, usize) {
    let history = &disk.history()[before..];
    let count = |wanted| history.iter().filter(|call| **call == wanted).count();
    (count(Call::Sync), count(Call::SyncDir))
}

#[test]
fn a_closed_log_is_opened_and_read_without_a_sync_and_without_a_write() {
    for durability in BOTH {
        let disk = closed();
        let before = disk.calls();
        let engine = open(&disk, &config(durability)).unwrap();
        assert_eq!(engine.size(), 3);
        let writes = [Call::Write, Call::SetLen, Call::Sync, Call::SyncDir];
        let waits = disk.history()[before..].iter().filter(|call| writes.contains(call)).count();
        assert_eq!(waits, 0, "{durability:?}");
    }
}

#[test]
fn the_first_call_that_vouches_for_a_closed_log_pays_its_sync_once() {
    type Use = fn(&StoreEngine);
    let put: Use = |engine| run_at(engine, &commit(4), 1).unwrap();
    let large: Use = |engine| {
        let key = Key::new("large").unwrap();
        engine.put(&key, &Value::from_bytes(vec![7; 200_000])).unwrap();
    };
    let follow: Use = |engine| assert_eq!(engine.operations(0, false).unwrap().count(), 3);
    let flush: Use = |engine| engine.flush().unwrap();
    let synced = [
        // The sync of the space ahead, which was always there, and that of the frame.
        ("put", put, 2),
        ("large put", large, 2),
        ("follow", follow, 1),
        ("flush", flush, 1),
    ];
    for (name, call, syncs) in synced {
        let disk = closed();
        let engine = open(&disk, &StoreConfig::durable(LOG)).unwrap();
        let before = disk.calls();
        call(&engine);
        assert_eq!(syncs_since(&disk, before), (syncs, 1), "{name}");
        let opened = disk.history()[before..].contains(&Call::OpenFolder);
        assert!(!opened, "{name}: what it needs was not opened before");
        let before = disk.calls();
        follow_and_flush(&engine);
        assert_eq!(syncs_since(&disk, before), (0, 0), "after {name}");
    }
    for (name, call) in [("put", put), ("large put", large), ("follow", follow), ("flush", flush)] {
        let disk = closed();
        let engine = open(&disk, &StoreConfig::buffered(LOG)).unwrap();
        let before = disk.calls();
        call(&engine);
        assert_eq!(syncs_since(&disk, before), (1, 1), "{name}, buffered");
    }
}

fn follow_and_flush(engine: &StoreEngine) {
    assert!(engine.operations(0, false).unwrap().all(|operation| operation.is_ok()));
    engine.flush().unwrap();
}

#[test]
fn a_follower_of_a_log_that_was_just_opened_sees_that_there_is_more_to_read() {
    let disk = closed();
    let engine = open(&disk, &StoreConfig::durable(LOG)).unwrap();
    let mut operations = engine.operations(1, true).unwrap();
    assert!(operations.has_more());
    let (wake, woken) = std::sync::mpsc::channel();
    let _waiting = operations.when_more(move || wake.send(()).unwrap());
    woken.try_recv().unwrap();
    disk.fail_next_sync();
    assert!(operations.next_page().is_err(), "nothing is shown that could not be synced");
    assert!(engine.stats().poisoned);
    assert_eq!(engine.size(), 3, "reads go on");
    engine.recover().unwrap();
    assert_eq!(operations.next_page().unwrap().ends.len(), 2);
    assert!(!operations.has_more());
}

#[test]
fn a_consumer_can_acknowledge_what_an_earlier_process_has_read() {
    for durability in BOTH {
        let disk = closed();
        let engine = open(&disk, &config(durability)).unwrap();
        engine.consumer(CONSUMER, 0).unwrap();
        engine.close().unwrap();
        let engine = open(&disk, &config(durability)).unwrap();
        engine.acknowledge(CONSUMER, 3).unwrap();
        assert!(engine.acknowledge(CONSUMER, 4).is_err());
    }
}

#[test]
fn a_folder_that_cannot_be_synced_is_named_with_the_call_and_nothing_is_written() {
    for kind in [ErrorKind::InvalidInput, ErrorKind::Unsupported, ErrorKind::Other] {
        let disk = SimDisk::new();
        disk.refuse_folder_syncs(kind);
        let error = open(&disk, &StoreConfig::durable(LOG)).unwrap_err();
        assert!(error.to_string().ends_with(": /"), "{error}");
        assert!(error.to_string().contains("fsync"), "{error}");

        let disk = closed();
        let log = disk.read(Path::new(LOG)).unwrap();
        disk.refuse_folder_syncs(kind);
        let engine = open(&disk, &StoreConfig::durable(LOG)).unwrap();
        assert_eq!(engine.size(), 3, "a log that was closed can be read there");
        for _ in 0..2 {
            let error = run_at(&engine, &commit(4), 1).unwrap_err();
            assert!(error.to_string().ends_with(": /"), "{error}");
            assert_eq!(error.code().as_str(), "io_error");
        }
        assert!(engine.compact(&Control::default()).unwrap_err().to_string().contains("fsync"));
        assert!(!engine.stats().poisoned);
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), log);
        disk.heal();
        run_at(&engine, &commit(4), 1).unwrap();
    }
}
