//! JavaScript strings on memory of the addon, without a copy.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};

use napi::sys;

use super::js::{Answer, Env, Value, check};

/// `node_api_create_external_string_latin1` and `…_utf16`, which Node has since 20.4.
type Create<Unit> = unsafe extern "C" fn(
    sys::napi_env,
    *const Unit,
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
    static CREATE: OnceLock<Option<Create<c_char>>> = OnceLock::new();
    let found = CREATE.get_or_init(|| find(b"node_api_create_external_string_latin1\0"));
    let Some(create) = *found else { return env.latin1(bytes) };
    // SAFETY: nobody writes to a blob once it is in an `Arc`.
    unsafe { share(env, create, bytes.as_ptr().cast(), bytes.len(), Arc::clone(bytes)) }
}

/// Makes a string of UTF-16 that is given away; see [`string`].
pub(super) fn utf16(env: Env, units: Box<[u16]>) -> Answer<Value> {
    static CREATE: OnceLock<Option<Create<u16>>> = OnceLock::new();
    let found = CREATE.get_or_init(|| find(b"node_api_create_external_string_utf16\0"));
    let Some(create) = *found else { return env.utf16(&units) };
    // SAFETY: nobody else has the units, and the contents of a box stay where they are when it moves.
    unsafe { share(env, create, units.as_ptr(), units.len(), units) }
}

/// SAFETY: `create` must be a function of the runtime for such units; `len` of them must lie at `text`,
/// unchanged for as long as `owner` lives.
unsafe fn share<Unit, Owner>(
    env: Env,
    create: Create<Unit>,
    text: *const Unit,
    len: usize,
    owner: Owner,
) -> Answer<Value> {
    let hint = Box::into_raw(Box::new(owner));
    let (mut value, mut copied) = (ptr::null_mut(), false);
    // SAFETY: the memory behind `text` lives until `release` drops the owner, see above.
    let status = unsafe {
        let release = Some(release::<Owner> as unsafe extern "C" fn(_, _, _));
        let (value, copied) = (&raw mut value, &raw mut copied);
        create(env.raw(), text, len.cast_signed(), release, hint.cast(), value, copied)
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
unsafe extern "C" fn release<Owner>(_env: sys::napi_env, _text: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` came from `Box::into_raw` in `share`.
    unsafe { drop(Box::from_raw(hint.cast::<Owner>())) };
}

#[cfg(unix)]
fn find<Unit>(name: &[u8]) -> Option<Create<Unit>> {
    let process = libloading::os::unix::Library::this();
    // SAFETY: the signature is the documented one, and the runtime outlives its addons.
    unsafe { process.get::<Create<Unit>>(name).ok().map(|f| *f) }
}

/// Which module has the functions of the runtime depends on how it was built; strings are copied.
#[cfg(not(unix))]
fn find<Unit>(_: &[u8]) -> Option<Create<Unit>> {
    None
}
