//! Pages of an ordered scan.

use std::ops::Bound;

use napi::sys;

use super::bytes::text_or_buffer;
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use super::key::with_key;
use super::memory;
use super::pack::Packer;
use super::read::numbers_of;
use crate::index::Range;
use crate::state::{Limit, Seen};

/// A page ends after this many bytes of keys and values, so that none holds up the event loop.
const PAGE_BYTES: usize = 1 << 20;

/// What one page asks for, and where its numbers go.
pub(super) struct Page {
    pub(super) range: Range,
    count: usize,
    values: bool,
    lens: Value,
    numbers: Value,
}

/// Elements at the head of `lens`: how many records the page has, and whether more may follow.
const HEAD: usize = 2;

/// What `scan` takes: `(prefix, gt, gte, lt, lte, reverse, after, values, count, lens, numbers)`. Bounds
/// are strings or undefined. An object would cost more than the rest of a short scan.
pub(super) type Arguments = [Value; 11];

/// `scan(…)` of a store
pub(super) extern "C" fn scan_store(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<11>| {
        let page = Page::read(call.env, call.args)?;
        let engine = &Handle::of(call).engine;
        let look = |seen: Seen<'_>| page.pack(call.env, seen);
        engine.view_range(&page.range, page.limit(), look)??.finish(call.env)
    })
}

impl Page {
    pub(super) fn read(env: Env, arguments: Arguments) -> Answer<Self> {
        let [prefix, gt, gte, lt, lte, reverse, after, values, count, lens, numbers] = arguments;
        let range = self::range(env, [prefix, gt, gte, lt, lte, reverse, after])?;
        let (count, values) = (self::count(env, count)?, env.as_bool(values)?);
        Ok(Self { range, count, values, lens, numbers })
    }

    /// What of the range the page can have.
    pub(super) fn limit(&self) -> Limit {
        Limit { entries: self.count, bytes: PAGE_BYTES, values: self.values }
    }

    /// The page as one string of keys and values with their lengths in `lens`, and versions, timestamps and expiries in
    /// `numbers`; see [`Packer`] for values that do not fit a string.
    pub(super) fn pack(&self, env: Env, seen: Seen<'_>) -> Answer<Packer> {
        let mut packer = Packer::default();
        let (mut count, mut bytes) = (0, 0);
        let mut lens = vec![0; HEAD];
        let mut numbers = Vec::new();
        for record in seen.scan(&self.range).take(self.count) {
            let key_len = packer.push(record.key(), || env.string(record.key()))?;
            let mut value_len = 0;
            if self.values {
                value_len = packer.push_value(env, &record, text_or_buffer)?;
                numbers.extend(numbers_of(&record));
                bytes += record.value().len();
            }
            lens.extend([key_len, value_len]);
            count += 1;
            bytes += record.key().len();
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        let more = count == self.count || bytes >= PAGE_BYTES;
        if let [found, follows, ..] = lens.as_mut_slice() {
            *found = i32::try_from(count).unwrap_or(i32::MAX);
            *follows = i32::from(more);
        }
        memory::write(env, self.lens, &lens)?;
        memory::write(env, self.numbers, &numbers)?;
        Ok(packer)
    }
}

/// The range that `(prefix, gt, gte, lt, lte, reverse, after)` stand for.
pub(super) fn range(env: Env, bounds: [Value; 7]) -> Answer<Range> {
    let [prefix, gt, gte, lt, lte, reverse, after] = bounds;
    let reverse = env.as_bool(reverse)?;
    let mut range = match bound(env, prefix)? {
        Some(prefix) => Range::prefix(&prefix),
        None => Range::all(),
    };
    range.reverse = reverse;
    for (key, lower, exclusive) in [
        (gt, true, true),
        (gte, true, false),
        (lt, false, true),
        (lte, false, false),
        (after, !reverse, true),
    ] {
        let Some(key) = bound(env, key)? else { continue };
        let bound = if exclusive { Bound::Excluded(key) } else { Bound::Included(key) };
        if lower {
            range.narrow_lower(bound);
        } else {
            range.narrow_upper(bound);
        }
    }
    Ok(range)
}

/// How many entries; `Infinity` for all.
pub(super) fn count(env: Env, count: Value) -> Answer<usize> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 or more")]
    Ok(env.as_f64(count)? as usize)
}

/// The bytes of a bound; nothing when it is undefined or empty, which excludes nothing.
fn bound(env: Env, value: Value) -> Answer<Option<Vec<u8>>> {
    match env.utf8_len(value)? {
        None | Some(0) => Ok(None),
        Some(_) => with_key(env, value, |key| Ok(Some(key.as_bytes().to_vec()))),
    }
}
