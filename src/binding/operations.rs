//! The history of a store, page by page, for JavaScript.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::sys;

use super::call::{Call, Callback, bind, enter};
use super::error::Fault;
use super::handle::Handle;
use super::job;
use super::js::{Answer, Env, Value};
use super::threadsafe::Caller;
use crate::engine::{Operations, Page};
use crate::{Error, Share};

/// One iteration over the history. It lives on the JavaScript thread; a job takes the reader with it.
struct Iteration {
    store: Arc<Share>,
    since: u64,
    follow: bool,
    /// Nothing before the first page, while a job has it, and at the end.
    reader: RefCell<Option<Operations>>,
    waits_as: Cell<Option<u64>>,
    released: Cell<bool>,
}

const FUNCTIONS: &[(&str, Callback)] = &[
    ("nextPage\0", next_page),
    ("whenMore\0", when_more),
    ("hasMore\0", has_more),
    ("release\0", release),
];

/// `operations(since, follow)`
pub(super) extern "C" fn operations(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<2>| {
        let [since, follow] = call.args;
        let iteration = Iteration {
            store: Arc::clone(&Handle::of(call).engine),
            since: call.env.as_count(since)?,
            follow: call.env.as_bool(follow)?,
            reader: RefCell::default(),
            waits_as: Cell::default(),
            released: Cell::default(),
        };
        bind(call.env, &Rc::new(iteration), FUNCTIONS)
    })
}

impl Iteration {
    /// Lets go of what is held back for this iteration.
    fn release(&self) {
        self.released.set(true);
        let reader = self.reader.take();
        if let (Some(id), Some(reader)) = (self.waits_as.take(), reader) {
            reader.forget(id);
        }
    }

    fn give_back(&self, reader: Option<Operations>) {
        if !self.released.get() {
            self.reader.replace(reader);
        }
    }
}

impl Drop for Iteration {
    fn drop(&mut self) {
        self.release();
    }
}

fn of<const N: usize>(call: &Call<N>) -> &Iteration {
    // SAFETY: the callbacks that ask are in FUNCTIONS only, which `operations` binds to an Iteration.
    unsafe { call.owner() }
}

/// `nextPage(callback(error, firstSequence, payloads, ends))`; the page is empty when there is no more
/// yet. One call at a time.
extern "C" fn next_page(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        // SAFETY: see `of`; a counted pointer, because the job outlives this call.
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
            iteration.give_back(Some(reader));
            Ok(Box::new(move |env| page_values(env, &page)))
        })?;
        call.env.undefined()
    })
}

fn page_values(env: Env, page: &Page) -> Answer<Vec<Value>> {
    // A page has at most two operations of 64 MiB more than the engine wants in one, so 32 bits do.
    let ends: Vec<u8> = page
        .ends
        .iter()
        .flat_map(|&end| u32::try_from(end).unwrap_or(u32::MAX).to_le_bytes())
        .collect();
    Ok(vec![env.count(page.first_sequence)?, env.buffer(&page.payloads)?, env.buffer(&ends)?])
}

/// `whenMore(wake)`: calls `wake` once when there may be more to read. It does not keep the process
/// alive.
extern "C" fn when_more(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let iteration = of(call);
        let reader = iteration.reader.borrow();
        let Some(reader) = &*reader else {
            let reason = "an iteration waits without a reader";
            return Err(Fault::Store(Error::Internal { reason }));
        };
        let caller = Caller::new(call.env, call.args[0], |_, ()| Ok(Vec::new()))?;
        caller.detach(call.env)?;
        // Dropping the caller, after the call or without one, releases it.
        iteration.waits_as.set(Some(reader.when_more(move || caller.call(()))));
        call.env.undefined()
    })
}

/// `hasMore()`: whether there is more to read now; false while nobody waits
extern "C" fn has_more(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        let reader = of(call).reader.borrow();
        call.env.boolean(reader.as_ref().is_some_and(Operations::has_more))
    })
}

/// `release()`: nothing is held back for this iteration any more.
extern "C" fn release(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<0>| {
        of(call).release();
        call.env.undefined()
    })
}
