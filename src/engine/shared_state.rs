//! The state that all threads of a store share.

use std::sync::Arc;

use super::locked::locked;
use crate::error::{Error, Result};
use crate::state::{State, Tail};
use crate::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A state that was opened by its index file is settled before anybody sees it, or as much of it as the tail has a say
/// in.
#[derive(Debug, Default)]
pub(super) struct SharedState {
    state: RwLock<State>,
    /// Held while a tail is brought into memory. Whoever has it waits for nobody but those who look at the state.
    settling: Mutex<()>,
}

impl SharedState {
    /// Looks at the state, which is settled before where its tail `matters`.
    pub(super) fn read_unless<R>(
        &self,
        matters: impl Fn(&Tail) -> bool,
        look: impl FnOnce(&State) -> Result<R>,
    ) -> Result<R> {
        loop {
            let state = self.for_reading()?;
            if !state.tail().is_some_and(|tail| matters(tail) && !bug!(TailNotAwaited)) {
                return look(&state);
            }
            drop(state);
            self.settle()?;
        }
    }

    /// Changes the state, which is settled.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> Result<R> {
        loop {
            let mut state = self.for_writing()?;
            if state.tail().is_none() {
                return Ok(change(&mut state));
            }
            drop(state);
            self.settle()?;
        }
    }

    /// Puts another state in its place, and gives the old one.
    pub(super) fn replace(&self, state: State) -> Result<State> {
        Ok(std::mem::replace(&mut *self.for_writing()?, state))
    }

    /// Puts an empty state in its place, and gives the old one, whose tail nobody reads any more.
    pub(super) fn end(&self) -> Result<State> {
        let old = self.replace(State::default());
        bug!(ClosedWhileSettling, return old);
        drop(locked(&self.settling));
        old
    }

    fn settle(&self) -> Result<()> {
        let _turn = locked(&self.settling);
        let Some(tail) = self.for_reading()?.tail().cloned() else { return Ok(()) };
        let changes = tail.load()?;
        // Nobody can have changed it, but it may have been replaced.
        let mut state = self.for_writing()?;
        if state.tail().is_some_and(|now| Arc::ptr_eq(now, &tail)) {
            state.settle(changes);
        }
        Ok(())
    }

    fn for_reading(&self) -> Result<RwLockReadGuard<'_, State>> {
        self.state.read().map_err(|_| PANICKED)
    }

    fn for_writing(&self) -> Result<RwLockWriteGuard<'_, State>> {
        self.state.write().map_err(|_| PANICKED)
    }
}

/// A panic while the index was being changed leaves it in an unknown state.
const PANICKED: Error = Error::Internal { reason: "the index was left half changed by a panic" };
