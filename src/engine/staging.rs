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
    /// Bytes of the full ones.
    full_bytes: usize,
    /// The buffers of a group that was committed, to be used again.
    spare: Option<Group>,
    limit: usize,
}

impl Staging {
    /// Takes no more writes while more than `limit` bytes wait.
    pub fn new(limit: usize) -> Self {
        Self { filling: Group::new(), full: VecDeque::new(), full_bytes: 0, spare: None, limit }
    }

    /// Bytes that wait for a commit.
    pub fn bytes(&self) -> usize {
        self.full_bytes + self.filling.bytes()
    }

    /// Stages what `write` writes. Inside a batch the bound is not looked at: there was room when it began.
    pub fn stage<E>(
        &mut self,
        write: impl FnOnce(&mut Group) -> Result<(), E>,
    ) -> Result<Admission, E> {
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

    /// See [`Group::cancel_batch`].
    pub fn cancel_batch(&mut self) {
        self.filling.cancel_batch();
    }

    /// See [`Group::end_batch`].
    pub fn end_batch(&mut self) -> Admission {
        self.filling.end_batch();
        self.cut()
    }

    /// Begins another group when this one is large enough for a commit of its own.
    fn cut(&mut self) -> Admission {
        if self.filling.bytes() < GROUP_BYTES {
            return Admission::Staged;
        }
        let group = self.replace();
        self.full_bytes += group.bytes();
        self.full.push_back(group);
        Admission::GroupCut
    }

    /// The group that is to be committed next.
    pub fn take(&mut self) -> Group {
        let Some(group) = self.full.pop_front() else { return self.replace() };
        self.full_bytes -= group.bytes();
        group
    }

    fn has_room(&self) -> bool {
        self.bytes() <= self.limit
    }

    /// Takes the buffers of a committed group back.
    pub fn give_back(&mut self, group: Group) {
        self.spare = Some(group);
    }

    fn replace(&mut self) -> Group {
        std::mem::replace(&mut self.filling, self.spare.take().unwrap_or_default())
    }
}
