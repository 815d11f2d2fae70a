//! What takes long and nobody waits for: closing stores that were left open, freeing large states.

use std::thread;

/// More bytes than this are freed on a thread of their own; beginning one costs about as much.
pub(crate) const LARGE: u64 = 1 << 20;

/// Runs `work` on a thread of its own. Without a thread it is dropped at once, and what it holds with it.
pub(crate) fn in_background(work: impl FnOnce() + Send + 'static) {
    let begun = thread::Builder::new().name("store-release".into()).spawn(work);
    drop(begun);
}
