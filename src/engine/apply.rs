//! Makes a logged group visible. Only short steps are done under the write lock, where readers wait.

use std::sync::Arc;

use super::core::Core;
use super::group::Group;
use super::outcome::Outcome;
use super::staged::{Staged, StagedOperation};
use crate::background::{LARGE, free};
use crate::error::Result;
use crate::index::{Content, Index};
use crate::operation::OperationType;
use crate::state::State;

/// Operations applied under one write lock when no batch asks for more, and bytes copied for them.
const STEP: usize = 64;
const STEP_BYTES: usize = 256 << 10;
/// The same while a snapshot is held: each operation may have to copy a piece of 256 KiB and one of 32 KiB.
const SHARED_STEP: usize = 16;
/// A batch of more operations or bytes is applied to a clone of the index, which then takes its place.
const BATCH: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

/// Long values that are no longer visible, to be freed when nobody waits for that.
#[derive(Debug, Default)]
pub(super) struct Waste(Vec<Arc<[u8]>>);

impl Waste {
    /// Frees everything, much of it in the background, since the caller may be an event loop.
    pub(super) fn free(self) {
        let bytes: usize = self.0.iter().map(|value| value.len()).sum();
        if bytes as u64 > LARGE {
            free(move || drop(self));
        }
    }
}

/// What the operations of a group did to the entries.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// What each did, whether the entry before had expired or not.
    pub(super) outcomes: Vec<Outcome>,
    /// Those that found an entry which had expired.
    expired: Vec<usize>,
}

impl Done {
    /// What callers are told: for them an entry that has expired was missing.
    pub(super) fn told(mut self) -> Vec<Outcome> {
        for at in self.expired {
            if let Some(outcome) = self.outcomes.get_mut(at) {
                *outcome = match *outcome {
                    Outcome::Updated => Outcome::Created,
                    Outcome::Deleted => Outcome::Missing,
                    other => other,
                };
            }
        }
        self.outcomes
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
        now: i64,
        waste: &mut Waste,
    ) -> Result<Done> {
        let mut done = Done { outcomes: Vec::with_capacity(group.len()), expired: Vec::new() };
        let mut staged = group.staged();
        while !staged.is_empty() {
            let step = self.read(|state| Ok(Step::plan(&state.index, group, staged)))?;
            let sequence = first_sequence + done.outcomes.len() as u64;
            let applied = if step.aside {
                self.apply_aside(group, step.staged, sequence, now, &mut done)?;
                true
            } else {
                self.apply_in_place(group, &step, sequence, now, &mut done, waste)?
            };
            if applied {
                staged = step.rest;
            }
        }
        Ok(done)
    }

    /// Applies a step under the write lock, unless a snapshot was taken that makes it longer than planned.
    fn apply_in_place(
        &self,
        group: &Group,
        step: &Step<'_>,
        first_sequence: u64,
        now: i64,
        done: &mut Done,
        waste: &mut Waste,
    ) -> Result<bool> {
        let contents = contents(group, step.staged);
        let applied = self.change(|state| {
            let stale = state.index.clones() > step.clones && step.staged.len() > SHARED_STEP;
            if stale && !bug!(StaleStepApplied) {
                return false;
            }
            apply(state, group, step.staged, &contents, first_sequence, now, done);
            state.last_sequence = first_sequence + step.staged.len() as u64 - 1;
            true
        })?;
        waste.0.extend(step.replaced.iter().cloned());
        Ok(applied)
    }

    /// Applies a batch to a clone of the state while everyone reads the state itself, and then replaces the state
    /// with the clone. The extra cost is a copy of the pieces that it writes to.
    fn apply_aside(
        &self,
        group: &Group,
        staged: &[Staged],
        first_sequence: u64,
        now: i64,
        done: &mut Done,
    ) -> Result<()> {
        let prepare = || self.prepare_aside(group, staged, first_sequence, now, done);
        let mut made = self.counting_copies(prepare)?;
        if !bug!(SwitchKeepsSequence) {
            made.last_sequence = first_sequence + staged.len() as u64 - 1;
        }
        let old = self.change(|state| std::mem::replace(state, made))?;
        bug!(SwitchedStateKept, std::mem::forget(old.clone()));
        // At once: as long as it exists, writes copy what they share with it.
        drop(old);
        Ok(())
    }

    fn prepare_aside(
        &self,
        group: &Group,
        staged: &[Staged],
        first_sequence: u64,
        now: i64,
        done: &mut Done,
    ) -> Result<State> {
        let mut state = self.read(|state| Ok(state.clone()))?;
        for (step, sequence) in staged.chunks(STEP).zip((first_sequence..).step_by(STEP)) {
            state.index.warm(&keys(group, step));
            apply(&mut state, group, step, &contents(group, step), sequence, now, done);
        }
        Ok(state)
    }
}

impl<'a> Step<'a> {
    /// Plans the next step, and incurs its cache misses here, where they hold up nobody.
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
    state: &mut State,
    group: &Group,
    staged: &[Staged],
    contents: &[Content<'_>],
    first_sequence: u64,
    now: i64,
    done: &mut Done,
) {
    if !state.tombstones.is_empty() {
        // So that there are never many of those that are over.
        state.tombstones.forget_some(now, 2 * staged.len());
    }
    let operations = staged.iter().zip(contents).zip(first_sequence..);
    for ((staged, content), sequence) in operations {
        let StagedOperation { key, timestamp, marks, .. } = group.operation(staged);
        let index = &mut state.index;
        if index.expiring() > 0 && index.expiry_of(key).is_some_and(|at| at <= now) {
            done.expired.push(done.outcomes.len());
        }
        done.outcomes.push(match staged.kind {
            OperationType::Put => {
                state.tombstones.clear(key);
                let is_new = index.put_content(key, content, sequence, timestamp, marks);
                if is_new { Outcome::Created } else { Outcome::Updated }
            }
            OperationType::Delete => {
                state.tombstones.note(key, sequence, timestamp, marks);
                if index.remove(key) {
                    state.note_removed(key, sequence);
                    Outcome::Deleted
                } else {
                    Outcome::Missing
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
