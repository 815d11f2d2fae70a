//! Salvage saves what can be read of a damaged log into new files, says what it could not save, and
//! changes nothing that was there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use softadastra_store::wal::salvage::{SalvageReport, salvage_on};
use softadastra_store::{Error, Key, SnapshotBuilderStore, StoreConfig, StoreEngine, Value};
use support::model::Model;
use support::random::Random;
use support::sim_disk::{Fault, SimDisk};

const LOG: &str = "/store.wal";
const TO: &str = "/saved.wal";
/// Where the frames of `golden/v1/sealed.wal` start, and its end; the last is the seal.
const FRAMES: [usize; 6] = [64, 152, 584, 680, 760, 816];
/// The last sequence before each of those frames.
const SEQUENCES: [u64; 5] = [0, 1, 5, 6, 7];

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    std::fs::read(folder.join(name)).unwrap()
}

fn open(disk: &SimDisk, path: &Path) -> Result<StoreEngine, Error> {
    let engine = StoreEngine::with_storage(StoreConfig::durable(path), Arc::new(disk.clone()));
    engine.recover().map(|_| engine)
}

/// The states after each frame of the golden history.
fn states() -> Vec<Model> {
    let whole = golden("sealed.wal");
    let state = |&end: &usize| {
        let disk = SimDisk::with_file(Path::new(LOG), &whole[..end]);
        Model::of(&open(&disk, Path::new(LOG)).unwrap())
    };
    FRAMES[..5].iter().map(state).collect()
}

fn salvage(bytes: &[u8]) -> (SimDisk, Result<SalvageReport, Error>) {
    let disk = SimDisk::with_file(Path::new(LOG), bytes);
    disk.set_salt(0xDEAD_BEEF);
    let report = salvage_on(&disk, Path::new(LOG), Path::new(TO));
    assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes, "the damaged log is only read");
    (disk, report)
}

#[test]
fn whatever_frame_is_damaged_the_new_log_holds_all_before_it_with_its_versions() {
    let states = states();
    let whole = golden("sealed.wal");
    for at in (64..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let frame = FRAMES.partition_point(|&start| start <= at) - 1;
        let (disk, report) = salvage(&bytes);
        let report = report.unwrap();
        assert_eq!(report.bytes_kept, FRAMES[frame] as u64, "byte {at}");
        assert!(report.problem.is_some(), "byte {at}");
        assert_eq!(disk.read(&report.copy).unwrap(), bytes, "byte {at}");
        let saved = open(&disk, Path::new(TO)).unwrap();
        assert_eq!(Model::of(&saved), states[frame], "byte {at}");
        assert_eq!((report.last_sequence, report.bytes_unreadable), (SEQUENCES[frame], 0));
        // What follows the damaged frame is one unbroken run, but for the seal, which holds nothing.
        let later = SEQUENCES.get(frame + 1).copied().filter(|&sequence| sequence < 7);
        let first = report.later.first().map(|run| run.first_sequence - 1);
        assert_eq!((first, report.later.len()), (later, usize::from(later.is_some())), "byte {at}");
    }
}

#[test]
fn what_can_be_read_after_the_damage_is_a_log_of_its_own_with_its_own_versions() {
    let mut bytes = golden("sealed.wal");
    bytes[FRAMES[1] + 100] ^= 1;
    let (disk, report) = salvage(&bytes);
    let report = report.unwrap();
    let [run] = &report.later[..] else { panic!("{report:?}") };
    assert_eq!((run.offset, run.end), (FRAMES[2] as u64, FRAMES[5] as u64));
    assert_eq!((run.first_sequence, run.last_sequence, run.records), (6, 7, 2));
    assert_eq!(report.bytes_lost, (FRAMES[2] - FRAMES[1]) as u64);
    let later = SnapshotBuilderStore::build_on(&disk, &run.log).unwrap();
    let entries: Vec<_> =
        later.all().unwrap().into_iter().map(|e| (e.key.to_string(), e.version)).collect();
    assert_eq!(entries, [("user:1".to_owned(), 6)]);
    let store = open(&disk, &run.log).unwrap();
    assert_eq!(store.last_sequence(), 7);
}

#[test]
fn a_damaged_file_header_costs_nothing_as_long_as_the_salt_is_right() {
    let states = states();
    let whole = golden("sealed.wal");
    for at in (10..64).filter(|at| !(16..24).contains(at)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x80;
        let (disk, report) = salvage(&bytes);
        assert_eq!(report.unwrap().problem.unwrap(), "the file header is damaged");
        assert_eq!(Model::of(&open(&disk, Path::new(TO)).unwrap()), states[4], "byte {at}");
    }
    let mut bytes = whole.clone();
    bytes[17] ^= 1;
    let report = salvage(&bytes).1.unwrap();
    assert_eq!((report.records, report.later.len()), (0, 0), "nothing verifies without its salt");
    assert_eq!(report.bytes_lost, (whole.len() - 64) as u64);
}

#[test]
fn a_log_that_is_whole_is_copied_and_no_problem_is_named() {
    for name in ["sealed.wal", "sealed-twice.wal", "unsealed.wal", "buffered.wal", "empty.wal"] {
        let bytes = golden(name);
        let disk = SimDisk::with_file(Path::new(LOG), &bytes);
        let whole = Model::of(&open(&disk, Path::new(LOG)).unwrap());
        let (disk, report) = salvage(&bytes);
        let report = report.unwrap();
        assert_eq!((report.problem, report.bytes_lost, report.later.len()), (None, 0, 0), "{name}");
        assert_eq!(Model::of(&open(&disk, Path::new(TO)).unwrap()), whole, "{name}");
    }
    let report = salvage(&golden("torn.wal")).1.unwrap();
    assert_eq!((report.records, report.problem.as_deref()), (7, Some("an interrupted write")));
    assert!(report.bytes_lost > 0);
}

#[test]
fn a_record_that_does_not_decode_ends_the_new_log_and_is_named() {
    let mut bytes = golden("sealed.wal");
    let body = FRAMES[1] + 56;
    let checksum = softadastra_store::wal::checksum::Checksum::salted(u64::from_le_bytes(
        bytes[16..24].try_into().unwrap(),
    ));
    let header = &bytes[FRAMES[1]..body];
    let header = softadastra_store::wal::format::FrameHeader::decode(header, &checksum);
    let (mut header, _) = header.unwrap();
    bytes[body] = 9;
    header.body_checksum = checksum.of(&bytes[body..body + header.body_len as usize]);
    bytes[FRAMES[1]..body].copy_from_slice(&header.encode(&checksum).0);
    let report = salvage(&bytes).1.unwrap();
    assert_eq!(report.records, 1);
    let problem = report.problem.unwrap();
    assert!(problem.starts_with("no operation can be decoded at sequence 2"), "{problem}");
    assert_eq!(report.later.len(), 1, "the frames after it are readable");
}

#[test]
fn a_sector_that_cannot_be_read_is_counted_and_costs_no_more_than_its_frames() {
    let mut bytes = golden("unsealed.wal");
    let disk = SimDisk::with_file(Path::new(LOG), &bytes);
    let engine = open(&disk, Path::new(LOG)).unwrap();
    let key = softadastra_store::Key::new("large").unwrap();
    for value in [20_000, 20_001, 20_002] {
        engine.put(&key, &softadastra_store::Value::from_bytes(vec![7; value])).unwrap();
    }
    engine.close().unwrap();
    bytes = disk.read(Path::new(LOG)).unwrap();
    // The second of the large values.
    disk.set_unreadable(Path::new(LOG), 30_000..30_512);
    let refused = open(&disk, Path::new(LOG)).unwrap_err();
    assert!(matches!(refused, Error::RecoveryFailed { .. }), "{refused}");
    assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes, "nothing is cut for want of reading");
    let report = salvage_on(&disk, Path::new(LOG), Path::new(TO)).unwrap();
    assert_eq!((report.records, report.bytes_unreadable), (8, 4096));
    assert!(report.problem.unwrap().starts_with("frame 6 cannot be read"));
    assert_eq!(report.later.len(), 1);
    assert_eq!((report.later[0].first_sequence, report.later[0].last_sequence), (10, 10));
    let saved = open(&disk, Path::new(TO)).unwrap();
    assert_eq!(saved.get(&key).unwrap().unwrap().value.as_bytes().len(), 20_000);
}

#[test]
fn no_file_is_replaced_and_nothing_but_a_log_is_salvaged() {
    for existing in [TO, "/saved.wal.damaged"] {
        let disk = SimDisk::with_file(Path::new(LOG), &golden("sealed.wal"));
        open(&disk, Path::new(existing)).unwrap().close().unwrap();
        let before = disk.read(Path::new(existing));
        let error = salvage_on(&disk, Path::new(LOG), Path::new(TO)).unwrap_err();
        assert!(error.to_string().contains(&format!("replaces no file: {existing}")), "{error}");
        assert_eq!(disk.read(Path::new(existing)), before);
    }
    let (disk, outcome) = salvage(b"dear diary, this is no log");
    assert!(matches!(outcome, Err(Error::NotALog { .. })));
    assert_eq!(disk.names(), [Path::new(LOG)], "nothing is left beside a file that is not ours");
    let disk = SimDisk::with_file(Path::new(LOG), &golden("sealed.wal"));
    let error = salvage_on(&disk, Path::new(LOG), Path::new(LOG)).unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    let store = open(&disk, Path::new(LOG)).unwrap();
    let error = salvage_on(&disk, Path::new(LOG), Path::new(TO)).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(store);
}

#[test]
fn any_failing_call_of_a_salvage_leaves_the_damaged_log_and_no_half_made_new_one() {
    let mut bytes = golden("sealed.wal");
    bytes[FRAMES[1] + 100] ^= 1;
    let (whole, report) = salvage(&bytes);
    let report = report.unwrap();
    for call in 0..whole.calls() {
        let disk = SimDisk::with_file(Path::new(LOG), &bytes);
        disk.fail_at(call, Fault::Error(ErrorKind::StorageFull));
        let outcome = salvage_on(&disk, Path::new(LOG), Path::new(TO));
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes, "call {call}");
        if outcome.is_err() && disk.names().contains(&PathBuf::from(TO)) {
            let saved = SnapshotBuilderStore::build_on(&disk, Path::new(TO)).unwrap();
            assert_eq!(saved.size(), 1, "call {call}: a log that has its name is complete");
        }
        if let Ok(salvaged) = outcome {
            // Only the lock is not needed, and reads are tried again in smaller pieces.
            assert_eq!(salvaged.records, report.records, "call {call}");
        }
        let crashed = disk.crash(&mut Random::new(call as u64));
        assert_eq!(crashed.read(Path::new(LOG)).unwrap(), bytes, "call {call}");
    }
}

#[test]
fn a_log_that_a_killed_salvage_has_named_keeps_what_the_next_process_writes_to_it() {
    let mut bytes = golden("sealed.wal");
    bytes[FRAMES[1]] ^= 1;
    let whole = SimDisk::with_file(Path::new(LOG), &bytes);
    salvage_on(&whole, Path::new(LOG), Path::new(TO)).unwrap();
    let mut named = 0;
    for call in 0..=whole.calls() {
        let killed = SimDisk::with_file(Path::new(LOG), &bytes);
        killed.crash_at(call);
        assert_eq!(
            salvage_on(&killed, Path::new(LOG), Path::new(TO)).is_ok(),
            call == whole.calls()
        );
        for seed in 0..20 {
            let disk = killed.kill();
            disk.set_salt(seed);
            let mut kept = None;
            if disk.read(Path::new(TO)).is_some() {
                named += 1;
                let saved = open(&disk, Path::new(TO)).unwrap();
                saved.put(&Key::new("new").unwrap(), &Value::from_string("value")).unwrap();
                kept = Some(Model::of(&saved));
            }
            let crashed = disk.crash(&mut Random::new(seed));
            assert_eq!(crashed.read(Path::new(LOG)).unwrap(), bytes, "call {call}");
            if let Some(kept) = kept {
                let saved = open(&crashed, Path::new(TO));
                let saved = saved.unwrap_or_else(|error| panic!("call {call}, {seed}: {error}"));
                assert_eq!(Model::of(&saved), kept, "call {call}, {seed}");
            }
        }
    }
    assert!(named > 40, "{named} logs were there to be written to");
}
