//! Damage is reported where it is and changes nothing; an interrupted write is cut off and kept.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use softadastra_store::{Error, StoreConfig, StoreEngine};
use support::model::Model;
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";
/// Where the frames of `golden/v1/sealed.wal` start, and its end.
const FRAMES: [usize; 6] = [64, 152, 584, 680, 760, 816];

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    std::fs::read(folder.join(name)).unwrap()
}

/// Tries to open a log with these bytes.
fn open(bytes: &[u8]) -> (SimDisk, Result<StoreEngine, Error>) {
    let disk = SimDisk::with_file(Path::new(LOG), bytes);
    let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()));
    let opened = engine.recover().map(|_| engine);
    (disk, opened)
}

fn state(bytes: &[u8]) -> Model {
    Model::of(&open(bytes).1.unwrap())
}

/// The states after each frame of the golden history.
fn states() -> Vec<Model> {
    let whole = golden("sealed.wal");
    FRAMES[..5].iter().map(|&end| state(&whole[..end])).collect()
}

fn assert_untouched(disk: &SimDisk, bytes: &[u8]) {
    assert_eq!(disk.read(Path::new(LOG)).as_deref(), Some(bytes));
}

fn cut_files(disk: &SimDisk) -> Vec<PathBuf> {
    let is_cut = |name: &PathBuf| name.to_string_lossy().contains(".cut-");
    disk.names().into_iter().filter(is_cut).collect()
}

fn each_flip(bytes: &[u8], mut check: impl FnMut(usize, Vec<u8>)) {
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        check(bit / 8, flipped);
    }
}

#[test]
fn any_flipped_bit_of_the_file_header_refuses_the_log() {
    each_flip(&golden("sealed.wal")[..64], |at, header| {
        let mut bytes = golden("sealed.wal");
        bytes[..64].copy_from_slice(&header);
        let (disk, opened) = open(&bytes);
        match (at, opened.unwrap_err()) {
            (0..8, Error::NotALog { .. })
            | (8..10, Error::UnsupportedVersion { .. })
            | (10.., Error::CorruptLog { offset: 0, .. }) => {}
            (_, error) => panic!("byte {at}: {error}"),
        }
        assert_untouched(&disk, &bytes);
        assert_eq!(disk.names(), [Path::new(LOG)], "nothing is left beside a refused file");
    });
}

#[test]
fn any_flipped_bit_of_a_frame_of_a_closed_log_is_reported_with_its_place() {
    let whole = state(&golden("sealed.wal"));
    each_flip(&golden("sealed.wal"), |at, bytes| {
        let frame = FRAMES.partition_point(|&start| start <= at);
        if frame == 0 {
            return;
        }
        let (disk, opened) = open(&bytes);
        if at >= FRAMES[4] {
            // The seal itself: nothing that was written is in doubt.
            assert_eq!(Model::of(&opened.unwrap()), whole, "byte {at}");
            assert_eq!(cut_files(&disk).len(), 1, "byte {at}");
            return;
        }
        match opened.unwrap_err() {
            Error::CorruptLog { offset, .. } => {
                assert_eq!(offset, FRAMES[frame - 1] as u64, "byte {at}");
            }
            error => panic!("byte {at}: {error}"),
        }
        assert_untouched(&disk, &bytes);
    });
}

#[test]
fn a_flipped_bit_in_the_last_frame_of_an_unclosed_log_costs_that_frame_alone_and_keeps_it() {
    let states = states();
    each_flip(&golden("unsealed.wal")[..1024], |at, bytes| {
        let mut bytes = bytes;
        bytes.resize(golden("unsealed.wal").len(), 0);
        let (disk, opened) = open(&bytes);
        match at {
            0..64 => assert!(opened.is_err()),
            64..680 => {
                assert!(matches!(opened, Err(Error::CorruptLog { .. })), "byte {at}: {opened:?}");
                assert_untouched(&disk, &bytes);
            }
            680..760 => {
                assert_eq!(Model::of(&opened.unwrap()), states[3], "byte {at}");
                let [cut] = &cut_files(&disk)[..] else { panic!("byte {at}") };
                let saved = disk.read(cut).unwrap();
                assert_eq!(saved, &bytes[680..680 + saved.len()], "byte {at}");
                assert!(bytes[680 + saved.len()..].iter().all(|&byte| byte == 0));
            }
            _ => assert_eq!(Model::of(&opened.unwrap()), states[4], "byte {at}"),
        }
    });
}

#[test]
fn a_log_cut_anywhere_shows_the_frames_that_are_whole_and_keeps_the_rest() {
    let states = states();
    let whole = golden("sealed.wal");
    for len in 0..whole.len() {
        let (disk, opened) = open(&whole[..len]);
        if len < 64 {
            let error = opened.unwrap_err();
            match error {
                Error::NotALog { .. } if len < 8 => {}
                Error::CorruptLog { offset, .. } if len >= 8 => assert_eq!(offset, len as u64),
                error => panic!("length {len}: {error}"),
            }
            assert_untouched(&disk, &whole[..len]);
            continue;
        }
        let frames = FRAMES.partition_point(|&start| start <= len) - 1;
        assert_eq!(Model::of(&opened.unwrap()), states[frames], "length {len}");
        let torn = len > FRAMES[frames];
        assert_eq!(cut_files(&disk).len(), usize::from(torn), "length {len}");
        if torn {
            assert_eq!(disk.read(Path::new(LOG)).unwrap().len(), FRAMES[frames]);
        }
    }
}

#[test]
fn a_torn_tail_is_reported_with_what_was_kept_cut_and_saved() {
    let bytes = golden("torn.wal");
    let disk = SimDisk::with_file(Path::new(LOG), &bytes);
    let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()));
    let report = engine.recover().unwrap();
    assert_eq!((report.records, report.entries, report.last_sequence), (7, Some(4), 7));
    assert_eq!(report.bytes_kept, 760);
    assert!(!report.clean_shutdown && !report.created);
    let saved = disk.read(&report.cut_saved_to.unwrap()).unwrap();
    assert_eq!(saved.len() as u64, report.bytes_cut);
    assert_eq!(saved, &bytes[760..760 + saved.len()]);
}

#[test]
fn damage_before_flushed_frames_of_a_buffered_log_is_not_taken_for_a_lost_write() {
    // Closing flushed every frame; the seal says so.
    let mut bytes = golden("buffered-sealed.wal");
    bytes[160] ^= 1;
    assert!(matches!(open(&bytes).1, Err(Error::CorruptLog { offset: 152, .. })));
    // Nothing says so here: a loss of power may have taken the second frame and not the third.
    let mut bytes = golden("buffered.wal");
    bytes[160] ^= 1;
    assert_eq!(Model::of(&open(&bytes).1.unwrap()), states()[1]);
}

#[test]
fn a_valid_checksum_over_an_operation_that_does_not_decode_is_refused_with_its_sequence() {
    let mut bytes = golden("empty.wal");
    let salt = u64::from_le_bytes(bytes[16..24].try_into().unwrap());
    let checksum = softadastra_store::wal::checksum::Checksum::salted(salt);
    let body = [9u8; 30];
    let header = softadastra_store::wal::format::FrameHeader {
        kind: softadastra_store::wal::format::FrameKind::Commit,
        synced: true,
        body_len: 30,
        count: 1,
        number: 1,
        first_sequence: 1,
        durable_frame: 0,
        previous: u32::from_le_bytes(bytes[60..64].try_into().unwrap()),
        body_checksum: checksum.of(&body),
    };
    bytes.extend_from_slice(&header.encode(&checksum).0);
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(&[0, 0]);
    let (disk, opened) = open(&bytes);
    let error = opened.unwrap_err();
    assert!(
        matches!(error, Error::OperationDecodingFailed { sequence: 1, offset: 120, .. }),
        "{error}"
    );
    assert_untouched(&disk, &bytes);
}
