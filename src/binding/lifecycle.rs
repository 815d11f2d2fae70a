//! Opening, flushing and closing a store.

use std::sync::Arc;

use napi::sys;

use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use super::stats::known;
use super::{background, job};
use crate::engine::RecoveryReport;
use crate::{Control, Durability, Verify};

/// `recover(verifyFirst, tell)`: see [`background::spawn`]. Without a report when another thread opens or closes the log just now,
/// which is not waited for here.
pub(super) extern "C" fn recover(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [verify_first, tell] = call.args;
        let verify = if call.env.as_bool(verify_first)? { Verify::First } else { Verify::Later };
        let engine = Arc::clone(&Handle::of(call).engine);
        let waits = engine.config().durability() == Durability::Following;
        let run = move |control: &Control| engine.try_recover(control, verify);
        // A log that does not exist yet may be waited for, which would keep others from being opened.
        let spawn = if waits { background::spawn } else { background::spawn_opening };
        spawn(call.env, tell, run, |env, report| match report {
            Some(report) => report_value(env, &report),
            None => env.undefined(),
        })
    })
}

/// `ready(tell)`: see [`background::spawn`]
pub(super) extern "C" fn ready(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        let run = move |control: &Control| engine.ready(control);
        background::spawn(call.env, call.args[0], run, |env, ()| env.undefined())
    })
}

/// `refresh(callback(error, lastSequence))`
pub(super) extern "C" fn refresh(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        let run = move || engine.refresh();
        job::spawn(call.env, call.args[0], run, |shown| {
            let sequence = shown.unwrap_or(Err(job::PANICKED))?;
            Ok(Box::new(move |env: Env| Ok(vec![env.count(sequence)?])))
        })?;
        call.env.undefined()
    })
}

fn report_value(env: Env, report: &RecoveryReport) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "checkpointEntries\0", env.count(report.checkpoint_entries)?)?;
    env.set(object, "records\0", env.count(report.records)?)?;
    env.set(object, "entries\0", known(env, report.entries)?)?;
    env.set(object, "indexedSequence\0", env.count(report.indexed_sequence)?)?;
    env.set(object, "bytesUnverified\0", env.count(report.bytes_unverified)?)?;
    if let Some(reason) = &report.index_failure {
        env.set(object, "indexFailure\0", env.string(reason.as_bytes())?)?;
    }
    env.set(object, "lastSequence\0", env.count(report.last_sequence)?)?;
    env.set(object, "bytesKept\0", env.count(report.bytes_kept)?)?;
    env.set(object, "bytesCut\0", env.count(report.bytes_cut)?)?;
    if let Some(path) = &report.cut_saved_to {
        env.set(object, "cutSavedTo\0", env.string(path.to_string_lossy().as_bytes())?)?;
    }
    env.set(object, "durationMs\0", env.milliseconds(report.duration)?)?;
    env.set(object, "created\0", env.boolean(report.created)?)?;
    env.set(object, "cleanShutdown\0", env.boolean(report.clean_shutdown)?)?;
    Ok(object)
}

/// `flush(callback(error))`
pub(super) extern "C" fn flush(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        job::spawn_plain(call.env, call.args[0], move || engine.flush())?;
        call.env.undefined()
    })
}

/// `flushNow()`: done on this thread
pub(super) extern "C" fn flush_now(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        Handle::of(call).engine.flush()?;
        call.env.undefined()
    })
}

/// `close(callback(error))`
pub(super) extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        job::spawn_plain(call.env, call.args[0], move || engine.close())?;
        call.env.undefined()
    })
}
