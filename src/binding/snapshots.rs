//! The snapshots that JavaScript holds, and what V8 is told of their memory.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::{Rc, Weak};

use napi::sys;

use super::fault::Fault;
use super::js::{Answer, Env, Value, check};
use crate::background::{LARGE, free};
use crate::{Error, Snapshot};

/// A snapshot that JavaScript holds by an external value. Nothing once it is closed.
pub(super) struct Held {
    snapshot: RefCell<Option<Released>>,
    /// What V8 was told that the external value holds.
    told: Cell<i64>,
}

/// A snapshot that is freed by another thread when that takes long.
pub(super) struct Released(Option<Snapshot>);

/// The snapshots of a store that were taken on this thread and not closed, the newest last. What the store lets go of
/// is told to V8 for the newest one: older ones may need it as well, but it is there only once.
#[derive(Default)]
pub(super) struct Snapshots(RefCell<Vec<Weak<Held>>>);

thread_local! {
    /// What the external values of this thread stand for. They carry a number and no pointer, so whatever JavaScript
    /// hands over, nothing is touched that is not here.
    static HELD: RefCell<HashMap<usize, Rc<Held>>> = RefCell::default();
    static LAST: Cell<usize> = const { Cell::new(0) };
}

/// V8 is told of more memory in steps of this many bytes.
const STEP: i64 = 1 << 16;

/// An external value that stands for a snapshot until it is collected.
pub(super) fn show(env: Env, held: Rc<Held>) -> Answer<Value> {
    let number = LAST.get() + 1;
    LAST.set(number);
    HELD.with_borrow_mut(|all| all.insert(number, held));
    let data = ptr::without_provenance_mut::<c_void>(number);
    let mut value = ptr::null_mut();
    // SAFETY: `data` is a number that nobody follows.
    let made = check(unsafe {
        let (finalize, hint) = (Some(collected as _), ptr::null_mut());
        sys::napi_create_external(env.raw(), data, finalize, hint, &raw mut value)
    });
    if made.is_err() {
        forget(env, number);
    }
    made.map(|()| value)
}

/// Called by Node once for each external value of [`show`], on its thread.
unsafe extern "C" fn collected(env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // A panic must not unwind into Node; there is nobody left to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| forget(Env::new(env), data.addr())));
}

fn forget(env: Env, number: usize) {
    // The table is gone when a thread has ended before its environment.
    let held = HELD.try_with(|all| all.borrow_mut().remove(&number));
    if let Ok(Some(held)) = held {
        held.close(env);
    }
}

/// What an external value of [`show`] stands for.
pub(super) fn held(env: Env, external: Value) -> Answer<Rc<Held>> {
    let mut data = ptr::null_mut();
    // SAFETY: the value is alive in this call, the out parameter outlives it.
    check(unsafe { sys::napi_get_value_external(env.raw(), external, &raw mut data) })?;
    let held = HELD.with_borrow(|all| all.get(&data.addr()).cloned());
    held.ok_or(Fault::Store(Error::Internal { reason: "there is no such snapshot" }))
}

impl Held {
    pub(super) fn new(snapshot: Released) -> Rc<Self> {
        Rc::new(Self { snapshot: RefCell::new(Some(snapshot)), told: Cell::new(0) })
    }

    /// Hands the snapshot to `look`.
    pub(super) fn with<R>(&self, look: impl FnOnce(&Snapshot) -> Answer<R>) -> Answer<R> {
        match &*self.snapshot.borrow() {
            Some(Released(Some(snapshot))) => look(snapshot),
            _ => Err(Fault::Store(Error::InvalidState { reason: "the snapshot is closed" })),
        }
    }

    fn is_open(&self) -> bool {
        self.snapshot.borrow().is_some()
    }

    /// Tells V8 what only this snapshot needs by now, so that it sees a reason to collect it.
    pub(super) fn tell(&self, env: Env) {
        let holds = match &*self.snapshot.borrow() {
            Some(Released(Some(snapshot))) => snapshot.held_bytes(),
            _ => return,
        };
        let more = i64::try_from(holds).unwrap_or(i64::MAX) - self.told.get();
        if more >= STEP {
            self.told.set(self.told.get() + more);
            adjust(env, more);
        }
    }

    pub(super) fn close(&self, env: Env) {
        drop(self.snapshot.take());
        let told = self.told.take();
        if told != 0 {
            adjust(env, -told);
        }
    }
}

/// Tells V8 of memory outside of its heap. It may collect garbage at once; no borrow may be held.
fn adjust(env: Env, change: i64) {
    let mut now = 0;
    // SAFETY: the environment is that of the running callback or finalizer; `now` outlives the call.
    unsafe { sys::napi_adjust_external_memory(env.raw(), change, &raw mut now) };
}

impl Released {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self(Some(snapshot))
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        if let Some(snapshot) = self.0.take_if(|snapshot| snapshot.held_bytes() > LARGE) {
            free(move || drop(snapshot));
        }
    }
}

impl Snapshots {
    /// Tells V8 what the store has let go of since the last time.
    pub(super) fn tell(&self, env: Env) {
        let newest = loop {
            match self.0.borrow().last() {
                None => return,
                Some(last) => {
                    if let Some(held) = last.upgrade().filter(|held| held.is_open()) {
                        break held;
                    }
                }
            }
            self.0.borrow_mut().pop();
        };
        newest.tell(env);
    }

    pub(super) fn add(&self, held: &Rc<Held>) {
        let mut all = self.0.borrow_mut();
        // Those that were closed before a newer one was.
        if all.len() >= 16 && all.len().is_power_of_two() {
            all.retain(|held| held.upgrade().is_some_and(|held| held.is_open()));
        }
        all.push(Rc::downgrade(held));
    }
}
