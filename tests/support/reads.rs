//! Writes over keys of all shapes, and every kind of read compared with a model.

use std::ops::Bound;

use softadastra_store::index::Range;
use softadastra_store::{Key, StoreEngine, Value, Write};

use super::model::{Commit, Model};
use super::random::Random;

/// Random writes over many keys of all shapes.
pub fn commit(random: &mut Random) -> Commit {
    let len = if random.below(3) == 0 { 1 + random.below(9) } else { 1 };
    Commit((0..len).map(|_| write(random)).collect())
}

pub fn name(random: &mut Random) -> String {
    let number = random.below(60);
    match random.below(5) {
        0 => format!("user:{number:08}"),
        1 => format!("{}{number}", "long prefix ".repeat(200)),
        2 => format!("{number}\0{}", random.below(2)),
        3 => "é".repeat(1 + number),
        _ => format!("{number}"),
    }
}

fn write(random: &mut Random) -> Write {
    let key = Key::new(name(random)).unwrap();
    if random.below(4) == 0 {
        return Write::remove(key);
    }
    let len = match random.below(20) {
        0 => 0,
        1 => 5_000 + random.below(30_000),
        _ => random.below(200),
    };
    Write::put(key, Value::from_bytes(random.bytes(len)))
}

pub fn range(random: &mut Random) -> Range {
    let mut bound = || match random.below(3) {
        0 => Bound::Unbounded,
        1 => Bound::Included(name(random).into_bytes()),
        _ => Bound::Excluded(name(random).into_bytes()),
    };
    let (lower, upper) = (bound(), bound());
    Range { lower, upper, reverse: random.below(2) == 0 }
}

/// Compares every kind of read with the model.
pub fn compare(engine: &StoreEngine, model: &Model, random: &mut Random, context: &str) {
    assert_eq!(&Model::of(engine), model, "{context}");
    assert_eq!(engine.size(), model.entries.len(), "{context}");
    for _ in 0..10 {
        let name = name(random);
        let key = Key::new(&*name).unwrap();
        let found = engine.get(&key).unwrap().map(|e| (e.value.as_bytes().to_vec(), e.version));
        assert_eq!(found.as_ref(), model.entries.get(&name), "{context}: {name:?}");
        assert_eq!(engine.contains(&key), found.is_some(), "{context}: {name:?}");
        let range = range(random);
        let found = engine.scan(&range).unwrap().into_iter().map(|entry| entry.key.to_string());
        assert_eq!(found.collect::<Vec<_>>(), keys_in(model, &range), "{context}: {range:?}");
    }
}

fn keys_in(model: &Model, range: &Range) -> Vec<String> {
    let is_in = |key: &&String| {
        let key = key.as_bytes();
        let above = match &range.lower {
            Bound::Unbounded => true,
            Bound::Included(bound) => key >= &bound[..],
            Bound::Excluded(bound) => key > &bound[..],
        };
        let below = match &range.upper {
            Bound::Unbounded => true,
            Bound::Included(bound) => key <= &bound[..],
            Bound::Excluded(bound) => key < &bound[..],
        };
        above && below
    };
    let mut keys: Vec<_> = model.entries.keys().filter(is_in).cloned().collect();
    if range.reverse {
        keys.reverse();
    }
    keys
}
