//! How full nodes are.

use std::sync::Arc;

/// The most entries of a leaf and children of an inner node.
pub(super) const CAP: usize = 128;
/// A node with fewer is joined with a neighbour or takes over a part of it.
pub(super) const FEW: usize = CAP / 4;
/// Neighbours with no more than this together are joined.
pub(super) const JOINED: usize = CAP * 13 / 16;
/// A node looks at its neighbours each time it has lost this many entries.
pub(super) const LOOK: usize = 8;
/// A longer separator is shortened when the key for which it was made goes, so that it outlives no long key.
pub(super) const LONG: usize = 32;
/// How far a node is filled when it is joined or packed, so that the next insert does not split it.
pub(super) const PACKED: usize = CAP * 7 / 8;

/// One node, and perhaps a second one with the separator between them.
pub(super) type OneOrTwo<T> = (T, Option<(Arc<[u8]>, T)>);

/// A node had no room. Nothing was changed.
#[derive(Clone, Copy)]
pub(super) struct Full {
    /// The entry belongs after all others: a sign of keys that arrive in order.
    pub(super) at_end: bool,
}
