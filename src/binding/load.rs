//! Reading ahead of JavaScript, on other threads.

use std::sync::Arc;

use napi::sys;

use super::background;
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::Value;
use super::key::with_key;
use super::scan;
use crate::Control;

/// `loadKeys(keys, tell)`: see [`background::spawn`]
pub(super) extern "C" fn load_keys(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let (env, [keys, tell]) = (call.env, call.args);
        let mut names = Vec::new();
        for at in 0..env.array_len(keys)? {
            names.push(with_key(env, env.element(keys, at)?, |key| Ok(key.to_owned()))?);
        }
        let engine = Arc::clone(&Handle::of(call).engine);
        let run = move |control: &Control| engine.load_keys(&names, control);
        background::spawn(env, tell, run, |env, ()| env.undefined())
    })
}

/// `loadRange(prefix, gt, gte, lt, lte, reverse, after, count, tell)`: see [`background::spawn`] and
/// [`Arguments`](scan::Arguments)
pub(super) extern "C" fn load_range(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<9>| {
        let (env, [prefix, gt, gte, lt, lte, reverse, after, count, tell]) = (call.env, call.args);
        let range = scan::range(env, [prefix, gt, gte, lt, lte, reverse, after])?;
        let count = scan::count(env, count)?;
        let engine = Arc::clone(&Handle::of(call).engine);
        let run = move |control: &Control| engine.load_range(range.clone(), count, control);
        background::spawn(env, tell, run, |env, ()| env.undefined())
    })
}
