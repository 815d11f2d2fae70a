//! The operation codec and the rules for keys and values, for JavaScript.

use napi::sys;

use super::bytes::{Scratch, Source, array_bytes};
use super::call::{Call, enter};
use super::fault::Fault;
use super::js::Value;
use super::key::with_key;
use super::stage::{Given, with_operation};
use crate::Error;
use crate::operation::{OperationDecoder, OperationType, PAYLOAD_OVERHEAD, encode_with};
use crate::types;

/// No operation takes more, so nothing longer is copied to look at it.
const LONGEST_PAYLOAD: usize = PAYLOAD_OVERHEAD + types::Key::MAX_LEN + types::Value::MAX_LEN;

/// `encodeOperation(type, key, value, timestamp)`
pub(super) extern "C" fn encode_operation(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<4>| {
        with_operation(call.env, call.args, |Given { kind, key, value, timestamp }| {
            let mut payload = Vec::new();
            encode_with(&mut payload, kind, key, timestamp, |payload| match value {
                Some(value) => value.append(call.env, payload),
                None => Ok(()),
            })?;
            call.env.buffer(&payload)
        })
    })
}

/// `decodeOperation(bytes)`: `[type, key, value, timestamp]`
pub(super) extern "C" fn decode_operation(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<1>| {
        let env = call.env;
        let payload = array_bytes(env, call.args[0]).map_err(|fault| match fault {
            Fault::Store(Error::InvalidValue { .. }) => Fault::Store(Error::InvalidArgument {
                reason: "invalid payload: payload must be a Uint8Array".into(),
            }),
            other => other,
        })?;
        if payload.len() > LONGEST_PAYLOAD {
            let reason = format!(
                "invalid payload: {} bytes, at most {LONGEST_PAYLOAD} are allowed",
                payload.len()
            );
            return Err(Fault::Store(Error::InvalidArgument { reason }));
        }
        // SAFETY: no call of Node-API lies between.
        let payload = unsafe { payload.to_vec() };
        let operation = OperationDecoder::decode_ref(&payload)?;
        let value = match operation.kind {
            OperationType::Put if std::str::from_utf8(operation.value).is_ok() => {
                env.string(operation.value)?
            }
            OperationType::Put => env.buffer(operation.value)?,
            OperationType::Delete => env.undefined()?,
        };
        let kind = env.string(operation.kind.as_str().as_bytes())?;
        let key = env.string(operation.key.as_bytes())?;
        #[allow(clippy::cast_precision_loss, reason = "JavaScript refuses what is not exact")]
        let timestamp = env.number(operation.timestamp as f64)?;
        env.array(&[kind, key, value, timestamp])
    })
}

/// `validateKey(key)`
pub(super) extern "C" fn validate_key(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| with_key(call.env, call.args[0], |_| call.env.undefined()))
}

/// `validateValue(value, isWellFormed)`: the second says it of a string
pub(super) extern "C" fn validate_value(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [value, is_well_formed] = call.args;
        let mut scratch = Scratch::default();
        // SAFETY: the bytes of an array are not copied.
        let source = unsafe { Source::read(call.env, value, &mut scratch)? };
        source.validate(call.env, call.env.as_bool(is_well_formed)?)?;
        call.env.undefined()
    })
}
