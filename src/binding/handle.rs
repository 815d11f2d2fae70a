//! One store as JavaScript holds it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use napi::sys;

use super::bytes::Scratch;
use super::call::{Call, bind, enter};
use super::job::{self, PANICKED};
use super::js::{Answer, Callback, Env, Value};
use super::snapshot::{self, Snapshots};
use super::{background, compact, consumer, many, operations, read, scan, stage, stats};
use crate::engine::{GroupOutcome, RecoveryReport, Refusal, Staging};
use crate::{Control, Error, Share, StoreConfig, Waiting};

/// A store and what one JavaScript thread needs to use it. It lives on that thread; jobs take the
/// engine and the group with them.
pub(super) struct Handle {
    pub(super) engine: Arc<Share>,
    pub(super) staging: RefCell<Staging>,
    pub(super) snapshots: Snapshots,
    pub(super) scratch: RefCell<Scratch>,
    /// The wake of all who follow the history through this handle.
    pub(super) waiting: RefCell<Option<Waiting>>,
}

const FUNCTIONS: &[(&str, Callback)] = &[
    ("get\0", read::get),
    ("getString\0", read::get_string),
    ("getBytes\0", read::get_bytes),
    ("getMany\0", many::get_many),
    ("getEach\0", many::get_each),
    ("contains\0", read::contains),
    ("size\0", read::size),
    ("lastSequence\0", read::last_sequence),
    ("lastRecoveredSequence\0", read::last_recovered_sequence),
    ("stats\0", stats::stats),
    ("untoldFailure\0", stats::untold_failure),
    ("scan\0", scan::scan_store),
    ("snapshot\0", snapshot::snapshot),
    ("stagePut\0", stage::stage_put),
    ("stageRemove\0", stage::stage_remove),
    ("stageApply\0", stage::stage_apply),
    ("beginBatch\0", stage::begin_batch),
    ("endBatch\0", stage::end_batch),
    ("cancelBatch\0", stage::cancel_batch),
    ("commit\0", commit),
    ("commitNow\0", commit_now),
    ("compact\0", compact::compact),
    ("backup\0", compact::backup),
    ("operations\0", operations::operations),
    ("readableSequence\0", operations::readable_sequence),
    ("whenMore\0", operations::when_more),
    ("waitNoMore\0", operations::wait_no_more),
    ("consumer\0", consumer::consumer),
    ("consumerPosition\0", consumer::consumer_position),
    ("acknowledge\0", consumer::acknowledge),
    ("removeConsumer\0", consumer::remove_consumer),
    ("recover\0", recover),
    ("flush\0", flush),
    ("close\0", close),
];

/// `openHandle({ mode, path, autoFlush, stagedBytesLimit, compaction })`
pub(super) extern "C" fn open_handle(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let [options] = call.args;
        let env = call.env;
        let limit = env.as_f64(env.property(options, "stagedBytesLimit\0")?)?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked in JavaScript"
        )]
        let staged_limit = limit as usize;
        let handle = Rc::new(Handle {
            engine: Arc::new(Share::new(config(env, options)?)),
            staging: RefCell::new(Staging::new(staged_limit)),
            snapshots: Snapshots::default(),
            scratch: RefCell::default(),
            waiting: RefCell::default(),
        });
        bind(env, &handle, FUNCTIONS)
    })
}

fn config(env: Env, options: Value) -> Answer<StoreConfig> {
    let mode = env.text(env.property(options, "mode\0")?)?;
    if mode == "memory" {
        return Ok(StoreConfig::memory_only());
    }
    let path = env.text(env.property(options, "path\0")?)?;
    let auto_flush = env.as_bool(env.property(options, "autoFlush\0")?)?;
    let config = if auto_flush { StoreConfig::durable(path) } else { StoreConfig::buffered(path) };
    let compaction = compact::policy(env, env.property(options, "compaction\0")?)?;
    Ok(config.with_compaction(compaction))
}

impl Handle {
    /// The handle behind a function of [`FUNCTIONS`].
    pub(super) fn of<const N: usize>(call: &Call<N>) -> &Self {
        // SAFETY: the callbacks that ask are in FUNCTIONS only, which `open_handle` binds to a Handle.
        unsafe { call.owner() }
    }
}

/// `commitNow()`: `[firstSequence, outcomes, refusals]`, done on this thread, for a store without a disk
extern "C" fn commit_now(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
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
extern "C" fn commit(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
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

/// `recover(tell)`: see [`background::spawn`]. Without a report when another thread opens or closes the log just now,
/// which is not waited for here.
extern "C" fn recover(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        let run = move |control: &Control| engine.try_recover(control);
        background::spawn_opening(call.env, call.args[0], run, |env, report| match report {
            Some(report) => report_value(env, &report),
            None => env.undefined(),
        })
    })
}

fn report_value(env: Env, report: &RecoveryReport) -> Answer<Value> {
    let object = env.object()?;
    env.set(object, "checkpointEntries\0", env.count(report.checkpoint_entries)?)?;
    env.set(object, "records\0", env.count(report.records)?)?;
    env.set(object, "entries\0", env.count(report.entries)?)?;
    env.set(object, "lastSequence\0", env.count(report.last_sequence)?)?;
    env.set(object, "bytesKept\0", env.count(report.bytes_kept)?)?;
    env.set(object, "bytesCut\0", env.count(report.bytes_cut)?)?;
    if let Some(path) = &report.cut_saved_to {
        env.set(object, "cutSavedTo\0", env.string(path.to_string_lossy().as_bytes())?)?;
    }
    env.set(object, "durationMs\0", env.milliseconds(report.duration)?)?;
    env.set(object, "created\0", env.boolean(report.created)?)?;
    env.set(object, "cleanShutdown\0", env.boolean(report.clean_shutdown)?)?;
    Ok(object)
}

/// `flush(callback(error))`
extern "C" fn flush(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        job::spawn_plain(call.env, call.args[0], move || engine.flush())?;
        call.env.undefined()
    })
}

/// `close(callback(error))`
extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let engine = Arc::clone(&Handle::of(call).engine);
        job::spawn_plain(call.env, call.args[0], move || engine.close())?;
        call.env.undefined()
    })
}
