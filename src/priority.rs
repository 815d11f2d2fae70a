//! How soon a thread gets a processor that others want as well.

/// A thread with this much more patience gets about a quarter of what another one gets.
#[cfg(target_os = "linux")]
const PATIENCE: i32 = 6;

/// Lets other threads of this machine go first from now on, while there is not enough for all. Where a thread cannot say that
/// of itself alone, nothing changes.
pub(crate) fn let_others_go_first() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        // For Linux "this process" is the calling thread. Nobody relies on it.
        if let Ok(now) = getpriority_process(None) {
            let _ = setpriority_process(None, now + PATIENCE);
        }
    }
}
