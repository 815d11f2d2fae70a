//! Snapshots as JavaScript holds them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::ptr;
use std::rc::{Rc, Weak};

use napi::sys;

use super::background;
use super::bytes::text_or_buffer;
use super::call::{Call, enter};
use super::fault::Fault;
use super::handle::Handle;
use super::js::{Answer, Env, Value, check};
use super::key::with_key;
use super::scan::Page;
use crate::background::{LARGE, free};
use crate::{Control, Error, Snapshot, SnapshotBuilderStore};

/// A snapshot that JavaScript holds by an external value. Nothing once it is closed.
struct Held {
    snapshot: RefCell<Option<Released>>,
    /// What V8 was told that the external value holds.
    told: Cell<i64>,
}

/// A snapshot that is freed by another thread when that takes long.
struct Released(Option<Snapshot>);

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

/// More is told to V8 in steps of so many bytes.
const STEP: i64 = 1 << 16;

/// `snapshot()` of a store
pub(super) extern "C" fn snapshot(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let handle = Handle::of(call);
        let held = Held::new(handle.engine.snapshot()?);
        handle.snapshots.tell(call.env);
        handle.snapshots.add(&held);
        show(call.env, held)
    })
}

/// `buildSnapshot(path, tell)`: see [`background::spawn`]
pub(super) extern "C" fn build_snapshot(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [path, tell] = call.args;
        let path = PathBuf::from(call.env.text(path)?);
        let run = move |control: &Control| {
            let built = SnapshotBuilderStore::build_with(path, control)?;
            Ok(Released(Some(built)))
        };
        background::spawn(call.env, tell, run, |env, built| {
            let held = Rc::new(Held { snapshot: RefCell::new(Some(built)), told: Cell::new(0) });
            held.tell(env);
            show(env, held)
        })
    })
}

/// An external value that stands for a snapshot until it is collected.
fn show(env: Env, held: Rc<Held>) -> Answer<Value> {
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

impl Held {
    fn new(snapshot: Snapshot) -> Rc<Self> {
        let snapshot = RefCell::new(Some(Released(Some(snapshot))));
        Rc::new(Self { snapshot, told: Cell::new(0) })
    }

    fn is_open(&self) -> bool {
        self.snapshot.borrow().is_some()
    }

    /// Tells V8 what only this snapshot needs by now, so that it sees a reason to collect it.
    fn tell(&self, env: Env) {
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

    fn close(&self, env: Env) {
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

    fn add(&self, held: &Rc<Held>) {
        let mut all = self.0.borrow_mut();
        // Those that were closed before a newer one was.
        if all.len() >= 16 && all.len().is_power_of_two() {
            all.retain(|held| held.upgrade().is_some_and(|held| held.is_open()));
        }
        all.push(Rc::downgrade(held));
    }
}

/// Calls `look` with the snapshot that the first argument of a call stands for.
fn with<const N: usize, R>(call: &Call<N>, look: impl FnOnce(&Snapshot) -> Answer<R>) -> Answer<R> {
    let held = held(call)?;
    let snapshot = held.snapshot.borrow();
    match &*snapshot {
        Some(Released(Some(snapshot))) => look(snapshot),
        _ => Err(Fault::Store(Error::InvalidState { reason: "the snapshot is closed" })),
    }
}

fn held<const N: usize>(call: &Call<N>) -> Answer<Rc<Held>> {
    let external = call.args.first().copied().unwrap_or(ptr::null_mut());
    let mut data = ptr::null_mut();
    // SAFETY: the argument is alive in this call, the out parameter outlives it.
    check(unsafe { sys::napi_get_value_external(call.env.raw(), external, &raw mut data) })?;
    let held = HELD.with_borrow(|all| all.get(&data.addr()).cloned());
    held.ok_or(Fault::Store(Error::Internal { reason: "there is no such snapshot" }))
}

/// `snapshotClose(snapshot)`: nothing is held for it any more; once or more
pub(super) extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        held(call)?.close(call.env);
        call.env.undefined()
    })
}

/// `snapshotSize(snapshot)`
pub(super) extern "C" fn size(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| with(call, |snapshot| call.env.count(snapshot.size() as u64)))
}

/// `snapshotLastSequence(snapshot)`
pub(super) extern "C" fn last_sequence(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        with(call, |snapshot| call.env.count(snapshot.last_sequence()))
    })
}

/// `snapshotGet(snapshot, key)`: `[value, version, timestamp]`, undefined when missing
pub(super) extern "C" fn get(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let env = call.env;
        let read = |snapshot: &Snapshot, key: &[u8]| {
            let Some(record) = snapshot.index().get(key) else { return env.undefined() };
            #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
            let timestamp = env.number(record.timestamp() as f64)?;
            let value = text_or_buffer(env, &record)?;
            env.array(&[value, env.count(record.version())?, timestamp])
        };
        with(call, |snapshot| with_key(env, call.args[1], |key| read(snapshot, key.as_bytes())))
    })
}

/// `snapshotScan(snapshot, …)`: see [`Arguments`](super::scan::Arguments)
pub(super) extern "C" fn scan(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<12>| {
        let [_, arguments @ ..] = call.args;
        let page = Page::read(call.env, arguments)?;
        with(call, |snapshot| page.pack(call.env, snapshot.index()))?.finish(call.env)
    })
}
