//! Locks that a panic elsewhere does not poison.

use std::sync::PoisonError;

use crate::sync::{Mutex, MutexGuard};

/// For data that is valid between any two statements, so that a panic elsewhere does not spoil it.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
