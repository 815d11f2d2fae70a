//! Commits of what was staged.

use std::sync::Arc;

use napi::sys;

use super::call::{Call, enter};
use super::handle::Handle;
use super::job::{self, PANICKED};
use super::js::{Answer, Env, Value};
use crate::Error;
use crate::engine::{GroupOutcome, Refusal};

/// `commitNow()`: as [`committed`], done on this thread
pub(super) extern "C" fn commit_now(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let handle = Handle::of(call);
        let mut group = handle.staging.borrow_mut().take();
        let outcome = handle.engine.commit(&mut group);
        handle.staging.borrow_mut().give_back(group);
        handle.snapshots.tell(call.env);
        committed(call.env, &outcome?)
    })
}

/// `commitQuickly()`: as [`committed`], done on this thread; undefined and nothing done if that could take long
pub(super) extern "C" fn commit_quickly(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<0>| {
        let handle = Handle::of(call);
        let outcome = handle.staging.borrow_mut().commit_quickly(&handle.engine);
        let Some(outcome) = outcome else { return call.env.undefined() };
        handle.snapshots.tell(call.env);
        committed(call.env, &outcome?)
    })
}

/// Four times a sequence is exact in JavaScript up to here.
const EXACT: u64 = 1 << 51;

/// `[firstSequence, outcomes, refusals]`; of one operation that was accepted a number, four times its sequence and its
/// outcome, because an array and a buffer take longer than the commit itself.
#[allow(clippy::cast_precision_loss, reason = "a sequence leaves more than two bits")]
fn committed(env: Env, outcome: &GroupOutcome) -> Answer<Value> {
    match outcome.outcomes[..] {
        [only] if only.is_accepted() && outcome.first_sequence < EXACT => {
            env.number((outcome.first_sequence * 4 + u64::from(only as u8)) as f64)
        }
        _ => env.array(&commit_values(env, outcome)?),
    }
}

/// `finishCommit()`: returns when the commit that was begun last is done, on this thread if no other has come to it; its
/// callback is called as ever
pub(super) extern "C" fn finish_commit(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let handle = Handle::of(call);
        handle.staging.borrow().commit_handed_over(&handle.engine);
        call.env.undefined()
    })
}

/// `commit(callback(error, firstSequence, outcomes, refusals))`
pub(super) extern "C" fn commit(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let [callback] = call.args;
        // SAFETY: see `Handle::of`; a counted pointer, because the job outlives this call.
        let handle = unsafe { call.share::<Handle>() };
        let relay = handle.staging.borrow_mut().hand_over();
        let (engine, committed) = (Arc::clone(&handle.engine), Arc::clone(&relay));
        job::spawn(
            call.env,
            callback,
            move || relay.run(&engine),
            move |_| {
                let (group, outcome) = committed.take_first().ok_or(PANICKED)?;
                handle.staging.borrow_mut().give_back(group);
                let outcome = outcome?;
                Ok(Box::new(move |env| {
                    handle.snapshots.tell(env);
                    commit_values(env, &outcome)
                }))
            },
        )?;
        call.env.undefined()
    })
}

/// `followCommit()`: hands the oldest full group to the job that commits those before it; says whether there was such a
/// group and the job will come to it. Then `takeFollowed()` gives what became of it, once the job has called back.
pub(super) extern "C" fn follow_commit(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let followed = Handle::of(call).staging.borrow_mut().follow();
        call.env.boolean(followed)
    })
}

/// `takeFollowed()`: as [`committed`], for the oldest group that followed and was not asked for
pub(super) extern "C" fn take_followed(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let handle = Handle::of(call);
        let followed = handle.staging.borrow_mut().take_followed();
        let (group, outcome) = followed.ok_or(PANICKED)?;
        handle.staging.borrow_mut().give_back(group);
        committed(call.env, &outcome?)
    })
}

fn commit_values(env: Env, outcome: &GroupOutcome) -> Answer<Vec<Value>> {
    let bytes: Vec<u8> = outcome.outcomes.iter().map(|&outcome| outcome as u8).collect();
    let mut values = vec![env.count(outcome.first_sequence)?, env.buffer(&bytes)?];
    if !outcome.refusals.is_empty() {
        values.push(env.buffer(&refusal_bytes(&outcome.refusals))?);
    }
    Ok(values)
}

/// Four numbers of eight bytes for each refusal: its index, its kind, and of kind 0 the version that was wanted and the one
/// that was found, of kind 1, an unknown consumer, nothing, of kind 2 the first and the last sequence that can be acknowledged. An object for each would hold up the event loop, and most callers do not look at it.
#[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
fn refusal_bytes(refusals: &[Refusal]) -> Vec<u8> {
    let numbers = refusals.iter().flat_map(|refusal| {
        let (kind, wanted, found) = match refusal.error {
            Error::VersionMismatch { expected, found, .. } => (0, expected, found),
            Error::AlreadyExists { version, .. } => (0, 0, version),
            Error::NotAcknowledgeable { position, readable, .. } => (2, position, readable),
            _ => (1, 0, 0),
        };
        [refusal.index as u64, kind, wanted, found]
    });
    numbers.flat_map(|number| (number as f64).to_le_bytes()).collect()
}
