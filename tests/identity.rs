//! One log, one identity: a store keeps the file that it opened, nobody else writes to it, and nothing that is not
//! its own is replaced.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use softadastra_store::engine::Registry;
use softadastra_store::storage::{DiskStorage, LockOwner};
use softadastra_store::{
    Control, Error, Key, Share, SnapshotBuilderStore, StoreConfig, StoreEngine, Value, Verify,
    salvage,
};

fn open(path: &Path) -> StoreEngine {
    StoreEngine::open(StoreConfig::durable(path)).unwrap()
}

fn put(store: &StoreEngine, key: &str) -> Result<u64, Error> {
    Ok(store.put(&Key::new(key)?, &Value::from_string("value"))?.version)
}

fn keys(store: &StoreEngine) -> Vec<String> {
    store.entries().unwrap().iter().map(|entry| entry.key.to_string()).collect()
}

fn compact(store: &StoreEngine) -> Result<(), Error> {
    store.compact(&Control::default()).map(drop)
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

#[test]
fn a_link_that_is_turned_elsewhere_does_not_turn_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["one", "other"] {
        fs::create_dir(at(name)).unwrap();
        let store = open(&at(name).join("store.wal"));
        put(&store, name).unwrap();
        store.close().unwrap();
    }
    symlink(at("one"), at("current")).unwrap();
    let store = open(&at("current/store.wal"));
    fs::remove_file(at("current")).unwrap();
    symlink(at("other"), at("current")).unwrap();
    store.recover().unwrap();
    assert_eq!(keys(&store), ["one"]);
    put(&store, "more").unwrap();
    compact(&store).unwrap();
    // A recovery that fails lets go of the log, and the next one takes the same again.
    let control = Control::default();
    control.abort();
    assert!(matches!(store.recover_with(&control, Verify::Later), Err(Error::Aborted)));
    store.recover().unwrap();
    assert_eq!(keys(&store), ["more", "one"]);
    store.close().unwrap();
    assert_eq!(keys(&open(&at("other/store.wal"))), ["other"]);
    assert_eq!(keys(&open(&at("one/store.wal"))), ["more", "one"]);
}

#[test]
fn threads_share_a_store_by_its_file_and_not_by_a_link_that_was_turned() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink(at("one.wal"), at("link.wal")).unwrap();
    let registry = Registry::new(Arc::new(DiskStorage));
    let first = Share::in_registry(registry.clone(), StoreConfig::durable(at("link.wal")));
    first.recover(&Control::default()).unwrap();
    put(&first, "first").unwrap();
    fs::remove_file(at("link.wal")).unwrap();
    symlink(at("other.wal"), at("link.wal")).unwrap();
    first.recover(&Control::default()).unwrap();
    let elsewhere = |name: &str| {
        let share = (registry.clone(), StoreConfig::durable(at(name)));
        let open = move || {
            let share = Share::in_registry(share.0, share.1);
            share.recover(&Control::default()).unwrap();
            keys(&share)
        };
        thread::spawn(open).join().unwrap()
    };
    assert_eq!(elsewhere("one.wal"), ["first"]);
    assert_eq!(elsewhere("link.wal"), [""; 0]);
    assert_eq!(keys(&first), ["first"]);
}

/// What becomes of a store whose log is not under its name any more; `lose` takes the folder and the log.
fn loses(lose: impl Fn(&Path, &Path)) {
    let outer = tempfile::tempdir().unwrap();
    for by in ["put", "flush", "compact", "recover"] {
        let folder = outer.path().join(by);
        fs::create_dir(&folder).unwrap();
        let log = folder.join("store.wal");
        let store = open(&log);
        put(&store, "mine").unwrap();
        lose(&folder, &log);
        // Where its lock file is left, nobody else gets in.
        let other = StoreEngine::open(StoreConfig::durable(&log)).ok();
        if let Some(other) = &other {
            put(other, "theirs").unwrap();
        }
        let refused = match by {
            "put" => put(&store, "late").map(drop),
            "flush" => store.flush(),
            "compact" => compact(&store),
            _ => store.recover().map(drop),
        };
        assert!(matches!(refused, Err(Error::LogReplaced { .. })), "{by}: {refused:?}");
        assert!(store.stats().poisoned);
        let again = [put(&store, "later").map(drop), compact(&store), store.recover().map(drop)];
        assert!(
            again.iter().all(|again| matches!(again, Err(Error::LogReplaced { .. }))),
            "{again:?}"
        );
        assert_eq!(keys(&store), ["mine"], "reads go on");
        if let Some(other) = other {
            put(&other, "more").unwrap();
            compact(&other).unwrap();
            other.close().unwrap();
            assert!(store.close().is_err());
            assert_eq!(keys(&open(&log)), ["more", "theirs"]);
        }
    }
}

#[test]
fn a_log_whose_folder_was_made_again_is_left_to_its_new_owner() {
    loses(|folder, _| {
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
    });
}

#[test]
fn a_log_that_was_moved_or_removed_is_not_written_any_more() {
    loses(|_, log| fs::remove_file(log).unwrap());
    loses(|_, log| fs::rename(log, log.with_extension("old")).unwrap());
    loses(|folder, _| fs::remove_dir_all(folder).unwrap());
    loses(|_, log| {
        fs::copy(log, log.with_extension("copy")).unwrap();
        fs::rename(log.with_extension("copy"), log).unwrap();
    });
}

#[test]
fn a_buffered_store_says_that_its_log_was_replaced_when_it_is_to_make_writes_durable() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let lose = |replaced: bool| {
        let store = StoreEngine::open(StoreConfig::buffered(&log)).unwrap();
        put(&store, "mine").unwrap();
        fs::remove_file(&log).unwrap();
        if replaced {
            fs::write(&log, "theirs").unwrap();
        }
        put(&store, "late").unwrap();
        store
    };
    let refused = lose(false).flush();
    assert!(matches!(refused, Err(Error::LogReplaced { .. })), "{refused:?}");
    let refused = lose(true).close();
    assert!(matches!(refused, Err(Error::LogReplaced { .. })), "{refused:?}");
    fs::remove_file(&log).unwrap();
    lose(false).close().unwrap();
}

#[test]
fn a_thread_that_opens_a_log_that_was_replaced_is_not_given_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let registry = Registry::new(Arc::new(DiskStorage));
    let first = Share::in_registry(registry.clone(), StoreConfig::durable(&log));
    first.recover(&Control::default()).unwrap();
    put(&first, "mine").unwrap();
    fs::remove_file(&log).unwrap();
    let opened = thread::spawn(move || {
        Share::in_registry(registry, StoreConfig::durable(log)).recover(&Control::default())
    });
    let opened = opened.join().unwrap();
    assert!(matches!(opened, Err(Error::LogReplaced { .. })), "{opened:?}");
    assert!(matches!(put(&first, "late"), Err(Error::LogReplaced { .. })));
}

#[test]
fn a_lock_file_that_was_removed_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let lock = folder.path().join("store.wal.lock");
    let refused = || {
        let refused = StoreEngine::open(StoreConfig::durable(&log)).unwrap_err();
        assert!(
            matches!(refused, Error::Locked { owner: LockOwner::ThisProcess, .. }),
            "{refused:?}"
        );
        let saved = salvage(&log, folder.path().join("saved.wal"));
        assert!(matches!(saved, Err(Error::Locked { .. })), "{saved:?}");
        assert!(SnapshotBuilderStore::build(&log).is_ok(), "who only reads may");
    };
    let store = open(&log);
    put(&store, "a").unwrap();
    fs::remove_file(&lock).unwrap();
    refused();
    fs::remove_file(&lock).unwrap();
    put(&store, "b").unwrap();
    compact(&store).unwrap();
    assert!(lock.exists(), "a compaction makes it again");
    refused();
    fs::remove_file(&lock).unwrap();
    refused();
    put(&store, "c").unwrap();
    store.recover().unwrap();
    fs::remove_file(&lock).unwrap();
    refused();
    store.close().unwrap();
    assert_eq!(keys(&open(&log)), ["a", "b", "c"]);
}

#[test]
fn a_log_with_two_names_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let (log, second) = (folder.path().join("store.wal"), folder.path().join("second.wal"));
    let store = open(&log);
    fs::hard_link(&log, &second).unwrap();
    let refused = StoreEngine::open(StoreConfig::durable(&second)).unwrap_err();
    assert!(matches!(refused, Error::Locked { .. }), "{refused:?}");
    put(&store, "a").unwrap();
    store.close().unwrap();
    assert_eq!(keys(&open(&second)), ["a"]);
}

#[test]
fn who_still_reads_the_history_does_not_keep_a_closed_log_locked() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store.wal");
    let store = open(&log);
    put(&store, "a").unwrap();
    let mut operations = store.operations(0, false).unwrap();
    assert_eq!(operations.next_page().unwrap().ends.len(), 1);
    store.close().unwrap();
    assert_eq!(keys(&open(&log)), ["a"]);
    drop(operations);
}

#[test]
fn a_link_to_nothing_leads_to_the_new_log_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("target")).unwrap();
    symlink("target/store.wal", at("relative.wal")).unwrap();
    symlink("relative.wal", at("twice.wal")).unwrap();
    let store = open(&at("twice.wal"));
    put(&store, "a").unwrap();
    compact(&store).unwrap();
    assert!(is_link(&at("twice.wal")) && is_link(&at("relative.wal")));
    assert_eq!(keys(&open_after(&store, &at("target/store.wal"))), ["a"]);

    let store = open(&at("twice.wal"));
    symlink("target/copy.wal", at("copy.wal")).unwrap();
    let report = store.backup(at("copy.wal"), &Control::default()).unwrap();
    assert_eq!(report.path, at("target").canonicalize().unwrap().join("copy.wal"));
    assert!(is_link(&at("copy.wal")));
    let again = store.backup(at("copy.wal"), &Control::default());
    assert!(matches!(again, Err(Error::FileExists { .. })), "{again:?}");
    store.close().unwrap();
    symlink("target/saved.wal", at("saved.wal")).unwrap();
    symlink("precious", at("target/saved.wal.damaged")).unwrap();
    assert!(salvage(at("relative.wal"), at("saved.wal")).is_err());
    assert!(is_link(&at("target/saved.wal.damaged")));
    fs::remove_file(at("target/saved.wal.damaged")).unwrap();
    salvage(at("relative.wal"), at("saved.wal")).unwrap();
    assert!(is_link(&at("saved.wal")) && at("target/saved.wal").is_file());

    for (name, target) in [("lost.wal", "no/store.wal"), ("round.wal", "round.wal")] {
        symlink(target, at(name)).unwrap();
        assert!(StoreEngine::open(StoreConfig::durable(at(name))).is_err());
        assert!(is_link(&at(name)));
    }
    symlink("kept.lock", at("reserved.wal")).unwrap();
    let reserved = StoreEngine::open(StoreConfig::durable(at("reserved.wal")));
    assert!(matches!(reserved, Err(Error::InvalidPath { .. })), "{reserved:?}");
}

fn open_after(store: &StoreEngine, path: &Path) -> StoreEngine {
    store.close().unwrap();
    open(path)
}
