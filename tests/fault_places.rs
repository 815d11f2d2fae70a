//! Failures at particular places: while a log is made, mended, grown, cut back and closed; several in
//! a row; and while other threads wait for the outcome.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use softadastra_store::{Control, Error, Key, StoreConfig, StoreEngine, Value};
use support::gate::Gate;
use support::model::{Model, run, script};
use support::random::Random;
use support::sim_disk::{Call, Fault, SimDisk};

const LOG: &str = "/store.wal";
const KINDS: [ErrorKind; 3] = [ErrorKind::Other, ErrorKind::StorageFull, ErrorKind::FileTooLarge];

fn engine(disk: &SimDisk) -> StoreEngine {
    StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()))
}

fn put(engine: &StoreEngine, key: &str) -> Result<u64, Error> {
    Ok(engine.put(&Key::new(key)?, &Value::from_string("value"))?.version)
}

fn torn_log() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1/torn.wal")).unwrap()
}

fn cut_files(disk: &SimDisk) -> Vec<PathBuf> {
    let is_cut = |name: &PathBuf| name.to_string_lossy().contains(".cut-");
    disk.names().into_iter().filter(is_cut).collect()
}

/// An error that says what failed and where.
fn assert_names_the_failure(error: &Error, context: &str) {
    let text = error.to_string();
    assert!(text.contains(": /"), "{context}: {text}");
    assert_eq!(error.code().as_str(), "io_error", "{context}: {text}");
}

/// Nobody needs the index file: all that comes of a look for it that fails is a full replay.
fn assert_only_the_index_file_failed(engine: &StoreEngine, call: Call, context: &str) {
    assert_eq!(call, Call::Look, "{context}");
    let stats = engine.stats();
    assert!(stats.ready && stats.index_failure.is_some(), "{context}");
}

#[test]
fn any_failing_call_of_the_creation_is_reported_and_the_next_try_makes_the_log() {
    let whole = SimDisk::new();
    engine(&whole).recover().unwrap();
    for wanted in [Call::Look, Call::Open, Call::Lock, Call::Write, Call::Sync, Call::Rename] {
        assert!(whole.history().contains(&wanted), "{wanted:?} is part of a creation");
    }
    for (call, kind) in (0..whole.calls()).flat_map(|call| KINDS.map(|kind| (call, kind))) {
        let context = format!("call {call}, {:?}, {kind:?}", whole.history()[call]);
        let disk = SimDisk::new();
        disk.fail_at(call, Fault::Error(kind));
        let engine = engine(&disk);
        let Err(error) = engine.recover() else {
            assert_only_the_index_file_failed(&engine, whole.history()[call], &context);
            continue;
        };
        assert_names_the_failure(&error, &context);
        assert!(matches!(put(&engine, "a"), Err(Error::NotOpen)), "{context}");
        engine.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(put(&engine, "a").unwrap(), 1, "{context}");
    }
}

#[test]
fn any_failing_call_of_a_repair_loses_neither_the_log_nor_what_was_to_be_cut_off() {
    let bytes = torn_log();
    let whole = SimDisk::with_file(Path::new(LOG), &bytes);
    let mended = engine(&whole);
    let kept = usize::try_from(mended.recover().unwrap().bytes_kept).unwrap();
    let state = Model::of(&mended);
    let cut = whole.read(&cut_files(&whole)[0]).unwrap();
    for wanted in [Call::SetLen, Call::Write, Call::Sync, Call::SyncDir] {
        assert!(whole.history().contains(&wanted), "{wanted:?} is part of a repair");
    }
    for (call, kind) in (0..whole.calls()).flat_map(|call| KINDS.map(|kind| (call, kind))) {
        let context = format!("call {call}, {:?}, {kind:?}", whole.history()[call]);
        let disk = SimDisk::with_file(Path::new(LOG), &bytes);
        disk.fail_at(call, Fault::Error(kind));
        let engine = engine(&disk);
        let Err(error) = engine.recover() else {
            // Without room the torn tail is cut off as it is.
            if whole.history()[call] != Call::Write || kind == ErrorKind::Other {
                assert_only_the_index_file_failed(&engine, whole.history()[call], &context);
            }
            assert_eq!(Model::of(&engine), state, "{context}");
            assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes[..kept], "{context}");
            assert_eq!(disk.read(&cut_files(&disk)[0]).unwrap(), cut, "{context}");
            continue;
        };
        assert_names_the_failure(&error, &context);
        let log = disk.read(Path::new(LOG)).unwrap();
        assert_eq!(log[..kept], bytes[..kept], "{context}");
        let saved = cut_files(&disk).iter().any(|name| disk.read(name).as_ref() == Some(&cut));
        assert!(log == bytes || saved, "{context}: cut before it was saved");
        engine.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(Model::of(&engine), state, "{context}");
        assert_eq!(cut_files(&disk).len(), 1, "{context}");
    }
}

#[test]
fn a_full_disk_stops_a_repair_before_it_cuts_anything_and_says_how_much_room_it_needs() {
    let bytes = torn_log();
    let cut = {
        let whole = SimDisk::with_file(Path::new(LOG), &bytes);
        engine(&whole).recover().unwrap().bytes_cut
    };
    let needed = usize::try_from(cut).unwrap();
    for room in [0, 1, needed - 1] {
        let disk = SimDisk::with_file(Path::new(LOG), &bytes);
        disk.set_room(room);
        let engine = engine(&disk);
        let error = engine.recover().unwrap_err();
        let wanted = format!("no space left on device, {cut} bytes are needed: ");
        assert!(error.to_string().contains(&wanted), "{error}");
        assert!(error.to_string().contains("/store.wal.cut-"), "{error}");
        assert_eq!(error.context().unwrap(), LOG);
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes);
        assert_eq!(cut_files(&disk), [""; 0].map(PathBuf::from), "a part of a copy is left");
        disk.set_room(needed);
        assert_eq!(engine.recover().unwrap().records, 7);
    }
}

#[test]
fn any_failing_call_of_a_close_is_reported_and_releases_the_lock() {
    let whole = SimDisk::new();
    let first = engine(&whole);
    first.recover().unwrap();
    put(&first, "a").unwrap();
    let before = whole.calls();
    first.close().unwrap();
    assert!(whole.history()[before..].contains(&Call::SetLen));
    for (call, kind) in (before..whole.calls()).flat_map(|call| KINDS.map(|kind| (call, kind))) {
        let context = format!("call {call}, {:?}, {kind:?}", whole.history()[call]);
        let disk = SimDisk::new();
        let closed = engine(&disk);
        closed.recover().unwrap();
        put(&closed, "a").unwrap();
        disk.fail_at(call, Fault::Error(kind));
        assert_names_the_failure(&closed.close().expect_err(&context), &context);
        assert!(matches!(put(&closed, "b"), Err(Error::Closed)), "{context}");
        let mut random = Random::new(call as u64);
        for disk in [disk.clone(), disk.crash(&mut random)] {
            let reopened = engine(&disk);
            assert_eq!(reopened.recover().unwrap().records, 1, "{context}");
            reopened.close().unwrap();
        }
    }
}

#[test]
fn any_failing_call_that_makes_a_closed_log_durable_is_reported_and_costs_nothing() {
    type Use = fn(&StoreEngine) -> Result<(), Error>;
    let uses: [(&str, Use); 5] = [
        ("put", |engine| put(engine, "b").map(drop)),
        ("follow", |engine| engine.operations(0, false)?.next_page().map(drop)),
        ("flush", StoreEngine::flush),
        ("compact", |engine| engine.compact(&Control::default()).map(drop)),
        ("close", StoreEngine::close),
    ];
    let closed = || {
        let disk = SimDisk::new();
        let first = engine(&disk);
        first.recover().unwrap();
        put(&first, "a").unwrap();
        first.close().unwrap();
        let next = engine(&disk);
        next.recover().unwrap();
        (disk, next)
    };
    for (name, wanted) in uses {
        let (whole, next) = closed();
        let before = whole.calls();
        wanted(&next).unwrap();
        let calls = before..whole.calls();
        assert!(whole.history()[calls.clone()].contains(&Call::SyncDir), "{name}");
        for (call, kind) in calls.flat_map(|call| KINDS.map(|kind| (call, kind))) {
            let context = format!("{name}, call {call}, {:?}, {kind:?}", whole.history()[call]);
            let (disk, next) = closed();
            disk.fail_at(call, Fault::Error(kind));
            let failed = wanted(&next);
            if failed.is_ok() {
                // A step of the zeroed space that could be smaller, or a look at the name, which says nothing when it fails.
                let found = whole.history()[call];
                assert!(found == Call::Look || (name, found) == ("put", Call::Write), "{context}");
                continue;
            }
            assert_names_the_failure(&failed.unwrap_err(), &context);
            let next = if name == "close" { engine(&disk) } else { next };
            if name == "close" || next.stats().poisoned {
                next.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
            }
            put(&next, "c").unwrap_or_else(|error| panic!("{context}: {error}"));
            let crashed = engine(&disk.crash(&mut Random::new(call as u64)));
            crashed.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(Model::of(&crashed), Model::of(&next), "{context}");
        }
    }
}

#[test]
fn failures_in_a_row_lose_no_acknowledged_write() {
    for first in 0..60 {
        for gap in 1..6 {
            for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
                let context = format!("calls {first} and {}, {kind:?}", first + gap);
                let disk = SimDisk::new();
                disk.fail_at(first, Fault::ShortThenFull);
                disk.fail_at(first, Fault::Error(kind));
                disk.fail_at(first + gap, Fault::Error(kind));
                disk.fail_at(first + gap + 1, Fault::Error(kind));
                insist(&disk, &context);
            }
        }
    }
}

/// Does a script, tries again whatever fails, and wants all of it to be there in the end, also after
/// a crash.
fn insist(disk: &SimDisk, context: &str) {
    let mut random = Random::new(1);
    let script = script(&mut random, 8);
    let engine = engine(disk);
    let patiently = |what: &dyn Fn() -> Result<(), Error>| {
        let tried = (0..6).find_map(|_| what().ok());
        tried.unwrap_or_else(|| panic!("{context}: no end of failures"));
    };
    patiently(&|| engine.recover().map(drop));
    let mut model = Model::default();
    for commit in &script {
        let mut done = model.clone();
        done.commit(commit);
        patiently(&|| {
            let outcome = run(&engine, commit);
            if engine.stats().poisoned {
                engine.recover()?;
                return if Model::of(&engine) == done { Ok(()) } else { outcome };
            }
            outcome
        });
        assert_eq!(Model::of(&engine), done, "{context}");
        model = done;
    }
    let crashed = disk.crash(&mut random);
    let recovered = self::engine(&crashed);
    recovered.recover().unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(Model::of(&recovered), model, "{context}: after a crash");
}

#[test]
fn a_disk_that_does_half_of_what_it_is_asked_for_loses_nothing() {
    let disk = SimDisk::new();
    disk.set_choppy(true);
    insist(&disk, "halves");
    let torn = SimDisk::with_file(Path::new(LOG), &torn_log());
    torn.set_choppy(true);
    assert_eq!(engine(&torn).recover().unwrap().records, 7);
}

/// Runs `puts` threads that wait for one frame while the sync before it is held, then lets it go on.
fn outcomes_of_waiting_threads(fails: usize, puts: usize) -> Vec<Result<u64, Error>> {
    let gate = Gate::new();
    let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(gate.disk()));
    engine.recover().unwrap();
    // The first write also zeroes the space ahead.
    put(&engine, "before").unwrap();
    gate.hold_syncs();
    let engine = Arc::new(engine);
    let (send, receive) = channel();
    for thread in 0..puts {
        let (engine, send) = (Arc::clone(&engine), send.clone());
        thread::spawn(move || send.send(put(&engine, &format!("key {thread}"))));
        if thread == 0 {
            gate.wait_until_held();
        }
    }
    thread::sleep(Duration::from_millis(200));
    gate.fail_sync_after(fails);
    gate.release();
    let patience = Duration::from_secs(20);
    let next =
        |_| receive.recv_timeout(patience).unwrap_or_else(|_| panic!("a thread waits for ever"));
    let outcomes = (0..puts).map(next).collect();
    assert!(engine.get(&Key::new("before").unwrap()).unwrap().is_some(), "reads go on");
    outcomes
}

#[test]
fn when_the_sync_before_fails_every_waiting_thread_is_told() {
    let outcomes = outcomes_of_waiting_threads(0, 8);
    let unknown = outcomes.iter().filter(|o| matches!(o, Err(Error::WalFlushFailed { .. })));
    assert_eq!(unknown.count(), 1, "{outcomes:?}");
    let stopped = outcomes.iter().filter(|o| matches!(o, Err(Error::Poisoned { .. })));
    assert_eq!(stopped.count(), 7, "{outcomes:?}");
}

#[test]
fn when_their_own_sync_fails_every_thread_of_the_frame_is_told() {
    // A thread that comes when their sync has failed is not one of them; not every time.
    for _ in 0..100 {
        let outcomes = outcomes_of_waiting_threads(1, 8);
        let count = |is_so: fn(&Error) -> bool| {
            outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(is_so)).count()
        };
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let unknown = count(|error| matches!(error, Error::WalFlushFailed { .. }));
        let stopped = count(|error| matches!(error, Error::Poisoned { .. }));
        assert_eq!(unknown + stopped, 7, "{outcomes:?}");
        if unknown == 7 {
            return;
        }
    }
    panic!("they were never in one frame");
}
