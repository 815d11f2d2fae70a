//! A disk that behaves as those of Windows do, in what the store has to know of.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{Control, Error, Key, StoreConfig, StoreEngine, Value};
use support::random::Random;
use support::sim_disk::SimDisk;
use support::watched_disk::{WatchedDisk, Watcher};

const LOG: &str = "/store.wal";

fn open(disk: &SimDisk) -> Result<StoreEngine, Error> {
    let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()));
    engine.recover()?;
    Ok(engine)
}

fn put(engine: &StoreEngine, n: usize) {
    let key = Key::new(format!("key {n}")).unwrap();
    engine.put(&key, &Value::from_string("x")).unwrap();
}

#[test]
fn names_are_durable_where_only_a_sync_of_the_file_makes_them_so() {
    let disk = SimDisk::new();
    disk.sync_names_with_files();
    let survives = |count: usize, what: &str| {
        for seed in 0..50 {
            let crashed = disk.crash(&mut Random::new(seed));
            let size = open(&crashed).unwrap().size();
            assert_eq!(size, count, "{what}, seed {seed}");
        }
    };
    let engine = open(&disk).unwrap();
    put(&engine, 0);
    survives(1, "made");
    engine.compact(&Control::default()).unwrap();
    put(&engine, 1);
    survives(2, "compacted");
    engine.close().unwrap();
    salvage_on(&disk, Path::new(LOG), Path::new("/saved.wal")).unwrap();
    for seed in 0..50 {
        let names = disk.crash(&mut Random::new(seed)).names();
        for name in ["/saved.wal", "/saved.wal.damaged"] {
            assert!(names.iter().any(|found| found == Path::new(name)), "{name}, seed {seed}");
        }
    }
}

/// Has every new file open until it is told to let go of them, as a virus scanner does for a moment.
#[derive(Debug)]
struct Scanner {
    holds: AtomicBool,
    met: Mutex<Sender<()>>,
}

impl Watcher for Scanner {
    fn before_rename(&self) -> IoResult<()> {
        if !self.holds.load(Ordering::Acquire) {
            return Ok(());
        }
        let _ = self.met.lock().unwrap().send(());
        Err(IoError::new(ErrorKind::WouldBlock, IoError::other("Access is denied.")))
    }
}

#[test]
fn writes_go_on_while_a_compaction_waits_for_the_name_of_the_new_log() {
    let (met, first_try) = channel();
    let scanner = Arc::new(Scanner { holds: AtomicBool::new(false), met: Mutex::new(met) });
    let disk = SimDisk::new();
    let watched =
        WatchedDisk::new(Arc::new(disk.clone()), Arc::clone(&scanner) as Arc<dyn Watcher>);
    let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(watched));
    engine.recover().unwrap();
    (0..10).for_each(|n| put(&engine, n % 3));
    scanner.holds.store(true, Ordering::Release);
    thread::scope(|scope| {
        let (engine, scanner) = (&engine, &scanner);
        scope.spawn(move || {
            first_try.recv().unwrap();
            put(engine, 7);
            scanner.holds.store(false, Ordering::Release);
        });
        engine.compact(&Control::default()).unwrap();
    });
    put(&engine, 8);
    scanner.holds.store(true, Ordering::Release);
    let refused = engine.compact(&Control::default()).unwrap_err();
    assert_eq!(refused.to_string(), "cannot name the new log: Access is denied.: /store.wal");
    assert!(!disk.names().iter().any(|name| name == Path::new("/store.wal.new")));
    put(&engine, 9);
    engine.close().unwrap();
    let again = open(&disk.kill()).unwrap();
    assert_eq!((again.size(), again.last_sequence()), (6, 13));
}
