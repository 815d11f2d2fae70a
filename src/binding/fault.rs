//! Why a callback gives no value.

use crate::Error;

/// Why a callback gives no value.
pub(super) enum Fault {
    /// The store refuses.
    Store(Error),
    /// A Node-API call failed: its exception is pending, an argument is not what the JavaScript
    /// layer promised, or the environment is going down.
    Pending,
}

impl<E: Into<Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}
