//! Where the engine's time goes, without Node: a million entries of 15 + 100 bytes.
//!
//! Keys are random digits, and as realistic ones a few long prefixes followed by a number.

#![expect(clippy::indexing_slicing, missing_docs, reason = "a benchmark may panic")]

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use softadastra_store::index::{Index, IndexLoader, Range};

const ENTRIES: usize = 1_000_000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        usize::try_from((mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB) >> 33)
            .unwrap_or_default()
    }
}

fn keys(kind: &str) -> Vec<Vec<u8>> {
    let mut random = Random(7);
    let countries = [
        "AR", "BR", "CN", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "MX", "NG", "PL", "TR", "US",
        "ZA",
    ];
    let mut keys: Vec<Vec<u8>> = (0..ENTRIES)
        .map(|n| match kind {
            "synthetic" => format!("{:07}{n:08}", random.next() % 10_000_000).into_bytes(),
            _ => format!("city/{}/{}", countries[n % 16], 2_900_000 + n / 16).into_bytes(),
        })
        .collect();
    for i in (1..keys.len()).rev() {
        keys.swap(i, random.next() % (i + 1));
    }
    keys
}

fn load(keys: &[Vec<u8>], value: &[u8]) -> Index {
    let mut loader = IndexLoader::new();
    for (key, version) in keys.iter().zip(1..) {
        loader.put(key, value, version, 0);
    }
    loader.finish()
}

fn reads(c: &mut Criterion, kind: &str, keys: &[Vec<u8>], index: &Index) {
    let mut random = Random(3);
    let order: Vec<&[u8]> = (0..ENTRIES).map(|_| &keys[random.next() % ENTRIES][..]).collect();
    let mut group = c.benchmark_group(kind);
    let mut at = 0;
    // The next key depends on the value before, so that gets cannot overlap.
    let mut dependent = |among: &[&[u8]], suffix: usize| {
        let record = index.get(&among[at % among.len()][suffix..]);
        at += 1 + record.map_or(0, |record| {
            usize::from(record.value()[0]) - 7 + usize::from(record.value()[99]) - 7
        });
    };
    group.bench_function("get dependent, 1M", |b| b.iter(|| dependent(&order, 0)));
    group.bench_function("get dependent, 10k hot", |b| b.iter(|| dependent(&order[..10_000], 0)));
    group.bench_function("get missing", |b| b.iter(|| dependent(&order, 1)));
    let mut at = 0;
    group.bench_function("contains", |b| {
        b.iter(|| {
            at += 1;
            index.contains(order[at % ENTRIES])
        });
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("getMany, 100", |b| {
        b.iter(|| {
            at = (at + 100) % (ENTRIES - 100);
            let mut sum = 0;
            index.get_many(&order[at..at + 100], |_, record| {
                sum += record.map_or(0, |record| usize::from(record.value()[50]));
            });
            sum
        });
    });
    group.bench_function("scan 100 from a random key", |b| {
        b.iter(|| {
            at = (at + 1) % ENTRIES;
            let range =
                Range { lower: std::ops::Bound::Included(order[at].to_vec()), ..Range::all() };
            index
                .scan(&range)
                .take(100)
                .map(|record| usize::from(record.value()[50]))
                .sum::<usize>()
        });
    });
    group.bench_function("prefix scan of 100", |b| {
        b.iter(|| {
            at = (at + 1) % ENTRIES;
            let key = order[at];
            // Either leaves about a hundred keys.
            let prefix = if kind == "synthetic" { &key[..4] } else { &key[..key.len() - 2] };
            index
                .scan(&Range::prefix(prefix))
                .map(|record| usize::from(record.value()[50]))
                .sum::<usize>()
        });
    });
    group.sample_size(10).throughput(Throughput::Elements(ENTRIES as u64));
    for (name, reverse) in [("full scan", false), ("full scan, reverse", true)] {
        let range = Range { reverse, ..Range::all() };
        group.bench_function(name, |b| {
            b.iter(|| {
                index.scan(&range).map(|record| usize::from(record.value()[50])).sum::<usize>()
            });
        });
    }
    group.bench_function("clone", |b| b.iter(|| index.clone()));
    group.finish();
}

/// What the standard maps cost, as a measure of the machine.
fn peers(c: &mut Criterion, kind: &str, keys: &[Vec<u8>], value: &[u8]) {
    let mut random = Random(3);
    let order: Vec<&[u8]> = (0..ENTRIES).map(|_| &keys[random.next() % ENTRIES][..]).collect();
    let boxed =
        || keys.iter().map(|key| (key.clone().into_boxed_slice(), Box::<[u8]>::from(value)));
    let mut group = c.benchmark_group(format!("{kind}/peers"));
    let mut at = 0;
    let hashed: HashMap<Box<[u8]>, Box<[u8]>, foldhash::quality::RandomState> = boxed().collect();
    for (name, among) in [("1M", ENTRIES), ("10k hot", 10_000)] {
        group.bench_function(BenchmarkId::new("HashMap, get dependent", name), |b| {
            b.iter(|| {
                let value = &hashed[order[at % among]];
                at += 1 + usize::from(value[0]) - 7 + usize::from(value[99]) - 7;
            });
        });
    }
    drop(hashed);
    group.sample_size(10).throughput(Throughput::Elements(ENTRIES as u64));
    group.bench_function("BTreeMap, insert", |b| {
        b.iter_with_large_drop(|| {
            let mut map = BTreeMap::new();
            for (key, value) in boxed() {
                map.insert(key, value);
            }
            map
        });
    });
    let ordered: BTreeMap<_, _> = boxed().collect();
    group.bench_function("BTreeMap, full scan", |b| {
        b.iter(|| ordered.values().map(|value| usize::from(value[50])).sum::<usize>());
    });
    group.finish();
}

fn overwrite(index: &mut Index, keys: &[Vec<u8>], value: &[u8]) {
    for key in keys {
        index.put(key, value, 2, 0);
    }
}

fn writes(c: &mut Criterion, kind: &str, keys: &[Vec<u8>], value: &[u8]) {
    let mut group = c.benchmark_group(kind);
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(ENTRIES as u64));
    let mut sorted = keys.to_vec();
    sorted.sort();
    for (name, keys) in [("random", keys), ("ascending", &sorted[..])] {
        group.bench_function(BenchmarkId::new("insert", name), |b| {
            b.iter_with_large_drop(|| {
                let mut index = Index::new();
                for (key, version) in keys.iter().zip(1..) {
                    index.put(key, value, version, 0);
                }
                index
            });
        });
    }
    group.bench_function(BenchmarkId::new("insert", "random, warmed by 16"), |b| {
        b.iter_with_large_drop(|| {
            let mut index = Index::new();
            for batch in keys.chunks(16) {
                let names: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
                index.warm(&names);
                for key in batch {
                    index.put(key, value, 1, 0);
                }
            }
            index
        });
    });
    group.bench_function("bulk load", |b| b.iter_with_large_drop(|| load(keys, value)));
    group.bench_function("bulk load, warmed", |b| {
        b.iter_with_large_drop(|| {
            let mut loader = IndexLoader::with_capacity(ENTRIES);
            for batch in keys.chunks(16) {
                let names: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
                loader.warm(&names);
                for key in batch {
                    loader.put(key, value, 1, 0);
                }
            }
            loader.finish()
        });
    });
    let mut index = load(keys, value);
    group.bench_function("overwrite, same length", |b| {
        b.iter(|| overwrite(&mut index, keys, value));
    });
    group.bench_function("overwrite while a clone is held", |b| {
        b.iter_batched_ref(
            || (index.clone(), index.clone()),
            |(index, _)| overwrite(index, keys, value),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("remove", |b| {
        b.iter_batched_ref(
            || load(keys, value),
            |index| assert!(keys.iter().all(|key| index.remove(key))),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    let value = [7; 100];
    for kind in ["synthetic", "cities"] {
        let keys = keys(kind);
        let index = load(&keys, &value);
        println!("{kind}: {} bytes per entry", index.memory_bytes() / index.len());
        reads(c, kind, &keys, &index);
        drop(index);
        peers(c, kind, &keys, &value);
        writes(c, kind, &keys, &value);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    targets = all
}
criterion_main!(benches);
