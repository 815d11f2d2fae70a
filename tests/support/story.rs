//! The life of a store on a recording disk, told by a seed: commits, restarts, flushes, compactions and
//! mishaps, and at every I/O call what a recovery may show if the machine stops there.

use std::sync::Arc;

use softadastra_store::{Control, Error, StoreConfig, StoreEngine};

use super::model::{Commit, Model, commit, run_at};
use super::random::Random;
use super::sim_disk::{Fault, Moment, Note, SimDisk};

pub const LOG: &str = "/store.wal";
/// One write in this many is larger than the steps in which the log grows.
const RARITY: usize = 300;

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
    /// A story of this many steps. Every third one is that of a buffered store.
    pub fn tell(seed: u64, steps: usize) -> Self {
        let durable = !seed.is_multiple_of(3);
        let config = if durable { StoreConfig::durable(LOG) } else { StoreConfig::buffered(LOG) };
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
        match self.random.below(24) {
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

    /// Some call fails: the store goes on with the old log, or has to be recovered when it is unknown which
    /// log has the name.
    fn failing_compaction(&mut self) {
        let at = self.disk.calls() + self.random.below(40);
        self.disk.fail_at(at, Fault::Error(std::io::ErrorKind::StorageFull));
        let outcome = self.engine.compact(&Control::default());
        self.disk.heal();
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
        self.states.push(done);
        if self.durable {
            self.safe = self.commits();
        }
        self.note(self.commits());
    }

    /// The disk takes half of a write and is full then; sometimes the cut that follows fails too.
    fn refused_commit(&mut self) {
        let now = self.disk.calls();
        self.disk.fail_at(now, Fault::ShortThenFull);
        if self.random.below(2) == 0 {
            self.disk.fail_at(now + 2, Fault::Error(std::io::ErrorKind::Other));
        }
        let (done, outcome) = self.submit();
        if outcome.is_ok() {
            // The first call was the cut that an earlier mishap left to be done.
            self.disk.heal();
            return self.accept(done);
        }
        assert!(matches!(outcome, Err(Error::WalAppendFailed { .. })), "{outcome:?}");
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        self.disk.heal();
        self.note(self.commits());
    }

    /// A sync fails: the commit counts when the recovery after it shows it.
    fn doubtful_commit(&mut self) {
        if !self.durable {
            return self.commit();
        }
        self.disk.fail_next_sync();
        let (done, outcome) = self.submit();
        assert!(matches!(outcome, Err(Error::WalFlushFailed { .. })), "{outcome:?}");
        let again = run_at(&self.engine, &commit(&mut self.random, RARITY), 0);
        assert!(matches!(again, Err(Error::Poisoned { .. })), "{again:?}");
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        self.engine.recover().unwrap();
        if Model::of(&self.engine) == done {
            self.states.push(done);
        }
        assert_eq!(Model::of(&self.engine), self.states[self.commits()]);
        self.all_safe();
    }
}
