//! Calls that can take seconds, on threads of their own: libuv has few workers, and ending a thread or the process waits
//! for those.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::abort;
use super::error::to_js;
use super::fault::Fault;
use super::job::PANICKED;
use super::js::{Answer, Env, Value};
use super::threadsafe::Caller;
use crate::background::{Crew, Work};
use crate::{Control, Error, Progress, Result};

/// As many logs are recovered at once as libuv has workers; what comes later waits.
static OPENING: Crew = Crew::new("store-open", 4);

/// Shows a result to JavaScript.
type Show<T> = fn(Env, T) -> Answer<Value>;

enum Message<T> {
    Progress(Progress),
    Done(Result<T>, Show<T>),
}

/// Runs `run` on a thread of its own and gives `{ abort }`. `tell` is called with
/// `(undefined, undefined, written, expected)` as it goes on and with `(error)` or
/// `(undefined, result)` at the end; it must not throw. The process stays alive until then. When the
/// environment goes down before, the call is aborted, and nobody waits for that.
pub(super) fn spawn<T: Send + 'static>(
    env: Env,
    tell: Value,
    run: impl FnOnce(&Control) -> Result<T> + Send + 'static,
    show: Show<T>,
) -> Answer<Value> {
    let begin = |work: Work| {
        thread::Builder::new().name("softadastra-store".into()).spawn(work).map(drop).is_ok()
    };
    spawn_by(begin, env, tell, run, show)
}

/// [`spawn`], on one of the few threads that open logs.
pub(super) fn spawn_opening<T: Send + 'static>(
    env: Env,
    tell: Value,
    run: impl FnOnce(&Control) -> Result<T> + Send + 'static,
    show: Show<T>,
) -> Answer<Value> {
    spawn_by(|work| OPENING.send(work).is_ok(), env, tell, run, show)
}

fn spawn_by<T: Send + 'static>(
    begin: impl FnOnce(Work) -> bool,
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
    let started = begin(Box::new({
        let (caller, control) = (Arc::clone(&caller), Arc::clone(&control));
        move || {
            let run = || control.check().and_then(|()| run(&control));
            let done = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(PANICKED));
            caller.call(Message::Done(done, show));
            caller.release();
        }
    }));
    if !started {
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
        Message::Done(Ok(result), show) => Ok(vec![env.undefined()?, show(env, result)?]),
        Message::Done(Err(error), _) => Ok(vec![to_js(env, &error)?]),
    }
}
