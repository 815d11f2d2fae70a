//! A store that follows a log opens by its index file, and shows what it would show after reading all of the log.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::engine::{Restart, RestartReason};
use softadastra_store::index::Range;
use softadastra_store::storage::{Access, Storage};
use softadastra_store::{
    CompactionPolicy, Control, Error, IndexPolicy, Key, StoreConfig, StoreEngine, Value,
};
use support::model::Model;
use support::random::Random;
use support::sim_disk::SimDisk;
use support::story::{INDEX, LOG, Story};

/// The file is written by compactions and on close, and never before 1,000 operations after that.
const RARE: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 1000, background: false };

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn put(engine: &StoreEngine, name: &str, value: &str) {
    engine.put(&key(name), &Value::from_string(value)).unwrap();
}

fn get(engine: &StoreEngine, name: &str) -> Result<Option<String>, Error> {
    let entry = engine.get(&key(name))?;
    Ok(entry.map(|entry| entry.value.to_string_lossy().into_owned()))
}

fn open(disk: &SimDisk) -> StoreEngine {
    let config = StoreConfig::durable(LOG).with_index(RARE);
    let config = config.with_compaction(CompactionPolicy::MANUAL);
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover().unwrap();
    engine
}

fn following(disk: &SimDisk) -> StoreEngine {
    let config = StoreConfig::following(LOG).unattended();
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover().unwrap();
    engine
}

/// Puts this into the log, as a copy over it does.
fn overwrite(disk: &SimDisk, bytes: &[u8]) {
    let file = disk.open(Path::new(LOG), Access::ReadWrite).unwrap();
    file.write_at(bytes, 0).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
}

/// A log with an index file and a writer that has gone on since, and one who follows it.
fn followed() -> (SimDisk, StoreEngine, StoreEngine) {
    let disk = SimDisk::new();
    let writer = open(&disk);
    for name in ["kept", "changed", "removed"] {
        put(&writer, name, "before");
    }
    writer.compact(&Control::default()).unwrap();
    put(&writer, "changed", "after");
    writer.remove(&key("removed")).unwrap();
    let follower = following(&disk);
    assert!(!follower.stats().ready, "opened by the index file");
    (disk, writer, follower)
}

#[test]
fn at_every_moment_of_a_story_it_shows_what_one_shows_that_reads_all_of_the_log() {
    let mut by_index = 0;
    for seed in (0..60).step_by(2) {
        let story = Story::tell(seed, 24);
        let mut random = Random::new(seed);
        let mut at = 0;
        while at < story.moments.len() {
            let contents = &story.moments[at].contents;
            at += 1 + random.below(20);
            if contents.file(Path::new(LOG)).is_none() {
                continue;
            }
            let disk = SimDisk::with_contents(contents.clone());
            let follower = following(&disk);
            by_index += usize::from(!follower.stats().ready);
            let without = SimDisk::with_contents(contents.clone());
            let _ = without.remove(Path::new(INDEX));
            let whole = following(&without);
            assert!(whole.stats().ready, "seed {seed}");
            let model = Model::of(&whole);
            for name in story.states.iter().flat_map(|state| state.entries.keys()) {
                let (found, expected) = (get(&follower, name), get(&whole, name));
                assert_eq!(found.unwrap(), expected.unwrap(), "seed {seed}");
            }
            assert_eq!(Model::of(&follower), model, "seed {seed}");
            let known =
                |store: &StoreEngine| (store.stats().consumers, store.stats().last_sequence);
            assert_eq!(known(&follower), known(&whole), "seed {seed}");
            assert_eq!(history(&follower), history(&whole), "seed {seed}");
            disk.set_contents(story.moments.last().unwrap().contents.clone());
            follower.refresh().unwrap();
            assert_eq!(Model::of(&follower), *story.states.last().unwrap(), "seed {seed}");
        }
    }
    assert!(by_index > 50, "{by_index} were opened by an index file");
}

/// The sequences of the history that is there.
fn history(store: &StoreEngine) -> Vec<u64> {
    let operations = store.operations(store.stats().floor, false).unwrap();
    operations.map(|one| one.unwrap().sequence).collect()
}

#[test]
fn what_is_written_after_the_opening_is_shown_and_told_once_all_entries_are_in_memory() {
    let (disk, writer, follower) = followed();
    let names = disk.names();
    assert_eq!(get(&follower, "kept").unwrap().as_deref(), Some("before"));
    assert_eq!(get(&follower, "changed").unwrap().as_deref(), Some("after"));
    assert_eq!(get(&follower, "removed").unwrap(), None);
    let watcher = follower.watch(Range::all(), || ()).unwrap();
    put(&writer, "kept", "now");
    assert_eq!(get(&follower, "kept").unwrap().as_deref(), Some("before"));
    follower.ready(&Control::default()).unwrap();
    assert!(follower.stats().ready);
    assert_eq!(get(&follower, "kept").unwrap().as_deref(), Some("before"));
    assert_eq!(follower.refresh().unwrap(), 6);
    assert_eq!(Model::of(&follower), Model::of(&writer));
    let told = watcher.take(10, 1 << 20).unwrap().unwrap();
    assert_eq!(told.iter().map(|change| change.version).collect::<Vec<_>>(), [6]);
    assert_eq!(disk.names(), names);
}

#[test]
fn a_log_that_is_compacted_before_all_of_it_was_read_is_gone_on_after() {
    let (_disk, writer, follower) = followed();
    put(&writer, "kept", "now");
    writer.compact(&Control::default()).unwrap();
    put(&writer, "new", "now");
    let shown = follower.refresh().unwrap();
    assert_eq!(shown, writer.last_sequence());
    assert_eq!(Model::of(&follower), Model::of(&writer));
    let restart = follower.stats().last_restart;
    assert!(restart.is_none_or(|restart| restart.reason == RestartReason::Checkpoint));
}

#[test]
fn a_log_that_is_overwritten_before_all_of_it_was_read_is_begun_anew() {
    let (disk, _writer, follower) = followed();
    let other = SimDisk::new();
    other.set_salt(77);
    let writer = open(&other);
    put(&writer, "other", "log");
    writer.close().unwrap();
    let bytes = other.read(Path::new(LOG)).unwrap();
    overwrite(&disk, &bytes);
    let entries = follower.entries().unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    let Some(Restart { reason, .. }) = follower.stats().last_restart else { panic!("not told") };
    assert_eq!(reason, RestartReason::Replaced);
    follower.refresh().unwrap();
}

#[test]
fn damage_that_is_found_after_the_opening_fails_all_that_is_asked_then() {
    let (disk, _writer, follower) = followed();
    let mut bytes = disk.read(Path::new(LOG)).unwrap();
    let at = bytes.windows(6).position(|found| found == b"before").unwrap();
    bytes[at] ^= 1;
    overwrite(&disk, &bytes);
    let corrupt = |error: &Error| matches!(error, Error::CorruptLog { .. });
    assert_eq!(get(&follower, "changed").unwrap().as_deref(), Some("after"), "not touched by that");
    assert!(corrupt(&follower.ready(&Control::default()).unwrap_err()));
    assert!(corrupt(&get(&follower, "changed").unwrap_err()));
    assert!(corrupt(&follower.refresh().unwrap_err()));
    assert!(disk.read(Path::new(INDEX)).is_some(), "nothing was removed");
    assert!(corrupt(&follower.recover().unwrap_err()));
    bytes[at] ^= 1;
    overwrite(&disk, &bytes);
    follower.recover().unwrap();
    assert_eq!(get(&follower, "changed").unwrap().as_deref(), Some("after"));
}

#[test]
fn an_index_file_of_no_use_is_done_without() {
    let (disk, writer, follower) = followed();
    let index = disk.read(Path::new(INDEX)).unwrap();
    for at in (0..index.len()).step_by(97) {
        let mut damaged = index.clone();
        damaged[at] ^= 0x10;
        disk.put_file(Path::new(INDEX), &damaged);
        let store = following(&disk);
        assert_eq!(get(&store, "kept").unwrap().as_deref(), Some("before"), "byte {at}");
        assert_eq!(Model::of(&store), Model::of(&writer), "byte {at}");
        assert_eq!(disk.read(Path::new(INDEX)).unwrap(), damaged, "byte {at}");
    }
    follower.close().unwrap();
}
