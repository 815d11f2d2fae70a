//! Group commit: one frame, one write, one sync for everybody who waits.

use std::sync::Arc;

use super::acknowledging::Positions;
use super::apply::{Done, Waste};
use super::config::Durability;
use super::core::{Core, FOLLOWS, Log};
use super::group::Group;
use super::judge::{Standings, judge};
use super::locked::locked;
use super::newer::check_node;
use super::outcome::{GroupOutcome, Outcome};
use super::ticket::Ticket;
use crate::error::{Error, Result};
use crate::operation::MAX_EXPIRY;
use crate::state::State;
use crate::wal::consumers::Consumers;
use crate::wal::format::MAX_BODY_LEN;

impl Core {
    /// See [`StoreEngine::commit`](super::StoreEngine::commit).
    pub(super) fn commit(&self, group: &mut Group) -> Result<GroupOutcome> {
        if group.is_empty() {
            return Ok(GroupOutcome::default());
        }
        group.end_batch();
        if self.is_cold() && !bug!(OldEntriesNotTakenIn) {
            self.wait_for_memory();
            self.take_in(&group.keys())?;
        }
        if let Some(outcome) = self.commit_alone(group) {
            return outcome;
        }
        let ticket = Arc::new(Ticket::new(std::mem::take(group)));
        locked(&self.queue).push_back(Arc::clone(&ticket));
        let mut waste = Waste::default();
        let mut log = locked(&self.log);
        let outcome = loop {
            if let Some(outcome) = ticket.outcome.get() {
                break outcome.clone();
            }
            if locked(&self.queue).is_empty() {
                // Whoever took the group out of the queue panicked before it could answer.
                break Err(Error::Internal { reason: "a commit panicked, its outcome is unknown" });
            }
            self.lead(&mut log, &mut waste);
        };
        drop(log);
        waste.free();
        std::mem::swap(group, &mut *locked(&ticket.group));
        group.clear();
        outcome
    }

    /// Commits the groups at the head of the queue, as many as fit into one frame.
    fn lead(&self, log: &mut Log, waste: &mut Waste) {
        let mut tickets = Vec::new();
        let mut bytes = 0;
        {
            let mut queue = locked(&self.queue);
            while let Some(next) = queue.front() {
                bytes += self.most_bytes(&locked(&next.group));
                if bytes > MAX_BODY_LEN && !tickets.is_empty() {
                    break;
                }
                tickets.extend(queue.pop_front());
            }
        }
        if let [ticket] = &tickets[..] {
            let outcome = self.commit_group(log, &mut locked(&ticket.group), waste);
            // Set once: a ticket leaves the queue once.
            let _ = ticket.outcome.set(outcome);
            return;
        }
        let mut merged = Group::new();
        merged.reserve(bytes, tickets.iter().map(|ticket| locked(&ticket.group).len()).sum());
        for ticket in &tickets {
            merged.absorb(&locked(&ticket.group));
        }
        match self.commit_group(log, &mut merged, waste) {
            Ok(outcome) => share_out(&tickets, outcome),
            Err(error) => {
                for ticket in
                    tickets.iter().take(if bug!(WaitersForgotten) { 1 } else { usize::MAX })
                {
                    let _ = ticket.outcome.set(Err(error.clone()));
                }
            }
        }
    }

    pub(super) fn commit_group(
        &self,
        log: &mut Log,
        group: &mut Group,
        waste: &mut Waste,
    ) -> Result<GroupOutcome> {
        let last_sequence = match log {
            Log::Memory { last_sequence } => *last_sequence,
            Log::Open(writer) => writer.last_sequence(),
            Log::Following(_) => return Err(FOLLOWS),
            Log::Unopened => return Err(Error::NotOpen),
            Log::Failed(error) => return Err(error.clone()),
            Log::Closed => return Err(Error::Closed),
        };
        let first_sequence = last_sequence + 1;
        let node = self.config.node_id();
        node.map_or(Ok(()), check_node)?;
        if self.most_bytes(group) > MAX_BODY_LEN {
            return Err(TOO_LONG);
        }
        if self.read(|state| Ok(state.cold.is_some()))? && !bug!(OldEntriesNotTakenIn) {
            self.take_in_late(&group.keys())?;
        }
        let mut positions = self.positions(log, group);
        let life = self.config.tombstone_life().filter(|_| group.has_removals());
        let (verdict, now) = self.read(|state| {
            if !state.has_room(group.len() as u64, group.bytes() as u64) {
                return Err(Error::StoreFull);
            }
            self.check_memory(state, group)?;
            let is_timed = group.is_expiring() || life.is_some() || !state.tombstones.is_empty();
            let now = if is_timed { self.storage.now() } else { self.moment_of(&state.index) };
            let standings = Standings { state, now, node, remembers: life.is_some() };
            Ok((judge(group, standings, first_sequence, positions.as_mut()), now))
        })?;
        for (at, time) in &verdict.raised {
            group.set_timestamp(*at, *time);
        }
        if !verdict.refused.is_empty() {
            group.retain(|at| verdict.refused.get(at).is_none_or(Option::is_none));
        }
        let consumers = positions.and_then(Positions::changed);
        let mut done = Done::default();
        if group.is_empty() {
            self.write_positions(log, consumers)?;
        } else {
            let until = life.map(|life| now.saturating_add(life).clamp(1, MAX_EXPIRY));
            if node.is_some() || until.is_some() {
                group.sign(node, until);
            }
            bug!(ApplyBeforeLog, drop(self.apply_group(group, first_sequence, now, waste)?));
            self.write(log, group, consumers)?;
            bug!(AnnouncedBeforeVisible, self.announce(log));
            done = self.apply_group(group, first_sequence, now, waste)?;
            self.announce(log);
            bug!(ExpiredLeavesUntold, done.outcomes = std::mem::take(&mut done).told());
            self.tell_watchers(group, first_sequence, &done.outcomes);
            self.sweeping.note_group(group);
        }
        let outcomes = merge(&verdict.refused, done.told());
        Ok(GroupOutcome { first_sequence, outcomes, refusals: verdict.refusals })
    }

    /// Refuses a group that could take a store in memory over its limit.
    fn check_memory(&self, state: &State, group: &Group) -> Result<()> {
        let is_alone = self.config.durability() == Durability::MemoryOnly;
        match self.config.memory_limit().filter(|_| is_alone && group.has_puts()) {
            Some(limit) if state.memory_bytes() as u64 + group.bytes() as u64 > limit => {
                Err(Error::MemoryLimit { limit })
            }
            _ => Ok(()),
        }
    }

    /// Where the consumers are, if the group is to change that. A store in memory has none.
    fn positions(&self, log: &Log, group: &Group) -> Option<Positions> {
        if group.acknowledgements().is_empty() {
            return None;
        }
        let consumers = match log {
            Log::Open(writer) => Arc::clone(writer.consumers()),
            _ => Arc::default(),
        };
        Some(Positions::new(consumers, self.announcements.readable()))
    }

    /// Stores positions of consumers that came with operations none of which is done.
    fn write_positions(&self, log: &mut Log, consumers: Option<Consumers>) -> Result<()> {
        let Some(consumers) = consumers.filter(|_| !bug!(OutdatedAcknowledgesNothing)) else {
            return Ok(());
        };
        let written = log.writer()?.set_consumers(consumers);
        self.publish(log);
        written
    }

    /// The most bytes that the body of the group's frame can have.
    fn most_bytes(&self, group: &Group) -> usize {
        let signs = self.config.node_id().is_some() || self.config.tombstone_life().is_some();
        group.most_bytes() + if signs { group.signature_bytes() } else { 0 }
    }

    /// Takes the group into the log, with the positions of consumers that change with it; a store in memory only counts it.
    fn write(&self, log: &mut Log, group: &mut Group, consumers: Option<Consumers>) -> Result<()> {
        let count = u32::try_from(group.len())
            .map_err(|_| Error::Internal { reason: "a group has too many operations" })?;
        let written = match log {
            Log::Open(writer) => match consumers {
                Some(consumers) => {
                    bug!(PositionsInOtherFrame, writer.set_consumers(consumers.clone())?);
                    if !bug!(PositionsInOtherFrame) {
                        group.attach(&consumers.attribute());
                    }
                    writer.append_with_consumers(group.frame_mut(), count, consumers)
                }
                None => writer.append(group.frame_mut(), count),
            },
            Log::Memory { last_sequence } => {
                *last_sequence += u64::from(count);
                Ok(())
            }
            Log::Failed(error) => Err(error.clone()),
            Log::Following(_) => Err(FOLLOWS),
            Log::Unopened | Log::Closed => Err(Error::Closed),
        };
        self.publish(log);
        written
    }
}

const TOO_LONG: Error =
    Error::Internal { reason: "a commit group has no room for the id of its node" };

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

#[cfg(test)]
mod tests {
    use crate::sync::Mutex;

    use super::*;
    use crate::{Key, StoreConfig, StoreEngine, Value};

    fn ticket(stage: impl FnOnce(&mut Group)) -> Arc<Ticket> {
        let mut group = Group::new();
        stage(&mut group);
        Arc::new(Ticket::new(group))
    }

    fn outcome(ticket: &Ticket) -> GroupOutcome {
        ticket.outcome.get().unwrap().clone().unwrap()
    }

    #[test]
    fn whoever_is_told_of_commits_finds_them_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::durable(folder.path().join("store.wal"));
        let engine = Arc::new(StoreEngine::open(config).unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let key = Key::new("a").unwrap();
        for sequence in 0..10 {
            let (seen, store, read) = (Arc::clone(&told), Arc::downgrade(&engine), key.clone());
            let wake = move || {
                let found = store.upgrade().and_then(|store| store.get(&read).ok().flatten());
                locked(&seen).push(found.map(|entry| entry.version));
            };
            let waiting = engine.when_more(sequence, wake);
            engine.put(&key, &Value::from_string("x")).unwrap();
            drop(waiting);
        }
        assert_eq!(*locked(&told), (1..=10).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn groups_that_wait_become_one_frame_and_each_gets_its_own_outcome() {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::durable(folder.path().join("store.wal"));
        let engine = StoreEngine::open(config).unwrap();
        engine.put(&Key::new("a").unwrap(), &Value::from_string("0")).unwrap();
        let before = engine.stats();
        let tickets = [
            ticket(|group| {
                group.put("b", b"1", None).unwrap();
                group.put("a", b"1", Some(0)).unwrap();
            }),
            ticket(|group| {
                group.begin_batch();
                group.put("c", b"2", Some(0)).unwrap();
                group.remove("b", Some(2)).unwrap();
                group.end_batch();
            }),
            ticket(|group| {
                group.begin_batch();
                group.put("d", b"3", None).unwrap();
                group.put("c", b"3", Some(9)).unwrap();
                group.end_batch();
                group.remove("a", None).unwrap();
            }),
        ];
        locked(&engine.core.queue).extend(tickets.iter().cloned());
        engine.core.lead(&mut locked(&engine.core.log), &mut Waste::default());

        let [first, second, third] = tickets.each_ref().map(|ticket| outcome(ticket));
        assert_eq!(
            (engine.stats().groups, engine.stats().syncs),
            (before.groups + 1, before.syncs + 1)
        );
        assert_eq!(first.first_sequence, 2);
        assert_eq!(first.outcomes, [Outcome::Created, Outcome::Refused]);
        assert_eq!(first.refusals[0].index, 1);
        assert_eq!(second.first_sequence, 3);
        assert_eq!(second.outcomes, [Outcome::Created, Outcome::Deleted]);
        assert!(second.refusals.is_empty());
        assert_eq!(third.first_sequence, 5);
        let refused = [Outcome::RefusedWithBatch, Outcome::Refused, Outcome::Deleted];
        assert_eq!(third.outcomes, refused);
        assert_eq!(third.refusals[0].index, 1);
        let keys: Vec<_> =
            engine.entries().unwrap().into_iter().map(|e| e.key.to_string()).collect();
        assert_eq!(keys, ["c"]);
        assert_eq!(engine.last_sequence(), 5);
    }

    #[test]
    fn nobody_waits_for_a_leader_that_panicked() {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        let log = locked(&engine.core.log);
        std::thread::scope(|scope| {
            let put = || engine.put(&Key::new("a").unwrap(), &Value::from_string(""));
            let waiting = scope.spawn(put);
            while locked(&engine.core.queue).is_empty() {
                std::thread::yield_now();
            }
            // It took the group and never came back.
            locked(&engine.core.queue).clear();
            drop(log);
            assert!(matches!(waiting.join().unwrap(), Err(Error::Internal { .. })));
        });
    }

    #[test]
    fn one_failure_reaches_every_group_of_the_frame() {
        let engine = StoreEngine::new(StoreConfig::durable("never-opened.wal"));
        let tickets = [1, 2].map(|_| ticket(|group| group.put("a", b"", None).unwrap()));
        locked(&engine.core.queue).extend(tickets.iter().cloned());
        engine.core.lead(&mut locked(&engine.core.log), &mut Waste::default());
        for ticket in &tickets {
            assert!(matches!(ticket.outcome.get(), Some(Err(Error::NotOpen))));
        }
    }
}
