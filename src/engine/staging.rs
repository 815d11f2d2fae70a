//! The writes of one thread on their way into groups, within a bound.

use std::collections::VecDeque;

use super::group::Group;

/// Large enough for its sync to cost little beside it, small enough for the next one to be written
/// while the callers of this one are answered.
const GROUP_BYTES: usize = 1 << 20;

/// What became of a write that was to be staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is in the group that fills, or in the open batch.
    Staged,
    /// Nothing was staged: too much waits already.
    NoRoom,
    /// It is in the group, and the next write begins another.
    GroupCut,
}

/// Groups that wait for their commit, and the one that fills.
#[derive(Debug)]
pub struct Staging {
    filling: Group,
    /// Oldest first.
    full: VecDeque<Group>,
    /// The buffers of a group that was committed, to be used again.
    spare: Option<Group>,
    limit: usize,
}

impl Staging {
    /// Takes no more writes while more than `limit` bytes wait.
    pub fn new(limit: usize) -> Self {
        Self { filling: Group::new(), full: VecDeque::new(), spare: None, limit }
    }

    /// Bytes that wait for a commit.
    pub fn bytes(&self) -> usize {
        self.full.iter().map(Group::bytes).sum::<usize>() + self.filling.bytes()
    }

    /// Stages what `write` writes. Inside a batch the bound is looked at when it ends.
    pub fn stage<E>(
        &mut self,
        write: impl FnOnce(&mut Group) -> Result<(), E>,
    ) -> Result<Admission, E> {
        let in_batch = self.filling.in_batch();
        if !in_batch && self.bytes() > self.limit {
            return Ok(Admission::NoRoom);
        }
        write(&mut self.filling)?;
        Ok(if in_batch { Admission::Staged } else { self.cut() })
    }

    /// See [`Group::begin_batch`].
    pub fn begin_batch(&mut self) {
        self.filling.begin_batch();
    }

    /// See [`Group::cancel_batch`].
    pub fn cancel_batch(&mut self) {
        self.filling.cancel_batch();
    }

    /// Ends the open batch, or drops it when there had been no room for it.
    pub fn end_batch(&mut self) -> Admission {
        if self.bytes() - self.filling.batch_bytes() > self.limit {
            self.filling.cancel_batch();
            return Admission::NoRoom;
        }
        self.filling.end_batch();
        self.cut()
    }

    /// Begins another group when this one is large enough for a commit of its own.
    fn cut(&mut self) -> Admission {
        if self.filling.bytes() < GROUP_BYTES {
            return Admission::Staged;
        }
        let group = self.replace();
        self.full.push_back(group);
        Admission::GroupCut
    }

    /// The group that is to be committed next.
    pub fn take(&mut self) -> Group {
        self.full.pop_front().unwrap_or_else(|| self.replace())
    }

    /// Takes the buffers of a committed group back.
    pub fn give_back(&mut self, group: Group) {
        self.spare = Some(group);
    }

    fn replace(&mut self) -> Group {
        std::mem::replace(&mut self.filling, self.spare.take().unwrap_or_default())
    }
}
