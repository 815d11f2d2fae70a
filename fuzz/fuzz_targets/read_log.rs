#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::fuzz;

fuzz_target!(|bytes: &[u8]| {
    fuzz::read_log(bytes);
    // Random bytes rarely have right checksums; these always do.
    fuzz::read_log(&fuzz::forge(bytes));
});
