//! Which watches have something to read again.

use std::sync::{Arc, Mutex, PoisonError};

use super::threadsafe::Caller;

/// Which watches of a handle have something to read again, and who is to be called about it.
#[derive(Default)]
pub(super) struct Bell(Arc<Mutex<Rung>>);

#[derive(Default)]
struct Rung {
    watches: Vec<u64>,
    caller: Option<Caller<()>>,
}

impl Bell {
    /// What a watch with this number is to call.
    pub(super) fn of(&self, watch: u64) -> impl Fn() + Send + Sync + use<> {
        let rung = Arc::clone(&self.0);
        move || {
            let mut rung = rung.lock().unwrap_or_else(PoisonError::into_inner);
            rung.watches.push(watch);
            let caller = rung.caller.take();
            drop(rung);
            // Dropping the caller, after the call or without one, releases it.
            if let Some(caller) = caller {
                caller.call(());
            }
        }
    }

    pub(super) fn set_caller(&self, caller: Option<Caller<()>>) {
        let mut rung = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut rung.caller, caller);
        drop(rung);
        drop(before);
    }

    pub(super) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).watches)
    }
}
