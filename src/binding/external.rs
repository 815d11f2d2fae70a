//! Strings of JavaScript that read the memory of the store instead of a copy.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};

use napi::sys;

use super::js::{Answer, Env, Value, check};

/// `node_api_create_external_string_latin1`, which Node has since 20.4.
type Create = unsafe extern "C" fn(
    sys::napi_env,
    *const c_char,
    isize,
    sys::napi_finalize,
    *mut c_void,
    *mut Value,
    *mut bool,
) -> sys::napi_status;

/// Makes a string of ASCII `bytes` that shares their memory and keeps it alive; a copy where the
/// runtime has no such strings.
///
/// Only strings: buffers on foreign memory are refused where V8 keeps all memory in a cage, as in
/// Electron. There a string is copied by the runtime itself, which then says so.
pub(super) fn string(env: Env, bytes: &Arc<[u8]>) -> Answer<Value> {
    let Some(create) = create() else { return env.latin1(bytes) };
    let (text, len) = (bytes.as_ptr().cast::<c_char>(), bytes.len().cast_signed());
    let hint = Box::into_raw(Box::new(Arc::clone(bytes)));
    let (mut value, mut copied) = (ptr::null_mut(), false);
    // SAFETY: the memory behind `text` lives until `release` drops the count that `hint` holds, and
    // nobody writes to it: a blob is never changed once it is in an `Arc`.
    let status = unsafe {
        let hint = hint.cast::<c_void>();
        let (value, copied) = (&raw mut value, &raw mut copied);
        create(env.raw(), text, len, Some(release), hint, value, copied)
    };
    // A runtime that copied has called `release` already; one that failed has not.
    if status != sys::Status::napi_ok {
        // SAFETY: `hint` was not handed over.
        unsafe { drop(Box::from_raw(hint)) };
    }
    check(status)?;
    Ok(value)
}

/// SAFETY: called once for each string, when it is collected or was copied.
unsafe extern "C" fn release(_env: sys::napi_env, _text: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` came from `Box::into_raw` in `string`.
    unsafe { drop(Box::from_raw(hint.cast::<Arc<[u8]>>())) };
}

fn create() -> Option<Create> {
    static CREATE: OnceLock<Option<Create>> = OnceLock::new();
    *CREATE.get_or_init(find)
}

#[cfg(unix)]
fn find() -> Option<Create> {
    let process = libloading::os::unix::Library::this();
    // SAFETY: the signature is the documented one, and the runtime outlives its addons.
    unsafe { process.get::<Create>(b"node_api_create_external_string_latin1\0").ok().map(|f| *f) }
}

/// Which module has the functions of the runtime depends on how it was built; strings are copied.
#[cfg(not(unix))]
fn find() -> Option<Create> {
    None
}
