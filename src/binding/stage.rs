//! Writes on their way into the pending group.

use napi::sys;

use super::bytes::{Scratch, Source};
use super::call::{Call, enter};
use super::fault::Fault;
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use super::key::with_key;
use crate::Error;
use crate::engine::{Admission, Group, IfNewer};
use crate::operation::OperationType;

/// `stagePut(key, value, ifVersion)`
pub(super) extern "C" fn stage_put(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<3>| {
        let [key, value, if_version] = call.args;
        let env = call.env;
        let if_version = condition(env, if_version)?;
        stage(call, |group| {
            with_key(env, key, |key| {
                let mut scratch = Handle::of(call).scratch.borrow_mut();
                // SAFETY: the group is Rust alone.
                let source = unsafe { Source::read(env, value, &mut scratch)? };
                Ok(group.put_with(key, if_version, |frame| source.append(env, frame))?)
            })
        })
    })
}

/// `stageExpiring(key, value, ifVersion, expiresAt)`
pub(super) extern "C" fn stage_expiring(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<4>| {
        let [key, value, if_version, expires_at] = call.args;
        let env = call.env;
        let if_version = condition(env, if_version)?;
        let expiry = time(env, expires_at)?;
        stage(call, |group| {
            with_key(env, key, |key| {
                let mut scratch = Handle::of(call).scratch.borrow_mut();
                // SAFETY: the group is Rust alone.
                let source = unsafe { Source::read(env, value, &mut scratch)? };
                let append = |frame: &mut Vec<u8>| source.append(env, frame);
                Ok(group.put_until_with(key, if_version, expiry, append)?)
            })
        })
    })
}

/// `stageRemove(key, ifVersion)`
pub(super) extern "C" fn stage_remove(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [key, if_version] = call.args;
        let if_version = condition(call.env, if_version)?;
        stage(call, |group| with_key(call.env, key, |key| Ok(group.remove(key, if_version)?)))
    })
}

/// `stageApply(type, key, value, timestamp, ifVersion, expiresAt, node, maxAhead)`: 0 for an entry that does not expire; 0 for
/// `node` unless only what is newer is to be applied
pub(super) extern "C" fn stage_apply(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<8>| {
        let [operation @ .., if_version, expires_at, node, max_ahead] = call.args;
        let if_newer = if_newer(call.env, node, max_ahead)?;
        let (if_version, expiry) = (condition(call.env, if_version)?, time(call.env, expires_at)?);
        stage(call, |group| {
            with_operation(call.env, operation, |Given { kind, key, value, timestamp }| {
                let append = |frame: &mut Vec<u8>| match value {
                    Some(value) => value.append(call.env, frame),
                    None => Ok(()),
                };
                match if_newer {
                    Some(newer) => {
                        group.apply_newer_with(kind, key, timestamp, newer, expiry, append)?;
                    }
                    None => {
                        group.apply_until_with(kind, key, timestamp, if_version, expiry, append)?;
                    }
                }
                Ok(())
            })
        })
    })
}

/// `beginBatch()`: as for [`stage`]
pub(super) extern "C" fn begin_batch(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        answer(call.env, Handle::of(call).staging.borrow_mut().begin_batch())
    })
}

/// `stageAcknowledgement(name, sequence)`: of the batch that was just begun
pub(super) extern "C" fn stage_acknowledgement(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [name, sequence] = call.args;
        let (name, sequence) = (call.env.text(name)?, call.env.as_count(sequence)?);
        Handle::of(call).staging.borrow_mut().acknowledge(&name, sequence);
        call.env.undefined()
    })
}

/// `endBatch()`: as for [`stage`]
pub(super) extern "C" fn end_batch(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        answer(call.env, Handle::of(call).staging.borrow_mut().end_batch())
    })
}

/// `cancelBatch()`
pub(super) extern "C" fn cancel_batch(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        Handle::of(call).staging.borrow_mut().cancel_batch();
        call.env.undefined()
    })
}

/// Stages one operation and says what became of it.
fn stage<const N: usize>(
    call: &Call<N>,
    write: impl FnOnce(&mut Group) -> Answer<()>,
) -> Answer<Value> {
    let admission = Handle::of(call).staging.borrow_mut().stage(write)?;
    answer(call.env, admission)
}

/// The numbers that `lib/write/staged-groups.js` knows.
fn answer(env: Env, admission: Admission) -> Answer<Value> {
    env.number(match admission {
        Admission::Staged => 0.0,
        Admission::NoRoom => 1.0,
        Admission::GroupCut => 2.0,
    })
}

/// An operation that JavaScript gave.
pub(super) struct Given<'a> {
    pub(super) kind: OperationType,
    pub(super) key: &'a str,
    pub(super) value: Option<Source<'a>>,
    pub(super) timestamp: i64,
}

/// Hands the operation in `(type, key, value, timestamp)` to `take`.
pub(super) fn with_operation<R>(
    env: Env,
    [kind, key, value, timestamp]: [Value; 4],
    take: impl FnOnce(Given<'_>) -> Answer<R>,
) -> Answer<R> {
    let kind = match env.text(kind)?.as_str() {
        "put" => OperationType::Put,
        "delete" => OperationType::Delete,
        other => {
            let reason = format!("invalid operation: type must be put or delete, not {other}");
            return Err(Fault::Store(Error::InvalidArgument { reason }));
        }
    };
    #[allow(clippy::cast_possible_truncation, reason = "JavaScript passes a safe integer")]
    let timestamp = env.as_f64(timestamp)? as i64;
    with_key(env, key, |key| {
        let mut scratch = Scratch::default();
        let value = if env.is_undefined(value)? {
            None
        } else {
            // SAFETY: what `take` does before it appends the value is Rust alone.
            Some(unsafe { Source::read(env, value, &mut scratch)? })
        };
        take(Given { kind, key, value, timestamp })
    })
}

/// When an entry expires; nothing for 0.
#[allow(clippy::cast_possible_truncation, reason = "JavaScript passes a safe integer")]
fn time(env: Env, at: Value) -> Answer<Option<i64>> {
    let at = env.as_f64(at)? as i64;
    Ok((at != 0).then_some(at))
}

/// The condition that an operation is newer; none without a node. -1 is no bound.
#[allow(clippy::cast_possible_truncation, reason = "JavaScript passes a safe integer")]
fn if_newer(env: Env, node: Value, max_ahead: Value) -> Answer<Option<IfNewer>> {
    let node = env.as_count(node)?;
    if node == 0 {
        return Ok(None);
    }
    let max_ahead = env.as_f64(max_ahead)? as i64;
    Ok(Some(IfNewer { node, max_ahead: (max_ahead >= 0).then_some(max_ahead) }))
}

/// A version to be met; -1 for none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "JavaScript passes a safe integer"
)]
fn condition(env: Env, if_version: Value) -> Answer<Option<u64>> {
    let version = env.as_f64(if_version)?;
    Ok((version >= 0.0).then_some(version as u64))
}
