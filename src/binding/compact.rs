//! Compaction and backup, for JavaScript.

use std::path::PathBuf;
use std::sync::Arc;

use napi::sys;

use super::background;
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use crate::Control;
use crate::engine::{BackupReport, CompactionPolicy, CompactionReport};

/// Reads `{ automatic, ratio, minimumBytes }`, which the JavaScript layer has checked.
pub(super) fn policy(env: Env, value: Value) -> Answer<CompactionPolicy> {
    Ok(CompactionPolicy {
        automatic: env.as_bool(env.property(value, "automatic\0")?)?,
        ratio: env.as_f64(env.property(value, "ratio\0")?)?,
        minimum_bytes: env.as_count(env.property(value, "minimumBytes\0")?)?,
    })
}

/// `compact(tell)`: see [`background::spawn`]
pub(super) extern "C" fn compact(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        let position = engine.queue_up();
        let run = move |control: &Control| engine.compact_at(&position, control);
        background::spawn(call.env, call.args[0], run, compaction_value)
    })
}

/// `backup(path, tell)`: see [`background::spawn`]
pub(super) extern "C" fn backup(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [path, tell] = call.args;
        let path = PathBuf::from(call.env.text(path)?);
        let engine = Arc::clone(&Handle::of(call).engine);
        let position = engine.queue_up();
        let run = move |control: &Control| engine.backup_at(path, &position, control);
        background::spawn(call.env, tell, run, backup_value)
    })
}

#[allow(clippy::needless_pass_by_value, reason = "as `background::spawn` wants it")]
pub(super) fn compaction_value(env: Env, report: CompactionReport) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "bytesBefore\0", env.count(report.bytes_before)?)?;
    env.set(object, "bytesAfter\0", env.count(report.bytes_after)?)?;
    env.set(object, "floor\0", env.count(report.floor)?)?;
    env.set(object, "durationMs\0", env.milliseconds(report.duration)?)?;
    env.set(object, "pauseMs\0", env.milliseconds(report.pause)?)?;
    Ok(object)
}

#[allow(clippy::needless_pass_by_value, reason = "as `background::spawn` wants it")]
fn backup_value(env: Env, report: BackupReport) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "path\0", env.string(report.path.to_string_lossy().as_bytes())?)?;
    env.set(object, "bytes\0", env.count(report.bytes)?)?;
    env.set(object, "entries\0", env.count(report.entries)?)?;
    env.set(object, "lastSequence\0", env.count(report.last_sequence)?)?;
    env.set(object, "durationMs\0", env.milliseconds(report.duration)?)?;
    Ok(object)
}
