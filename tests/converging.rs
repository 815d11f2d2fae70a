//! Nodes that apply each other's writes if they are newer come to the same entries, whatever order those arrive in.
//!
//! `SEED` replays one run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use softadastra_store::{
    CompactionPolicy, Control, IfNewer, IndexPolicy, Key, Operation, OperationType, StoreConfig,
    StoreEngine, Value,
};
use support::random::Random;
use support::sim_disk::SimDisk;

const RUNS: u64 = 60;
const STEPS: usize = 120;
const KEYS: usize = 6;

/// Time and node of an operation, and the value that it writes, if it is no removal.
type Newest = ((i64, u64), Option<Vec<u8>>);

struct Node {
    id: u64,
    disk: SimDisk,
    config: StoreConfig,
    engine: StoreEngine,
    /// What the others were told of.
    sent: u64,
}

impl Node {
    fn new(id: u64) -> Self {
        let index = IndexPolicy { enabled: true, minimum_bytes: 0, tail: 3, background: false };
        let config = StoreConfig::durable("/store.wal")
            .with_node_id(id)
            .with_sweeping(false)
            .with_compaction(CompactionPolicy::MANUAL)
            .with_index(if id == 1 { IndexPolicy::DISABLED } else { index });
        let config = if id == 3 { config.with_memory_limit(32 << 10) } else { config };
        let disk = SimDisk::new();
        let engine = open(&disk, &config);
        Self { id, disk, config, engine, sent: 0 }
    }

    /// The writes of this node that the others were not told of.
    fn news(&mut self) -> Vec<(Operation, IfNewer)> {
        let since = std::mem::replace(&mut self.sent, self.engine.last_sequence());
        let logged = self.engine.operations(since, false).unwrap().map(Result::unwrap);
        let own = logged.filter(|logged| logged.node == Some(self.id));
        own.map(|logged| (logged.operation().unwrap(), IfNewer::of(self.id))).collect()
    }

    fn restart(&mut self, random: &mut Random) {
        match random.below(4) {
            0 => self.disk = self.disk.kill(),
            1 => self.disk = self.disk.crash(random),
            2 => self.engine.close().unwrap(),
            _ => drop(self.engine.compact(&Control::default()).unwrap()),
        }
        self.disk = self.disk.kill();
        self.engine = open(&self.disk, &self.config);
    }

    fn write(&self, random: &mut Random) {
        let len = if random.below(9) == 0 { 3000 } else { 8 };
        let value = Value::from_bytes(random.bytes(len));
        self.engine.put(&random_key(random), &value).unwrap();
    }

    fn remove(&self, random: &mut Random) {
        self.engine.remove(&random_key(random)).unwrap();
    }

    fn state(&self) -> BTreeMap<String, (Vec<u8>, i64)> {
        let entries = self.engine.entries().unwrap().into_iter();
        entries
            .map(|entry| {
                (entry.key.to_string(), (entry.value.as_bytes().to_vec(), entry.timestamp))
            })
            .collect()
    }
}

fn open(disk: &SimDisk, config: &StoreConfig) -> StoreEngine {
    let engine = StoreEngine::with_storage(config.clone(), Arc::new(disk.clone()));
    engine.recover().unwrap();
    engine
}

fn random_key(random: &mut Random) -> Key {
    Key::new(format!("key/{}", random.below(KEYS))).unwrap()
}

/// An operation of a node that is no store and writes only once, whose clock is a little wrong.
fn foreign(random: &mut Random, node: u64) -> (Operation, IfNewer) {
    let mut operation = if random.below(3) == 0 {
        Operation::remove(random_key(random))
    } else {
        Operation::put(random_key(random), Value::from_bytes(random.bytes(8)))
    };
    operation.timestamp += i64::try_from(random.below(20)).unwrap() - 10;
    (operation, IfNewer::of(node))
}

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let mut nodes = [Node::new(1), Node::new(2), Node::new(3)];
    let mut all: Vec<(Operation, IfNewer)> = Vec::new();
    for _ in 0..STEPS {
        let at = random.below(nodes.len());
        let node = &mut nodes[at];
        match random.below(10) {
            0 => node.restart(&mut random),
            1..4 => node.write(&mut random),
            4 => node.remove(&mut random),
            5 => all.push(foreign(&mut random, 1000 + all.len() as u64)),
            _ if all.is_empty() => {}
            _ => {
                // Some of what others have written, in any order and again and again.
                let count = 1 + random.below(8);
                let some: Vec<_> =
                    (0..count).map(|_| all[random.below(all.len())].clone()).collect();
                node.engine.apply_batch_newer(&some, None).unwrap();
            }
        }
        let news = node.news();
        all.extend(news);
    }
    // Each write is another version of its key: no two have one time and one node.
    let mut newest: BTreeMap<String, Newest> = BTreeMap::new();
    for (operation, IfNewer { node, .. }) in &all {
        let stamp = (operation.timestamp, *node);
        let is_put = operation.kind == OperationType::Put;
        let value = is_put.then(|| operation.value.as_bytes().to_vec());
        let newest = newest.entry(operation.key.to_string()).or_insert((stamp, value.clone()));
        if stamp > newest.0 {
            *newest = (stamp, value);
        }
    }
    let entries = newest
        .iter()
        .filter_map(|(key, ((time, _), value))| Some((key.clone(), (value.clone()?, *time))));
    let expected: BTreeMap<_, _> = entries.collect();
    let removed = newest.values().filter(|(_, value)| value.is_none()).count() as u64;
    for node in &mut nodes {
        random.shuffle(&mut all);
        for some in all.chunks(7) {
            node.engine.apply_batch_newer(some, None).unwrap();
        }
        assert_eq!(node.state(), expected, "node {}, SEED={seed}", node.id);
        assert_eq!(node.engine.stats().tombstones, Some(removed), "node {}, SEED={seed}", node.id);
        node.restart(&mut random);
        let before = node.engine.last_sequence();
        node.engine.apply_batch_newer(&all, None).unwrap();
        assert_eq!(node.engine.last_sequence(), before, "nothing is news: SEED={seed}");
        assert_eq!(node.state(), expected, "node {} again, SEED={seed}", node.id);
    }
}

#[test]
fn all_nodes_agree_when_each_has_all_writes() {
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => run(seed),
        None => (1..=RUNS).for_each(run),
    }
}
