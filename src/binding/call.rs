//! The entry of every call: its arguments, the pointer that a function carries, and the guard against panics.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::sys;

use super::fault::Fault;
use super::js::{Answer, Callback, Env, Value, check};
use crate::Error;

/// One call from JavaScript with up to `N` arguments; missing ones are undefined.
pub(super) struct Call<const N: usize> {
    pub(super) env: Env,
    pub(super) args: [Value; N],
    data: *mut c_void,
}

/// Runs the body of a callback: reads the arguments, turns an error into an exception, and keeps a
/// panic from unwinding into Node.
pub(super) fn enter<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Call<N>) -> Answer<Value>,
) -> sys::napi_value {
    let env = Env::new(env);
    let run = || Call::read(env, info).and_then(|call| body(&call));
    let answer = catch_unwind(AssertUnwindSafe(run))
        .unwrap_or(Err(Fault::Store(Error::Internal { reason: "the addon panicked" })));
    answer.unwrap_or_else(|fault| {
        fault.throw(env);
        ptr::null_mut()
    })
}

impl<const N: usize> Call<N> {
    fn read(env: Env, info: sys::napi_callback_info) -> Answer<Self> {
        let mut args = [ptr::null_mut(); N];
        let mut count = N;
        let mut data = ptr::null_mut();
        let this = ptr::null_mut();
        // SAFETY: `args` has room for `count` values, and Node fills missing ones with undefined.
        check(unsafe {
            let args = args.as_mut_ptr();
            sys::napi_get_cb_info(env.raw(), info, &raw mut count, args, this, &raw mut data)
        })?;
        Ok(Self { env, args, data })
    }

    /// What the called function belongs to.
    ///
    /// SAFETY: the function must have been made by [`bind`] with the same `T`.
    pub(super) unsafe fn owner<T>(&self) -> &T {
        // SAFETY: `bind` stored a pointer from `Rc::into_raw`, whose count is given back only when
        // the function is collected, and a function that runs is not.
        unsafe { &*self.data.cast::<T>() }
    }
}

impl<const N: usize> Call<N> {
    /// Like [`owner`](Self::owner), but kept beyond the call.
    ///
    /// SAFETY: as for `owner`.
    pub(super) unsafe fn share<T>(&self) -> Rc<T> {
        let owner = self.data.cast::<T>().cast_const();
        // SAFETY: `bind` stored a pointer from `Rc::into_raw`; the count added here is the one that
        // the returned pointer gives back.
        unsafe {
            Rc::increment_strong_count(owner);
            Rc::from_raw(owner)
        }
    }
}

/// An object of functions that share `owner`. Each function keeps it alive by itself, so a caller
/// may take them off the object.
pub(super) fn bind<T: 'static>(
    env: Env,
    owner: &Rc<T>,
    functions: &[(&str, Callback)],
) -> Answer<Value> {
    let object = env.object()?;
    for (name, callback) in functions {
        let data = Rc::into_raw(Rc::clone(owner)).cast_mut().cast::<c_void>();
        let function = env.function(name, *callback, data).and_then(|function| {
            // SAFETY: `release` gives back exactly the count that `data` holds.
            check(unsafe {
                let hint = ptr::null_mut();
                let reference = ptr::null_mut();
                sys::napi_add_finalizer(
                    env.raw(),
                    function,
                    data,
                    Some(release::<T>),
                    hint,
                    reference,
                )
            })?;
            Ok(function)
        });
        if function.is_err() {
            // SAFETY: no finalizer was added, so the count is still ours to give back.
            unsafe { drop(Rc::from_raw(data.cast::<T>())) };
        }
        env.set(object, name, function?)?;
    }
    Ok(object)
}

/// SAFETY: called by Node once for each function of [`bind`], on the thread that made it.
unsafe extern "C" fn release<T>(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` came from `Rc::into_raw` in `bind`. A panic in a destructor must not unwind
    // into Node; there is nobody left to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| unsafe { drop(Rc::from_raw(data.cast::<T>())) }));
}
