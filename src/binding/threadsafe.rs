//! Calls into JavaScript from threads that are not its own.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use napi::sys;

use super::js::{Answer, Env, Value, check};
use crate::lease::Lease;

/// Makes the arguments of the JavaScript function from a message.
type Show<M> = fn(Env, M) -> Answer<Vec<Value>>;
type AtEnd = Box<dyn FnOnce() + Send>;

/// A JavaScript function that any thread can have called. It keeps the process alive until it is
/// released, unless it is detached.
pub(super) struct Caller<M: Send + 'static>(Arc<Shared<M>>);

struct Shared<M> {
    /// Over once it is released or the environment is gone; Node frees it then.
    function: Lease<Function>,
    at_end: Mutex<Option<AtEnd>>,
    show: Show<M>,
}

struct Function(sys::napi_threadsafe_function);

// SAFETY: that is what a threadsafe function is for.
unsafe impl Send for Function {}

impl<M: Send + 'static> Caller<M> {
    pub(super) fn new(env: Env, function: Value, show: Show<M>) -> Answer<Self> {
        let at_end = Mutex::default();
        let shared = Arc::new(Shared { function: Lease::default(), at_end, show });
        let name = env.string(b"softadastra-store")?;
        let context = Arc::into_raw(Arc::clone(&shared)).cast_mut().cast::<c_void>();
        let (no_resource, no_data) = (ptr::null_mut(), ptr::null_mut());
        let (unlimited, threads) = (0, 1);
        let mut made = ptr::null_mut();
        // SAFETY: the values belong to the running callback. `context` is a count that `end` gives
        // back, which Node calls exactly once for a function that was made.
        let status = unsafe {
            let (end, call) = (Some(end::<M> as _), Some(call::<M> as _));
            let made = &raw mut made;
            sys::napi_create_threadsafe_function(
                env.raw(),
                function,
                no_resource,
                name,
                unlimited,
                threads,
                no_data,
                end,
                context,
                call,
                made,
            )
        };
        if status != sys::Status::napi_ok {
            // SAFETY: nothing was made, so the count is still ours.
            unsafe { drop(Arc::from_raw(context.cast::<Shared<M>>())) };
        }
        check(status)?;
        shared.function.begin(Function(made));
        Ok(Self(shared))
    }

    /// The process may end although this waits to be called.
    pub(super) fn detach(&self, env: Env) -> Answer<()> {
        let mut status = sys::Status::napi_ok;
        self.0.function.use_while(|function| {
            // SAFETY: this is the thread of the environment, and the lease keeps the function.
            status = unsafe { sys::napi_unref_threadsafe_function(env.raw(), function.0) };
            true
        });
        check(status)
    }

    /// Has `at_end` called on the JavaScript thread when no call can come any more. Before the first
    /// call only.
    pub(super) fn at_end(&self, at_end: impl FnOnce() + Send + 'static) {
        self.0.set_at_end(Some(Box::new(at_end)));
    }

    /// Has the function called with this message, unless it is too late for that.
    pub(super) fn call(&self, message: M) {
        self.0.function.use_while(|function| {
            let data = Box::into_raw(Box::new(message));
            let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
            // SAFETY: the lease keeps the function; `data` is taken back by `call` or below.
            let status =
                unsafe { sys::napi_call_threadsafe_function(function.0, data.cast(), mode) };
            let taken = status == sys::Status::napi_ok;
            if !taken {
                // SAFETY: Node did not take it.
                unsafe { drop(Box::from_raw(data)) };
            }
            // One that does not take a call is closing, and must not be touched any more.
            taken
        });
    }

    /// No call will follow.
    pub(super) fn release(&self) {
        self.0.function.end_with(|function| {
            let mode = sys::ThreadsafeFunctionReleaseMode::release;
            // SAFETY: the lease keeps the function until this returns: `end` waits for it.
            unsafe { sys::napi_release_threadsafe_function(function.0, mode) };
        });
    }
}

impl<M: Send + 'static> Shared<M> {
    fn set_at_end(&self, at_end: Option<AtEnd>) -> Option<AtEnd> {
        let mut place = self.at_end.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, at_end)
    }
}

impl<M: Send + 'static> Drop for Caller<M> {
    fn drop(&mut self) {
        self.release();
    }
}

/// SAFETY: Node calls this on the JavaScript thread for each message, without an environment when that
/// is going down.
unsafe extern "C" fn call<M: Send + 'static>(
    env: sys::napi_env,
    function: Value,
    context: *mut c_void,
    data: *mut c_void,
) {
    // SAFETY: `data` came from `Caller::call`.
    let message = unsafe { Box::from_raw(data.cast::<M>()) };
    if env.is_null() || function.is_null() {
        return;
    }
    let env = Env::new(env);
    // SAFETY: `context` is kept until `end`.
    let show = unsafe { &*context.cast::<Shared<M>>() }.show;
    // The JavaScript layer lets nothing escape from its function. When the environment is going down
    // there is nobody to tell.
    let run = || show(env, *message).and_then(|args| env.call(function, &args)).map(drop);
    let _ = catch_unwind(AssertUnwindSafe(run));
}

/// SAFETY: Node calls this once on the JavaScript thread, when the function was released or the
/// environment is going down.
unsafe extern "C" fn end<M: Send + 'static>(
    _env: sys::napi_env,
    _data: *mut c_void,
    context: *mut c_void,
) {
    // SAFETY: the count came from `Arc::into_raw` in `Caller::new`.
    let shared = unsafe { Arc::from_raw(context.cast::<Shared<M>>()) };
    shared.function.end();
    let at_end = shared.set_at_end(None);
    let _ = catch_unwind(AssertUnwindSafe(|| at_end.map(|at_end| at_end())));
}
