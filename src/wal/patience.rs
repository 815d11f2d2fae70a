//! Renames that cannot be done for a moment because someone else has a file open: on Windows a virus scanner looks at
//! every new file.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use crate::storage::Storage;

/// A second in all: after that, it is not a matter of a moment.
const LONGEST: Duration = Duration::from_millis(512);

/// Waits that grow longer, and end.
#[derive(Debug)]
pub(crate) struct Patience(Duration);

impl Patience {
    pub(crate) fn new() -> Self {
        Self(Duration::from_millis(1))
    }

    /// Waits, without holding a lock that others need; false when it has waited long enough.
    pub(crate) fn wait(&mut self) -> bool {
        if self.0 > LONGEST {
            return false;
        }
        std::thread::sleep(self.0);
        self.0 *= 2;
        true
    }
}

/// Whether the rename may succeed a moment later.
pub(super) fn is_momentary(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

/// What the system said, once it is not a matter of a moment.
pub(super) fn lasting(error: io::Error) -> io::Error {
    match error.downcast::<io::Error>() {
        Ok(said) | Err(said) => said,
    }
}

/// Renames a file as soon as nothing is in the way.
pub(super) fn rename_patiently(storage: &dyn Storage, from: &Path, to: &Path) -> io::Result<()> {
    let mut patience = Patience::new();
    loop {
        match storage.rename(from, to) {
            Err(error) if is_momentary(&error) && patience.wait() => {}
            done => return done.map_err(lasting),
        }
    }
}
