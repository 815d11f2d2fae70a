//! Keys, values and entries.

#![forbid(unsafe_code)]

mod entry;
mod key;
mod value;

pub use crate::error::InvalidKey;
pub use entry::Entry;
pub use key::Key;
pub use value::Value;
