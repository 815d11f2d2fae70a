//! Files that are made from a log get its mode and its owner, and are never written through a link.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use softadastra_store::{Control, Error, Key, StoreConfig, StoreEngine, Value, salvage};

fn open(path: &Path) -> StoreEngine {
    StoreEngine::open(StoreConfig::durable(path)).unwrap()
}

fn put(store: &StoreEngine, key: &str) -> Result<u64, Error> {
    Ok(store.put(&Key::new(key)?, &Value::from_string("value"))?.version)
}

fn compact(store: &StoreEngine) -> Result<(), Error> {
    store.compact(&Control::default()).map(drop)
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_that_are_made_of_a_log_have_its_mode() {
    for given in [0o600, 0o640, 0o664, 0o644] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let log = at("store.wal");
        open(&log).close().unwrap();
        set_mode(&log, given);
        for made_before in ["store.wal.lock", "store.wal.durable"] {
            fs::remove_file(at(made_before)).unwrap();
        }
        let store = open(&log);
        for key in ["a", "b"] {
            put(&store, key).unwrap();
        }
        let before = inode(&log);
        compact(&store).unwrap();
        assert_ne!(inode(&log), before);
        put(&store, "c").unwrap();
        store.backup(at("copy.wal"), &Control::default()).unwrap();
        // As a crash in the middle of the last frame would leave it.
        fs::copy(&log, at("torn.wal")).unwrap();
        let torn = fs::OpenOptions::new().write(true).open(at("torn.wal")).unwrap();
        torn.set_len(store.stats().log_bytes - 8).unwrap();
        store.close().unwrap();
        let torn = StoreEngine::new(StoreConfig::durable(at("torn.wal")));
        assert!(torn.recover().unwrap().cut_saved_to.unwrap().exists());
        torn.close().unwrap();
        salvage(&log, at("saved.wal")).unwrap();
        let mut names: Vec<PathBuf> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for name in names {
            assert_eq!(mode(&name), given, "{}", name.display());
        }
    }
}

#[test]
fn a_compaction_of_an_administrator_leaves_the_log_to_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let log = at("store.wal");
    open(&log).close().unwrap();
    if std::os::unix::fs::chown(&log, Some(65534), Some(65533)).is_err() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    set_mode(&log, 0o600);
    fs::remove_file(at("store.wal.lock")).unwrap();
    let store = open(&log);
    put(&store, "a").unwrap();
    compact(&store).unwrap();
    store.backup(at("copy.wal"), &Control::default()).unwrap();
    store.close().unwrap();
    for name in ["store.wal", "store.wal.lock", "copy.wal", "copy.wal.lock"] {
        let found = fs::metadata(at(name)).unwrap();
        assert_eq!((found.uid(), found.gid(), mode(&at(name))), (65534, 65533, 0o600), "{name}");
    }
}

fn keys(store: &StoreEngine) -> Vec<String> {
    store.entries().unwrap().iter().map(|entry| entry.key.to_string()).collect()
}

fn open_after(store: &StoreEngine, path: &Path) -> StoreEngine {
    store.close().unwrap();
    open(path)
}

#[test]
fn a_link_in_the_place_of_a_new_log_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("precious"), "precious").unwrap();
    let store = open(&at("store.wal"));
    put(&store, "a").unwrap();
    symlink("precious", at("store.wal.new")).unwrap();
    compact(&store).unwrap();
    symlink("precious", at("copy.wal.new")).unwrap();
    store.backup(at("copy.wal"), &Control::default()).unwrap();
    assert_eq!(fs::read_to_string(at("precious")).unwrap(), "precious");
    assert_eq!(keys(&open_after(&store, &at("store.wal"))), ["a"]);
}
