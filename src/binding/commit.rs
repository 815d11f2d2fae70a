//! Commits of what was staged.

use std::sync::Arc;

use napi::sys;

use super::call::{Call, enter};
use super::handle::Handle;
use super::job::{self, PANICKED};
use super::js::{Answer, Env, Value};
use crate::Error;
use crate::engine::{GroupOutcome, Refusal};

/// `commitNow()`: `[firstSequence, outcomes, refusals]`, done on this thread, for a store without a disk
pub(super) extern "C" fn commit_now(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let handle = Handle::of(call);
        let mut group = handle.staging.borrow_mut().take();
        let outcome = handle.engine.commit(&mut group);
        handle.staging.borrow_mut().give_back(group);
        handle.snapshots.tell(call.env);
        let outcome = outcome?;
        call.env.array(&commit_values(call.env, &outcome)?)
    })
}

/// `commit(callback(error, firstSequence, outcomes, refusals))`
pub(super) extern "C" fn commit(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let [callback] = call.args;
        // SAFETY: see `Handle::of`; a counted pointer, because the job outlives this call.
        let handle = unsafe { call.share::<Handle>() };
        let mut group = handle.staging.borrow_mut().take();
        let engine = Arc::clone(&handle.engine);
        let run = move || {
            let outcome = engine.commit(&mut group);
            (outcome, group)
        };
        job::spawn(call.env, callback, run, move |done| {
            let (outcome, group) = done.ok_or(PANICKED)?;
            handle.staging.borrow_mut().give_back(group);
            let outcome = outcome?;
            Ok(Box::new(move |env| {
                handle.snapshots.tell(env);
                commit_values(env, &outcome)
            }))
        })?;
        call.env.undefined()
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

/// Three numbers of eight bytes for each refusal: its index, the version that was wanted, the version that was
/// found. An object for each would hold up the event loop, and most callers do not look at it.
#[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
fn refusal_bytes(refusals: &[Refusal]) -> Vec<u8> {
    let numbers = refusals.iter().flat_map(|refusal| {
        let (expected, found) = match refusal.error {
            Error::VersionMismatch { expected, found, .. } => (expected, found),
            Error::AlreadyExists { version, .. } => (0, version),
            _ => (0, 0),
        };
        [refusal.index as u64, expected, found]
    });
    numbers.flat_map(|number| (number as f64).to_le_bytes()).collect()
}
