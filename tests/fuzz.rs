//! No bytes, however they came to be, make the store panic, believe nonsense, change what it refuses,
//! or take more memory than the file is long and a little more.
//!
//! This is the blind form of the targets in `fuzz/`, for toolchains that cannot measure coverage.
//! `FUZZ_SECONDS` sets how long each runs; a failure prints the `SEED` that replays it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]
#![allow(clippy::cast_possible_truncation, reason = "the lengths are small")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use softadastra_store::{StoreConfig, StoreEngine};
use support::fuzz::{decode_operation, forge, mutate, open_write_reopen, read, read_log, recipe};
use support::random::Random;
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";
/// What reading takes besides the file: one slice of it, and the first pieces of the index.
const ROOM: usize = 3 << 20;

/// Counts what each thread has allocated.
struct Counter;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    let now = NOW.get() + change;
    NOW.set(now);
    PEAK.set(PEAK.get().max(now));
}

// SAFETY: every call goes to the allocator of the system as it came.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.cast_signed() - layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static COUNTER: Counter = Counter;

/// The most that `work` had allocated at one time.
fn peak_of<T>(work: impl FnOnce() -> T) -> usize {
    let before = NOW.get();
    PEAK.set(before);
    drop(work());
    usize::try_from(PEAK.get() - before).unwrap()
}

/// Runs `check` with one seed after the other for as long as fuzzing lasts.
fn fuzz(check: impl Fn(&mut Random)) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let run = |seed| check(&mut Random::new(seed));
    if let Some(seed) = number("SEED") {
        return run(seed);
    }
    let time = Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(2));
    let begun = Instant::now();
    let start = 0x000F_0552;
    for seed in start.. {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!("replay with SEED={seed}");
            resume_unwind(panic);
        }
        if begun.elapsed() > time {
            return println!("{} inputs", seed - start + 1);
        }
    }
}

fn golden() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.iter().map(|name| std::fs::read(name).unwrap()).collect()
}

/// A log: a good one that was changed, a forged one, or both.
fn some_log(golden: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut log = match random.below(3) {
        0 => golden[random.below(golden.len())].clone(),
        _ => forge(&recipe(random)),
    };
    if random.below(2) == 0 {
        mutate(&mut log, random);
    }
    log
}

#[test]
fn no_bytes_make_the_operation_decoder_panic_or_lie() {
    fuzz(|random| {
        let mut bytes = recipe(random);
        let from = random.below(bytes.len().min(11) + 1);
        bytes.drain(..from);
        decode_operation(&bytes);
        let len = random.below(60);
        decode_operation(&random.bytes(len));
    });
}

#[test]
fn no_file_makes_a_reader_panic_or_take_more_memory_than_the_file_is_long_and_a_little() {
    let golden = golden();
    fuzz(|random| {
        let log = some_log(&golden, random);
        read_log(&log);
        let disk = SimDisk::with_file(Path::new(LOG), &log);
        let peak = peak_of(|| read(&disk));
        assert!(peak <= 2 * log.len() + ROOM, "{peak} bytes for a file of {}", log.len());
    });
}

#[test]
fn no_file_that_opens_loses_what_it_showed_and_none_that_is_refused_is_changed() {
    let golden = golden();
    fuzz(|random| open_write_reopen(&some_log(&golden, random)));
}

#[test]
fn lengths_that_a_file_only_claims_take_no_memory() {
    for far in 0..=255 {
        // A frame whose body is said to be up to 255 MiB long, and a key and a value likewise.
        let claims = [1, 0, 1, 40, far, 0, 0, 0];
        let sizes = [u32::from(far) << 12, u32::from(far) << 18];
        let record = [&[1, 1][..], &sizes[0].to_le_bytes(), b"k", &sizes[1].to_le_bytes()].concat();
        for odd in [claims[0], 0] {
            let bytes = [&[0, odd], &claims[1..], &record, &[0; 29]].concat();
            let disk = SimDisk::with_file(Path::new(LOG), &forge(&bytes));
            let peak = peak_of(|| read(&disk));
            assert!(peak < ROOM, "{peak} bytes");
        }
    }
}

#[test]
fn a_log_of_several_megabytes_is_read_in_its_own_size_and_a_little() {
    let mut random = Random::new(9);
    let mut recipe = vec![0];
    for _ in 0..20_000 {
        let mut payload = vec![1, 1, 8, 0, 0, 0];
        payload.extend((0..8).map(|_| b'a' + random.below(26) as u8));
        payload.extend_from_slice(&200u32.to_le_bytes());
        payload.extend(random.bytes(208));
        recipe.extend_from_slice(&[0, 0, 1, payload.len() as u8, 0, 0, 0, 0]);
        recipe.extend_from_slice(&payload);
    }
    let log = forge(&recipe);
    let disk = SimDisk::with_file(Path::new(LOG), &log);
    assert_eq!(read(&disk), Some(20_000));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    std::fs::write(&path, &log).unwrap();
    let peak = peak_of(|| StoreEngine::open(StoreConfig::durable(&path)).unwrap());
    assert!(peak <= 2 * log.len() + ROOM, "{peak} to open {}", log.len());
    let peak = peak_of(|| read(&disk));
    assert!(log.len() > 5 << 20 && peak <= 2 * log.len() + ROOM, "{peak} for {}", log.len());
}
