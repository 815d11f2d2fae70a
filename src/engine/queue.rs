//! The queue for rewriting the log: one at a time, in order of arrival.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::locked::locked;
use crate::error::{Error, Result};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// How soon a waiting caller sees that it was aborted.
const PATIENCE: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    waiting: VecDeque<u64>,
    /// Someone has the turn.
    busy: bool,
    /// Those who go before all others.
    stopping: usize,
    /// Nobody who waits gets a turn any more.
    ended: bool,
}

/// The position of one compaction or backup in the queue. It is given up when it is dropped.
#[derive(Debug)]
pub struct QueuePosition {
    queue: Arc<Queue>,
    number: u64,
}

impl Queue {
    pub(super) fn join(self: &Arc<Self>) -> QueuePosition {
        let mut state = locked(&self.state);
        let number = state.next;
        state.next += 1;
        state.waiting.push_back(number);
        QueuePosition { queue: Arc::clone(self), number }
    }

    /// Takes the turn before all who wait, once whoever has it gives it back.
    pub(super) fn overtake(&self) {
        let mut state = locked(&self.state);
        state.stopping += 1;
        while state.busy {
            state = self.wait(state);
        }
        state.stopping -= 1;
        state.busy = true;
    }

    /// Whether someone wants to overtake.
    pub(super) fn is_stopping(&self) -> bool {
        locked(&self.state).stopping > 0
    }

    /// Turns away everyone who waits or comes later.
    pub(super) fn end(&self) {
        locked(&self.state).ended = true;
        self.moved.notify_all();
    }

    pub(super) fn give_back(&self) {
        locked(&self.state).busy = false;
        self.moved.notify_all();
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let waited = self.moved.wait_timeout(state, PATIENCE);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl QueuePosition {
    /// Takes the turn when it comes, unless the caller should give up before that.
    pub(super) fn wait(&self, is_aborted: impl Fn() -> bool) -> Result<()> {
        let mut state = locked(&self.queue.state);
        loop {
            if state.ended {
                return Err(Error::Closed);
            }
            if is_aborted() {
                return Err(Error::Aborted);
            }
            let is_first = state.waiting.front() == Some(&self.number) || bug!(QueueIgnored);
            if is_first && !state.busy && state.stopping == 0 {
                state.busy = true;
                state.waiting.retain(|number| *number != self.number);
                return Ok(());
            }
            state = self.queue.wait(state);
        }
    }
}

impl Drop for QueuePosition {
    fn drop(&mut self) {
        locked(&self.queue.state).waiting.retain(|number| *number != self.number);
        self.queue.moved.notify_all();
    }
}
