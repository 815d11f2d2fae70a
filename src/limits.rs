//! How long keys and values may be, in bytes, for all that checks them or tells of it.

pub(crate) const MAX_KEY_LEN: usize = 1 << 20;
pub(crate) const MAX_VALUE_LEN: usize = 64 << 20;
