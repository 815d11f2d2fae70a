//! Point reads and small questions, answered at once.

use std::sync::Arc;

use napi::sys;

use super::bytes::{text, text_or_buffer};
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use super::key::with_key;
use super::slab;
use crate::StoreEngine;
use crate::index::Record;

/// `get(key)`: the value, with version and timestamp in the meta array; undefined when missing.
pub(super) extern "C" fn get(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let handle = Handle::of(call);
        look_up(call, |env, record| {
            handle.note(record.version(), record.timestamp());
            text_or_buffer(env, &record)
        })
    })
}

/// `getString(key)`
pub(super) extern "C" fn get_string(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| look_up(call, |env, record| text(env, &record)))
}

/// `getBytes(key)`: where the bytes were put in the slab, with their length in the meta array; -1 when
/// the slab has no room for them; a `Buffer` of its own when they are many; undefined when missing.
pub(super) extern "C" fn get_bytes(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let handle = Handle::of(call);
        look_up(call, |env, record| {
            let bytes = record.value();
            if bytes.len() > slab::LONGEST {
                return env.buffer(bytes);
            }
            handle.note(bytes.len() as u64, 0);
            env.number(handle.slab.take(bytes).map_or(-1.0, f64::from))
        })
    })
}

/// `contains(key)`: false for an empty key and for a store that is not open.
pub(super) extern "C" fn contains(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let (env, key) = (call.env, call.args[0]);
        let engine = &Handle::of(call).engine;
        if env.utf8_len(key)? == Some(0) {
            return env.boolean(false);
        }
        let found = with_key(env, key, |key| {
            Ok(engine.view(|index| index.contains(key.as_bytes())).unwrap_or(false))
        })?;
        env.boolean(found)
    })
}

/// `size()`
pub(super) extern "C" fn size(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| call.env.count(Handle::of(call).engine.size() as u64))
}

/// `lastSequence()`
pub(super) extern "C" fn last_sequence(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| call.env.count(Handle::of(call).engine.last_sequence()))
}

/// `lastRecoveredSequence()`
pub(super) extern "C" fn last_recovered_sequence(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<0>| {
        call.env.count(Handle::of(call).engine.last_recovered_sequence())
    })
}

/// Gives what `show` makes of the record of the key in the first argument; undefined when missing.
fn look_up(call: &Call<1>, show: impl Fn(Env, Record<'_>) -> Answer<Value>) -> Answer<Value> {
    with_key(call.env, call.args[0], |key| {
        show_entry(call.env, &Handle::of(call).engine, key.as_bytes(), show)
    })
}

/// Gives what `show` makes of the record of a key; undefined when missing. A long value is shown when the index is
/// no longer locked: a writer that waited for that would keep all other readers waiting.
pub(super) fn show_entry(
    env: Env,
    engine: &StoreEngine,
    key: &[u8],
    show: impl Fn(Env, Record<'_>) -> Answer<Value>,
) -> Answer<Value> {
    let mut long = None;
    let shown = engine.view(|index| {
        let Some(record) = index.get(key) else { return env.undefined() };
        let Some(blob) = record.blob() else { return show(env, record) };
        long = Some((Arc::clone(blob), record.version(), record.timestamp()));
        env.undefined()
    })?;
    match long {
        Some((blob, version, timestamp)) => {
            show(env, Record::held(key, &blob, version, timestamp))
        }
        None => shown,
    }
}
