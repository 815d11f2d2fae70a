//! Many point reads in one call.

use napi::sys;

use super::bytes::text;
use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value};
use super::key::with_key;
use super::memory;
use super::pack::Packer;
use super::read::show_entry;
use super::unicode::is_well_formed;
use crate::types::{InvalidKey, Key};

/// What stands for a missing key among the lengths.
const MISSING: i32 = -1;

/// `getMany(joined, count, lens)`: the keys come as one string with NUL between them; the values go as
/// one string with their lengths as 32-bit numbers in the `ArrayBuffer`, -1 for a missing key. See
/// [`Packer`] for values that do not fit a string. Undefined when a key holds a NUL; then `getEach` does.
pub(super) extern "C" fn get_many(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<3>| {
        let (env, [joined, count, lens]) = (call.env, call.args);
        let keys = read_keys(env, joined)?;
        let keys: Vec<&[u8]> = keys.split(|&byte| byte == 0).collect();
        if keys.len() as u64 != env.as_count(count)? {
            return env.undefined();
        }
        for key in &keys {
            Key::check_len(key.len())?;
        }
        let mut packer = Packer::default();
        let mut found = vec![MISSING; keys.len()];
        let mut failed = None;
        Handle::of(call).engine.view_keys(&keys, |index| {
            index.get_many(&keys, |at, record| {
                let len = match record {
                    Some(record) => packer.push_value(env, &record, text),
                    None => Ok(MISSING),
                };
                match (len, found.get_mut(at)) {
                    (Ok(len), Some(slot)) => *slot = len,
                    (Err(fault), _) => failed = Some(fault),
                    (Ok(_), None) => {}
                }
            });
        })?;
        if let Some(fault) = failed {
            return Err(fault);
        }
        memory::write(env, lens, &found)?;
        packer.finish(env)
    })
}

/// The bytes of the joined keys.
fn read_keys(env: Env, joined: Value) -> Answer<Vec<u8>> {
    let len = env.utf8_len(joined)?.unwrap_or(0);
    let mut text = vec![0; len + 1];
    env.write_utf8(joined, &mut text)?;
    text.truncate(len);
    if !is_well_formed(env, joined, &text)? {
        return Err(InvalidKey::NotUnicode.into());
    }
    Ok(text)
}

/// `getEach(keys)`: an array of values, undefined for missing ones.
pub(super) extern "C" fn get_each(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        let (env, keys) = (call.env, call.args[0]);
        let engine = &Handle::of(call).engine;
        let mut values = Vec::new();
        for at in 0..env.array_len(keys)? {
            let key = env.element(keys, at)?;
            values.push(with_key(env, key, |key| {
                show_entry(env, engine, key.as_bytes(), |env, record| text(env, &record))
            })?);
        }
        env.array(&values)
    })
}
