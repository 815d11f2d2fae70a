//! How long keys and values may be, in bytes.

pub(crate) const MAX_KEY_LEN: usize = 1 << 20;
pub(crate) const MAX_VALUE_LEN: usize = 64 << 20;
