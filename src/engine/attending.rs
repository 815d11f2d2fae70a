//! The thread that follows a log.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::core::Core;
use crate::priority::let_others_go_first;
use crate::storage::StorageChanges;
use crate::sync::thread;
use crate::wal::path::LogPath;

/// Between two looks at a log that is written all the time. A writer then pays for one wake-up in many commits.
const NAP: Duration = Duration::from_millis(4);
/// Between two looks at a log that nothing is heard of, where its changes are not told: at first, and at most.
const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(100);

/// Follows the log of `core` until it is closed or dropped. Where processors are short, whoever writes the log comes first: eight
/// followers have four times the work of their writer.
pub(super) fn attend(core: &Arc<Core>) {
    let Some(log) = core.resolved.get().map(|log| LogPath::of_open_log(log)) else { return };
    let followed = Arc::downgrade(core);
    let begun = thread::Builder::new().name("store-follow".into()).spawn(move || {
        let_others_go_first();
        let mut changes = None;
        let mut pause = SHORTEST;
        while let Some(is_new) = refresh(&followed) {
            pause = if is_new { SHORTEST } else { (pause * 2).min(LONGEST) };
            if is_new {
                thread::sleep(NAP);
            } else {
                wait(&followed, &log, &mut changes, pause);
            }
        }
    });
    // Without a thread, those who ask for it refresh the store.
    drop(begun);
}

/// Says whether anything was new; nothing when the store is no longer open.
fn refresh(core: &Weak<Core>) -> Option<bool> {
    let core = core.upgrade()?;
    let refreshed = core.refresh();
    // What went wrong is noted, and may have passed the next time.
    core.check_open().ok().map(|()| refreshed.unwrap_or(false))
}

/// Waits until the mark beside the log changes, or for a while.
fn wait(
    core: &Weak<Core>,
    log: &LogPath,
    changes: &mut Option<Box<dyn StorageChanges>>,
    pause: Duration,
) {
    if let Some(noticed) = changes {
        if !noticed.wait(LONGEST) {
            *changes = None;
        }
        return;
    }
    *changes = core.upgrade().and_then(|core| core.storage.notice(&log.durable()));
    // What happened before it was listened for is looked at once more.
    if changes.is_none() {
        thread::sleep(pause);
    }
}
