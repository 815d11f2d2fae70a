//! Keys, values and entries.

#![forbid(unsafe_code)]

mod entry;
mod key;
mod value;

pub use entry::Entry;
pub use key::{InvalidKey, Key};
pub use value::Value;
