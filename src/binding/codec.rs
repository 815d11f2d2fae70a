//! The operation codec and the rules for keys and values, for JavaScript.

use napi::sys;

use super::bytes::{Scratch, Source, array_bytes};
use super::call::{Call, enter};
use super::error::Fault;
use super::js::Value;
use super::key::with_key;
use super::stage::with_operation;
use crate::Error;
use crate::operation::{OperationDecoder, OperationEncoder, OperationType, PAYLOAD_OVERHEAD};
use crate::types;

/// No operation takes more, so nothing longer is copied to look at it.
const LONGEST_PAYLOAD: usize = PAYLOAD_OVERHEAD + types::Key::MAX_LEN + types::Value::MAX_LEN;

/// `encodeOperation(type, key, value, timestamp)`
pub(super) extern "C" fn encode_operation(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<4>| {
        with_operation(call.env, call.args, |operation| {
            let mut payload = Vec::with_capacity(operation.encoded_len());
            OperationEncoder::encode_into(operation, &mut payload)?;
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

/// `validateValue(value)`
pub(super) extern "C" fn validate_value(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<1>| {
        let mut scratch = Scratch::default();
        // SAFETY: the bytes of an array are not copied.
        let source = unsafe { Source::read(call.env, call.args[0], &mut scratch)? };
        if matches!(source, Source::Text(..)) {
            let mut room = vec![0; source.len() + 1];
            source.fill(call.env, &mut room)?;
        }
        call.env.undefined()
    })
}
