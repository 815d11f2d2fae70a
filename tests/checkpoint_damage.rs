//! Damage to a log that was compacted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{
    Control, Error, Key, SnapshotBuilderStore, StoreConfig, StoreEngine, Value,
};
use support::model::{Model, run, script};
use support::random::Random;
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";

fn engine(disk: &SimDisk) -> StoreEngine {
    StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()))
}

/// A compacted log with a checkpoint, kept history, a consumer and frames written since; where its
/// checkpoint ends, and the store's state.
fn compacted() -> (Vec<u8>, Model) {
    let disk = SimDisk::new();
    let engine = engine(&disk);
    engine.recover().unwrap();
    let script = script(&mut Random::new(3), 20);
    let mut model = Model::default();
    for (at, commit) in script.iter().enumerate() {
        run(&engine, commit).unwrap();
        model.commit(commit);
        if at == 12 {
            engine.consumer("outbox", 8).unwrap();
            engine.compact(&Control::default()).unwrap();
        }
    }
    engine.close().unwrap();
    (disk.read(Path::new(LOG)).unwrap(), model)
}

fn recover(bytes: &[u8]) -> (SimDisk, Result<StoreEngine, Error>) {
    let disk = SimDisk::with_file(Path::new(LOG), bytes);
    let engine = engine(&disk);
    let recovered = engine.recover();
    (disk, recovered.map(|_| engine))
}

#[test]
fn a_damaged_byte_anywhere_in_a_compacted_log_is_refused_and_nothing_is_changed() {
    let (bytes, _) = compacted();
    // After the seal's frame number, nothing tells damage to the seal from an interrupted write.
    let seal = bytes.len() - 56;
    for at in 0..seal {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        let (disk, found) = recover(&damaged);
        let error = found.err().unwrap_or_else(|| panic!("byte {at}: damage was accepted"));
        assert_eq!(error.code().as_str(), "store_error", "byte {at}: {error}");
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), damaged, "byte {at}");
        let built = SnapshotBuilderStore::build_on(&disk, Path::new(LOG));
        assert!(built.is_err(), "byte {at}: a snapshot was built of damage");
    }
}

#[test]
fn a_log_that_ends_inside_its_checkpoint_is_refused() {
    let disk = SimDisk::new();
    let engine = engine(&disk);
    engine.recover().unwrap();
    for at in 0..40 {
        engine.put(&Key::new(format!("key {at}")).unwrap(), &Value::from_string("value")).unwrap();
    }
    engine.compact(&Control::default()).unwrap();
    engine.close().unwrap();
    let bytes = disk.read(Path::new(LOG)).unwrap();
    let seal = bytes.len() - 56;
    for len in 64..seal {
        let (disk, found) = recover(&bytes[..len]);
        assert!(matches!(found, Err(Error::CorruptLog { .. })), "{len} bytes: {found:?}");
        assert_eq!(disk.read(Path::new(LOG)).unwrap().len(), len);
    }
}

#[test]
fn salvage_keeps_what_can_be_read_of_a_damaged_checkpoint_and_of_what_follows_it() {
    let (bytes, model) = compacted();
    let to = Path::new("/saved.wal");
    for at in (70..bytes.len() - 56).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        let disk = SimDisk::with_file(Path::new(LOG), &damaged);
        let report = salvage_on(&disk, Path::new(LOG), to).unwrap_or_else(|e| panic!("{at}: {e}"));
        assert!(report.problem.is_some(), "byte {at}");
        let logs = std::iter::once(&report.log).chain(report.later.iter().map(|run| &run.log));
        for log in logs {
            let snapshot = SnapshotBuilderStore::build_on(&disk, log);
            let snapshot = snapshot.unwrap_or_else(|error| panic!("byte {at}: {error}"));
            for entry in snapshot.all().unwrap() {
                assert!(entry.version <= model.last_sequence, "byte {at}");
            }
        }
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), damaged);
    }
    let disk = SimDisk::with_file(Path::new(LOG), &bytes);
    let whole = salvage_on(&disk, Path::new(LOG), to).unwrap();
    assert_eq!(whole.problem, None);
    let config = StoreConfig::durable(to);
    let saved = StoreEngine::with_storage(config, Arc::new(disk));
    saved.recover().unwrap();
    assert_eq!(Model::of(&saved), model);
    assert_eq!(saved.consumer("outbox", 0).unwrap().position().unwrap(), 8);
    assert_eq!(saved.stats().floor, 8);
}
