//! A plain ordered map that does what the store promises, and scripts of writes for both.

use std::collections::BTreeMap;

use softadastra_store::engine::Group;
use softadastra_store::operation::OperationRef;
use softadastra_store::{Error, Key, OperationType, StoreEngine, Value, Write};

use super::random::Random;

/// One commit of a script: a put, a remove or a batch.
#[derive(Debug, Clone)]
pub struct Commit(pub Vec<Write>);

/// Key to value and version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    pub entries: BTreeMap<String, (Vec<u8>, u64)>,
    pub last_sequence: u64,
}

impl Model {
    pub fn commit(&mut self, commit: &Commit) {
        for write in &commit.0 {
            self.last_sequence += 1;
            match write {
                Write::Put { key, value, .. } => {
                    let entry = (value.as_bytes().to_vec(), self.last_sequence);
                    self.entries.insert(key.to_string(), entry);
                }
                Write::Remove { key, .. } => {
                    self.entries.remove(key.as_str());
                }
            }
        }
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
        let entries = engine.entries().unwrap();
        let entries = entries
            .into_iter()
            .map(|entry| (entry.key.to_string(), (entry.value.as_bytes().to_vec(), entry.version)));
        Model { entries: entries.collect(), last_sequence: engine.last_sequence() }
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
    Write::put(key, Value::from_bytes(random.bytes(len)))
}

/// Does a commit at a given time, so that the log is the same whenever it is written.
pub fn run_at(engine: &StoreEngine, commit: &Commit, timestamp: i64) -> Result<(), Error> {
    let mut group = Group::new();
    if commit.0.len() > 1 {
        group.begin_batch();
    }
    for write in &commit.0 {
        let (kind, key, value) = match write {
            Write::Put { key, value, .. } => (OperationType::Put, key, value.as_bytes()),
            Write::Remove { key, .. } => (OperationType::Delete, key, &[][..]),
        };
        group.apply(OperationRef { kind, key: key.as_str(), value, timestamp })?;
    }
    engine.commit(&mut group).map(drop)
}

/// Does a commit the way an application would.
pub fn run(engine: &StoreEngine, commit: &Commit) -> softadastra_store::Result<()> {
    match &commit.0[..] {
        [Write::Put { key, value, .. }] => engine.put(key, value).map(drop),
        [Write::Remove { key, .. }] => engine.remove(key).map(drop),
        writes => engine.batch(writes).map(drop),
    }
}
