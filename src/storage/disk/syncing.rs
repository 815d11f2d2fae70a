//! Puts files and names on stable storage.

use std::fs::File;
use std::io;

/// `fdatasync` on Linux, which also writes a changed size; on macOS a full flush of the drive, since `fsync` leaves
/// the bytes in its cache there; `FlushFileBuffers` on Windows.
pub(super) fn sync_data(file: &File) -> io::Result<()> {
    or_plainly(file.sync_data(), || plain(file))
}

/// [`sync_data`] for a folder.
#[cfg(unix)]
pub(super) fn sync_all(folder: &File) -> io::Result<()> {
    or_plainly(folder.sync_all(), || plain(folder))
}

/// What the system says of a full flush; where the file system knows no such call, as those over a network or in user
/// space, `fsync` is all that can be asked of it. An error of any other kind is one of the disk.
fn or_plainly(
    full: io::Result<()>,
    plain: impl FnOnce() -> Option<io::Result<()>>,
) -> io::Result<()> {
    match full {
        Err(error) if is_unknown_call(&error) => plain().unwrap_or(Err(error)),
        done => done,
    }
}

fn is_unknown_call(error: &io::Error) -> bool {
    /// As `ioctl` has it, which is what the call comes down to in some file systems.
    const ENOTTY: i32 = 25;
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
        || cfg!(unix) && error.raw_os_error() == Some(ENOTTY)
}

#[cfg(target_vendor = "apple")]
fn plain(file: &File) -> Option<io::Result<()>> {
    Some(rustix::fs::fsync(file).map_err(io::Error::from))
}

/// Elsewhere there is no other call.
#[cfg(not(target_vendor = "apple"))]
fn plain(_file: &File) -> Option<io::Result<()>> {
    None
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::or_plainly;

    #[test]
    fn a_plain_sync_takes_the_place_of_a_full_flush_only_where_that_is_an_unknown_call() {
        let refused = || Err(io::Error::other("refused"));
        // ENOTTY, EINVAL.
        for number in if cfg!(unix) { vec![25, 22] } else { vec![] } {
            let full = || Err(io::Error::from_raw_os_error(number));
            assert!(or_plainly(full(), || Some(Ok(()))).is_ok());
            assert_eq!(or_plainly(full(), || Some(refused())).unwrap_err().to_string(), "refused");
            assert_eq!(or_plainly(full(), || None).unwrap_err().raw_os_error(), Some(number));
        }
        assert!(or_plainly(Err(io::ErrorKind::Unsupported.into()), || Some(Ok(()))).is_ok());
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::Interrupted, io::ErrorKind::Other] {
            let full = or_plainly(Err(kind.into()), || Some(Ok(())));
            assert_eq!(full.unwrap_err().kind(), kind, "the disk failed");
        }
        assert!(or_plainly(Ok(()), || Some(refused())).is_ok());
    }
}
