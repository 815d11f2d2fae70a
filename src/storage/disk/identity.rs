//! Which file a name or an open handle refers to.

use std::fs::File;
use std::io;
use std::path::Path;

/// The number of a file on its file system, and that of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileId {
    volume: u64,
    file: u64,
}

impl FileId {
    #[cfg(unix)]
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&file.metadata()?))
    }

    /// Of what has the name itself: a link to a file is another file.
    #[cfg(unix)]
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&std::fs::symlink_metadata(path)?))
    }

    /// Of the file that the name opens, through links.
    #[cfg(unix)]
    fn opened_by(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&std::fs::metadata(path)?))
    }

    #[cfg(windows)]
    fn opened_by(path: &Path) -> io::Result<Self> {
        Self::at(path)
    }

    #[cfg(windows)]
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let found = winapi_util::file::information(file)?;
        Ok(Self { volume: found.volume_serial_number(), file: found.file_index() })
    }

    #[cfg(windows)]
    fn at(path: &Path) -> io::Result<Self> {
        let found = winapi_util::file::information(winapi_util::Handle::from_path_any(path)?)?;
        Ok(Self { volume: found.volume_serial_number(), file: found.file_index() })
    }
}

#[cfg(unix)]
impl From<&std::fs::Metadata> for FileId {
    fn from(found: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { volume: found.dev(), file: found.ino() }
    }
}

/// Whether the file with this number is what has the name `path`.
pub(super) fn is_at(id: FileId, path: &Path) -> io::Result<bool> {
    is_same(id, FileId::at(path))
}

/// Whether `path` leads to the file with this number, directly or by a link.
pub(super) fn leads_to(id: FileId, path: &Path) -> io::Result<bool> {
    is_same(id, FileId::opened_by(path))
}

fn is_same(id: FileId, found: io::Result<FileId>) -> io::Result<bool> {
    match found {
        Ok(found) => Ok(found == id),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// `NotADirectory` is how a path below a file is missing.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
