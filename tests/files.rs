//! Paths and files that are not a log are refused by name and left as they are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

use std::fs;
use std::path::Path;

use softadastra_store::{
    Control, Error, Key, SnapshotBuilderStore, StoreConfig, StoreEngine, Value, salvage,
};

fn refusal(path: &Path) -> Error {
    StoreEngine::open(StoreConfig::durable(path)).unwrap_err()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn paths_that_cannot_name_a_log_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refusal(Path::new("")).to_string(), "invalid WAL path: path is empty");
    let nul = refusal(Path::new("a\0b"));
    assert!(matches!(nul, Error::InvalidPath { .. }), "{nul}");
    let error = refusal(folder.path());
    assert!(error.to_string().contains("path is a directory"), "{error}");
    let missing = folder.path().join("missing/store.wal");
    let error = refusal(&missing);
    assert!(matches!(error, Error::DirectoryMissing { .. }), "{error}");
    assert!(error.to_string().contains("directory does not exist"), "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_file_that_is_not_a_log_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for contents in [&b"dear diary"[..], b"", &[0; 4096], b"\x89PNG\r\n\x1a\n"] {
        fs::write(&path, contents).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, Error::NotALog { .. }), "{error}");
        assert!(SnapshotBuilderStore::build(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), contents);
        assert_eq!(names(folder.path()), ["notes.txt"], "not even a lock file is made");
    }
}

#[test]
fn a_log_of_another_format_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    StoreEngine::open(StoreConfig::durable(&path)).unwrap().close().unwrap();
    for version in [0u8, 2, 255] {
        let mut bytes = fs::read(&path).unwrap();
        bytes[8] = version;
        fs::write(&path, &bytes).unwrap();
        let error = refusal(&path);
        assert!(
            matches!(error, Error::UnsupportedVersion { found, .. } if found == u16::from(version)),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn two_names_of_one_log_share_one_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    let engine = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    let error = refusal(&path);
    assert!(error.to_string().contains("already open in this process"), "{error}");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.wal");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(refusal(&link), Error::Locked { .. }));
    }
    engine.close().unwrap();
    StoreEngine::open(StoreConfig::durable(&path)).unwrap();
}

#[test]
fn a_lock_file_that_was_left_behind_blocks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    fs::write(folder.path().join("store.wal.lock"), "softadastra-store pid 1\n").unwrap();
    StoreEngine::open(StoreConfig::durable(&path)).unwrap().close().unwrap();
    assert_eq!(names(folder.path()), ["store.wal", "store.wal.lock"]);
}

#[test]
fn what_an_interrupted_creation_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    fs::write(folder.path().join("store.wal.new"), "half a header").unwrap();
    let engine = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    engine.put(&Key::new("a").unwrap(), &Value::from_string("1")).unwrap();
    engine.close().unwrap();
    assert_eq!(names(folder.path()), ["store.wal", "store.wal.lock"]);
}

#[test]
fn closing_gives_the_space_ahead_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    let engine = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    engine.put(&Key::new("a").unwrap(), &Value::from_string("1")).unwrap();
    assert!(fs::metadata(&path).unwrap().len() >= 64 << 10);
    engine.close().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 64 + 56 + 24 + 56);
    // A log that is opened and closed without a write does not grow.
    for _ in 0..3 {
        StoreEngine::open(StoreConfig::durable(&path)).unwrap().close().unwrap();
    }
    assert_eq!(fs::metadata(&path).unwrap().len(), 64 + 56 + 24 + 56);
}

/// A name with this many bytes.
fn long_name(len: usize) -> String {
    format!("{}.wal", "n".repeat(len - 4))
}

fn is_too_long(error: &Error) -> bool {
    matches!(error, Error::InvalidArgument { .. }) && error.to_string().contains("name is too long")
}

#[test]
fn a_log_whose_side_names_would_be_too_long_is_refused_when_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wal");
    let engine = StoreEngine::open(StoreConfig::durable(&source)).unwrap();
    for len in [222, 238, 239, 245, 250, 251, 255] {
        let path = folder.path().join(long_name(len));
        let error = refusal(&path);
        assert!(is_too_long(&error), "{len}: {error}");
        let error = engine.backup(&path, &Control::default()).unwrap_err();
        assert!(is_too_long(&error), "{len}: {error}");
    }
    let to = folder.path().join(long_name(200));
    let error = salvage(&source, &to).unwrap_err();
    assert!(is_too_long(&error), "{error}");
    assert_eq!(names(folder.path()), ["source.wal", "source.wal.lock"], "nothing is left");
    StoreEngine::open(StoreConfig::durable(folder.path().join(long_name(221)))).unwrap();
}

#[test]
fn a_log_that_has_a_long_name_already_is_mended_and_what_is_cut_off_saved_under_a_shorter_one() {
    let torn = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1/torn.wal");
    let bytes = fs::read(torn).unwrap();
    let mut found = Vec::new();
    for len in [221, 238, 239, 240, 245, 250] {
        for first in ["n", "m", "é"] {
            let folder = tempfile::tempdir().unwrap();
            let name = format!("{first}{}", long_name(len - first.len()));
            let path = folder.path().join(&name);
            fs::write(&path, &bytes).unwrap();
            let engine = StoreEngine::open(StoreConfig::durable(&path));
            let engine = engine.unwrap_or_else(|error| panic!("{len}: {error}"));
            engine.put(&Key::new("a").unwrap(), &Value::from_string("1")).unwrap();
            let cut = names(folder.path()).into_iter().find(|name| name.contains(".cut-")).unwrap();
            assert!(cut.starts_with(&name[..100]), "{cut}");
            assert_eq!(cut.starts_with(&name), len < 239, "{cut}");
            let kept = fs::read(folder.path().join(&cut)).unwrap();
            assert!(bytes.ends_with(&kept) || bytes.windows(kept.len()).any(|part| part == kept));
            assert!(!found.contains(&cut), "two logs have one name for what was cut off");
            found.push(cut);
        }
    }
}
