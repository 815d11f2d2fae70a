//! The way to stop a long call from JavaScript.

use std::rc::Rc;
use std::sync::Arc;

use napi::sys;

use super::call::{Call, bind, enter};
use super::js::{Answer, Callback, Env, Value};
use crate::Control;

const FUNCTIONS: &[(&str, Callback)] = &[("abort\0", abort)];

/// An object whose `abort()` makes the call that `control` was given to give up.
pub(super) fn show(env: Env, control: Arc<Control>) -> Answer<Value> {
    bind(env, &Rc::new(control), FUNCTIONS)
}

extern "C" fn abort(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        // SAFETY: this callback is in FUNCTIONS only, which `show` binds to an `Arc<Control>`.
        unsafe { call.owner::<Arc<Control>>() }.abort();
        call.env.undefined()
    })
}
