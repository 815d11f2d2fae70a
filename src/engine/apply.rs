//! Makes a logged group visible. Under the write lock, where readers wait, nothing but short steps is done.

use std::sync::Arc;

use super::core::Core;
use super::group::{Group, Staged};
use super::outcome::Outcome;
use crate::background::{LARGE, free};
use crate::error::Result;
use crate::index::{Content, Index};
use crate::operation::OperationType;

/// Operations applied under one write lock when no batch asks for more, and bytes copied for them.
const STEP: usize = 64;
const STEP_BYTES: usize = 256 << 10;
/// The same while a snapshot is held: each operation may have to copy a piece of 256 KiB and one of 32 KiB.
const SHARED_STEP: usize = 16;
/// A batch of more operations or bytes is applied to a clone of the index, which then takes its place.
const BATCH: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

/// Long values that are no longer seen, to be freed when nobody waits for it.
#[derive(Debug, Default)]
pub(super) struct Waste(Vec<Arc<[u8]>>);

impl Waste {
    /// Frees everything; much of it in the background, as the caller may be an event loop.
    pub(super) fn free(self) {
        let bytes: usize = self.0.iter().map(|value| value.len()).sum();
        if bytes as u64 > LARGE {
            free(move || drop(self));
        }
    }
}

/// The operations that become visible next, and how.
struct Step<'a> {
    staged: &'a [Staged],
    rest: &'a [Staged],
    /// Whether they are too much for the write lock.
    aside: bool,
    /// How many clones of the index there were.
    clones: usize,
    /// Long values that will be replaced or removed.
    replaced: Vec<Arc<[u8]>>,
}

impl Core {
    /// Makes a logged group visible, step by step so that readers never wait long. A batch becomes
    /// visible at once. Only whoever holds the log may call this.
    pub(super) fn apply_group(
        &self,
        group: &Group,
        first_sequence: u64,
        waste: &mut Waste,
    ) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(group.len());
        let mut staged = group.staged();
        while !staged.is_empty() {
            let step = self.read(|state| Ok(Step::plan(&state.index, group, staged)))?;
            let sequence = first_sequence + outcomes.len() as u64;
            let applied = if step.aside {
                Some(self.apply_aside(group, step.staged, sequence)?)
            } else {
                self.apply_in_place(group, &step, sequence, waste)?
            };
            if let Some(applied) = applied {
                outcomes.extend(applied);
                staged = step.rest;
            }
        }
        Ok(outcomes)
    }

    /// Applies a step under the write lock; not if a snapshot was taken that makes it longer than planned.
    fn apply_in_place(
        &self,
        group: &Group,
        step: &Step<'_>,
        first_sequence: u64,
        waste: &mut Waste,
    ) -> Result<Option<Vec<Outcome>>> {
        let contents = contents(group, step.staged);
        let mut outcomes = Vec::with_capacity(step.staged.len());
        let applied = self.change(|state| {
            let stale = state.index.clones() > step.clones && step.staged.len() > SHARED_STEP;
            if stale && !bug!(StaleStepApplied) {
                return false;
            }
            apply(&mut state.index, group, step.staged, &contents, first_sequence, &mut outcomes);
            state.last_sequence = first_sequence + step.staged.len() as u64 - 1;
            true
        })?;
        waste.0.extend(step.replaced.iter().cloned());
        Ok(applied.then_some(outcomes))
    }

    /// Applies a batch to a clone of the index, while everybody reads the index itself, and puts it in the place
    /// of the index. What it costs more is a copy of the pieces that it writes to.
    fn apply_aside(
        &self,
        group: &Group,
        staged: &[Staged],
        first_sequence: u64,
    ) -> Result<Vec<Outcome>> {
        let prepare = || self.prepare_aside(group, staged, first_sequence);
        let (index, outcomes) = self.counting_copies(prepare)?;
        let old = self.change(|state| {
            if !bug!(SwitchKeepsSequence) {
                state.last_sequence = first_sequence + staged.len() as u64 - 1;
            }
            std::mem::replace(&mut state.index, index)
        })?;
        bug!(SwitchedStateKept, std::mem::forget(old.clone()));
        // At once: as long as it is there, writes copy what they have in common with it.
        drop(old);
        Ok(outcomes)
    }

    fn prepare_aside(
        &self,
        group: &Group,
        staged: &[Staged],
        first_sequence: u64,
    ) -> Result<(Index, Vec<Outcome>)> {
        let mut index = self.read(|state| Ok(state.index.clone()))?;
        let mut outcomes = Vec::with_capacity(staged.len());
        for step in staged.chunks(STEP) {
            index.warm(&keys(group, step));
            let sequence = first_sequence + outcomes.len() as u64;
            apply(&mut index, group, step, &contents(group, step), sequence, &mut outcomes);
        }
        Ok((index, outcomes))
    }
}

impl<'a> Step<'a> {
    /// Plans the next step, and takes its cache misses here, where they hold up nobody.
    fn plan(index: &Index, group: &'a Group, staged: &'a [Staged]) -> Self {
        let clones = index.clones();
        let most = if clones == 0 { STEP } else { SHARED_STEP };
        let (staged, rest) = staged.split_at(step_len(staged, most));
        let keys = keys(group, staged);
        let bytes: usize = staged.iter().map(Staged::bytes_in_place).sum();
        let aside = !bug!(NothingAside)
            && (staged.len() > BATCH
                || staged.len() > 1 && bytes > BATCH_BYTES
                || staged.len() > SHARED_STEP && index.pieces_to_copy(&keys) > 2 * SHARED_STEP);
        let mut replaced = Vec::new();
        if !aside {
            index.warm(&keys);
        }
        if !aside && !bug!(FreedUnderLock) {
            replaced = index.long_values(&keys);
        }
        Self { staged, rest, aside, clones, replaced }
    }
}

/// How many operations to apply at once: up to `most`, and no batch is cut in two.
fn step_len(staged: &[Staged], most: usize) -> usize {
    let mut bytes = 0;
    let fit = staged.iter().take(most).take_while(|staged| {
        bytes += staged.bytes_in_place();
        bytes <= STEP_BYTES
    });
    let mut len = fit.count().max(1);
    while let (Some(last), Some(next)) = (staged.get(len - 1), staged.get(len))
        && last.batch != 0
        && last.batch == next.batch
        && !bug!(BatchSeenInParts)
    {
        len += 1;
    }
    len
}

fn keys<'a>(group: &'a Group, staged: &'a [Staged]) -> Vec<&'a [u8]> {
    staged.iter().map(|staged| group.key_of(staged)).collect()
}

/// The values in the form in which the index takes them: the long ones are copied here.
fn contents<'a>(group: &'a Group, staged: &[Staged]) -> Vec<Content<'a>> {
    staged.iter().map(|staged| Content::of(group.operation(staged).value)).collect()
}

fn apply(
    index: &mut Index,
    group: &Group,
    staged: &[Staged],
    contents: &[Content<'_>],
    first_sequence: u64,
    outcomes: &mut Vec<Outcome>,
) {
    let operations = staged.iter().zip(contents).zip(first_sequence..);
    outcomes.extend(operations.map(|((staged, content), sequence)| {
        let operation = group.operation(staged);
        let (key, timestamp) = (operation.key, operation.timestamp);
        match staged.kind {
            OperationType::Put if index.put_content(key, content, sequence, timestamp) => {
                Outcome::Created
            }
            OperationType::Put => Outcome::Updated,
            OperationType::Delete if index.remove(key) => Outcome::Deleted,
            OperationType::Delete => Outcome::Missing,
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StoreConfig, StoreEngine};

    /// A store with so many entries, in hundreds of pieces when they are many.
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
        // Short values by their bytes, long ones not at all: they are copied before.
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
            let made = engine.core.prepare_aside(&group, group.staged(), 1001)?;
            assert_eq!((state.index.len(), state.last_sequence), (1000, 1000));
            Ok(made)
        });
        let (index, outcomes) = made.unwrap();
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
        let stale = Step {
            staged: group.staged(),
            rest: &[],
            aside: false,
            clones: 0,
            replaced: Vec::new(),
        };
        let mut waste = Waste::default();
        let applied = engine.core.apply_in_place(&group, &stale, 1001, &mut waste).unwrap();
        assert_eq!(applied, None);
        assert_eq!(engine.snapshot().unwrap().last_sequence(), 1000);
        drop(snapshot);
    }

    #[test]
    fn long_values_are_neither_copied_nor_freed_under_the_write_lock() {
        let engine = store(0);
        let mut waste = Waste::default();
        let mut sequence = 1;
        // A key that comes twice in a step is looked up twice.
        for (keys, kept) in [(vec![1, 2, 3], 0), (vec![1, 2], 2), (vec![3, 3], 4)] {
            let group = puts(keys, 5000);
            engine.core.apply_group(&group, sequence, &mut waste).unwrap();
            sequence += group.len() as u64;
            assert_eq!(waste.0.len(), kept);
        }
        waste.0.dedup_by(|a, b| Arc::ptr_eq(a, b));
        assert!(waste.0.iter().all(|value| Arc::strong_count(value) == 1));
        let content = Content::of(&[7; 5000]);
        let Content::Long(made) = &content else { panic!("5000 bytes are long") };
        let mut index = Index::new();
        index.put_content(b"a", &content, 1, 0);
        let record = index.get(b"a").unwrap();
        assert!(record.blob().is_some_and(|stored| Arc::ptr_eq(made, stored)));
    }
}
