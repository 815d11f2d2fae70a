//! A plain ordered map that does what the store promises, and scripts of writes for both.

use std::collections::BTreeMap;

use softadastra_store::engine::Group;
use softadastra_store::operation::OperationRef;
use softadastra_store::{Entry, Error, Key, OperationType, StoreEngine, Value, Write};

use super::random::Random;

/// One commit of a script: a put, a remove or a batch.
#[derive(Debug, Clone)]
pub struct Commit(pub Vec<Write>);

/// Key to value and version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    pub entries: BTreeMap<String, (Vec<u8>, u64)>,
    /// When entries expire, of those that do.
    pub expiries: BTreeMap<String, i64>,
    pub last_sequence: u64,
}

impl Model {
    pub fn commit(&mut self, commit: &Commit) {
        for write in &commit.0 {
            self.last_sequence += 1;
            match write {
                Write::Put { key, value, expires_at, .. } => {
                    match expires_at {
                        Some(at) => self.expiries.insert(key.to_string(), *at),
                        None => self.expiries.remove(key.as_str()),
                    };
                    let entry = (value.as_bytes().to_vec(), self.last_sequence);
                    self.entries.insert(key.to_string(), entry);
                }
                Write::Remove { key, .. } => {
                    self.entries.remove(key.as_str());
                    self.expiries.remove(key.as_str());
                }
            }
        }
    }

    /// Removes what has expired, and says how much that was.
    pub fn remove_expired(&mut self, now: i64) -> u64 {
        let before = self.expiries.len();
        self.expiries.retain(|key, at| {
            let is_kept = *at > now;
            if !is_kept {
                self.entries.remove(key);
            }
            is_kept
        });
        let removed = (before - self.expiries.len()) as u64;
        self.last_sequence += removed;
        removed
    }

    /// What can be seen of it at this time.
    pub fn seen(&self, now: i64) -> Model {
        let mut seen = self.clone();
        seen.remove_expired(now);
        Model { last_sequence: self.last_sequence, ..seen }
    }

    /// The states after 0, 1, 2, … commits of a script.
    pub fn states(script: &[Commit]) -> Vec<Model> {
        let mut model = Model::default();
        let mut states = vec![model.clone()];
        for commit in script {
            model.commit(commit);
            states.push(model.clone());
        }
        states
    }

    /// The state of a store, as a model.
    pub fn of(engine: &StoreEngine) -> Model {
        Self::read(engine).unwrap()
    }

    /// [`of`](Self::of) a store whose log may have to be read for that.
    pub fn read(engine: &StoreEngine) -> Result<Model, Error> {
        let found = engine.entries()?;
        let expires = |entry: &Entry| Some((entry.key.to_string(), entry.expires_at?));
        let expiries = found.iter().filter_map(expires).collect();
        let entries = found
            .into_iter()
            .map(|entry| (entry.key.to_string(), (entry.value.as_bytes().to_vec(), entry.version)));
        Ok(Model { entries: entries.collect(), expiries, last_sequence: engine.last_sequence() })
    }
}

/// Random commits over few keys, so that they overwrite and remove each other.
pub fn script(random: &mut Random, commits: usize) -> Vec<Commit> {
    (0..commits).map(|_| commit(random, 64)).collect()
}

/// A random commit; one write in `rarity` is so large that the log grows by the frame itself.
pub fn commit(random: &mut Random, rarity: usize) -> Commit {
    let len = if random.below(3) == 0 { 1 + random.below(6) } else { 1 };
    Commit((0..len).map(|_| write(random, rarity)).collect())
}

fn write(random: &mut Random, rarity: usize) -> Write {
    let key = Key::new(format!("key/{}", random.below(8))).unwrap();
    if random.below(4) == 0 {
        return Write::remove(key);
    }
    let len = match random.below(64) {
        _ if random.below(rarity) == 0 => 130_000 + random.below(20_000),
        0..9 => 0,
        9..17 => 400 + random.below(3000),
        _ => random.below(200),
    };
    let put = Write::put(key, Value::from_bytes(random.bytes(len)));
    // The clock of a simulated disk stands at 0.
    if random.below(6) == 0 { put.expires_at(1 + random.below(1000) as i64) } else { put }
}

/// Does a commit at a given time, so that the log is the same whenever it is written.
pub fn run_at(engine: &StoreEngine, commit: &Commit, timestamp: i64) -> Result<(), Error> {
    let mut group = Group::new();
    if commit.0.len() > 1 {
        group.begin_batch();
    }
    for write in &commit.0 {
        let (kind, key, value, expiry) = match write {
            Write::Put { key, value, expires_at, .. } => {
                (OperationType::Put, key, value.as_bytes(), *expires_at)
            }
            Write::Remove { key, .. } => (OperationType::Delete, key, &[][..], None),
        };
        let operation = OperationRef { kind, key: key.as_str(), value, timestamp };
        group.apply_until(operation, expiry)?;
    }
    engine.commit(&mut group).map(drop)
}

/// Does a commit the way an application would.
pub fn run(engine: &StoreEngine, commit: &Commit) -> softadastra_store::Result<()> {
    match &commit.0[..] {
        [Write::Put { key, value, expires_at: None, .. }] => engine.put(key, value).map(drop),
        [Write::Remove { key, .. }] => engine.remove(key).map(drop),
        writes => engine.batch(writes).map(drop),
    }
}
