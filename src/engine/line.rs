//! The line of those who want to rewrite the log: one at a time, in the order in which they came.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::locked::locked;
use crate::error::{Error, Result};

/// How soon one who waits sees that it was aborted.
const PATIENCE: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    waiting: VecDeque<u64>,
    /// Somebody has the turn.
    busy: bool,
    /// Those who are let in before all others.
    stopping: usize,
    /// Nobody who waits is let in any more.
    ended: bool,
}

/// A place in the line of those who want to compact a log or to back it up. It is given up when it is dropped.
#[derive(Debug)]
pub struct Place {
    line: Arc<Line>,
    number: u64,
}

impl Line {
    pub(super) fn join(self: &Arc<Self>) -> Place {
        let mut state = locked(&self.state);
        let number = state.next;
        state.next += 1;
        state.waiting.push_back(number);
        Place { line: Arc::clone(self), number }
    }

    /// Takes the turn before all who wait, when whoever has it gives it back.
    pub(super) fn overtake(&self) {
        let mut state = locked(&self.state);
        state.stopping += 1;
        while state.busy {
            state = self.wait(state);
        }
        state.stopping -= 1;
        state.busy = true;
    }

    /// Whether somebody wants to overtake.
    pub(super) fn is_stopping(&self) -> bool {
        locked(&self.state).stopping > 0
    }

    /// Sends all away who wait and will come.
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

impl Place {
    /// Takes the turn when it has come, unless the caller is to give up before.
    pub(super) fn wait(&self, is_aborted: impl Fn() -> bool) -> Result<()> {
        let mut state = locked(&self.line.state);
        loop {
            if state.ended {
                return Err(Error::Closed);
            }
            if is_aborted() {
                return Err(Error::Aborted);
            }
            let is_first = state.waiting.front() == Some(&self.number) || bug!(LineIgnored);
            if is_first && !state.busy && state.stopping == 0 {
                state.busy = true;
                state.waiting.retain(|number| *number != self.number);
                return Ok(());
            }
            state = self.line.wait(state);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.line.state).waiting.retain(|number| *number != self.number);
        self.line.moved.notify_all();
    }
}
