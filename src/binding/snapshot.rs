//! Snapshots as JavaScript holds them.

use std::path::PathBuf;
use std::rc::Rc;

use napi::sys;

use super::bytes::text_or_buffer;
use super::call::{Call, Callback, bind, enter};
use super::handle::Handle;
use super::job::{self, PANICKED};
use super::js::{Answer, Env, Value};
use super::key::with_key;
use super::scan::{Arguments, Page};
use crate::background::{LARGE, in_background};
use crate::index::Index;
use crate::{Snapshot, SnapshotBuilderStore};

const FUNCTIONS: &[(&str, Callback)] =
    &[("size\0", size), ("lastSequence\0", last_sequence), ("get\0", get), ("scan\0", scan)];

/// `snapshot()` of a store
pub(super) extern "C" fn snapshot(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| show(call.env, Handle::of(call).engine.snapshot()?))
}

/// `buildSnapshot(path, callback(error, snapshot))`
pub(super) extern "C" fn build_snapshot(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [path, callback] = call.args;
        let path = PathBuf::from(call.env.text(path)?);
        job::spawn(
            call.env,
            callback,
            move || SnapshotBuilderStore::build(path),
            |done| {
                let snapshot = done.unwrap_or(Err(PANICKED))?;
                Ok(Box::new(move |env| Ok(vec![show(env, snapshot)?])))
            },
        )?;
        call.env.undefined()
    })
}

fn show(env: Env, snapshot: Snapshot) -> Answer<Value> {
    bind(env, &Rc::new(Shown(snapshot)), FUNCTIONS)
}

/// A snapshot that is collected on the JavaScript thread, and freed elsewhere when that takes long.
struct Shown(Snapshot);

impl Drop for Shown {
    fn drop(&mut self) {
        if self.0.index().live_bytes() > LARGE {
            let snapshot = std::mem::replace(&mut self.0, Snapshot::new(Index::default(), 0));
            in_background(move || drop(snapshot));
        }
    }
}

fn of<const N: usize>(call: &Call<N>) -> &Snapshot {
    // SAFETY: the callbacks that ask are in FUNCTIONS only, which `show` binds to a Shown.
    &unsafe { call.owner::<Shown>() }.0
}

extern "C" fn size(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| call.env.count(of(call).size() as u64))
}

extern "C" fn last_sequence(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| call.env.count(of(call).last_sequence()))
}

/// `get(key)`: `[value, version, timestamp]`, undefined when missing
extern "C" fn get(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let env = call.env;
        with_key(env, call.args[0], |key| {
            let Some(record) = of(call).index().get(key.as_bytes()) else {
                return env.undefined();
            };
            #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
            let timestamp = env.number(record.timestamp() as f64)?;
            let value = text_or_buffer(env, &record)?;
            env.array(&[value, env.count(record.version())?, timestamp])
        })
    })
}

/// `scan(…)`
extern "C" fn scan(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Arguments| {
        Page::read(call)?.pack(call.env, of(call).index())?.finish(call.env)
    })
}
