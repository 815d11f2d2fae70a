//! What others change on the disk: when a file is written, and whether another machine may do that.

#[cfg(not(target_os = "linux"))]
use std::{io, path::Path};

#[cfg(not(target_os = "linux"))]
use crate::storage::StorageChanges;

#[cfg(target_os = "linux")]
pub(super) use linux::{is_remote, notice};

/// It is looked for.
#[cfg(not(target_os = "linux"))]
pub(super) fn notice(_path: &Path) -> Option<Box<dyn StorageChanges>> {
    None
}

/// Only the name of a share on Windows tells.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn is_remote(path: &Path) -> io::Result<bool> {
    use std::path::{Component, Prefix};
    let Some(Component::Prefix(prefix)) = path.components().next() else { return Ok(false) };
    Ok(matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
    use rustix::fs::statfs;

    use crate::storage::StorageChanges;

    /// File systems of other machines, by the numbers that Linux gives them: NFS, SMB (three clients), AFS, Ceph, Coda.
    const REMOTE: [u64; 7] =
        [0x6969, 0x517B, 0xFE53_4D42, 0xFF53_4D42, 0x5346_414F, 0x00C3_6400, 0x7375_7245];

    pub(crate) fn is_remote(path: &Path) -> io::Result<bool> {
        // The width and sign of the number differ between platforms, its lower half does not.
        #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "compared as bits")]
        let kind = statfs(path)?.f_type as u64 & 0xFFFF_FFFF;
        Ok(REMOTE.contains(&kind))
    }

    pub(crate) fn notice(path: &Path) -> Option<Box<dyn StorageChanges>> {
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        let wanted = WatchFlags::MODIFY | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        inotify::add_watch(&queue, path, wanted).ok()?;
        Some(Box::new(Changes(queue)))
    }

    #[derive(Debug)]
    struct Changes(OwnedFd);

    impl StorageChanges for Changes {
        fn wait(&mut self, longest: Duration) -> bool {
            let longest = Timespec::try_from(longest).ok();
            let mut awaited = [PollFd::new(&self.0, PollFlags::IN)];
            // An interrupted or failed wait is a short one.
            let _ = poll(&mut awaited, longest.as_ref());
            let mut room = [MaybeUninit::uninit(); 512];
            let mut events = inotify::Reader::new(&self.0, &mut room);
            let gone = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED;
            while let Ok(event) = events.next() {
                if event.events().intersects(gone) {
                    return false;
                }
            }
            true
        }
    }
}
