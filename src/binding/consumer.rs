//! Consumers of the history, for JavaScript.

use std::sync::Arc;

use napi::sys;

use super::call::{Call, enter};
use super::handle::Handle;
use super::job::{self, PANICKED};
use super::js::Value;

/// `consumer(name, since, callback(error, position))`
pub(super) extern "C" fn consumer(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<3>| {
        let [name, since, callback] = call.args;
        let (name, since) = (call.env.text(name)?, call.env.as_count(since)?);
        let engine = Arc::clone(&Handle::of(call).engine);
        let run = move || engine.consumer(&name, since)?.position();
        job::spawn(call.env, callback, run, |done| {
            let position = done.unwrap_or(Err(PANICKED))?;
            Ok(Box::new(move |env| Ok(vec![env.count(position)?])))
        })?;
        call.env.undefined()
    })
}

/// `consumerPosition(name)`: as last logged; undefined if there is no such consumer
pub(super) extern "C" fn consumer_position(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<1>| {
        let name = call.env.text(call.args[0])?;
        let stats = Handle::of(call).engine.stats();
        match stats.consumers.get(&name) {
            Some(position) => call.env.count(position),
            None => call.env.undefined(),
        }
    })
}

/// `acknowledge(name, sequence, callback(error))`
pub(super) extern "C" fn acknowledge(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<3>| {
        let [name, sequence, callback] = call.args;
        let (name, sequence) = (call.env.text(name)?, call.env.as_count(sequence)?);
        let engine = Arc::clone(&Handle::of(call).engine);
        job::spawn_plain(call.env, callback, move || engine.acknowledge(&name, sequence))?;
        call.env.undefined()
    })
}

/// `acknowledgeNow(name, sequence)`: the same on this thread
pub(super) extern "C" fn acknowledge_now(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [name, sequence] = call.args;
        let (name, sequence) = (call.env.text(name)?, call.env.as_count(sequence)?);
        Handle::of(call).engine.acknowledge(&name, sequence)?;
        call.env.undefined()
    })
}

/// `removeConsumer(name, callback(error))`
pub(super) extern "C" fn remove_consumer(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [name, callback] = call.args;
        let name = call.env.text(name)?;
        let engine = Arc::clone(&Handle::of(call).engine);
        job::spawn_plain(call.env, callback, move || engine.remove_consumer(&name))?;
        call.env.undefined()
    })
}
