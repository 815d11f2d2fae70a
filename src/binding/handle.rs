//! One store as JavaScript holds it.

use std::cell::RefCell;
use std::sync::Arc;

use super::bell::Bell;
use super::bytes::Scratch;
use super::call::Call;
use super::snapshots::Snapshots;
use crate::engine::Staging;
use crate::{Share, Waiting};

/// A store and what one JavaScript thread needs to use it. It lives on that thread; jobs take the
/// engine and the group with them.
pub(super) struct Handle {
    pub(super) engine: Arc<Share>,
    pub(super) staging: RefCell<Staging>,
    pub(super) snapshots: Snapshots,
    pub(super) scratch: RefCell<Scratch>,
    /// The wake of all who follow the history through this handle.
    pub(super) waiting: RefCell<Option<Waiting>>,
    pub(super) bell: Bell,
}

impl Handle {
    /// The handle that a function of [`functions`](super::functions) carries.
    pub(super) fn of<const N: usize>(call: &Call<N>) -> &Self {
        // SAFETY: the callbacks that ask are in the table of `functions.rs` only, which `open_handle` binds to a Handle.
        unsafe { call.owner() }
    }
}
