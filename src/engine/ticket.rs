//! A group that waits for the log.

use std::sync::OnceLock;

use super::group::Group;
use super::outcome::GroupOutcome;
use crate::error::Result;
use crate::sync::Mutex;

/// A group in the queue, and what became of it.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) group: Mutex<Group>,
    pub(super) outcome: OnceLock<Result<GroupOutcome>>,
}

impl Ticket {
    pub(super) fn new(group: Group) -> Self {
        Self { group: Mutex::new(group), outcome: OnceLock::new() }
    }
}
