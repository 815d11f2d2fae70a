//! The time, and waiting, for JavaScript: its own clocks and timers are faked by test tools, which a
//! wait for the lock must not depend on.

use std::thread::sleep;
use std::time::{Duration, Instant};

use napi::sys;

use super::background;
use super::call::{Call, enter};
use super::js::{Env, Value};
use crate::{Control, operation};

/// The longest that an aborted pause goes on and keeps the process alive.
const STEP: Duration = Duration::from_millis(10);

/// `pause(milliseconds, tell)`: tells when they are over, see [`background::spawn`]
pub(super) extern "C" fn pause(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [length, tell] = call.args;
        let length = Duration::from_millis(call.env.as_count(length)?);
        let run = move |control: &Control| {
            wait(length, control);
            Ok(())
        };
        background::spawn(call.env, tell, run, |env: Env, ()| env.undefined())
    })
}

fn wait(length: Duration, control: &Control) {
    let begun = Instant::now();
    while let Some(left) = length.checked_sub(begun.elapsed())
        && !left.is_zero()
        && !control.is_aborted()
    {
        sleep(left.min(STEP));
    }
}

/// `now()`: milliseconds since 1970, by the clock of the writes
pub(super) extern "C" fn now(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        #[allow(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
        call.env.number(operation::now() as f64)
    })
}
