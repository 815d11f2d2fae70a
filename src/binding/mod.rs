//! The Node.js addon: converts, calls the engine, maps errors, and decides nothing.
//!
//! The functions are raw Node-API callbacks. A method of a `#[napi]` class costs about twenty times
//! the call itself (a type tag and a process-wide registry), so a store is handed to JavaScript as
//! an object of plain functions that carry a pointer to it.

mod abort;
mod bytes;
mod call;
mod codec;
mod error;
mod external;
mod handle;
mod job;
mod js;
mod key;
mod many;
mod pack;
mod read;
mod salvage;
mod scan;
mod slab;
mod snapshot;
mod stage;

use napi::JsValue;
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use call::Callback;

const EXPORTS: &[(&str, Callback)] = &[
    ("openHandle\0", handle::open_handle),
    ("encodeOperation\0", codec::encode_operation),
    ("decodeOperation\0", codec::decode_operation),
    ("validateKey\0", codec::validate_key),
    ("validateValue\0", codec::validate_value),
    ("buildSnapshot\0", snapshot::build_snapshot),
    ("salvage\0", salvage::salvage_log),
];

/// Fills the exports of the addon.
#[napi(module_exports)]
#[allow(clippy::needless_pass_by_value, reason = "the signature that the macro expects")]
pub(crate) fn init(exports: Object<'_>, env: Env) -> Result<()> {
    let env = js::Env::new(env.raw());
    for (name, callback) in EXPORTS {
        let function = env.function(name, *callback, std::ptr::null_mut());
        let added = function.and_then(|function| env.set(exports.raw(), name, function));
        added.map_err(|_| napi::Error::from_reason(format!("cannot export {name}")))?;
    }
    Ok(())
}
