#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::fuzz;

fuzz_target!(|bytes: &[u8]| {
    fuzz::open_write_reopen(bytes);
    // Random bytes rarely have right checksums; these always do.
    fuzz::open_write_reopen(&fuzz::forge(bytes));
});
