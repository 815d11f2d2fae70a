//! The functions that JavaScript has of a store.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use napi::sys;

use super::bell::Bell;
use super::call::{Call, bind, enter};
use super::handle::Handle;
use super::js::{Answer, Callback, Env, Value};
use super::snapshots::Snapshots;
use super::{
    commit, compact, consumer, lifecycle, listen, load, many, operations, read, scan, snapshot,
    stage, stats, sweep, watch,
};
use crate::engine::Staging;
use crate::{Share, StoreConfig};

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
    ("stageExpiring\0", stage::stage_expiring),
    ("stageRemove\0", stage::stage_remove),
    ("stageApply\0", stage::stage_apply),
    ("stageAcknowledgement\0", stage::stage_acknowledgement),
    ("beginBatch\0", stage::begin_batch),
    ("endBatch\0", stage::end_batch),
    ("cancelBatch\0", stage::cancel_batch),
    ("commit\0", commit::commit),
    ("commitNow\0", commit::commit_now),
    ("commitQuickly\0", commit::commit_quickly),
    ("finishCommit\0", commit::finish_commit),
    ("followCommit\0", commit::follow_commit),
    ("takeFollowed\0", commit::take_followed),
    ("compact\0", compact::compact),
    ("backup\0", compact::backup),
    ("sweep\0", sweep::sweep),
    ("operations\0", operations::operations),
    ("readableSequence\0", operations::readable_sequence),
    ("whenMore\0", operations::when_more),
    ("waitNoMore\0", operations::wait_no_more),
    ("watch\0", watch::watch),
    ("listen\0", listen::listen),
    ("whenRung\0", watch::when_rung),
    ("ringNoMore\0", watch::ring_no_more),
    ("takeRung\0", watch::take_rung),
    ("consumer\0", consumer::consumer),
    ("consumerPosition\0", consumer::consumer_position),
    ("acknowledge\0", consumer::acknowledge),
    ("acknowledgeNow\0", consumer::acknowledge_now),
    ("removeConsumer\0", consumer::remove_consumer),
    ("recover\0", lifecycle::recover),
    ("ready\0", lifecycle::ready),
    ("refresh\0", lifecycle::refresh),
    ("loadKeys\0", load::load_keys),
    ("loadRange\0", load::load_range),
    ("flush\0", lifecycle::flush),
    ("flushNow\0", lifecycle::flush_now),
    ("close\0", lifecycle::close),
];

/// `openHandle({ mode, path, autoFlush, stagedBytesLimit, compaction, memoryLimit, nodeId, tombstoneLife, sweep, wait })`
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
            bell: Bell::default(),
        });
        bind(env, &handle, FUNCTIONS)
    })
}

fn config(env: Env, options: Value) -> Answer<StoreConfig> {
    let mode = env.text(env.property(options, "mode\0")?)?;
    if mode == "memory" {
        return with_common(env, options, StoreConfig::memory_only());
    }
    let path = env.text(env.property(options, "path\0")?)?;
    if mode == "follow" {
        let waits = env.as_bool(env.property(options, "wait\0")?)?;
        let config = StoreConfig::following(path);
        return Ok(if waits { config.waiting() } else { config });
    }
    let auto_flush = env.as_bool(env.property(options, "autoFlush\0")?)?;
    let config = if auto_flush { StoreConfig::durable(path) } else { StoreConfig::buffered(path) };
    let compaction = compact::policy(env, env.property(options, "compaction\0")?)?;
    with_common(env, options, config.with_compaction(compaction))
}

/// What stores in memory and those with a log are asked for alike.
fn with_common(env: Env, options: Value, mut config: StoreConfig) -> Answer<StoreConfig> {
    config = config.with_sweeping(env.as_bool(env.property(options, "sweep\0")?)?);
    let count = |name| {
        let given = env.property(options, name)?;
        let is_given = env.type_of(given)? != sys::ValueType::napi_undefined;
        is_given.then(|| env.as_count(given)).transpose()
    };
    if let Some(limit) = count("memoryLimit\0")? {
        config = config.with_memory_limit(limit);
    }
    if let Some(node) = count("nodeId\0")? {
        config = config.with_node_id(node);
    }
    if let Some(life) = count("tombstoneLife\0")? {
        config = config.with_tombstones(i64::try_from(life).unwrap_or(i64::MAX));
    }
    Ok(config)
}
