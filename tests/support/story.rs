//! The life of a store on a recording disk, told by a seed: commits, restarts, flushes, compactions and
//! mishaps, and at every I/O call what a recovery may show if the machine stops there.

use std::sync::Arc;

use softadastra_store::{Control, Error, IndexPolicy, StoreConfig, StoreEngine};

use super::model::{Commit, Model, commit, run_at};
use super::random::Random;
use super::sim_disk::{Fault, Moment, Note, SimDisk};

pub const LOG: &str = "/store.wal";
pub const INDEX: &str = "/store.wal.index";
/// Index files of the smallest logs, written by those who compact or close, and replays by those who need them.
pub const SMALL_INDEX: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 3, background: false };
/// One write in this many is larger than the steps in which the log grows.
const RARITY: usize = 300;

/// Less than the entries take.
const SMALL_LIMIT: u64 = 2048;

/// A life, and all moments at which it could have ended.
#[derive(Debug)]
pub struct Story {
    pub config: StoreConfig,
    /// The states after 0, 1, 2, … commits.
    pub states: Vec<Model>,
    /// The disk at each call, with the fewest and the most commits that a recovery may show.
    pub moments: Vec<Moment>,
    /// Commits that were never made, to go on with after a crash.
    pub more: Vec<Commit>,
}

pub fn open(disk: &SimDisk, config: &StoreConfig) -> Result<StoreEngine, Error> {
    let engine = StoreEngine::with_storage(config.clone(), Arc::new(disk.clone()));
    engine.recover()?;
    Ok(engine)
}

struct Teller {
    random: Random,
    disk: SimDisk,
    config: StoreConfig,
    durable: bool,
    engine: StoreEngine,
    states: Vec<Model>,
    /// Commits that a crash cannot take any more.
    safe: usize,
}

impl Story {
    /// A story of this many steps. Every third one is that of a buffered store, every second one has index files, and
    /// every eighth one keeps most entries in its log. Every fifth one remembers removals.
    pub fn tell(seed: u64, steps: usize) -> Self {
        let durable = !seed.is_multiple_of(3);
        let config = if durable { StoreConfig::durable(LOG) } else { StoreConfig::buffered(LOG) };
        let config = config.with_sweeping(false);
        let indexed = seed.is_multiple_of(2);
        let config = if indexed { config.with_index(SMALL_INDEX) } else { config };
        let limited = seed.is_multiple_of(8);
        let config = if limited { config.with_memory_limit(SMALL_LIMIT) } else { config };
        let config = if seed.is_multiple_of(5) { config.with_tombstones(1000) } else { config };
        let disk = SimDisk::new();
        disk.set_salt(Random::new(!seed).next());
        disk.record(Note::default());
        let engine = open(&disk, &config).unwrap();
        let states = vec![Model::default()];
        let random = Random::new(seed);
        let mut teller = Teller { random, disk, config, durable, engine, states, safe: 0 };
        for _ in 0..steps {
            teller.step();
        }
        teller.engine.close().unwrap();
        teller.all_safe();
        let Teller { mut random, disk, config, states, .. } = teller;
        let more = (0..2).map(|_| commit(&mut random, RARITY)).collect();
        Self { config, states, moments: disk.moments(), more }
    }
}

impl Teller {
    fn commits(&self) -> usize {
        self.states.len() - 1
    }

    fn all_safe(&mut self) {
        self.safe = self.commits();
        self.note(self.safe);
    }

    fn note(&self, asked: usize) {
        self.disk.note(Note { safe: self.safe, done: self.commits(), asked });
    }

    fn step(&mut self) {
        match self.random.below(26) {
            0 => {
                self.engine.close().unwrap();
                self.all_safe();
                self.reopen();
            }
            1 => self.reopen(),
            2 => {
                self.engine.flush().unwrap();
                self.all_safe();
            }
            3 => self.refused_commit(),
            4 => self.doubtful_commit(),
            5 => {
                self.disk.set_choppy(true);
                self.commit();
                self.disk.set_choppy(false);
            }
            6 => self.compact(),
            7 => self.failing_compaction(),
            8 | 9 => self.sweep(),
            _ => self.commit(),
        }
    }

    /// The new log is durable as a whole, so everything in it is safe.
    fn compact(&mut self) {
        self.disk.set_choppy(self.random.below(8) == 0);
        self.engine.compact(&Control::default()).unwrap();
        self.disk.set_choppy(false);
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        self.all_safe();
    }

    /// The clock shows a time for as long as what has expired by then is removed, by one commit.
    fn sweep(&mut self) {
        let mut done = self.states[self.commits()].clone();
        let now = 1 + self.random.below(1000) as i64;
        let removed = done.remove_expired(now);
        // Nothing has expired yet: the store only learns what will.
        assert_eq!(self.engine.sweep(&Control::default()).unwrap().removed, 0);
        self.note(self.commits() + usize::from(removed > 0));
        self.disk.set_now(now);
        assert_eq!(self.engine.sweep(&Control::default()).unwrap().removed, removed);
        self.disk.set_now(0);
        if removed > 0 {
            self.accept(done);
        }
    }

    /// Some call fails: the store goes on with the old log, or has to be recovered when it is unknown which
    /// log has the name.
    fn failing_compaction(&mut self) {
        let at = self.disk.calls() + self.random.below(40);
        self.disk.fail_at(at, Fault::Error(std::io::ErrorKind::StorageFull));
        let outcome = self.engine.compact(&Control::default());
        self.disk.heal();
        if !self.engine.stats().open {
            // The log was still to be replayed, and could not be read.
            assert!(matches!(outcome, Err(Error::RecoveryFailed { .. })), "{outcome:?}");
            return self.recover();
        }
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        if outcome.is_ok() {
            self.all_safe();
        } else if self.engine.stats().poisoned {
            self.recover();
        }
    }

    /// What has a clean end is served before it is synced, and a new log has one whose name may not be durable.
    fn recover(&mut self) {
        let report = self.engine.recover().unwrap();
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        if !report.clean_shutdown {
            self.all_safe();
        }
    }

    /// Opens the log anew; without a close before, this is the end of a process and the next one.
    fn reopen(&mut self) {
        let idle = StoreEngine::new(StoreConfig::memory_only());
        drop(std::mem::replace(&mut self.engine, idle));
        self.engine = open(&self.disk, &self.config).unwrap();
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        if self.random.below(4) == 0 {
            self.engine.ready(&Control::default()).unwrap();
            assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        }
        self.all_safe();
    }

    fn submit(&mut self) -> (Model, Result<(), Error>) {
        let commit = commit(&mut self.random, RARITY);
        let mut done = self.states[self.commits()].clone();
        done.commit(&commit);
        self.note(self.commits() + 1);
        let outcome = run_at(&self.engine, &commit, self.states.len() as i64);
        (done, outcome)
    }

    fn commit(&mut self) {
        let (done, outcome) = self.submit();
        outcome.unwrap();
        self.accept(done);
    }

    fn accept(&mut self, done: Model) {
        self.states.push(done.clone());
        if self.engine.stats().poisoned {
            // The mishap came after the commit, to the flush that a new index file begins with.
            assert!(!self.durable && self.config.memory_limit().is_some());
            self.note(self.commits());
            return self.recover_in_doubt(done);
        }
        if self.durable {
            self.safe = self.commits();
        }
        self.note(self.commits());
    }

    /// The disk takes half of a write and is full then; sometimes the cut that follows fails too.
    fn refused_commit(&mut self) {
        // Otherwise the first calls look for the old entries.
        self.engine.ready(&Control::default()).unwrap();
        let now = self.disk.calls();
        self.disk.fail_at(now, Fault::ShortThenFull);
        if self.random.below(2) == 0 {
            self.disk.fail_at(now + 2, Fault::Error(std::io::ErrorKind::Other));
        }
        let (done, outcome) = self.submit();
        self.disk.heal();
        match outcome {
            // The first call was the cut that an earlier mishap left to be done.
            Ok(()) => return self.accept(done),
            Err(Error::WalAppendFailed { .. }) => {}
            // The first calls were to read the old entries, or to make the index file anew that could not be read.
            Err(Error::Unreadable { .. } | Error::Io { .. })
                if self.config.memory_limit().is_some() =>
            {
                if self.engine.stats().poisoned {
                    return self.recover_in_doubt(done);
                }
            }
            // The sync of a cut that an earlier mishap left to be done, or of an index file.
            Err(Error::WalFlushFailed { .. }) => return self.recover_in_doubt(done),
            Err(error) => panic!("{error:?}"),
        }
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        self.note(self.commits());
    }

    /// A sync fails: the commit counts when the recovery after it shows it.
    fn doubtful_commit(&mut self) {
        if !self.durable {
            return self.commit();
        }
        self.disk.fail_next_sync();
        let (done, outcome) = self.submit();
        if outcome.is_ok() && self.config.memory_limit().is_some() {
            // That was the sync of an index file, and without one the store goes on.
            return self.accept(done);
        }
        assert!(matches!(outcome, Err(Error::WalFlushFailed { .. })), "{outcome:?}");
        let again = run_at(&self.engine, &commit(&mut self.random, RARITY), 0);
        assert!(matches!(again, Err(Error::Poisoned { .. })), "{again:?}");
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        self.recover_in_doubt(done);
    }

    /// What was being committed when a sync failed counts when it is found.
    fn recover_in_doubt(&mut self, done: Model) {
        self.engine.recover().unwrap();
        if Model::of(&self.engine) == done && self.states.last() != Some(&done) {
            self.states.push(done);
        }
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        self.all_safe();
    }
}
