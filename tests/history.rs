//! The history is read in pages of a bounded size, each byte of the log about once, and never believed unseen.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use softadastra_store::storage::DiskStorage;
use softadastra_store::{
    CompactionPolicy, Control, Error, IndexPolicy, Key, OperationEncoder, StoreConfig, StoreEngine,
    Value, Write,
};
use support::watched_disk::{WatchedDisk, Watcher};

const PAGE_BYTES: usize = 256 << 10;
const PAGE_OPERATIONS: usize = 1024;

/// Counts the bytes that are read.
#[derive(Debug, Default)]
struct Count(AtomicU64);

impl Watcher for Count {
    fn read(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A store in a folder of its own, which is removed when this is dropped.
struct Fixture {
    // Before the folder: Windows removes none with an open file in it.
    engine: StoreEngine,
    folder: tempfile::TempDir,
    read: Arc<Count>,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let read = Arc::new(Count::default());
    let disk = WatchedDisk::new(Arc::new(DiskStorage), Arc::clone(&read) as Arc<dyn Watcher>);
    let config = StoreConfig::buffered(folder.path().join("store.wal"));
    // Nobody but the test reads the log.
    let config = config.with_compaction(CompactionPolicy::MANUAL).with_index(IndexPolicy::DISABLED);
    let engine = StoreEngine::with_storage(config, Arc::new(disk));
    engine.recover().unwrap();
    Fixture { engine, folder, read }
}

impl Fixture {
    fn log(&self) -> PathBuf {
        self.folder.path().join("store.wal")
    }

    /// Writes one batch with values of these sizes and flushes it.
    fn batch(&self, sizes: impl IntoIterator<Item = usize>) {
        let writes = sizes.into_iter().enumerate().map(|(at, size)| {
            let value = vec![u8::try_from(at % 251).unwrap(); size];
            Write::put(Key::new(format!("key {at:06}")).unwrap(), Value::from_bytes(value))
        });
        self.engine.batch(&writes.collect::<Vec<_>>()).unwrap();
        self.engine.flush().unwrap();
    }

    fn bytes_read(&self, what: impl FnOnce()) -> u64 {
        let before = self.read.0.load(Ordering::Relaxed);
        what();
        self.read.0.load(Ordering::Relaxed) - before
    }

    /// Turns over the bits of one byte of the log.
    fn flip(&self, offset: u64) {
        let mut file = OpenOptions::new().read(true).write(true).open(self.log()).unwrap();
        let mut byte = [0];
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.read_exact(&mut byte).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(&[!byte[0]]).unwrap();
    }
}

#[test]
fn a_page_is_small_in_bytes_and_in_operations_or_is_a_single_operation() {
    let fixture = fixture();
    let large = [9 << 20, 1, 300_000, PAGE_BYTES, 2, 5 << 20, 5 << 20];
    fixture.batch((0..30_000).map(|_| 3).chain(large).chain((0..300).map(|_| 40_000)));
    for _ in 0..3 {
        fixture.batch([100_000, 200_000, 10]);
    }
    let mut pages = fixture.engine.operations(0, false).unwrap();
    let (mut next, mut largest, mut longest) = (1, 0, 0);
    loop {
        let page = pages.next_page().unwrap();
        if page.ends.is_empty() {
            break;
        }
        assert_eq!(page.first_sequence, next);
        let (bytes, count) = (page.payloads.len(), page.ends.len());
        assert!(count == 1 || bytes <= PAGE_BYTES, "{bytes} bytes of {count} operations");
        assert!(count <= PAGE_OPERATIONS, "{count} operations");
        if count > 1 {
            largest = largest.max(bytes);
        }
        longest = longest.max(count);
        for logged in page.operations() {
            let operation = logged.operation().unwrap();
            assert_eq!(OperationEncoder::encode(&operation).unwrap(), logged.payload);
            next += 1;
        }
    }
    assert_eq!(next - 1, fixture.engine.last_sequence());
    assert_eq!(longest, PAGE_OPERATIONS);
    assert!(largest > PAGE_BYTES / 2, "pages are as full as they may be: {largest}");
}

#[test]
fn a_batch_ends_with_its_last_operation_whatever_the_pages_are() {
    let fixture = fixture();
    let sizes = [1, 3, 2 * PAGE_OPERATIONS, 7, PAGE_OPERATIONS, 1];
    for count in sizes {
        fixture.batch((0..count).map(|_| 300));
    }
    let expected: Vec<_> = sizes
        .iter()
        .scan(0, |end, count| {
            *end += *count as u64;
            Some(*end)
        })
        .collect();
    let ends = |since| -> Vec<u64> {
        let operations = fixture.engine.operations(since, false).unwrap();
        operations
            .map(Result::unwrap)
            .filter(|one| one.ends_batch)
            .map(|one| one.sequence)
            .collect()
    };
    assert_eq!(ends(0), expected);
    fixture.engine.consumer("slow", 2).unwrap();
    fixture.engine.compact(&Control::default()).unwrap();
    assert_eq!(ends(2), expected[1..], "a compaction keeps the frames");
    let small = fixture.engine.operations(3, false).unwrap().next().unwrap().unwrap();
    assert_eq!((small.sequence, small.ends_batch), (4, true));
}

#[test]
fn a_reader_that_wants_a_few_operations_is_not_given_many() {
    let fixture = fixture();
    fixture.batch((0..1000).map(|_| 1000));
    let mut pages = fixture.engine.operations(10, false).unwrap();
    let sizes: Vec<_> = (0..4).map(|_| pages.next_page().unwrap().payloads.len()).collect();
    assert!(sizes[0] <= 16 << 10, "{sizes:?}");
    assert!(sizes.is_sorted() && sizes[2] > PAGE_BYTES / 2, "{sizes:?}");
}

#[test]
fn a_batch_of_many_pages_is_not_read_over_and_over() {
    let batch = fixture();
    batch.batch((0..100_000).map(|_| 100));
    let log_bytes = batch.engine.stats().log_bytes;
    assert!(log_bytes > 10 << 20);
    let read = batch.bytes_read(|| {
        assert_eq!(batch.engine.operations(0, false).unwrap().count(), 100_000);
    });
    // Once to see that the frame is whole, once for its operations, and what windows overlap.
    assert!(read < log_bytes * 4, "{read} bytes of a log of {log_bytes} were read");
}

#[test]
fn a_follower_at_the_end_reads_little_for_a_little_write() {
    let fixture = fixture();
    fixture.batch((0..2000).map(|_| 1000));
    let mut pages = fixture.engine.operations(2000, true).unwrap();
    assert!(pages.next_page().unwrap().ends.is_empty());
    fixture.batch([10]);
    assert_eq!(pages.next_page().unwrap().ends.len(), 1);
    fixture.batch([10]);
    let read = fixture.bytes_read(|| assert_eq!(pages.next_page().unwrap().ends.len(), 1));
    assert!(read <= 64 << 10, "{read} bytes were read");
}

#[test]
fn a_frame_that_changes_while_it_is_read_in_parts_is_not_believed() {
    let fixture = fixture();
    fixture.batch((0..20_000).map(|at| at % 200));
    let expected: Vec<_> =
        fixture.engine.operations(0, false).unwrap().map(Result::unwrap).collect();
    let frame_end = fixture.engine.stats().log_bytes;
    for share in [30, 50, 70, 90, 99] {
        let mut pages = fixture.engine.operations(0, false).unwrap();
        let mut found: Vec<_> = pages.next_page().unwrap().operations().collect();
        let place = frame_end * share / 100;
        fixture.flip(place);
        let error = loop {
            match pages.next_page() {
                Ok(page) => {
                    assert!(!page.ends.is_empty(), "the change at {place} was not seen");
                    found.extend(page.operations());
                }
                Err(error) => break error,
            }
        };
        let is_told = matches!(&error, Error::RecoveryFailed { .. } | Error::CorruptLog { .. });
        assert!(is_told, "{error}");
        assert!(error.to_string().contains("store.wal"), "{error}");
        assert_eq!(found, expected[..found.len()], "nothing that changed was given");
        fixture.flip(place);
        // The place is not lost: what was there before can be read on.
        found.extend(pages.map(Result::unwrap));
        assert_eq!(found, expected);
    }
}

#[test]
fn a_log_that_is_cut_while_a_frame_is_read_in_parts_is_an_error() {
    let fixture = fixture();
    fixture.batch((0..20_000).map(|_| 100));
    let mut pages = fixture.engine.operations(0, false).unwrap();
    assert!(!pages.next_page().unwrap().ends.is_empty());
    let file = OpenOptions::new().write(true).open(fixture.log()).unwrap();
    file.set_len(fixture.engine.stats().log_bytes / 2).unwrap();
    let rest: Result<Vec<_>, _> = pages.collect();
    assert!(rest.is_err(), "half of the log is gone");
}

#[test]
fn a_compaction_between_two_pages_of_a_frame_leaves_no_gap() {
    let fixture = fixture();
    fixture.batch((0..5000).map(|_| 100));
    fixture.batch((0..20_000).map(|_| 100));
    fixture.batch((0..5000).map(|_| 100));
    let mut pages = fixture.engine.operations(0, false).unwrap();
    let mut next = 1;
    for round in 0.. {
        let page = pages.next_page().unwrap();
        if page.ends.is_empty() {
            break;
        }
        assert_eq!(page.first_sequence, next);
        next += page.ends.len() as u64;
        if round % 7 == 3 {
            let report = fixture.engine.compact(&Control::default()).unwrap();
            assert!(report.floor < next, "the floor is {}", report.floor);
        }
    }
    assert_eq!(next, 30_001);
}

#[test]
fn iterations_that_are_over_hold_nothing_back() {
    let fixture = fixture();
    fixture.batch((0..3000).map(|_| 1000));
    let put = || fixture.engine.put(&Key::new("k").unwrap(), &Value::from_string("x")).unwrap();
    let held = |engine: &StoreEngine| {
        engine.flush().unwrap();
        engine.stats().held_bytes
    };
    let many: Vec<_> =
        (0..1000).map(|at| fixture.engine.operations(at * 3, false).unwrap()).collect();
    put();
    assert!(held(&fixture.engine) > 2_500_000);
    drop(many);
    put();
    assert_eq!(held(&fixture.engine), 0);
}

#[test]
fn operations_before_one_that_cannot_be_read_are_given_once_it_can() {
    let fixture = fixture();
    let mut ends = Vec::new();
    for _ in 0..5 {
        fixture.batch([100, 100]);
        ends.push(fixture.engine.stats().log_bytes);
    }
    let mut pages = fixture.engine.operations(0, false).unwrap();
    fixture.flip(ends[2] + 100);
    assert!(pages.next_page().is_err());
    assert!(pages.next_page().is_err());
    fixture.flip(ends[2] + 100);
    let sequences: Vec<_> = pages.map(|logged| logged.unwrap().sequence).collect();
    assert_eq!(sequences, (1..=10).collect::<Vec<_>>());
}
