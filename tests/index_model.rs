//! The index answers like an ordered map, and its clones like that map at the time of the clone.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::collections::BTreeMap;
use std::ops::Bound;

use proptest::prelude::*;
use softadastra_store::index::{Index, IndexLoader, Marks, Range, Record};
use support::random::Random;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Clone,
    Scan(Range),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    let prefix = prop::sample::select(vec![
        String::new(),
        "city/FR/29".into(),
        "city/GB/".into(),
        "a prefix that is much longer than a head/".repeat(3),
        "x".repeat(70_000),
    ]);
    let any = prop_oneof![
        Just(vec![0u8]),
        Just(vec![255u8, 255]),
        prop::collection::vec(any::<u8>(), 1..4)
    ];
    prop_oneof![
        8 => (prefix, 0..400u32).prop_map(|(prefix, n)| format!("{prefix}{n}").into_bytes()),
        1 => any,
        1 => (1..40usize).prop_map(|n| vec![0; n]),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![6 => 0..200usize, 3 => 900..1200usize, 1 => 0..100_000usize];
    (len, any::<u8>()).prop_map(|(len, byte)| vec![byte; len])
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![
        Just(Bound::Unbounded),
        key().prop_map(Bound::Included),
        key().prop_map(Bound::Excluded)
    ]
}

fn range() -> impl Strategy<Value = Range> {
    let bounds = (bound(), bound(), any::<bool>()).prop_map(|(lower, upper, reverse)| Range {
        lower,
        upper,
        reverse,
    });
    let prefix = (key(), 0..12usize, any::<bool>());
    let prefix = prefix.prop_map(|(key, len, reverse)| Range {
        reverse,
        ..Range::prefix(&key[..len.min(key.len())])
    });
    prop_oneof![bounds, prefix]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (key(), value()).prop_map(|(key, value)| Step::Put(key, value)),
        5 => key().prop_map(Step::Remove),
        1 => Just(Step::Clone),
        1 => range().prop_map(Step::Scan),
    ]
}

/// Every third version is of an entry that expires.
fn expiry_of(version: u64) -> Option<i64> {
    version.is_multiple_of(3).then(|| i64::try_from(version << 40).unwrap())
}

fn marks_of(version: u64) -> Marks {
    let node = version.is_multiple_of(5).then_some(version + 1);
    Marks { expiry: expiry_of(version), node }
}

fn same(record: &Record<'_>, key: &[u8], value: &(Vec<u8>, u64)) -> bool {
    let timestamp = i64::try_from(value.1).unwrap() - 7;
    let shared = record.blob().is_none_or(|blob| **blob == value.0[..])
        && record.blob().is_some() == (value.0.len() > 1024);
    record.key() == key
        && record.value() == value.0
        && record.version() == value.1
        && record.timestamp() == timestamp
        && record.marks() == marks_of(value.1)
        && shared
}

fn within(range: &Range, key: &[u8]) -> bool {
    let above = match &range.lower {
        Bound::Included(lower) => key >= &lower[..],
        Bound::Excluded(lower) => key > &lower[..],
        Bound::Unbounded => true,
    };
    let below = match &range.upper {
        Bound::Included(upper) => key <= &upper[..],
        Bound::Excluded(upper) => key < &upper[..],
        Bound::Unbounded => true,
    };
    above && below
}

fn check_scan(index: &Index, model: &Model, range: &Range) {
    let mut expected: Vec<_> = model.iter().filter(|(key, _)| within(range, key)).collect();
    if range.reverse {
        expected.reverse();
    }
    let found: Vec<_> = index.scan(range).collect();
    assert_eq!(found.len(), expected.len(), "{range:?}");
    for (record, (key, value)) in found.iter().zip(expected) {
        assert!(same(record, key, value), "{range:?}");
    }
}

fn check(index: &Index, model: &Model) {
    assert_eq!(index.len(), model.len());
    assert_eq!(index.is_empty(), model.is_empty());
    let bytes: usize = model.iter().map(|(key, (value, _))| key.len() + value.len()).sum();
    assert_eq!(index.live_bytes(), bytes as u64);
    let expiring = model.values().filter(|(_, version)| expiry_of(*version).is_some()).count();
    assert_eq!(index.expiring(), expiring);
    check_scan(index, model, &Range::all());
    check_scan(index, model, &Range { reverse: true, ..Range::all() });
    let missing = b"no such key".to_vec();
    let keys: Vec<&[u8]> = model.keys().chain([&missing]).map(Vec::as_slice).collect();
    index.warm(&keys);
    let mut next = 0;
    index.get_many(&keys, |i, record| {
        assert_eq!(i, next);
        assert_eq!(record.is_some(), i < model.len());
        assert!(record.is_none_or(|record| same(&record, keys[i], &model[keys[i]])));
        next += 1;
    });
    assert_eq!(next, keys.len());
    for (key, value) in model {
        assert!(same(&index.get(key).unwrap(), key, value));
        assert_eq!(index.version_of(key), Some(value.1));
        assert_eq!(index.expiry_of(key), expiry_of(value.1));
    }
    assert!(!index.contains(&missing));
}

fn run(steps: Vec<Step>) {
    let (mut index, mut model) = (Index::new(), Model::new());
    let mut loader = IndexLoader::new();
    let mut clones = Vec::new();
    for (version, step) in (1u64..).zip(steps) {
        match step {
            Step::Put(key, value) => {
                let timestamp = i64::try_from(version).unwrap() - 7;
                let marks = marks_of(version);
                let created = index.put_marked(&key, &value, version, timestamp, marks);
                let is_loaded = loader.put_marked(&key, &value, version, timestamp, marks);
                assert_eq!(created, is_loaded);
                assert_eq!(created, model.insert(key, (value, version)).is_none());
            }
            Step::Remove(key) => {
                let removed = index.remove(&key);
                assert_eq!(removed, loader.remove(&key));
                assert_eq!(removed, model.remove(&key).is_some());
                assert!(index.get(&key).is_none());
            }
            Step::Clone => clones.push((index.clone(), model.clone())),
            Step::Scan(range) => check_scan(&index, &model, &range),
        }
    }
    check(&index, &model);
    let mut bulk = loader.finish();
    check(&bulk, &model);
    for key in model.keys() {
        assert!(bulk.remove(key));
    }
    assert!(bulk.is_empty() && bulk.scan(&Range::all()).next().is_none());
    for (clone, then) in &clones {
        check(clone, then);
    }
}

/// `PROPTEST_CASES` sets how many there are; each is long.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(48, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_an_ordered_map(steps in prop::collection::vec(step(), 1..600)) {
        run(steps);
    }

    #[test]
    fn stays_ordered_when_it_grows_and_shrinks(
        seed in any::<u64>(),
        shape in prop::sample::select(vec!["{}", "key/{}/of a longer kind", "city/FR/{}"]),
        len in 500..6000usize,
    ) {
        let mut random = Random::new(seed);
        let keys: Vec<_> = (0..len).map(|_| shape.replace("{}", &(random.next() % 1_000_000).to_string())).collect();
        let puts = keys.iter().map(|key| Step::Put(key.clone().into_bytes(), vec![1; 20]));
        let mut removals: Vec<_> = keys.iter().map(|key| Step::Remove(key.clone().into_bytes())).collect();
        removals.truncate(len * 9 / 10);
        let again = keys.iter().take(len / 3).map(|key| Step::Put(key.clone().into_bytes(), vec![2; 30]));
        run(puts.chain([Step::Clone]).chain(removals).chain([Step::Clone]).chain(again).collect());
    }

    #[test]
    fn keys_loaded_in_order_stay_in_order_whatever_follows(
        shape in prop::sample::select(vec!["{}", "key/{}/of a longer kind", "city/FR/{}"]),
        len in 0..1500usize,
        changes in prop::collection::vec(change(), 0..120),
    ) {
        let name = |n: usize| shape.replace("{}", &format!("{:05}", n * 3)).into_bytes();
        let puts = (0..len).map(|n| Step::Put(name(n), vec![1; 20]));
        let changes = changes.into_iter().map(|(at, kind)| {
            let old = name(at.index(len + 1));
            match kind {
                0 => Step::Put(old, vec![2; 20]),
                1 => Step::Put(old, vec![3; 300]),
                2 => Step::Remove(old),
                3 => Step::Put([&old[..], b"+"].concat(), vec![4; 20]),
                _ => Step::Put(b"outside".to_vec(), vec![5; 20]),
            }
        });
        run(puts.chain(changes).collect());
    }
}

fn change() -> impl Strategy<Value = (prop::sample::Index, u8)> {
    (any::<prop::sample::Index>(), prop_oneof![6 => Just(0), 1 => 1..5u8])
}

#[test]
fn a_loaded_index_goes_on_taking_keys_outside_the_prefix_of_the_loaded_ones() {
    goes_on_after_loading(|n| format!("country/with a long name/{n}"));
}

#[test]
fn an_index_loaded_in_order_goes_on_taking_keys_outside_the_prefix_of_the_loaded_ones() {
    goes_on_after_loading(|n| format!("country/with a long name/{n:05}"));
}

fn goes_on_after_loading(name: fn(u64) -> String) {
    let (mut bulk, mut model) = (IndexLoader::with_capacity(20_000), Model::new());
    for n in 0..20_000u64 {
        let key = name(n).into_bytes();
        bulk.put_marked(&key, b"v", n, i64::try_from(n).unwrap() - 7, marks_of(n));
        model.insert(key, (b"v".to_vec(), n));
    }
    let mut index = bulk.finish();
    check(&index, &model);
    for n in 0..20_000u64 {
        let start =
            ["a", "country/", "country/with a long name/1", "z"][usize::try_from(n % 4).unwrap()];
        let key = format!("{start}{n}!").into_bytes();
        index.put_marked(&key, b"w", n, i64::try_from(n).unwrap() - 7, marks_of(n));
        model.insert(key, (b"w".to_vec(), n));
    }
    check(&index, &model);
}

/// Overwrites and removes the same keys with values of varied length, and returns the memory and the live bytes after
/// each round. One key in eight changes seldom, so that hardly any stretch of memory empties by itself.
fn churn(hold_clone: bool) -> Vec<(usize, u64)> {
    let mut random = Random::new(1);
    let mut index = Index::new();
    let mut held = None;
    let mut memory = Vec::new();
    for round in 0..100 {
        for _ in 0..10_000 {
            let n = random.next() % 10_000;
            if n.is_multiple_of(8) && !random.next().is_multiple_of(50) {
                continue;
            }
            let key = format!("key/{n}");
            if random.next().is_multiple_of(4) {
                index.remove(key.as_bytes());
            } else {
                let len = usize::try_from(random.next() % if round % 2 == 0 { 100 } else { 1500 })
                    .unwrap();
                index.put(key.as_bytes(), &vec![7; len], 1, 1);
            }
        }
        memory.push((index.memory_bytes(), index.live_bytes()));
        if hold_clone && round % 10 == 0 {
            held = Some(index.clone());
        }
    }
    drop(held);
    memory
}

#[test]
fn space_is_reused() {
    for hold_clone in [false, true] {
        let memory = churn(hold_clone);
        let most = memory[20..].iter().map(|(memory, _)| *memory as u64).max().unwrap();
        let live = memory[20..].iter().map(|(_, live)| *live).max().unwrap();
        assert!(most < 2 * live, "{most} bytes are held for {live}");
    }
}

#[test]
fn an_emptied_index_gives_its_memory_back() {
    let mut index = Index::new();
    for n in 0..50_000u32 {
        index.put(&n.to_le_bytes(), &[1; 100], 1, 1);
    }
    let full = index.memory_bytes();
    for n in 0..50_000u32 {
        index.remove(&n.to_le_bytes());
    }
    assert!(index.memory_bytes() < full / 4, "{full} shrank to {} only", index.memory_bytes());
}

#[test]
fn a_loader_that_was_told_of_far_more_gives_the_memory_back() {
    let mut told = [IndexLoader::new(), IndexLoader::for_log(1 << 32, 18)];
    for loader in &mut told {
        for n in 0..50_000u32 {
            loader.put(&n.to_be_bytes(), &[1; 100], 1, 1);
        }
    }
    let [without, with] = told.map(|loader| loader.finish().memory_bytes());
    assert!(with <= without + without / 4, "{with} bytes instead of {without}");
}

#[test]
fn a_small_index_is_small() {
    let mut index = Index::new();
    assert!(index.memory_bytes() < 4096);
    index.put(b"key", b"value", 1, 1);
    assert!(index.memory_bytes() < 8192);
}

#[test]
fn room_is_refused_before_addresses_run_out() {
    let index = Index::new();
    assert!(index.has_room(1_000_000, 1_000_000_000));
    assert!(!index.has_room(u64::from(u32::MAX), 0));
    assert!(!index.has_room(1, 1 << 40));
    assert!(!index.is_exhausted());
}

#[test]
fn an_index_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Index>();
}
