//! Errors on their way to JavaScript.

use napi::sys;

use super::fault::Fault;
use super::js::{Answer, Env, Value};
use crate::Error;

impl Fault {
    /// Throws. What is thrown is a plain object, `{ code, message, context }`; the JavaScript layer
    /// makes its own error of it.
    pub(super) fn throw(self, env: Env) {
        let error = match self {
            Self::Store(error) => error,
            Self::Pending => {
                let mut pending = false;
                // SAFETY: `pending` outlives the call, the environment is that of this callback.
                unsafe { sys::napi_is_exception_pending(env.raw(), &raw mut pending) };
                if pending {
                    return;
                }
                Error::Internal { reason: "a Node-API call failed" }
            }
        };
        if let Ok(raw) = to_js(env, &error) {
            // SAFETY: `raw` was made in this callback.
            unsafe { sys::napi_throw(env.raw(), raw) };
        }
    }
}

/// The plain object that stands for an error.
pub(super) fn to_js(env: Env, error: &Error) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "code\0", env.string(error.code().as_str().as_bytes())?)?;
    env.set(object, "message\0", env.string(error.to_string().as_bytes())?)?;
    if matches!(error, Error::Locked { .. }) {
        env.set(object, "locked\0", env.boolean(true)?)?;
    }
    if let Some(context) = error.context() {
        env.set(object, "context\0", env.string(context.as_bytes())?)?;
    }
    Ok(object)
}
