//! The figures of a store, for JavaScript.

use napi::sys;

use super::call::{Call, enter};
use super::error::to_js;
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use crate::Progress;
use crate::engine::{Restart, RestartReason, StoreStats};

/// `stats()`
pub(super) extern "C" fn stats(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let (env, handle) = (call.env, Handle::of(call));
        let stats = handle.engine.stats();
        let staged = handle.staging.borrow().bytes() as u64;
        let object = env.object()?;
        for (name, count) in [
            ("memoryBytes\0", stats.memory_bytes),
            ("logBytes\0", stats.log_bytes),
            ("heldBytes\0", stats.held_bytes),
            ("stagedBytes\0", staged),
            ("groups\0", stats.groups),
            ("syncs\0", stats.syncs),
            ("lastSequence\0", stats.last_sequence),
            ("floor\0", stats.floor),
            ("compactions\0", stats.compactions),
            ("snapshots\0", stats.snapshots),
            ("watches\0", stats.watches),
            ("indexedSequence\0", stats.indexed_sequence),
        ] {
            env.set(object, name, env.count(count)?)?;
        }
        env.set(object, "entries\0", known(env, stats.entries)?)?;
        env.set(object, "expiringEntries\0", known(env, stats.expiring_entries)?)?;
        env.set(object, "liveBytes\0", known(env, stats.live_bytes)?)?;
        env.set(object, "tombstones\0", known(env, stats.tombstones)?)?;
        let failure = match &stats.index_failure {
            Some(reason) => env.string(reason.as_bytes())?,
            None => env.undefined()?,
        };
        env.set(object, "indexFailure\0", failure)?;
        env.set(object, "ready\0", env.boolean(stats.ready)?)?;
        env.set(object, "consumers\0", consumers_value(env, &stats)?)?;
        env.set(object, "lastSyncAt\0", last_sync_at(env, &stats)?)?;
        env.set(object, "lastSyncMs\0", env.milliseconds(stats.last_sync_took)?)?;
        env.set(
            object,
            "lastCompactionError\0",
            match &stats.last_compaction_error {
                Some(error) => to_js(env, error)?,
                None => env.undefined()?,
            },
        )?;
        env.set(object, "rewriting\0", progress_value(env, stats.rewriting)?)?;
        env.set(object, "warming\0", progress_value(env, stats.warming)?)?;
        env.set(object, "following\0", following_value(env, &stats)?)?;
        env.set(object, "poisoned\0", env.boolean(stats.poisoned)?)?;
        env.set(object, "open\0", env.boolean(stats.open)?)?;
        Ok(object)
    })
}

/// A count; undefined while it is not known.
pub(super) fn known(env: Env, count: Option<u64>) -> Answer<Value> {
    count.map_or_else(|| env.undefined(), |count| env.count(count))
}

/// `untoldFailure()`: the first failure of an automatic compaction, once; undefined otherwise
pub(super) extern "C" fn untold_failure(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<0>| match Handle::of(call).engine.take_untold_failure() {
        Some(error) => to_js(call.env, &error),
        None => call.env.undefined(),
    })
}

#[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
fn last_sync_at(env: Env, stats: &StoreStats) -> Answer<Value> {
    if stats.last_sync_at == 0 { env.undefined() } else { env.number(stats.last_sync_at as f64) }
}

fn consumers_value(env: Env, stats: &StoreStats) -> Answer<Value> {
    let consumers = stats.consumers.iter().map(|(name, position)| {
        let consumer = env.object()?;
        env.set(consumer, "name\0", env.string(name.as_bytes())?)?;
        env.set(consumer, "position\0", env.count(position)?)?;
        Ok(consumer)
    });
    env.array(&consumers.collect::<Answer<Vec<_>>>()?)
}

/// `{ restarts, lastRestart, error }`
fn following_value(env: Env, stats: &StoreStats) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "restarts\0", env.count(stats.restarts)?)?;
    env.set(object, "lastRestart\0", restart_value(env, stats.last_restart)?)?;
    if let Some(error) = &stats.follow_error {
        env.set(object, "error\0", to_js(env, error)?)?;
    }
    Ok(object)
}

/// `{ reason, before, after }`
pub(super) fn restart_value(env: Env, restart: Option<Restart>) -> Answer<Value> {
    let Some(restart) = restart else { return env.undefined() };
    let reason = match restart.reason {
        RestartReason::Checkpoint => "checkpoint",
        RestartReason::Cut => "cut",
        RestartReason::Replaced => "replaced",
    };
    let object = env.object()?;
    env.set(object, "reason\0", env.string(reason.as_bytes())?)?;
    env.set(object, "before\0", env.count(restart.before)?)?;
    env.set(object, "after\0", env.count(restart.after)?)?;
    Ok(object)
}

fn progress_value(env: Env, progress: Option<Progress>) -> Answer<Value> {
    let Some(progress) = progress else { return env.undefined() };
    let object = env.object()?;
    env.set(object, "written\0", env.count(progress.written)?)?;
    env.set(object, "expected\0", env.count(progress.expected)?)?;
    Ok(object)
}
