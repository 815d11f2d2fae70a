//! What the tests of the engine share.
#![allow(dead_code, reason = "every test file uses a part of it")]
#![allow(unreachable_pub, reason = "shared by several test crates")]
#![allow(
    clippy::panic,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics, and a simulation keeps its own invariants"
)]

pub mod fuzz;
pub mod gate;
pub mod image;
pub mod model;
pub mod random;
pub mod read_gate;
pub mod reads;
pub mod sim_disk;
pub mod story;
pub mod watched_disk;
