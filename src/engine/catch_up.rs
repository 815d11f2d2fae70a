//! When those who read a log that grows have read enough of it for writers to wait for the rest.

/// With less than this many bytes left, writers can wait for it.
pub(super) const SHORT: u64 = 256 << 10;
/// After this many rounds writers wait for what is left, however much that is.
pub(super) const ROUNDS: usize = 16;
