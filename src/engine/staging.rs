//! The writes of one thread on their way into groups, within a bound.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::group::Group;
use super::outcome::GroupOutcome;
use super::pending::Pending;
use super::relay::Relay;
use super::store::StoreEngine;
use crate::error::Result;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Large enough that its sync costs little in comparison, small enough that the next one is written
/// while the callers of this one are answered.
const GROUP_BYTES: usize = 1 << 20;

/// What became of a write that should be staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is in the group that fills, or in the open batch.
    Staged,
    /// Nothing was staged: too much is waiting already.
    NoRoom,
    /// It is in the group, and the next write begins another.
    GroupCut,
}

/// Groups that wait for their commit, and the one that is being filled.
#[derive(Debug)]
pub struct Staging {
    filling: Group,
    /// Oldest first.
    full: VecDeque<Group>,
    /// Bytes of the full ones.
    full_bytes: usize,
    /// The buffers of a committed group, to be used again.
    spare: Option<Group>,
    /// What another thread was given last, for as long as that needs it.
    handed_over: Weak<Relay>,
    /// The groups that follow in it and were not answered, oldest first, and the bytes of those that were not begun.
    following: VecDeque<Arc<Pending>>,
    following_bytes: Arc<AtomicUsize>,
    limit: usize,
}

impl Staging {
    /// Takes no more writes while more than `limit` bytes wait.
    pub fn new(limit: usize) -> Self {
        Self {
            filling: Group::new(),
            full: VecDeque::new(),
            full_bytes: 0,
            spare: None,
            handed_over: Weak::new(),
            following: VecDeque::new(),
            following_bytes: Arc::default(),
            limit,
        }
    }

    /// Bytes that wait for a commit.
    pub fn bytes(&self) -> usize {
        self.full_bytes + self.filling.bytes() + self.following_bytes.load(Ordering::Relaxed)
    }

    /// Stages what `write` writes. Inside a batch the bound is not checked: there was room when the batch began.
    pub fn stage<E>(
        &mut self,
        write: impl FnOnce(&mut Group) -> std::result::Result<(), E>,
    ) -> std::result::Result<Admission, E> {
        let in_batch = self.filling.in_batch();
        if !in_batch && !self.has_room() {
            return Ok(Admission::NoRoom);
        }
        write(&mut self.filling)?;
        Ok(if in_batch { Admission::Staged } else { self.cut() })
    }

    /// Begins a batch, see [`Group::begin_batch`], unless too much waits already.
    pub fn begin_batch(&mut self) -> Admission {
        if !self.has_room() {
            return Admission::NoRoom;
        }
        self.filling.begin_batch();
        Admission::Staged
    }

    /// See [`Group::acknowledge`].
    pub fn acknowledge(&mut self, name: &str, sequence: u64) {
        self.filling.acknowledge(name, sequence);
    }

    /// See [`Group::cancel_batch`].
    pub fn cancel_batch(&mut self) {
        self.filling.cancel_batch();
    }

    /// See [`Group::end_batch`].
    pub fn end_batch(&mut self) -> Admission {
        self.filling.end_batch();
        self.cut()
    }

    /// Begins another group if this one is large enough for a commit of its own.
    fn cut(&mut self) -> Admission {
        if self.filling.bytes() < GROUP_BYTES {
            return Admission::Staged;
        }
        let group = self.replace();
        self.full_bytes += group.bytes();
        self.full.push_back(group);
        Admission::GroupCut
    }

    /// The group to commit next.
    pub fn take(&mut self) -> Group {
        let Some(group) = self.full.pop_front() else { return self.replace() };
        self.full_bytes -= group.bytes();
        group
    }

    /// Commits what fills if it is all that waits, see [`StoreEngine::commit_quickly`].
    pub fn commit_quickly(&mut self, engine: &StoreEngine) -> Option<Result<GroupOutcome>> {
        if self.full.is_empty() { engine.commit_quickly(&mut self.filling) } else { None }
    }

    /// [`take`](Self::take) for a thread that commits it in its own time.
    pub fn hand_over(&mut self) -> Arc<Relay> {
        let first = Arc::new(Pending::new(self.take()));
        let relay = Arc::new(Relay::new(first, Arc::clone(&self.following_bytes)));
        self.handed_over = Arc::downgrade(&relay);
        relay
    }

    /// Hands the oldest full group to the thread that has those before it, if there is such a group and that thread will
    /// come to it.
    pub fn follow(&mut self) -> bool {
        let Some(relay) = self.handed_over.upgrade() else { return false };
        let Some(group) = self.full.pop_front() else { return false };
        match relay.follow(group) {
            Ok(pending) => {
                self.full_bytes -= pending.bytes();
                self.following.push_back(pending);
                true
            }
            Err(group) => {
                self.full.push_front(group);
                false
            }
        }
    }

    /// The oldest group that followed, emptied, and what became of it; nothing before its commit and after a panic.
    pub fn take_followed(&mut self) -> Option<(Group, Result<GroupOutcome>)> {
        self.following.pop_front()?.take()
    }

    /// Commits what was handed over, or waits until that is done, so that what is taken next comes after it.
    pub fn commit_handed_over(&self, engine: &StoreEngine) {
        if let Some(relay) = self.handed_over.upgrade() {
            relay.finish(engine);
        }
    }

    fn has_room(&self) -> bool {
        self.bytes() <= self.limit
    }

    /// Takes back the buffers of a committed group.
    pub fn give_back(&mut self, group: Group) {
        self.spare = Some(group);
    }

    fn replace(&mut self) -> Group {
        std::mem::replace(&mut self.filling, self.spare.take().unwrap_or_default())
    }
}
