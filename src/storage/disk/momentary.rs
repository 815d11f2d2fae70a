//! What Windows says of a file that others have open for a moment.

use std::io;

/// A sharing or lock violation, or that a part of the file is mapped, which have no `ErrorKind` of their own.
const HELD: [i32; 3] = [32, 33, 1224];

/// Access denied, or one of [`HELD`]: what Windows says when others have the file open, such as a virus scanner. Where a
/// file system has no renames as POSIX knows them, as FAT and some over a network, it says so for as long as the store
/// itself has the log open.
pub(super) fn may_be_held(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
        || error.raw_os_error().is_some_and(|number| HELD.contains(&number))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::may_be_held;

    #[test]
    fn a_file_that_a_scanner_has_open_or_mapped_may_be_free_a_moment_later() {
        for number in [32, 33, 1224] {
            assert!(may_be_held(&io::Error::from_raw_os_error(number)), "{number}");
        }
        assert!(may_be_held(&io::ErrorKind::PermissionDenied.into()));
        for kind in [io::ErrorKind::NotFound, io::ErrorKind::StorageFull] {
            assert!(!may_be_held(&kind.into()), "{kind}");
        }
    }
}
