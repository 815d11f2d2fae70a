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

/// Names that some file system takes for that of a file beside a log, or cannot find again.
const AMBIGUOUS: [&str; 16] = [
    "store.wal.new",
    "store.wal.NEW",
    "store.wal.New",
    "store.wal.LOCK",
    "store.wal.loc\u{212A}",
    "store.wal.lo\u{200D}ck",
    "store.wal.ne\u{FE0F}w",
    "store.wal.new\u{AD}",
    ".NEW",
    "other.",
    "other ",
    "other..",
    "other. ",
    "store.wal.new.",
    "store.wal.LOCK ",
    "store.wal.new . .",
];

#[test]
fn names_that_a_file_system_may_take_for_others_are_refused_for_whatever_becomes_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    let store = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    store.put(&Key::new("a").unwrap(), &Value::from_string("1")).unwrap();
    store.close().unwrap();
    let before = (names(folder.path()), fs::read(&path).unwrap());
    for name in AMBIGUOUS {
        let other = folder.path().join(name);
        let store = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
        let refusals = [
            refusal(&other),
            store.backup(&other, &Control::default()).unwrap_err(),
            salvage(&path, &other).unwrap_err(),
            SnapshotBuilderStore::build(&other).map(|_| ()).unwrap_err(),
        ];
        store.close().unwrap();
        for error in refusals {
            assert!(matches!(error, Error::InvalidPath { .. }), "{name:?}: {error}");
        }
        assert_eq!((names(folder.path()), fs::read(&path).unwrap()), before, "{name:?}");
    }
    for name in
        ["renew", "new", "lock", "a.newer", "a.lock.wal", "NEW", "a .wal", ".a", "a.n\u{1EB}w"]
    {
        StoreEngine::open(StoreConfig::durable(folder.path().join(name))).unwrap();
    }
}

#[test]
#[cfg(unix)]
fn a_link_does_not_lead_to_a_name_that_is_refused() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    StoreEngine::open(StoreConfig::durable(at("store.wal"))).unwrap().close().unwrap();
    for name in AMBIGUOUS {
        symlink(name, at("link")).unwrap();
        assert!(matches!(refusal(&at("link")), Error::InvalidPath { .. }), "{name:?}");
        fs::copy(at("store.wal"), at(name)).unwrap();
        assert!(matches!(refusal(&at("link")), Error::InvalidPath { .. }), "{name:?}");
        fs::remove_file(at(name)).unwrap();
        fs::remove_file(at("link")).unwrap();
    }
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
    assert_eq!(names(folder.path()), ["store.wal", "store.wal.durable", "store.wal.lock"]);
}

#[test]
fn what_an_interrupted_creation_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    fs::write(folder.path().join("store.wal.new"), "half a header").unwrap();
    let engine = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    engine.put(&Key::new("a").unwrap(), &Value::from_string("1")).unwrap();
    engine.close().unwrap();
    assert_eq!(names(folder.path()), ["store.wal", "store.wal.durable", "store.wal.lock"]);
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
    assert_eq!(
        names(folder.path()),
        ["source.wal", "source.wal.durable", "source.wal.lock"],
        "nothing is left"
    );
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
