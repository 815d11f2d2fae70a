//! The local key-value state of a node.

pub mod index;
