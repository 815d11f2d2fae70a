//! Operations of other nodes that are applied only if they are newer.

use crate::error::{Error, Result};
use crate::operation::{MAX_NODE, now};

/// Applies an operation of a node only if it is newer than what its key has: made later or, at the same millisecond, by a node
/// with a greater id. An entry that was written without the id of a node counts as one of node 0. What nodes apply in this way
/// leads to the same entries on all of them, in whatever order it arrives and however often, as long as nothing is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfNewer {
    /// The node that made the operation, from 1 to 2^53 − 1. It is stored with the entry.
    pub node: u64,
    /// By how many milliseconds the operation may be ahead of this machine's clock.
    pub max_ahead: Option<i64>,
}

impl IfNewer {
    /// An operation of this node, made whenever its clock says.
    pub const fn of(node: u64) -> Self {
        Self { node, max_ahead: None }
    }

    /// The node, if the operation can be accepted now.
    pub(super) fn check(self, key: &str, timestamp: i64) -> Result<u64> {
        check_node(self.node)?;
        let latest = self.max_ahead.map_or(i64::MAX, |ahead| now().saturating_add(ahead));
        if timestamp > latest && !bug!(ClocksUnbounded) {
            return Err(Error::ClockAhead { key: key.to_owned(), timestamp, latest });
        }
        Ok(self.node)
    }
}

/// Refuses what cannot be the id of a node.
pub(super) fn check_node(id: u64) -> Result<()> {
    if (1..=MAX_NODE).contains(&id) {
        return Ok(());
    }
    let reason = format!("the id of a node is a whole number from 1 to {MAX_NODE}, not {id}");
    Err(Error::InvalidArgument { reason })
}
