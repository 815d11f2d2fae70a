//! Removing what has expired, for JavaScript.

use std::sync::Arc;

use napi::sys;

use super::background;
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use crate::{Control, SweepReport};

/// `sweep(tell)`: see [`background::spawn`]
pub(super) extern "C" fn sweep(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        let run = move |control: &Control| engine.sweep(control);
        background::spawn(call.env, call.args[0], run, sweep_value)
    })
}

fn sweep_value(env: Env, report: SweepReport) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "removed\0", env.count(report.removed)?)?;
    Ok(object)
}
