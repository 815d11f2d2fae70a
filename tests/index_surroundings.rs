//! What stands in the way of an index file costs the file, not the store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use softadastra_store::{Control, Key, StoreConfig, StoreEngine, Value};
use support::model::Model;
use support::sim_disk::SimDisk;
use support::story::{INDEX, LOG, SMALL_INDEX};

const NEW_INDEX: &str = "/store.wal.index.new";

fn put(engine: &StoreEngine, number: usize) {
    let key = Key::new(format!("key {number:04}")).unwrap();
    engine.put(&key, &Value::from_bytes(vec![7; 50])).unwrap();
}

/// A store that has no index file yet, with as many entries.
fn filled(engine: StoreEngine, entries: usize) -> StoreEngine {
    engine.recover().unwrap();
    for number in 0..entries {
        put(&engine, number);
    }
    engine
}

fn on_disk(path: &Path) -> StoreEngine {
    StoreEngine::new(StoreConfig::durable(path).with_index(SMALL_INDEX))
}

fn simulated(disk: &SimDisk) -> StoreEngine {
    let config = StoreConfig::durable(LOG).with_index(SMALL_INDEX);
    StoreEngine::with_storage(config, Arc::new(disk.clone()))
}

/// The store cannot write an index file, says why, and does all else.
fn works_without(open: &dyn Fn() -> StoreEngine, why: &str) -> Model {
    let engine = filled(open(), 20);
    engine.compact(&Control::default()).unwrap();
    let stats = engine.stats();
    let told = stats.index_failure.clone().unwrap_or_else(|| panic!("{why}: {stats:?}"));
    assert!(told.contains(why), "{why}: {told}");
    assert_eq!(stats.indexed_sequence, 0, "{why}");
    assert!(stats.last_compaction_error.is_none() && !stats.poisoned, "{why}");
    put(&engine, 3);
    let model = Model::of(&engine);
    engine.close().unwrap();
    let engine = open();
    let report = engine.recover().unwrap();
    assert_eq!(report.bytes_unverified, 0, "{why}");
    assert_eq!(Model::of(&engine), model, "{why}");
    engine.close().unwrap();
    model
}

/// Once nothing is in the way there is an index file again.
fn works_with(open: &dyn Fn() -> StoreEngine, model: &Model) {
    let engine = open();
    engine.recover().unwrap();
    engine.compact(&Control::default()).unwrap();
    assert_eq!(engine.stats().index_failure, None);
    assert_eq!(engine.stats().indexed_sequence, model.last_sequence);
    engine.close().unwrap();
    let engine = open();
    assert!(engine.recover().unwrap().bytes_unverified > 0);
    assert_eq!(&Model::of(&engine), model);
    engine.close().unwrap();
}

#[test]
fn a_folder_in_the_place_of_an_index_file_stays_and_is_told_of() {
    for name in ["store.wal.index", "store.wal.index.new"] {
        let folder = tempfile::tempdir().unwrap();
        let (log, taken) = (folder.path().join("store.wal"), folder.path().join(name));
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("notes"), "mine").unwrap();
        let model = works_without(&|| on_disk(&log), "is not a file");
        assert_eq!(fs::read(taken.join("notes")).unwrap(), b"mine");
        fs::remove_dir_all(&taken).unwrap();
        works_with(&|| on_disk(&log), &model);
    }
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_that_has_the_name_of_an_index_file_is_never_written_to() {
    use std::os::unix::fs::symlink;
    for name in ["store.wal.index", "store.wal.index.new"] {
        for target in ["notes", "missing"] {
            let folder = tempfile::tempdir().unwrap();
            let (log, link) = (folder.path().join("store.wal"), folder.path().join(name));
            let notes = folder.path().join("notes");
            fs::write(&notes, vec![b'n'; 20_000]).unwrap();
            symlink(folder.path().join(target), &link).unwrap();
            let engine = filled(on_disk(&log), 20);
            let model = Model::of(&engine);
            engine.close().unwrap();
            works_with(&|| on_disk(&log), &model);
            assert_eq!(fs::read(&notes).unwrap(), vec![b'n'; 20_000], "{name}");
            assert!(!folder.path().join("missing").exists(), "{name}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    fs::create_dir(folder.path().join("folder")).unwrap();
    symlink(folder.path().join("folder"), folder.path().join("store.wal.index")).unwrap();
    works_without(&|| on_disk(&log), "is not a file");
}

#[cfg(unix)]
#[test]
fn an_index_file_that_a_link_leads_to_is_used_and_left_as_it_is_when_it_is_due_again() {
    let folder = tempfile::tempdir().unwrap();
    let (log, link) = (folder.path().join("store.wal"), folder.path().join("store.wal.index"));
    let elsewhere = folder.path().join("elsewhere");
    filled(on_disk(&log), 20).close().unwrap();
    fs::rename(&link, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    let engine = on_disk(&log);
    assert!(engine.recover().unwrap().bytes_unverified > 0);
    engine.ready(&Control::default()).unwrap();
    for number in 10..40 {
        put(&engine, number);
    }
    let (model, before) = (Model::of(&engine), fs::read(&elsewhere).unwrap());
    engine.close().unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    assert!(fs::symlink_metadata(&link).unwrap().is_file());
    works_with(&|| on_disk(&log), &model);
}

#[test]
fn a_folder_that_takes_no_new_file_leaves_a_store_without_an_index_file() {
    let kinds = [
        (ErrorKind::PermissionDenied, "permission denied"),
        (ErrorKind::ReadOnlyFilesystem, "read-only file system"),
    ];
    for (kind, why) in kinds {
        let disk = SimDisk::new();
        disk.refuse(Path::new(NEW_INDEX), kind);
        let model = works_without(&|| simulated(&disk), why);
        disk.heal();
        works_with(&|| simulated(&disk), &model);
    }
}

#[test]
fn an_index_file_that_cannot_be_read_is_told_of_and_replaced() {
    type Way = fn(&SimDisk);
    let ways: [(&str, Way); 3] = [
        ("permission denied", |disk| disk.refuse(Path::new(INDEX), ErrorKind::PermissionDenied)),
        ("worn out", |disk| disk.set_unreadable(Path::new(INDEX), 0..1)),
        ("worn out", |disk| disk.set_unreadable(Path::new(INDEX), 8192..8193)),
    ];
    for (why, spoil) in ways {
        let disk = SimDisk::new();
        let engine = filled(simulated(&disk), 20);
        let model = Model::of(&engine);
        engine.close().unwrap();
        spoil(&disk);
        let engine = simulated(&disk);
        engine.recover().unwrap();
        assert_eq!(Model::of(&engine), model, "{why}");
        let told = engine.stats().index_failure.unwrap_or_default();
        assert!(told.contains(why), "{why}: {told:?}");
        assert!(engine.stats().ready, "{why}: all was replayed");
        engine.close().unwrap();
        disk.heal();
        works_with(&|| simulated(&disk), &model);
    }
}

#[test]
fn a_disk_that_is_full_while_an_index_file_is_written_costs_the_file_alone() {
    for room in [0, 1, 4096, 8192, 20_000, 30_000] {
        let disk = SimDisk::new();
        let engine = filled(simulated(&disk), 4000);
        let full = disk.clone();
        disk.on_create(Path::new(NEW_INDEX), move || full.set_room(room));
        engine.compact(&Control::default()).unwrap();
        let told = engine.stats().index_failure.unwrap_or_else(|| panic!("{room}"));
        assert!(told.contains("no space left"), "{room}: {told}");
        assert_eq!(disk.read(Path::new(NEW_INDEX)), None, "{room}: a part of it is left");
        disk.set_full(false);
        put(&engine, 5);
        let model = Model::of(&engine);
        let full = disk.clone();
        disk.on_create(Path::new(NEW_INDEX), move || full.set_room(room));
        engine.close().unwrap();
        disk.set_full(false);
        let names = disk.names();
        assert!(!names.contains(&PathBuf::from(INDEX)), "{room}: {names:?}");
        assert!(!names.contains(&PathBuf::from(NEW_INDEX)), "{room}: {names:?}");
        works_with(&|| simulated(&disk), &model);
    }
}

#[test]
fn a_file_that_came_in_the_place_of_the_index_file_of_an_open_store_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let (log, index) = (folder.path().join("store.wal"), folder.path().join("store.wal.index"));
    filled(on_disk(&log), 20).close().unwrap();
    let engine = on_disk(&log);
    engine.recover().unwrap();
    put(&engine, 3);
    let model = Model::of(&engine);
    let notes = vec![b'n'; 20_000];
    fs::write(&index, &notes).unwrap();
    engine.close().unwrap();
    assert_eq!(fs::read(&index).unwrap(), notes);
    works_with(&|| on_disk(&log), &model);
}
