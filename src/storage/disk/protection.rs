//! Creates files that are no more readable than a given one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::storage::Protection;

/// Creates a file, never through a link, that is readable for those who may read `like`.
pub(super) fn create_new(
    options: &mut OpenOptions,
    path: &Path,
    like: &Protection,
) -> io::Result<File> {
    options.create_new(true);
    if like.mode.is_some() {
        private(options);
    }
    let file = options.open(path)?;
    protect(&file, like);
    Ok(file)
}

/// Takes the name from a file or a link, so that a new file can have it.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Until its owner is set nobody else may open it.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn private(_options: &mut OpenOptions) {}

#[cfg(unix)]
pub(super) fn of(file: &File) -> io::Result<Protection> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata()?;
    let owner = Some((found.uid(), found.gid()));
    Ok(Protection { mode: Some(found.mode() & 0o777), owner })
}

/// Files inherit their rights from the folder there.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn of(_file: &File) -> io::Result<Protection> {
    Ok(Protection::default())
}

/// Best effort: what cannot be set leaves the file to fewer people, never to more.
#[cfg(unix)]
fn protect(file: &File, like: &Protection) {
    use std::os::unix::fs::{PermissionsExt, fchown};
    let (Some(mode), Ok(found)) = (like.mode, of(file)) else { return };
    if bug!(ModeForgotten) {
        let _ = file.set_permissions(fs::Permissions::from_mode(0o644));
        return;
    }
    let (wanted, own) = (like.owner.or(found.owner), found.owner.unwrap_or_default());
    let (user, group) = wanted.unwrap_or_default();
    let has_group = group == own.1 || fchown(file, None, Some(group)).is_ok();
    if user != own.0 {
        let _ = fchown(file, Some(user), None);
    }
    // The members of another group were among all others for the file that this one is like.
    let mode = if has_group { mode } else { mode & (0o707 | (mode & 0o007) << 3) };
    let _ = file.set_permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn protect(_file: &File, _like: &Protection) {}
