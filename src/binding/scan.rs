//! Pages of an ordered scan.

use std::ops::Bound;

use napi::sys;

use super::bytes::text_or_buffer;
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use super::key::with_key;
use crate::index::{Index, Range};

/// A page ends after this many bytes of keys and values, so that none holds up the event loop.
const PAGE_BYTES: usize = 1 << 20;

/// What one page asks for.
pub(super) struct Page {
    range: Range,
    count: usize,
    values: bool,
}

/// `scan(options)` of a store
pub(super) extern "C" fn scan_store(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let page = Page::read(call.env, call.args[0])?;
        Handle::of(call).engine.view(|index| page.show(call.env, index))?
    })
}

impl Page {
    /// Reads `{ prefix, gt, gte, lt, lte, reverse, after, values, count }`.
    pub(super) fn read(env: Env, options: Value) -> Answer<Self> {
        let bound = |name: &str| -> Answer<Option<Vec<u8>>> {
            let value = env.property(options, name)?;
            // An empty bound excludes nothing, and is not a key.
            if env.is_undefined(value)? || env.utf8_len(value)? == Some(0) {
                return Ok(None);
            }
            with_key(env, value, |key| Ok(Some(key.as_bytes().to_vec())))
        };
        let reverse = env.as_bool(env.property(options, "reverse\0")?)?;
        let mut range = match bound("prefix\0")? {
            Some(prefix) => Range::prefix(&prefix),
            None => Range::all(),
        };
        for (name, lower, exclusive) in [
            ("gt\0", true, true),
            ("gte\0", true, false),
            ("lt\0", false, true),
            ("lte\0", false, false),
            ("after\0", !reverse, true),
        ] {
            let Some(key) = bound(name)? else { continue };
            let bound = if exclusive { Bound::Excluded(key) } else { Bound::Included(key) };
            if lower {
                range.narrow_lower(bound);
            } else {
                range.narrow_upper(bound);
            }
        }
        range.reverse = reverse;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
        let count = env.as_f64(env.property(options, "count\0")?)? as usize;
        let values = env.as_f64(env.property(options, "values\0")?)? > 0.0;
        Ok(Self { range, count, values })
    }

    /// The page as one flat array, with `true` at its end when more follows and the page is short.
    pub(super) fn show(&self, env: Env, index: &Index) -> Answer<Value> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut records = index.scan(&self.range);
        for record in records.by_ref().take(self.count) {
            items.push(env.string(record.key())?);
            if self.values {
                items.push(text_or_buffer(env, record.value())?);
                items.push(env.count(record.version())?);
                #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
                items.push(env.number(record.timestamp() as f64)?);
            }
            bytes += record.key().len() + record.value().len();
            if bytes >= PAGE_BYTES {
                items.push(env.boolean(true)?);
                break;
            }
        }
        env.array(&items)
    }
}
