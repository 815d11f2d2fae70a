#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::fuzz;

fuzz_target!(|bytes: &[u8]| fuzz::decode_operation(bytes));
