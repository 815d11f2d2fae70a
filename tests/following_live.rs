//! A store follows a log by itself, on a real disk.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::mpsc;
use std::time::Duration;

use softadastra_store::index::Range;
use softadastra_store::{Control, Key, StoreConfig, StoreEngine, Value};

fn put(engine: &StoreEngine, value: &str) {
    engine.put(&Key::new("a").unwrap(), &Value::from_string(value)).unwrap();
}

/// By how much more patient than others each thread of this process is that follows a log.
#[cfg(target_os = "linux")]
fn patience_of_those_who_follow() -> Vec<i64> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    // The name of the thread is in brackets; 16 fields later comes its niceness.
    let followers = stats.filter(|stat| stat.contains("(store-follow)"));
    let niceness = |stat: String| stat.rsplit(')').next()?.split_whitespace().nth(16)?.parse().ok();
    followers.filter_map(niceness).collect()
}

/// Long enough for any machine. Nothing depends on how long it takes.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn what_is_written_comes_by_itself_also_after_a_pause_a_compaction_and_the_next_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    let mut writer = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    let follower = StoreEngine::open(StoreConfig::following(&path)).unwrap();
    let (ring, heard) = mpsc::channel();
    let ring = move || {
        let _ = ring.send(());
    };
    let watcher = follower.watch(Range::all(), ring).unwrap();
    for round in 0..8 {
        match round {
            3 => std::thread::sleep(Duration::from_millis(300)),
            5 => drop(writer.compact(&Control::default()).unwrap()),
            6 => {
                writer.close().unwrap();
                std::fs::remove_file(folder.path().join("store.wal.durable")).unwrap();
                writer = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
            }
            _ => {}
        }
        put(&writer, &format!("{round}"));
        heard.recv_timeout(PATIENCE).unwrap();
        let told = watcher.take(9, 1 << 20).unwrap().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(*told[0].value, *format!("{round}").as_bytes());
    }
    assert_eq!(follower.stats().restarts, 0);
    #[cfg(target_os = "linux")]
    {
        // The other test may have one that has not come to that yet.
        let patience = patience_of_those_who_follow();
        assert!(patience.iter().any(|patience| *patience > 0), "{patience:?}");
    }
}

#[test]
fn the_thread_that_follows_ends_with_its_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.wal");
    let writer = StoreEngine::open(StoreConfig::durable(&path)).unwrap();
    put(&writer, "1");
    let follower = StoreEngine::open(StoreConfig::following(&path)).unwrap();
    follower.close().unwrap();
    drop(follower);
    let dropped = StoreEngine::open(StoreConfig::following(&path)).unwrap();
    drop(dropped);
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.trim() == "store-follow").count()
    };
    // The other test has one as long as it runs.
    while threads() > 1 {
        std::thread::sleep(Duration::from_millis(10));
    }
}
