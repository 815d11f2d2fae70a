//! Point reads and small questions, answered at once.

use std::sync::Arc;

use napi::sys;

use super::bytes::{text, text_or_buffer};
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use super::key::with_key;
use super::memory;
use crate::StoreEngine;
use crate::index::Record;

/// Longer values get a buffer of their own from here.
const SHORT: usize = 4096;

/// `get(key, numbers)`: the value, with version, timestamp and expiry (0 without one) as three doubles in the `ArrayBuffer`;
/// undefined when missing.
pub(super) extern "C" fn get(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        look_up(call, |env, record| {
            memory::write(env, call.args[1], &numbers_of(&record))?;
            text_or_buffer(env, &record)
        })
    })
}

/// Version, timestamp, and when it expires or 0.
#[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
pub(super) fn numbers_of(record: &Record<'_>) -> [f64; 3] {
    let expiry = record.expiry().unwrap_or(0);
    [record.version() as f64, record.timestamp() as f64, expiry as f64]
}

/// `getString(key)`
pub(super) extern "C" fn get_string(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| look_up(call, |env, record| text(env, &record)))
}

/// `getBytes(key, room)`: how many bytes were copied to the beginning of the `ArrayBuffer`; a `Buffer` of
/// its own when they are many; undefined when missing.
pub(super) extern "C" fn get_bytes(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        look_up(call, |env, record| {
            let bytes = record.value();
            if bytes.len() > SHORT {
                return env.buffer(bytes);
            }
            memory::write(env, call.args[1], bytes)?;
            env.count(bytes.len() as u64)
        })
    })
}

/// `contains(key)`: false for an empty key.
pub(super) extern "C" fn contains(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let (env, key) = (call.env, call.args[0]);
        let engine = &Handle::of(call).engine;
        if env.utf8_len(key)? == Some(0) {
            return env.boolean(engine.view_record(&[], |_| false)?);
        }
        let found = with_key(env, key, |key| {
            Ok(engine.view_record(key.as_bytes(), |record| record.is_some())?)
        })?;
        env.boolean(found)
    })
}

/// `size()`
pub(super) extern "C" fn size(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let size = Handle::of(call).engine.counted()?;
        call.env.count(size)
    })
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
fn look_up<const N: usize>(
    call: &Call<N>,
    show: impl Fn(Env, Record<'_>) -> Answer<Value>,
) -> Answer<Value> {
    let engine = &Handle::of(call).engine;
    let [key, ..] = call.args.as_slice() else { return call.env.undefined() };
    with_key(call.env, *key, |key| show_entry(call.env, engine, key.as_bytes(), show))
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
    let shown = engine.view_record(key, |record| {
        let Some(record) = record else { return env.undefined() };
        let Some(blob) = record.blob() else { return show(env, record) };
        long = Some((Arc::clone(blob), record.version(), record.timestamp(), record.marks()));
        env.undefined()
    })?;
    match long {
        Some((blob, version, timestamp, marks)) => {
            show(env, Record::held(key, &blob, version, timestamp).marked(marks))
        }
        None => shown,
    }
}
