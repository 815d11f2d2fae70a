//! Snapshots, for JavaScript.

use std::path::PathBuf;
use std::ptr;

use napi::sys;

use super::background;
use super::bytes::text_or_buffer;
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Value};
use super::key::with_key;
use super::read::numbers_of;
use super::scan::Page;
use super::snapshots::{Held, Released, held, show};
use crate::state::Seen;
use crate::{Control, Snapshot, SnapshotBuilderStore};

/// `snapshot()` of a store
pub(super) extern "C" fn snapshot(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let handle = Handle::of(call);
        let held = Held::new(Released::new(handle.engine.snapshot()?));
        handle.snapshots.tell(call.env);
        handle.snapshots.add(&held);
        show(call.env, held)
    })
}

/// `buildSnapshot(path, committed, tell)`: see [`background::spawn`]
pub(super) extern "C" fn build_snapshot(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<3>| {
        let [path, committed, tell] = call.args;
        let path = PathBuf::from(call.env.text(path)?);
        let committed = call.env.as_bool(committed)?;
        let run = move |control: &Control| {
            let built = if committed {
                SnapshotBuilderStore::build_committed(path, control)
            } else {
                SnapshotBuilderStore::build_with(path, control)
            };
            Ok(Released::new(built?))
        };
        background::spawn(call.env, tell, run, |env, built| {
            let held = Held::new(built);
            held.tell(env);
            show(env, held)
        })
    })
}

/// Calls `look` with the snapshot that the first argument of a call stands for.
fn with<const N: usize, R>(call: &Call<N>, look: impl FnOnce(&Snapshot) -> Answer<R>) -> Answer<R> {
    let external = call.args.first().copied().unwrap_or(ptr::null_mut());
    held(call.env, external)?.with(look)
}

/// `snapshotClose(snapshot)`: nothing is held for it any more; once or more
pub(super) extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        held(call.env, call.args[0])?.close(call.env);
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

/// `snapshotGet(snapshot, key)`: `[value, version, timestamp, expiry]`, undefined when missing; 0 for no expiry
pub(super) extern "C" fn get(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let env = call.env;
        let read = |snapshot: &Snapshot, key: &[u8]| {
            snapshot.view_record(key, |record| {
                let Some(record) = record else { return env.undefined() };
                let value = text_or_buffer(env, &record)?;
                let [version, timestamp, expiry] = numbers_of(&record).map(|one| env.number(one));
                env.array(&[value, version?, timestamp?, expiry?])
            })?
        };
        with(call, |snapshot| with_key(env, call.args[1], |key| read(snapshot, key.as_bytes())))
    })
}

/// `snapshotScan(snapshot, …)`: see [`Arguments`](super::scan::Arguments)
pub(super) extern "C" fn scan(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<12>| {
        let [_, arguments @ ..] = call.args;
        let page = Page::read(call.env, arguments)?;
        let read = |snapshot: &Snapshot| {
            let look = |seen: Seen<'_>| page.pack(call.env, seen);
            snapshot.view_range(&page.range, page.limit(), look)?
        };
        with(call, read)?.finish(call.env)
    })
}
