//! Group commit: one frame, one write, one sync for everybody who waits.

use std::sync::{Arc, Mutex, OnceLock};

use super::group::Group;
use super::judge::judge;
use super::outcome::{GroupOutcome, Outcome};
use super::store::{Log, StoreEngine, locked};
use crate::error::{Error, Result};
use crate::index::Index;
use crate::operation::OperationType;
use crate::wal::format::MAX_BODY_LEN;

/// Operations applied under one write lock when no batch asks for more, so that readers never wait
/// long.
const APPLY_STEP: usize = 64;

/// A group in the queue, and what became of it.
#[derive(Debug)]
pub(super) struct Ticket {
    group: Mutex<Group>,
    outcome: OnceLock<Result<GroupOutcome>>,
}

impl StoreEngine {
    /// Makes a group durable and then visible, and leaves it empty.
    ///
    /// The call blocks on the disk. Groups of several threads that arrive while one is being
    /// written become one frame: whoever gets the log next writes for all that wait.
    ///
    /// An error is the fate of the whole group. Refused conditions are part of the outcome.
    pub fn commit(&self, group: &mut Group) -> Result<GroupOutcome> {
        if group.is_empty() {
            return Ok(GroupOutcome::default());
        }
        group.end_batch();
        let ticket =
            Arc::new(Ticket { group: Mutex::new(std::mem::take(group)), outcome: OnceLock::new() });
        locked(&self.queue).push_back(Arc::clone(&ticket));
        let mut log = locked(&self.log);
        let outcome = loop {
            if let Some(outcome) = ticket.outcome.get() {
                break outcome.clone();
            }
            self.lead(&mut log);
        };
        drop(log);
        std::mem::swap(group, &mut *locked(&ticket.group));
        group.clear();
        outcome
    }

    /// Commits the groups at the head of the queue, as many as fit into one frame.
    fn lead(&self, log: &mut Log) {
        let mut tickets = Vec::new();
        let mut bytes = 0;
        {
            let mut queue = locked(&self.queue);
            while let Some(next) = queue.front() {
                bytes += locked(&next.group).bytes();
                if bytes > MAX_BODY_LEN && !tickets.is_empty() {
                    break;
                }
                tickets.extend(queue.pop_front());
            }
        }
        if let [ticket] = &tickets[..] {
            let outcome = self.commit_group(log, &mut locked(&ticket.group));
            // Set once: a ticket leaves the queue once.
            let _ = ticket.outcome.set(outcome);
            return;
        }
        let mut merged = Group::new();
        for ticket in &tickets {
            merged.absorb(&locked(&ticket.group));
        }
        match self.commit_group(log, &mut merged) {
            Ok(outcome) => share_out(&tickets, outcome),
            Err(error) => {
                for ticket in &tickets {
                    let _ = ticket.outcome.set(Err(error.clone()));
                }
            }
        }
    }

    fn commit_group(&self, log: &mut Log, group: &mut Group) -> Result<GroupOutcome> {
        let last_sequence = match log {
            Log::Memory { last_sequence } => *last_sequence,
            Log::Open(writer) => writer.last_sequence(),
            Log::Unopened => return Err(Error::NotOpen),
            Log::Closed => return Err(Error::Closed),
        };
        let first_sequence = last_sequence + 1;
        let verdict = self.read(|index| {
            // Each operation can need a record, a copy of it on update and a table slot.
            if index.has_room(group.len(), group.bytes()) {
                Ok(judge(group, index, first_sequence))
            } else {
                Err(Error::StoreFull)
            }
        })?;
        if !verdict.refusals.is_empty() {
            group.retain(|at| verdict.refused.get(at).is_none_or(Option::is_none));
        }
        let mut done = Vec::new();
        if !group.is_empty() {
            self.write(log, group)?;
            done = self.apply_group(group, first_sequence)?;
        }
        let outcomes = merge(&verdict.refused, done);
        Ok(GroupOutcome { first_sequence, outcomes, refusals: verdict.refusals })
    }

    /// Takes the group into the log; a store in memory only counts it.
    fn write(&self, log: &mut Log, group: &mut Group) -> Result<()> {
        let count = u32::try_from(group.len())
            .map_err(|_| Error::Internal { reason: "a group has too many operations" })?;
        let written = match log {
            Log::Open(writer) => writer.append(group.frame_mut(), count),
            Log::Memory { last_sequence } => {
                *last_sequence += u64::from(count);
                Ok(())
            }
            Log::Unopened | Log::Closed => Err(Error::Closed),
        };
        self.publish(log);
        written
    }

    /// Makes a logged group visible. A batch becomes visible at once.
    fn apply_group(&self, group: &Group, first_sequence: u64) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(group.len());
        let mut operations = (first_sequence..).zip(group.operations()).peekable();
        while operations.peek().is_some() {
            self.change(|index| {
                let mut step = 0;
                while let Some((sequence, (staged, operation))) = operations.next() {
                    outcomes.push(match staged.kind {
                        OperationType::Put => put(
                            index,
                            operation.key,
                            operation.value,
                            sequence,
                            operation.timestamp,
                        ),
                        OperationType::Delete => remove(index, operation.key),
                    });
                    step += 1;
                    let same_batch = operations.peek().is_some_and(|(_, (next, _))| {
                        next.batch != 0 && next.batch == staged.batch
                    });
                    if step >= APPLY_STEP && !same_batch {
                        break;
                    }
                }
            })?;
        }
        Ok(outcomes)
    }
}

fn put(index: &mut Index, key: &[u8], value: &[u8], sequence: u64, timestamp: i64) -> Outcome {
    if index.put(key, value, sequence, timestamp) { Outcome::Created } else { Outcome::Updated }
}

fn remove(index: &mut Index, key: &[u8]) -> Outcome {
    if index.remove(key) { Outcome::Deleted } else { Outcome::Missing }
}

/// Puts the outcomes of the accepted operations between the refused ones.
fn merge(refused: &[Option<Outcome>], done: Vec<Outcome>) -> Vec<Outcome> {
    if refused.is_empty() {
        return done;
    }
    let mut done = done.into_iter();
    refused.iter().filter_map(|refused| refused.or_else(|| done.next())).collect()
}

/// Gives each ticket its part of the outcome of a merged group.
fn share_out(tickets: &[Arc<Ticket>], whole: GroupOutcome) {
    let mut outcomes = whole.outcomes.into_iter();
    let mut refusals = whole.refusals.into_iter().peekable();
    let mut first_sequence = whole.first_sequence;
    let mut first = 0;
    for ticket in tickets {
        let len = locked(&ticket.group).len();
        let mut part = GroupOutcome {
            first_sequence,
            outcomes: outcomes.by_ref().take(len).collect(),
            refusals: Vec::new(),
        };
        while let Some(mut refusal) = refusals.next_if(|refusal| refusal.index < first + len) {
            refusal.index -= first;
            part.refusals.push(refusal);
        }
        first_sequence +=
            part.outcomes.iter().filter(|outcome| outcome.is_accepted()).count() as u64;
        first += len;
        let _ = ticket.outcome.set(Ok(part));
    }
}
