//! Work on a libuv thread, and the call back to JavaScript when it is done.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

use super::error::to_js;
use super::js::{Answer, Env, Value, check};
use crate::{Error, Result};

/// What the callback of a job gets after its error argument.
type Finish = Box<dyn FnOnce(Env) -> Answer<Vec<Value>>>;

/// One piece of work. `T` carries the result from the worker to the JavaScript thread.
struct Job<T, F> {
    run: Option<Box<dyn FnOnce() -> T + Send>>,
    result: Option<T>,
    finish: Option<F>,
    callback: sys::napi_ref,
    work: sys::napi_async_work,
}

/// Runs `run` on a libuv thread, then `finish` with its result on this one, then the JavaScript
/// function `callback` with `(error)` or `(undefined, …values of finish)`.
pub(super) fn spawn<T: Send + 'static, F>(
    env: Env,
    callback: Value,
    run: impl FnOnce() -> T + Send + 'static,
    finish: F,
) -> Answer<()>
where
    F: FnOnce(Option<T>) -> Result<Finish> + 'static,
{
    let mut reference = ptr::null_mut();
    // SAFETY: `callback` is an argument of the running call; the out parameter outlives this one.
    check(unsafe { sys::napi_create_reference(env.raw(), callback, 1, &raw mut reference) })?;
    let job = Box::into_raw(Box::new(Job {
        run: Some(Box::new(run)),
        result: None,
        finish: Some(finish),
        callback: reference,
        work: ptr::null_mut(),
    }));
    let queued = queue(env, job);
    if queued.is_err() {
        // SAFETY: the job was not queued, so this is the only pointer to it.
        unsafe { Box::from_raw(job).discard(env) };
    }
    queued
}

fn queue<T, F>(env: Env, job: *mut Job<T, F>) -> Answer<()>
where
    F: FnOnce(Option<T>) -> Result<Finish>,
{
    let name = env.string(b"softadastra-store")?;
    // SAFETY: `job` stays alive until `complete` takes it back, which Node calls exactly once for
    // work that was queued.
    unsafe {
        check(sys::napi_create_async_work(
            env.raw(),
            ptr::null_mut(),
            name,
            Some(execute::<T, F>),
            Some(complete::<T, F>),
            job.cast::<c_void>(),
            &raw mut (*job).work,
        ))?;
        check(sys::napi_queue_async_work(env.raw(), (*job).work))
    }
}

/// SAFETY: Node calls this once on a worker, with the pointer that was queued; the JavaScript thread
/// does not touch the job meanwhile.
unsafe extern "C" fn execute<T, F>(_env: sys::napi_env, data: *mut c_void) {
    // SAFETY: see above.
    let job = unsafe { &mut *data.cast::<Job<T, F>>() };
    if let Some(run) = job.run.take() {
        job.result = catch_unwind(AssertUnwindSafe(run)).ok();
    }
}

/// SAFETY: Node calls this once on the JavaScript thread after `execute`, in a handle scope.
unsafe extern "C" fn complete<T, F>(
    env: sys::napi_env,
    _status: sys::napi_status,
    data: *mut c_void,
) where
    F: FnOnce(Option<T>) -> Result<Finish>,
{
    let env = Env::new(env);
    // SAFETY: `data` came from `Box::into_raw` in `spawn`, and nobody else has it any more.
    let mut job = unsafe { Box::from_raw(data.cast::<Job<T, F>>()) };
    let callback = callback_of(env, job.callback);
    let (result, finish) = (job.result.take(), job.finish.take());
    // SAFETY: the work is done and not used again.
    unsafe { job.discard(env) };
    let report = || -> Answer<()> {
        let outcome = match finish {
            Some(finish) => finish(result),
            None => Err(Error::Internal { reason: "a job ended twice" }),
        };
        let args = match outcome {
            Ok(values) => {
                let mut args = vec![env.undefined()?];
                args.extend(values(env)?);
                args
            }
            Err(error) => vec![to_js(env, &error)?],
        };
        // An exception that the callback throws stays pending, and Node reports it as uncaught.
        env.call(callback?, &args).map(drop)
    };
    // While the environment is going down there is nobody to tell.
    let _ = catch_unwind(AssertUnwindSafe(report));
}

fn callback_of(env: Env, reference: sys::napi_ref) -> Answer<Value> {
    let mut callback = ptr::null_mut();
    // SAFETY: the reference is deleted only in `discard`.
    check(unsafe { sys::napi_get_reference_value(env.raw(), reference, &raw mut callback) })?;
    Ok(callback)
}

impl<T, F> Job<T, F> {
    /// SAFETY: the job must not be queued, or be done.
    unsafe fn discard(self, env: Env) {
        // SAFETY: reference and work were made in `spawn` and are used no more.
        unsafe {
            sys::napi_delete_reference(env.raw(), self.callback);
            if !self.work.is_null() {
                sys::napi_delete_async_work(env.raw(), self.work);
            }
        }
    }
}

/// A job whose callback gets nothing but an error.
pub(super) fn spawn_plain(
    env: Env,
    callback: Value,
    run: impl FnOnce() -> Result<()> + Send + 'static,
) -> Answer<()> {
    spawn(env, callback, run, |done| {
        done.unwrap_or(Err(PANICKED))?;
        Ok(Box::new(|_| Ok(Vec::new())) as Finish)
    })
}

/// What a job reports whose worker panicked.
pub(super) const PANICKED: Error = Error::Internal { reason: "the addon panicked" };
