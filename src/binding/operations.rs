//! The history of a store, page by page, for JavaScript.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::sys;

use super::call::{Call, bind, enter};
use super::handle::Handle;
use super::job;
use super::js::{Answer, Callback, Env, Value};
use super::threadsafe::Caller;
use crate::Share;
use crate::engine::{Operations, Page};

/// One iteration over the history. It lives on the JavaScript thread; a job takes the reader with it.
struct Iteration {
    store: Arc<Share>,
    since: u64,
    follow: bool,
    /// Nothing before the first page, while a job has it, and at the end.
    reader: RefCell<Option<Operations>>,
    released: Cell<bool>,
}

const FUNCTIONS: &[(&str, Callback)] = &[("nextPage\0", next_page), ("release\0", release)];

/// `operations(since, follow)`
pub(super) extern "C" fn operations(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [since, follow] = call.args;
        let iteration = Iteration {
            store: Arc::clone(&Handle::of(call).engine),
            since: call.env.as_count(since)?,
            follow: call.env.as_bool(follow)?,
            reader: RefCell::default(),
            released: Cell::default(),
        };
        bind(call.env, &Rc::new(iteration), FUNCTIONS)
    })
}

impl Iteration {
    /// Lets go of what is held back for this iteration.
    fn release(&self) {
        self.released.set(true);
        self.reader.take();
    }

    fn give_back(&self, reader: Option<Operations>) {
        if !self.released.get() {
            self.reader.replace(reader);
        }
    }
}

/// `nextPage(callback(error, firstSequence, payloads, ends, batchEnds, hasMore))`; the page is empty when there is no
/// more yet. One call at a time.
extern "C" fn next_page(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        // SAFETY: `operations` binds FUNCTIONS to an Iteration; a counted pointer, because the job outlives this call.
        let iteration = unsafe { call.share::<Iteration>() };
        let reader = iteration.reader.take();
        let engine = Arc::clone(&iteration.store);
        let (since, follow) = (iteration.since, iteration.follow);
        // The first page opens the history here and not on the JavaScript thread, because that waits
        // for the log.
        let run = move || {
            let mut reader = match reader {
                Some(reader) => reader,
                None => engine.operations(since, follow)?,
            };
            let page = reader.next_page()?;
            Ok((reader, page))
        };
        job::spawn(call.env, call.args[0], run, move |done| {
            let (reader, page) = done.unwrap_or(Err(job::PANICKED))?;
            let has_more = reader.has_more();
            iteration.give_back(Some(reader));
            Ok(Box::new(move |env| page_values(env, &page, has_more)))
        })?;
        call.env.undefined()
    })
}

fn page_values(env: Env, page: &Page, has_more: bool) -> Answer<Vec<Value>> {
    let (payloads, ends) = (env.buffer(&page.payloads)?, numbers(env, &page.ends)?);
    let batch_ends = numbers(env, &page.batch_ends)?;
    let nodes = if page.nodes.is_empty() {
        env.undefined()?
    } else {
        let bytes: Vec<u8> = page.nodes.iter().flat_map(|node| node.to_le_bytes()).collect();
        env.buffer(&bytes)?
    };
    let first = env.count(page.first_sequence)?;
    Ok(vec![first, payloads, ends, batch_ends, nodes, env.boolean(has_more)?])
}

/// As 32 bits each: a page is a single operation of little more than 64 MiB or much smaller.
fn numbers(env: Env, numbers: &[usize]) -> Answer<Value> {
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|&number| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes())
        .collect();
    env.buffer(&bytes)
}

/// `release()`: nothing is held back for this iteration any more.
extern "C" fn release(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        // SAFETY: see `next_page`.
        let iteration: &Iteration = unsafe { call.owner() };
        iteration.release();
        call.env.undefined()
    })
}

/// `readableSequence()`: how far the history can be read now
pub(super) extern "C" fn readable_sequence(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Value {
    enter(env, info, |call: &Call<0>| call.env.count(Handle::of(call).engine.readable_sequence()))
}

/// `whenMore(sequence, wake)`: calls `wake` once when the history can be read beyond `sequence` or the store is
/// closed, and in the place of the `wake` before. It does not keep the process alive.
pub(super) extern "C" fn when_more(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [sequence, wake] = call.args;
        let handle = Handle::of(call);
        let caller = Caller::new(call.env, wake, |_, ()| Ok(Vec::new()))?;
        caller.detach(call.env)?;
        // Dropping the caller, after the call or without one, releases it.
        let wake = move || caller.call(());
        let waiting = handle.engine.when_more(call.env.as_count(sequence)?, wake);
        handle.waiting.replace(Some(waiting));
        call.env.undefined()
    })
}

/// `waitNoMore()`: takes the `wake` back.
pub(super) extern "C" fn wait_no_more(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        Handle::of(call).waiting.take();
        call.env.undefined()
    })
}
