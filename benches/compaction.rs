//! What a compaction costs those who write meanwhile: the pause at its end, the throughput beside it, and
//! memory. Run with `cargo bench --bench compaction`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails stops")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use softadastra_store::engine::Group;
use softadastra_store::{CompactionPolicy, Control, StoreConfig, StoreEngine};

const ENTRIES: u64 = 1_000_000;
const GROUP: u64 = 1_000;
const COMPACTIONS: usize = 30;

fn key(number: u64) -> String {
    format!("user:{:010}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 10_000_000_000)
}

/// Puts `count` entries with 100-byte values, from number `first` on.
fn put_group(engine: &StoreEngine, first: u64, count: u64) {
    let mut group = Group::new();
    for number in first..first + count {
        group.put(&key(number % ENTRIES), &[b'v'; 100], None).unwrap();
    }
    engine.commit(&mut group).unwrap();
}

/// Groups per second of one writer while `beside` runs, and the longest it waited for one.
fn write_beside(engine: &StoreEngine, beside: impl FnOnce()) -> (f64, Duration) {
    let (done, groups) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut longest = Duration::ZERO;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let longest = &mut longest;
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let begun = Instant::now();
                put_group(engine, groups.fetch_add(1, Ordering::AcqRel) * 7919 * GROUP, GROUP);
                *longest = (*longest).max(begun.elapsed());
            }
        });
        beside();
        done.store(true, Ordering::Release);
    });
    let groups = f64::from(u32::try_from(groups.into_inner()).unwrap());
    (groups / begun.elapsed().as_secs_f64(), longest)
}

/// Bytes of memory that the process has now, where the system says so.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0) << 10
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    let config = StoreConfig::durable(&path).with_compaction(CompactionPolicy::MANUAL);
    let engine = StoreEngine::open(config).unwrap();
    for first in (0..ENTRIES).step_by(10_000) {
        put_group(&engine, first, 10_000);
    }
    println!("{} entries, log of {} MB", engine.size(), engine.stats().log_bytes >> 20);

    let before = memory();
    let (alone, longest_alone) =
        write_beside(&engine, || std::thread::sleep(Duration::from_secs(5)));
    let mut reports = Vec::new();
    let mut peak = 0;
    let (beside, longest) = write_beside(&engine, || {
        for _ in 0..COMPACTIONS {
            reports.push(engine.compact(&Control::default()).unwrap());
            peak = peak.max(memory());
        }
    });
    let mut pauses: Vec<_> = reports.iter().map(|report| report.pause).collect();
    let mut durations: Vec<_> = reports.iter().map(|report| report.duration).collect();
    pauses.sort_unstable();
    durations.sort_unstable();
    let median = COMPACTIONS / 2;
    println!(
        "durable groups of {GROUP} puts: {alone:.0}/s alone, {beside:.0}/s beside compactions, ratio {:.2}",
        beside / alone
    );
    println!(
        "pause of writers: median {:.1?}, longest {:.1?} of {COMPACTIONS}",
        pauses[median],
        pauses[COMPACTIONS - 1]
    );
    println!("longest group: {longest_alone:.1?} alone, {longest:.1?} beside compactions");
    println!("a compaction takes {:.0?} (median)", durations[median]);
    println!("memory: {} MB before, {} MB at most", before >> 20, peak >> 20);
}
