//! Watching a store, for JavaScript.

use std::rc::Rc;

use napi::sys;

use super::bytes::text_or_buffer;
use super::call::{Call, bind, enter};
use super::handle::Handle;
use super::js::{Answer, Callback, Env, Value};
use super::scan;
use super::threadsafe::Caller;
use crate::index::{Content, Record};
use crate::{Change, OperationType, Watcher};

/// How many changes JavaScript gets at once, and about how many bytes.
const COUNT: usize = 256;
const BYTES: usize = 256 << 10;

const FUNCTIONS: &[(&str, Callback)] = &[("take\0", take), ("end\0", end)];

/// `watch(watch, prefix, gt, gte, lt, lte)`: `watch` is the number by which `takeRung` names it.
pub(super) extern "C" fn watch(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<6>| {
        let [watch, prefix, gt, gte, lt, lte] = call.args;
        let env = call.env;
        let (forward, from_start) = (env.boolean(false)?, env.undefined()?);
        let range = scan::range(env, [prefix, gt, gte, lt, lte, forward, from_start])?;
        let handle = Handle::of(call);
        let watcher = handle.engine.watch(range, handle.bell.of(env.as_count(watch)?))?;
        bind(env, &Rc::new(watcher), FUNCTIONS)
    })
}

/// `take()`: the next changes, six values each (whether it is a put, key, value, version, timestamp, overflow); undefined
/// when there will be no more.
extern "C" fn take(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        // SAFETY: `watch` binds FUNCTIONS to a Watcher.
        let watcher: &Watcher = unsafe { call.owner() };
        let Some(changes) = watcher.take(COUNT, BYTES)? else { return call.env.undefined() };
        let mut values = Vec::with_capacity(6 * changes.len());
        for change in &changes {
            values.extend(change_values(call.env, change)?);
        }
        call.env.array(&values)
    })
}

fn change_values(env: Env, change: &Change) -> Answer<[Value; 6]> {
    let Change { kind, key, value, version, timestamp, overflow } = change;
    let is_put = *kind == OperationType::Put;
    let record = if Content::is_long(value.len()) {
        Record::held(key, value, *version, *timestamp)
    } else {
        Record::read(key, value, *version, *timestamp)
    };
    #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
    let timestamp = env.number(*timestamp as f64)?;
    Ok([
        env.boolean(is_put)?,
        env.string(key)?,
        if is_put { text_or_buffer(env, &record)? } else { env.undefined()? },
        env.count(*version)?,
        timestamp,
        env.boolean(*overflow)?,
    ])
}

/// `end()`: no more changes are told than those that were committed before.
extern "C" fn end(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        // SAFETY: see `take`.
        let watcher: &Watcher = unsafe { call.owner() };
        watcher.end();
        call.env.undefined()
    })
}

/// `whenRung(call)`: calls once when a watch of this handle has something to read again, in the place of the `call`
/// before. It does not keep the process alive.
pub(super) extern "C" fn when_rung(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let caller = Caller::new(call.env, call.args[0], |_, ()| Ok(Vec::new()))?;
        caller.detach(call.env)?;
        Handle::of(call).bell.set_caller(Some(caller));
        call.env.undefined()
    })
}

/// `ringNoMore()`: takes the `call` back.
pub(super) extern "C" fn ring_no_more(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        Handle::of(call).bell.set_caller(None);
        call.env.undefined()
    })
}

/// `takeRung()`: the numbers of the watches that have had something to read again since the last call.
pub(super) extern "C" fn take_rung(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let rung = Handle::of(call).bell.take();
        let rung =
            rung.into_iter().map(|watch| call.env.count(watch)).collect::<Answer<Vec<_>>>()?;
        call.env.array(&rung)
    })
}
