//! The Node.js addon: converts, calls the engine, maps errors, and decides nothing.
//!
//! The functions are raw Node-API callbacks. A method of a `#[napi]` class costs ten to twenty times
//! the call itself (a type tag and a process-wide registry), so a store is handed to JavaScript as
//! an object of plain functions that carry a pointer to it. `npm run bench -- --only binding` compares the two.

mod abort;
mod background;
mod bell;
mod bytes;
mod call;
mod codec;
mod commit;
mod compact;
mod consumer;
mod error;
mod external;
mod fault;
mod functions;
mod handle;
mod job;
mod js;
mod key;
mod lifecycle;
mod listen;
mod load;
mod many;
mod memory;
mod operations;
mod pack;
mod pause;
mod read;
mod salvage;
mod scan;
mod snapshot;
mod snapshots;
mod stage;
mod stats;
mod sweep;
mod threadsafe;
mod unicode;
mod watch;
mod wide;

use napi::JsValue;
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use js::Callback;

const EXPORTS: &[(&str, Callback)] = &[
    ("openHandle\0", functions::open_handle),
    ("encodeOperation\0", codec::encode_operation),
    ("decodeOperation\0", codec::decode_operation),
    ("validateKey\0", codec::validate_key),
    ("validateValue\0", codec::validate_value),
    ("buildSnapshot\0", snapshot::build_snapshot),
    ("salvage\0", salvage::salvage_log),
    ("snapshotClose\0", snapshot::close),
    ("snapshotGet\0", snapshot::get),
    ("snapshotLastSequence\0", snapshot::last_sequence),
    ("snapshotScan\0", snapshot::scan),
    ("snapshotSize\0", snapshot::size),
    ("pause\0", pause::pause),
    ("now\0", pause::now),
];

/// The Node-API version whose functions the addon uses, for runtimes that ask before they load it.
/// The same as the feature of the `napi` crate in Cargo.toml.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    8
}

/// Fills the exports of the addon.
#[napi(module_exports)]
#[allow(clippy::needless_pass_by_value, reason = "the signature that the macro expects")]
pub(crate) fn init(exports: Object<'_>, env: Env) -> Result<()> {
    let env = js::Env::new(env.raw());
    // The JavaScript around the addon may come from another package, of another version.
    let version = env.latin1(env!("CARGO_PKG_VERSION").as_bytes());
    let added = version.and_then(|version| env.set(exports.raw(), "version\0", version));
    added.map_err(|_| napi::Error::from_reason("cannot export version"))?;
    for (name, callback) in EXPORTS {
        let function = env.function(name, *callback, std::ptr::null_mut());
        let added = function.and_then(|function| env.set(exports.raw(), name, function));
        added.map_err(|_| napi::Error::from_reason(format!("cannot export {name}")))?;
    }
    Ok(())
}
