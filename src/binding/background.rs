//! Calls that can take seconds, on a thread of their own: the few workers of libuv would be missed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::abort;
use super::error::{Fault, to_js};
use super::job::PANICKED;
use super::js::{Answer, Env, Value};
use super::threadsafe::Caller;
use crate::{Control, Error, Progress, Result};

/// Shows a result to JavaScript.
type Show<T> = fn(Env, &T) -> Answer<Value>;

enum Message<T> {
    Progress(Progress),
    Done(Result<T>, Show<T>),
}

/// Runs `run` on a thread of its own and gives `{ abort }`. `tell` is called with
/// `(undefined, undefined, written, expected)` as it goes on and with `(error)` or
/// `(undefined, result)` at the end; it must not throw. The process stays alive until then. When the
/// environment goes down before, the call is aborted.
pub(super) fn spawn<T: Send + 'static>(
    env: Env,
    tell: Value,
    run: impl FnOnce(&Control) -> Result<T> + Send + 'static,
    show: Show<T>,
) -> Answer<Value> {
    let caller = Arc::new(Caller::new(env, tell, arguments::<T>)?);
    let watcher = Arc::clone(&caller);
    let control = Control::watched(move |progress| watcher.call(Message::Progress(progress)));
    let control = Arc::new(control);
    let stopped = Arc::downgrade(&control);
    caller.at_end(move || {
        if let Some(control) = stopped.upgrade() {
            control.abort();
        }
    });
    let begun = thread::Builder::new().name("softadastra-store".into()).spawn({
        let (caller, control) = (Arc::clone(&caller), Arc::clone(&control));
        move || {
            let done = catch_unwind(AssertUnwindSafe(|| run(&control))).unwrap_or(Err(PANICKED));
            caller.call(Message::Done(done, show));
            caller.release();
        }
    });
    if begun.is_err() {
        caller.release();
        let reason = "the system gave no thread for a long call";
        return Err(Fault::Store(Error::Internal { reason }));
    }
    abort::show(env, control)
}

fn arguments<T>(env: Env, message: Message<T>) -> Answer<Vec<Value>> {
    match message {
        Message::Progress(Progress { written, expected }) => {
            let nothing = env.undefined()?;
            Ok(vec![nothing, nothing, env.count(written)?, env.count(expected)?])
        }
        Message::Done(Ok(result), show) => Ok(vec![env.undefined()?, show(env, &result)?]),
        Message::Done(Err(error), _) => Ok(vec![to_js(env, &error)?]),
    }
}
