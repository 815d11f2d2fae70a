//! Damage in large logs, in several places, and bytes that look right but belong elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::wal::checksum::Checksum;
use softadastra_store::wal::format::{FileHeader, FrameHeader};
use softadastra_store::{Error, Key, StoreConfig, StoreEngine, Value, Write};
use support::model::{Commit, Model, run};
use support::random::Random;
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";

fn open(bytes: &[u8]) -> (SimDisk, Result<StoreEngine, Error>) {
    let disk = SimDisk::with_file(Path::new(LOG), bytes);
    let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()));
    let opened = engine.recover().map(|_| engine);
    (disk, opened)
}

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

/// A log, and where its frames start, its end included.
struct Log {
    bytes: Vec<u8>,
    frames: Vec<usize>,
    states: Vec<Model>,
}

/// Writes a log by `commits` and, when asked, closes it.
fn write(config: &StoreConfig, salt: u64, commits: &[Commit], close: bool) -> Log {
    let disk = SimDisk::new();
    disk.set_salt(salt);
    let engine = StoreEngine::with_storage(config.clone(), Arc::new(disk.clone()));
    engine.recover().unwrap();
    let mut frames = vec![64];
    for commit in commits {
        run(&engine, commit).unwrap();
        frames.push(usize::try_from(engine.stats().log_bytes).unwrap());
    }
    if close {
        engine.close().unwrap();
    }
    let bytes = disk.read(Path::new(LOG)).unwrap();
    Log { bytes, frames, states: Model::states(commits) }
}

fn several_megabytes(close: bool) -> Log {
    let mut random = Random::new(5);
    let commits: Vec<_> = (0..400)
        .map(|at| {
            let len = if at % 40 == 0 { 130_000 } else { 1_000 + random.below(9_000) };
            let value = Value::from_bytes(random.bytes(len));
            let name = key(&format!("key {}", random.below(50)));
            Commit(vec![Write::put(name, value)])
        })
        .collect();
    write(&StoreConfig::durable(LOG), 7, &commits, close)
}

#[test]
fn any_sampled_flip_in_a_log_of_several_megabytes_is_reported_with_its_place() {
    let log = several_megabytes(true);
    assert!(log.bytes.len() > 3 << 20);
    let end = log.frames[log.frames.len() - 1];
    let mut random = Random::new(6);
    for _ in 0..300 {
        let at = 64 + random.below(end - 64);
        let mut bytes = log.bytes.clone();
        bytes[at] ^= 1 << random.below(8);
        let frame = log.frames.partition_point(|&start| start <= at) - 1;
        let (disk, opened) = open(&bytes);
        match opened.unwrap_err() {
            Error::CorruptLog { offset, sequence, .. } => {
                let place = (log.frames[frame] as u64, frame as u64 + 1);
                assert_eq!((offset, sequence), place, "byte {at}");
            }
            error => panic!("byte {at}: {error}"),
        }
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes, "byte {at}");
    }
}

#[test]
fn a_log_of_several_megabytes_cut_anywhere_shows_the_frames_that_are_whole() {
    let log = several_megabytes(false);
    let mut random = Random::new(7);
    for _ in 0..200 {
        let len = 64 + random.below(log.bytes.len() - 64);
        let (_, opened) = open(&log.bytes[..len]);
        let frames = log.frames.partition_point(|&start| start <= len) - 1;
        assert_eq!(Model::of(&opened.unwrap()), log.states[frames], "length {len}");
    }
}

fn puts(values: &[&str]) -> Vec<Commit> {
    let put = |text: &&str| Commit(vec![Write::put(key("key"), Value::from_string(*text))]);
    values.iter().map(put).collect()
}

#[test]
fn damage_in_the_last_two_frames_is_not_taken_for_one_interrupted_write() {
    let log = write(&StoreConfig::durable(LOG), 1, &puts(&["one", "two", "three"]), false);
    let mut bytes = log.bytes.clone();
    // The body of the second frame and the header of the third, so that no frame vouches for any.
    bytes[log.frames[1] + 60] ^= 1;
    bytes[log.frames[2] + 20] ^= 1;
    let (disk, opened) = open(&bytes);
    let error = opened.unwrap_err();
    assert!(matches!(error, Error::CorruptLog { sequence: 2, .. }), "{error}");
    assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes);
}

#[test]
fn frames_that_another_log_left_on_the_disk_are_never_read() {
    let short = write(&StoreConfig::durable(LOG), 1, &puts(&["mine"]), false);
    let other = write(&StoreConfig::durable(LOG), 2, &puts(&["them", "their", "theirs"]), false);
    assert_ne!(short.bytes[16..24], other.bytes[16..24], "each log has its own salt");
    // A torn write at the end came back from the drive as what the sectors held before.
    let mut bytes = short.bytes.clone();
    bytes[short.frames[1]..].copy_from_slice(&other.bytes[short.frames[1]..]);
    let (_, opened) = open(&bytes);
    assert_eq!(Model::of(&opened.unwrap()), short.states[1]);
}

#[test]
fn a_frame_that_an_earlier_history_of_the_log_left_behind_is_never_read() {
    let config = StoreConfig::buffered(LOG);
    let earlier = write(&config, 1, &puts(&["same", "lost", "stale"]), false);
    let later = write(&config, 1, &puts(&["same", "kept"]), false);
    assert_eq!(earlier.frames[2], later.frames[2]);
    // The same salt, the right number, the right sequence: only the chain tells it.
    let mut bytes = later.bytes.clone();
    bytes.truncate(later.frames[2]);
    bytes.extend_from_slice(&earlier.bytes[earlier.frames[2]..]);
    let (_, opened) = open(&bytes);
    assert_eq!(Model::of(&opened.unwrap()), later.states[2]);
}

#[test]
fn a_length_that_was_damaged_together_with_the_body_is_not_believed() {
    let log = write(&StoreConfig::durable(LOG), 1, &puts(&["one", "two", "three"]), true);
    let checksum = Checksum::salted(FileHeader::decode(&log.bytes).unwrap().salt);
    for bit in 64..96 {
        let mut bytes = log.bytes.clone();
        bytes[log.frames[1] + bit / 8] ^= 1 << (bit % 8);
        let header = FrameHeader::decode(&bytes[log.frames[1]..], &checksum);
        assert_eq!(header, None, "bit {bit} of the header");
        assert!(matches!(open(&bytes).1, Err(Error::CorruptLog { .. })), "bit {bit}");
    }
}

#[test]
fn a_key_that_is_not_unicode_is_refused_although_every_checksum_is_right() {
    let log = write(&StoreConfig::durable(LOG), 1, &puts(&["one"]), false);
    let mut bytes = log.bytes.clone();
    let (body, end) = (log.frames[0] + 56, log.frames[0] + 56 + 18 + 3 + 3);
    bytes[body + 6] = 0xFF;
    let checksum = Checksum::salted(FileHeader::decode(&bytes).unwrap().salt);
    let (mut header, _) = FrameHeader::decode(&bytes[log.frames[0]..], &checksum).unwrap();
    header.body_checksum = checksum.of(&bytes[body..end]);
    bytes[log.frames[0]..body].copy_from_slice(&header.encode(&checksum).0);
    let error = open(&bytes).1.unwrap_err();
    assert!(matches!(error, Error::OperationDecodingFailed { sequence: 1, .. }), "{error}");
}

#[test]
fn a_batch_longer_than_what_is_read_at_a_time_is_recovered_whole_or_reported() {
    const SLICE: usize = 1 << 20;
    let mut random = Random::new(8);
    for round in 0..30 {
        // Values that end about where a slice does, after small ones that shift them.
        let mut put = |at: u8| {
            let len = match random.below(4) {
                0 => SLICE - 200 + random.below(400),
                1 => random.below(300_000),
                _ => random.below(2_000),
            };
            Write::put(key(&format!("key {at}")), Value::from_bytes(vec![at; len]))
        };
        let batch = Commit((0..40).map(&mut put).collect());
        let log = write(&StoreConfig::durable(LOG), 1, &[batch], true);
        let (_, opened) = open(&log.bytes);
        assert_eq!(Model::of(&opened.unwrap()), log.states[1], "round {round}");
        let mut bytes = log.bytes;
        bytes[64 + 56 + random.below(log.frames[1] - 120)] ^= 4;
        let error = open(&bytes).1.unwrap_err();
        assert!(matches!(error, Error::CorruptLog { offset: 64, .. }), "round {round}: {error}");
    }
}
