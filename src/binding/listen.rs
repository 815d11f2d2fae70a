//! What happens to the log of a store, for JavaScript.

use std::cell::RefCell;
use std::rc::Rc;

use napi::sys;

use super::call::{Call, bind, enter};
use super::compact;
use super::error::to_js;
use super::handle::Handle;
use super::js::{Answer, Callback, Env, Value};
use super::stats;
use crate::engine::{Listener, Notice};

type Listening = RefCell<Option<Listener>>;

const FUNCTIONS: &[(&str, Callback)] = &[("take\0", take), ("end\0", end)];

/// `listen(number)`: `number` is what `takeRung` gives when there is something to take.
pub(super) extern "C" fn listen(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let handle = Handle::of(call);
        let listener = handle.engine.listen(handle.bell.of(call.env.as_count(call.args[0])?));
        bind(call.env, &Rc::new(Listening::new(Some(listener))), FUNCTIONS)
    })
}

/// `take()`: what has happened since the last call, as `{ name, report, error }`; undefined after the end.
extern "C" fn take(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        // SAFETY: `listen` binds FUNCTIONS to a Listening.
        let listening: &Listening = unsafe { call.owner() };
        let Some(notices) = listening.borrow().as_ref().map(Listener::take) else {
            return call.env.undefined();
        };
        let shown = notices.into_iter().map(|notice| notice_value(call.env, notice));
        call.env.array(&shown.collect::<Answer<Vec<_>>>()?)
    })
}

fn notice_value(env: Env, notice: Notice) -> Answer<Value> {
    let object = env.object()?;
    let (name, field, value) = match notice {
        Notice::Compaction(Ok(report)) => {
            ("compaction", "report\0", compact::compaction_value(env, report)?)
        }
        Notice::Compaction(Err(error)) => ("compaction", "error\0", to_js(env, &error)?),
        Notice::Poisoned(error) => ("poisoned", "error\0", to_js(env, &error)?),
        Notice::Restart(restart) => {
            ("restart", "report\0", stats::restart_value(env, Some(restart))?)
        }
    };
    env.set(object, "name\0", env.string(name.as_bytes())?)?;
    env.set(object, field, value)?;
    Ok(object)
}

/// `end()`: nothing more is told.
extern "C" fn end(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        // SAFETY: see `take`.
        let listening: &Listening = unsafe { call.owner() };
        listening.take();
        call.env.undefined()
    })
}
