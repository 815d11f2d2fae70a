use super::*;
use crate::{StoreConfig, StoreEngine};

/// A store with this many entries, in hundreds of pieces if they are many.
fn store(entries: usize) -> StoreEngine {
    let engine = StoreEngine::new(StoreConfig::memory_only());
    engine.commit(&mut puts(0..entries, 100)).unwrap();
    engine
}

fn puts(keys: impl IntoIterator<Item = usize>, value: usize) -> Group {
    let mut group = Group::new();
    for key in keys {
        group.put(&format!("{key:07}"), &vec![1; value], None).unwrap();
    }
    group
}

fn batch(keys: impl IntoIterator<Item = usize>, value: usize) -> Group {
    let mut group = Group::new();
    group.begin_batch();
    for key in keys {
        group.put(&format!("{key:07}"), &vec![2; value], None).unwrap();
    }
    group.end_batch();
    group
}

/// How many operations each step has, and whether it is done under the write lock.
fn steps(engine: &StoreEngine, group: &Group) -> Vec<(usize, bool)> {
    let plan = |index: &Index| {
        let (mut staged, mut steps) = (group.staged(), Vec::new());
        while !staged.is_empty() {
            let step = Step::plan(index, group, staged);
            steps.push((step.staged.len(), !step.aside));
            staged = step.rest;
        }
        steps
    };
    engine.view(plan).unwrap()
}

#[test]
fn what_is_done_under_the_write_lock_is_bounded() {
    let engine = store(1000);
    let all = |group: &Group, longest: usize| {
        let steps = steps(&engine, group);
        assert_eq!(steps.iter().map(|(len, _)| len).sum::<usize>(), group.len());
        steps.iter().all(|(len, in_place)| *len <= longest && *in_place)
    };
    assert!(all(&puts(0..10_000, 100), STEP));
    // Short values count by their bytes, long ones not at all: they are copied before.
    assert!(all(&puts(0..1000, 1024), STEP));
    assert!(all(&puts(0..100, 1 << 20), STEP));
    let mut long_keys = Group::new();
    for at in 0..10 {
        long_keys.put(&format!("{at}{}", "k".repeat(200_000)), b"", None).unwrap();
    }
    assert!(all(&long_keys, 1));
    assert_eq!(steps(&engine, &batch(0..1024, 100)), [(1024, true)]);
    assert_eq!(steps(&engine, &batch(0..1025, 100)), [(1025, false)]);
    assert_eq!(steps(&engine, &batch(0..1024, 1024)), [(1024, false)]);
    assert_eq!(steps(&engine, &batch(0..20, 1 << 20)), [(20, true)]);
}

#[test]
fn while_a_snapshot_is_held_the_pieces_that_are_copied_under_the_write_lock_are_bounded() {
    let engine = store(200_000);
    let scattered = || (0..200).map(|n| n * 1000);
    assert_eq!(steps(&engine, &batch(scattered(), 100)), [(200, true)]);
    let snapshot = engine.snapshot().unwrap();
    let singles = steps(&engine, &puts(scattered(), 100));
    assert!(singles.iter().all(|(len, in_place)| *len <= SHARED_STEP && *in_place));
    assert_eq!(steps(&engine, &batch(scattered(), 100)), [(200, false)]);
    let created = || 200_000..200_200;
    assert_eq!(steps(&engine, &batch(created(), 100)), [(200, false)]);
    assert_eq!(steps(&engine, &batch(0..16, 100)), [(16, true)]);
    // Once the pieces are the store's own, batches are done in place again.
    engine.commit(&mut batch(scattered(), 100)).unwrap();
    assert_eq!(steps(&engine, &batch(scattered(), 100)), [(200, true)]);
    drop(snapshot);
    assert_eq!(steps(&engine, &batch(scattered(), 100)), [(200, true)]);
}

#[test]
fn what_a_snapshot_or_a_switch_held_is_let_go_of_at_once() {
    let engine = store(1000);
    let clones = || engine.view(Index::clones).unwrap();
    let snapshot = engine.snapshot().unwrap();
    assert_eq!(clones(), 1);
    drop(snapshot);
    assert_eq!(clones(), 0);
    engine.commit(&mut batch(0..5000, 10)).unwrap();
    assert_eq!(clones(), 0);
}

#[test]
fn a_large_batch_is_made_while_a_reader_holds_the_lock() {
    let engine = store(1000);
    let group = batch(0..5000, 10);
    let made = engine.core.read(|state| {
        let mut done = Done::default();
        let made = engine.core.prepare_aside(&group, group.staged(), 1001, 0, &mut done)?;
        assert_eq!((state.index.len(), state.last_sequence), (1000, 1000));
        Ok((made, done.outcomes))
    });
    let (State { index, .. }, outcomes) = made.unwrap();
    assert_eq!((index.len(), outcomes.len()), (5000, 5000));
    assert_eq!(index.version_of(b"0004999"), Some(6000));
    assert_eq!(engine.size(), 1000);
    let outcome = engine.commit(&mut batch(0..5000, 10)).unwrap();
    let updated = outcome.outcomes.iter().filter(|outcome| **outcome == Outcome::Updated);
    assert_eq!((engine.size(), updated.count()), (5000, 1000));
    assert_eq!(engine.snapshot().unwrap().last_sequence(), 6000);
}

#[test]
fn a_snapshot_that_comes_in_between_makes_the_step_be_planned_again() {
    let engine = store(1000);
    let group = batch(0..100, 10);
    let plan = |index: &Index| {
        let step = Step::plan(index, &group, group.staged());
        (step.aside, step.clones, step.staged.len())
    };
    assert_eq!(engine.view(plan).unwrap(), (false, 0, 100));
    let snapshot = engine.snapshot().unwrap();
    let stale =
        Step { staged: group.staged(), rest: &[], aside: false, clones: 0, replaced: Vec::new() };
    let mut waste = Waste::default();
    let applied = {
        let mut done = Done::default();
        engine.core.apply_in_place(&group, &stale, 1001, 0, &mut done, &mut waste).unwrap()
    };
    assert!(!applied);
    assert_eq!(engine.snapshot().unwrap().last_sequence(), 1000);
    drop(snapshot);
}

#[test]
fn long_values_are_neither_copied_nor_freed_under_the_write_lock() {
    let engine = store(0);
    let mut waste = Waste::default();
    let mut sequence = 1;
    // A key that occurs twice in a step is looked up twice.
    for (keys, kept) in [(vec![1, 2, 3], 0), (vec![1, 2], 2), (vec![3, 3], 4)] {
        let group = puts(keys, 5000);
        engine.core.apply_group(&group, sequence, 0, &mut waste).unwrap();
        sequence += group.len() as u64;
        assert_eq!(waste.0.len(), kept);
    }
    waste.0.dedup_by(|a, b| Arc::ptr_eq(a, b));
    assert!(waste.0.iter().all(|value| Arc::strong_count(value) == 1));
    let content = Content::of(&[7; 5000]);
    let Content::Long(made) = &content else { panic!("5000 bytes are long") };
    let mut index = Index::new();
    index.put_content(b"a", &content, 1, 0, crate::index::Marks::NONE);
    let record = index.get(b"a").unwrap();
    assert!(record.blob().is_some_and(|stored| Arc::ptr_eq(made, stored)));
}
