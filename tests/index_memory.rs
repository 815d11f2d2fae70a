//! After any history of writes the index holds little more memory than its entries need.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use softadastra_store::index::{Index, IndexLoader, Range};
use support::random::Random;

/// The bytes of an entry besides its key and its value: version, timestamp, lengths, and its places in table and tree.
const EACH: u64 = 40;
/// What is held for chunks that are begun. The 16 MiB that the documentation states include spare pieces of regions.
const BEGUN: u64 = 4 << 20;

fn assert_small(index: &Index, history: &str) {
    let most = 3 * (index.live_bytes() + EACH * index.len() as u64) + BEGUN;
    let memory = index.memory_bytes() as u64;
    assert!(
        memory <= most,
        "{history}: {memory} bytes for {} entries of {} bytes, more than {most}",
        index.len(),
        index.live_bytes()
    );
}

/// Everything that is expected is there, by key and in order, and nothing else.
fn assert_holds(index: &Index, expected: impl Iterator<Item = (Vec<u8>, usize)>) {
    let mut scan = index.scan(&Range::all());
    let mut count = 0;
    for (key, len) in expected {
        let record = scan.next().unwrap();
        assert_eq!(record.key(), key);
        assert_eq!(record.value().len(), len);
        assert_eq!(index.get(&key).unwrap().value().len(), len);
        count += 1;
    }
    assert!(scan.next().is_none());
    assert_eq!(index.len(), count);
}

fn key(n: usize) -> Vec<u8> {
    format!("{n:015}").into_bytes()
}

type Survives = fn(usize) -> bool;

/// Puts so many entries, in the order of `n` or another one, and removes all that do not survive.
fn removed(count: usize, value: usize, order: &str, survives: Survives) {
    let mut index = Index::new();
    let mut numbers: Vec<usize> = (0..count).collect();
    for n in &numbers {
        index.put(&key(*n), &vec![7; value], 1, 1);
    }
    assert_small(&index, "filled");
    let snapshot = index.clone();
    match order {
        "random" => Random::new(1).shuffle(&mut numbers),
        "descending" => numbers.reverse(),
        _ => {}
    }
    for (done, n) in (1..).zip(numbers.iter().filter(|n| !survives(**n))) {
        assert!(index.remove(&key(*n)));
        if done % (count / 7) == 0 {
            assert_small(&index, "while entries go");
        }
    }
    assert_small(&index, &format!("{count} of {value}, removed in {order} order"));
    assert_holds(&index, (0..count).filter(|n| survives(*n)).map(|n| (key(n), value)));
    assert_holds(&snapshot, (0..count).map(|n| (key(n), value)));
}

#[test]
fn survivors_of_a_mass_removal_hold_no_memory_of_the_others() {
    // Of 144 bytes each: 1820 in a chunk of the arena, 58,254 in a region, and about 100 in a leaf of the tree.
    let survivors: [Survives; 6] = [
        |n| n.wrapping_mul(7919) % 100 == 0,
        |n| n % 8 == 0,
        |n| n % 1820 == 5,
        |n| n % 58_254 == 1000,
        |n| n % 112 == 0,
        |n| n >= 299_000,
    ];
    for survives in survivors {
        for order in ["ascending", "descending", "random"] {
            removed(300_000, 100, order, survives);
        }
    }
}

#[test]
fn tiny_entries_give_their_memory_back_as_well() {
    for order in ["ascending", "random"] {
        removed(400_000, 0, order, |n| n % 3 == 0);
        removed(400_000, 0, order, |n| n % 90 == 0);
    }
}

#[test]
fn long_values_give_their_numbers_back() {
    let survivors: [Survives; 3] = [|n| n % 500 == 0, |n| n % 8 == 0, |n| n % 512 == 511];
    for survives in survivors {
        removed(60_000, 1025, "random", survives);
    }
}

#[test]
fn values_that_become_shorter_give_the_rest_back() {
    for (long, short) in [(1000, 1), (5000, 1), (5000, 1000), (60, 0), (1000, 600)] {
        let mut index = Index::new();
        for n in 0..60_000 {
            index.put(&key(n), &vec![1; long], 1, 1);
        }
        for n in 0..60_000 {
            index.put(&key(n * 7919 % 60_000), &vec![2; short], 2, 2);
        }
        assert_small(&index, &format!("values of {long} that became {short}"));
        assert_holds(&index, (0..60_000).map(|n| (key(n), short)));
    }
}

#[test]
fn short_keys_between_long_ones_hold_no_memory_of_theirs() {
    for long in [300, 2000, 3000, 60_000, 70_000] {
        let count = (100 << 20) / long;
        let mut index = Index::new();
        let name = |n: usize| format!("{n:07}{}", "long".repeat(long / 4)).into_bytes();
        for n in 0..count {
            index.put(&name(n), b"", 1, 1);
            for k in 0..9 {
                index.put(format!("{n:07}k{k}").as_bytes(), b"", 1, 1);
            }
        }
        assert_small(&index, "long keys between short ones");
        for n in 0..count {
            assert!(index.remove(&name(n)));
        }
        assert_small(&index, &format!("short keys that stood between keys of {long}"));
        let kept = (0..count).flat_map(|n| (0..9).map(move |k| (n, k)));
        assert_holds(&index, kept.map(|(n, k)| (format!("{n:07}k{k}").into_bytes(), 0)));
    }
}

/// Keys that agree for long, so that what separates them is long too.
#[test]
fn what_separated_long_keys_goes_with_them() {
    let common = "a long beginning that all of these keys share/".repeat(400);
    for order in ["ascending", "random"] {
        let mut index = Index::new();
        let count = 20_000;
        let mut numbers: Vec<usize> = (0..count).collect();
        for n in &numbers {
            index.put(format!("{n:06}").as_bytes(), b"", 1, 1);
        }
        // Each pair of long keys is split by a long separator once leaves are full of them.
        for group in 0..150 {
            for n in 0..20 {
                index.put(format!("{:06}{common}{n:02}", group * 130).as_bytes(), b"", 1, 1);
            }
        }
        assert_small(&index, "keys that agree for long");
        if order == "random" {
            Random::new(3).shuffle(&mut numbers);
        }
        for group in numbers.iter().filter(|n| **n < 150) {
            for n in 0..20 {
                assert!(index.remove(format!("{:06}{common}{n:02}", group * 130).as_bytes()));
            }
        }
        assert_small(&index, "keys that agreed for long have gone");
        assert_holds(&index, (0..count).map(|n| (format!("{n:06}").into_bytes(), 0)));
    }
}

#[test]
fn growing_and_shrinking_in_turn_leaves_nothing_behind() {
    let mut random = Random::new(9);
    let (mut index, mut model) = (Index::new(), BTreeMap::new());
    let mut most = 0;
    for round in 0..12 {
        let len = [20, 900, 100, 3000][round % 4];
        for _ in 0..30_000 {
            let n = random.below(40_000);
            let len = random.below(len);
            index.put(&key(n), &vec![1; len], 1, 1);
            model.insert(n, len);
        }
        assert_small(&index, "grown");
        most = most.max(index.memory_bytes());
        let limit = 40_000 - random.below(3000);
        for n in 0..limit {
            assert_eq!(index.remove(&key(n)), model.remove(&n).is_some());
        }
        assert_small(&index, "shrunk");
        assert_holds(&index, model.iter().map(|(n, len)| (key(*n), *len)));
    }
    assert!(most > 20 << 20);
}

#[test]
fn an_emptied_index_holds_next_to_nothing() {
    for value in [0, 100, 5000] {
        let mut index = Index::new();
        for n in 0..50_000 {
            index.put(&key(n), &vec![1; value], 1, 1);
        }
        for n in 0..50_000 {
            index.remove(&key(n));
        }
        assert!(index.memory_bytes() < 1 << 20, "{} bytes", index.memory_bytes());
    }
}

#[test]
fn a_loaded_index_holds_no_memory_of_what_its_log_removed() {
    for ascending in [true, false] {
        let mut loader = IndexLoader::for_log(200 << 20, 30);
        for n in 0..200_000 {
            let n = if ascending { n } else { n * 7919 % 200_000 };
            loader.put(&key(n), &[1; 100], 1, 1);
        }
        for n in (0..200_000).filter(|n| n % 16 != 0) {
            assert!(loader.remove(&key(n)));
        }
        let mut index = loader.finish();
        assert_small(&index, "loaded");
        assert_holds(&index, (0..200_000).step_by(16).map(|n| (key(n), 100)));
        for n in (0..200_000).step_by(16).filter(|n| n % 128 != 0) {
            assert!(index.remove(&key(n)));
        }
        assert_small(&index, "loaded, and smaller since");
        assert_holds(&index, (0..200_000).step_by(128).map(|n| (key(n), 100)));
    }
}

#[derive(Clone, Debug)]
struct Phase {
    puts: usize,
    longest_key: usize,
    longest_value: usize,
    /// One entry of so many stays.
    stays: usize,
    in_order: bool,
    clones: bool,
}

fn phase() -> impl Strategy<Value = Phase> {
    let sizes = (0..20_000usize, 10..200usize, prop::sample::select(vec![1, 50, 300, 1200, 4000]));
    (sizes, 1..400usize, any::<bool>(), any::<bool>()).prop_map(
        |((puts, longest_key, longest_value), stays, in_order, clones)| Phase {
            puts,
            longest_key,
            longest_value,
            stays,
            in_order,
            clones,
        },
    )
}

fn phases(seed: u64, phases: &[Phase]) {
    let mut random = Random::new(seed);
    let (mut index, mut model) = (Index::new(), BTreeMap::new());
    let mut clone = None;
    for phase in phases {
        for _ in 0..phase.puts {
            let n = random.below(30_000);
            let name = format!("{n}/{}", "k".repeat(n * 31 % phase.longest_key)).into_bytes();
            let len = random.below(phase.longest_value);
            index.put(&name, &vec![3; len], 1, 1);
            model.insert(name, len);
        }
        assert_small(&index, "after puts");
        if phase.clones {
            clone = Some((index.clone(), model.clone()));
        }
        let mut names: Vec<Vec<u8>> = model.keys().cloned().collect();
        if !phase.in_order {
            random.shuffle(&mut names);
        }
        let first = random.below(phase.stays);
        for (i, name) in names.iter().enumerate() {
            if i % phase.stays != first {
                assert!(index.remove(name));
                model.remove(name);
            }
        }
        assert_small(&index, "after removals");
        assert_holds(&index, model.iter().map(|(name, len)| (name.clone(), *len)));
    }
    if let Some((clone, model)) = clone {
        assert_holds(&clone, model.iter().map(|(name, len)| (name.clone(), *len)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn stays_small_whatever_is_written(
        seed in any::<u64>(),
        list in prop::collection::vec(phase(), 1..6),
    ) {
        phases(seed, &list);
    }
}

/// `PROPTEST_CASES` sets how many there are; each is long.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(12, |cases| cases.parse().unwrap())
}
