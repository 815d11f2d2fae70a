//! Keeps a file for one opener at a time, whatever its names are.

use std::fs::{File, OpenOptions};
use std::io;

use super::owner;
use crate::storage::{LockError, LockOwner};

/// On Unix a lock on the file, which those who read do not ask for. It is the file's, so that another name of it,
/// or a lock file that was removed, lets nobody in.
#[cfg(unix)]
pub(super) fn hold(file: &File) -> Result<(), LockError> {
    use std::fs::TryLockError;
    bug!(FileNotHeld, return Ok(()));
    bug!(NoLock, return Ok(()));
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => {
            let here = owner::is_held_here(file);
            let owner = if here { LockOwner::ThisProcess } else { LockOwner::Unknown };
            LockError::Held { owner }
        }
        TryLockError::Error(error) => LockError::Io(error),
    })
}

/// On Windows the way in which it was opened does it: a lock would keep readers out.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can be refused")]
pub(super) fn hold(_file: &File) -> Result<(), LockError> {
    Ok(())
}

/// Before the file is opened: what Windows does itself.
#[cfg(windows)]
pub(super) fn keep_writers_out(options: &mut OpenOptions) {
    const FILE_SHARE_READ: u32 = 1;
    const FILE_SHARE_DELETE: u32 = 4;
    std::os::windows::fs::OpenOptionsExt::share_mode(options, FILE_SHARE_READ | FILE_SHARE_DELETE);
}

#[cfg(not(windows))]
pub(super) fn keep_writers_out(_options: &mut OpenOptions) {}

/// A sharing violation is how Windows says that another opener has the file alone.
pub(super) fn refused(error: io::Error) -> LockError {
    if cfg!(windows) && error.raw_os_error() == Some(32) {
        return LockError::Held { owner: LockOwner::Unknown };
    }
    LockError::Io(error)
}
