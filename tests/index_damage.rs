//! Whatever is in the index file, the store shows what its log says, or that the log is damaged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::index::Range;
use softadastra_store::storage::{Access, Storage};
use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{
    Control, Error, Key, SnapshotBuilderStore, StoreConfig, StoreEngine, Value, Write,
};
use support::model::{Commit, Model, run};
use support::random::Random;
use support::reads::{commit, compare};
use support::sim_disk::SimDisk;
use support::story::{INDEX, LOG, SMALL_INDEX};

const PAGE: usize = 4096;

fn engine(disk: &SimDisk, config: StoreConfig) -> StoreEngine {
    StoreEngine::with_storage(config.with_index(SMALL_INDEX), Arc::new(disk.clone()))
}

fn open(disk: &SimDisk) -> StoreEngine {
    let engine = engine(disk, StoreConfig::durable(LOG));
    engine.recover().unwrap();
    engine
}

fn put(engine: &StoreEngine, key: &str, value: &[u8]) -> Result<u64, Error> {
    Ok(engine.put(&Key::new(key)?, &Value::from_bytes(value.to_vec()))?.version)
}

fn get(engine: &StoreEngine, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let entry = engine.get(&Key::new(key)?)?;
    Ok(entry.map(|entry| entry.value.as_bytes().to_vec()))
}

/// Files of the same log at several times, and of others.
struct Files {
    log: Vec<u8>,
    index: Vec<u8>,
    /// Of the same log earlier, of the log before a compaction, and of another log.
    others: Vec<Vec<u8>>,
    model: Model,
}

/// Commits, some of them large enough for an index of many pages.
fn commits(random: &mut Random, engine: &StoreEngine, model: &mut Model, most: usize) {
    for _ in 0..=random.below(most) {
        let next = match random.below(8) {
            0 => bulk(random),
            _ => commit(random),
        };
        model.commit(&next);
        run(engine, &next).unwrap();
    }
}

fn bulk(random: &mut Random) -> Commit {
    let first = random.below(1500);
    let write = |at| {
        let key = Key::new(format!("bulk:{:06}", first + at)).unwrap();
        Write::put(key, Value::from_string("a value of the usual length"))
    };
    Commit((0..500).map(write).collect())
}

/// Lets the store be closed, and says what the index file is.
fn closed(disk: &SimDisk, engine: StoreEngine) -> Vec<u8> {
    engine.close().unwrap();
    drop(engine);
    disk.read(Path::new(INDEX)).unwrap()
}

impl Files {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let foreign = Self::on_new_disk(&mut random, seed + 1000);
        let mut files = Self::on_new_disk(&mut random, seed + 2000);
        files.others.push(foreign.index);
        files
    }

    fn on_new_disk(random: &mut Random, salt: u64) -> Self {
        let (disk, mut model) = (SimDisk::new(), Model::default());
        disk.set_salt(salt);
        let mut others = Vec::new();
        for compacts in [false, true, false] {
            let engine = open(&disk);
            engine.ready(&Control::default()).unwrap();
            commits(random, &engine, &mut model, 15);
            if compacts {
                engine.compact(&Control::default()).unwrap();
                commits(random, &engine, &mut model, 2);
            }
            others.push(closed(&disk, engine));
        }
        let index = others.pop().unwrap();
        Self { log: disk.read(Path::new(LOG)).unwrap(), index, others, model }
    }

    fn disk(&self, index: &[u8]) -> SimDisk {
        let disk = SimDisk::with_file(Path::new(LOG), &self.log);
        disk.put_file(Path::new(INDEX), index);
        disk
    }

    /// One of the things that may be found in the place of the index file.
    fn spoiled(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.index.clone();
        let pages = bytes.len() / PAGE;
        let page = |number: usize| number * PAGE..(number + 1) * PAGE;
        let other = &self.others[random.below(self.others.len())];
        match random.below(11) {
            0 => {
                let len = random.below(5 * PAGE);
                random.bytes(len)
            }
            1 => {
                for _ in 0..=random.below(3) {
                    let at = random.below(bytes.len());
                    bytes[at] ^= 1 << random.below(8);
                }
                bytes
            }
            2 => {
                bytes.truncate(random.below(bytes.len()));
                bytes
            }
            3 => {
                let len = random.below(2 * PAGE);
                [bytes, random.bytes(len)].concat()
            }
            4 => {
                let (a, b) = (random.below(pages), random.below(pages));
                let (first, second) = (bytes[page(a)].to_vec(), bytes[page(b)].to_vec());
                bytes[page(a)].copy_from_slice(&second);
                bytes[page(b)].copy_from_slice(&first);
                bytes
            }
            5 => {
                let at = random.below(pages);
                bytes[page(at)].fill(0);
                bytes
            }
            6 => other.clone(),
            7 => [&other[..PAGE], &bytes[PAGE..]].concat(),
            8 => [&bytes[..PAGE], &other[PAGE..]].concat(),
            9 => [&bytes[..PAGE], &other[page(1)], &bytes[2 * PAGE..]].concat(),
            _ => {
                for number in 0..pages.min(other.len() / PAGE) {
                    if random.below(2) == 0 {
                        bytes[page(number)].copy_from_slice(&other[page(number)]);
                    }
                }
                bytes
            }
        }
    }
}

fn rounds(default: u64) -> u64 {
    std::env::var("INDEX_ROUNDS").map_or(default, |text| text.parse().unwrap())
}

#[test]
fn any_bytes_in_the_index_file_change_nothing_that_the_store_shows() {
    let mut used = 0;
    for seed in 0..rounds(6) {
        let files = Files::new(seed);
        let mut random = Random::new(seed);
        for number in 0..60 {
            let context = format!("seed {seed}, index file {number}");
            let disk = files.disk(&files.spoiled(&mut random));
            let engine = open(&disk);
            used += usize::from(!engine.stats().ready);
            compare(&engine, &files.model, &mut random, &context);
            let (mut model, more) = (files.model.clone(), commit(&mut random));
            model.commit(&more);
            run(&engine, &more).unwrap();
            compare(&engine, &model, &mut random, &context);
            engine.ready(&Control::default()).unwrap();
            compare(&engine, &model, &mut random, &context);
            engine.close().unwrap();
            compare(&open(&disk), &model, &mut random, &context);
        }
    }
    assert!(used > 0, "none of the index files was of use");
}

/// Writes `bytes` into a page of an index file, and makes its checksum right again.
fn forge(index: &mut [u8], number: usize, at: usize, bytes: &[u8]) {
    let page = &mut index[number * PAGE..(number + 1) * PAGE];
    if number < 2 {
        let len = if number == 0 { 200 } else { 40 };
        page[at..at + bytes.len()].copy_from_slice(bytes);
        let sum = crc32fast::hash(&page[..len]);
        page[len..len + 4].copy_from_slice(&sum.to_le_bytes());
        return;
    }
    page[at..at + bytes.len()].copy_from_slice(bytes);
    let mut hasher = crc32fast::Hasher::new();
    let id: [u8; 8] = index[16..24].try_into().unwrap();
    hasher.update(&id);
    hasher.update(&(number as u64).to_le_bytes());
    hasher.update(&index[number * PAGE + 4..(number + 1) * PAGE]);
    let sum = hasher.finalize().to_le_bytes();
    index[number * PAGE..number * PAGE + 4].copy_from_slice(&sum);
}

#[test]
fn an_index_file_that_was_forged_is_at_worst_wrong() {
    let extremes = [0, 1, 2, 255, 4096, u64::from(u32::MAX), 1 << 63, u64::MAX - 1, u64::MAX];
    for seed in 0..rounds(3) {
        let files = Files::new(seed);
        let mut random = Random::new(seed ^ 0xF0);
        for _ in 0..150 {
            let mut index = files.index.clone();
            for _ in 0..=random.below(2) {
                let number = random.below(index.len() / PAGE);
                let len = [200, 40, 64].get(number).copied().unwrap_or(64);
                let at = (random.below(len / 4) * 4).min(len - 8).max(4);
                let extreme = extremes[random.below(extremes.len())].to_le_bytes();
                let bytes = if random.below(2) == 0 { &extreme[..] } else { &random.bytes(4) };
                forge(&mut index, number, at, bytes);
            }
            let disk = files.disk(&index);
            let engine = engine(&disk, StoreConfig::durable(LOG));
            if engine.recover().is_err() {
                continue;
            }
            // Neither a panic, nor without an end.
            let _ = engine.entries();
            let _ = engine.scan(&softadastra_store::index::Range {
                reverse: true,
                ..softadastra_store::index::Range::all()
            });
            for key in files.model.entries.keys().take(20) {
                let _ = get(&engine, key);
            }
            let _ = put(&engine, "bulk:000007", b"new");
            engine.ready(&Control::default()).unwrap();
            assert_eq!(engine.entries().unwrap().len(), engine.size());
            engine.close().unwrap();
        }
    }
}

/// Offset and sequence of the damage that an error reports.
fn place(error: &Error) -> (u64, u64) {
    match error {
        Error::CorruptLog { sequence, offset, .. } => (*offset, *sequence),
        other => panic!("{other:?}"),
    }
}

/// Every call of a store whose log turned out to be damaged says so.
fn all_calls_fail(engine: &StoreEngine, place_of_damage: (u64, u64), context: &str) {
    let key = Key::new("key").unwrap();
    let control = Control::default();
    let calls: [(&str, Result<(), Error>); 11] = [
        ("ready", engine.ready(&control)),
        ("get", engine.get(&key).map(drop)),
        ("entries", engine.entries().map(drop)),
        ("view", engine.view(|_| ())),
        ("snapshot", engine.snapshot().map(drop)),
        ("put", put(engine, "key", b"value").map(drop)),
        ("remove", engine.remove(&key).map(drop)),
        ("flush", engine.flush()),
        ("compact", engine.compact(&control).map(drop)),
        ("backup", engine.backup("/backup.wal", &control).map(drop)),
        ("consumer", engine.consumer("outbox", 0).map(drop)),
    ];
    for (name, outcome) in calls {
        let error = outcome.expect_err(&format!("{context}: {name}"));
        assert_eq!(place(&error), place_of_damage, "{context}: {name}");
    }
    assert!(!engine.contains(&key) && engine.size() == 0 && !engine.stats().open, "{context}");
}

#[test]
fn damage_that_the_replay_finds_is_reported_as_an_opening_does_and_never_read() {
    let (mut late, mut refused, mut read) = (0, 0, 0);
    for seed in 0..rounds(5) {
        let files = Files::new(seed);
        let mut random = Random::new(seed ^ 0xDA);
        for _ in 0..40 {
            let at = 64 + random.below(files.log.len() - 64);
            let context = format!("seed {seed}, byte {at}");
            let mut log = files.log.clone();
            log[at] ^= 1 << random.below(8);
            let full = SimDisk::with_file(Path::new(LOG), &log);
            let full = engine(&full, StoreConfig::durable(LOG)).recover();
            let disk = SimDisk::with_file(Path::new(LOG), &log);
            disk.put_file(Path::new(INDEX), &files.index);
            let cold = engine(&disk, StoreConfig::durable(LOG));
            let Err(full) = full else {
                // An interrupted write, as far as the log alone can tell.
                let Err(error) = cold.recover().and_then(|_| cold.ready(&Control::default()))
                else {
                    continue;
                };
                place(&error);
                continue;
            };
            if let Err(error) = cold.recover() {
                assert_eq!(error.to_string(), full.to_string(), "{context}");
                refused += 1;
                continue;
            }
            late += 1;
            let acknowledged = put(&cold, "written meanwhile", b"value").is_ok();
            let keys: Vec<_> = files.model.entries.iter().collect();
            for _ in 0..20 {
                let (key, (value, _)) = keys[random.below(keys.len())];
                match get(&cold, key) {
                    Ok(found) => {
                        read += 1;
                        assert_eq!(found.as_ref(), Some(value), "{context}: {key:?}");
                    }
                    Err(error) => assert_eq!(place(&error), place(&full), "{context}"),
                }
            }
            let error = cold.ready(&Control::default()).expect_err(&context);
            assert_eq!(place(&error), place(&full), "{context}");
            all_calls_fail(&cold, place(&full), &context);
            cold.close().unwrap();
            if acknowledged {
                assert!(is_salvaged(&disk, "written meanwhile"), "{context}");
            }
        }
    }
    assert!(late > 50 && refused > 0 && read > 100, "{late}, {refused}, {read}");
}

/// Whether a salvage of the damaged log finds the key, before the damage or after it.
fn is_salvaged(disk: &SimDisk, key: &str) -> bool {
    let report = salvage_on(disk, Path::new(LOG), Path::new("/saved.wal")).unwrap();
    let mut logs = std::iter::once(&report.log).chain(report.later.iter().map(|run| &run.log));
    logs.any(|log| {
        let found = SnapshotBuilderStore::build_on(disk, log).unwrap();
        found.get(&Key::new(key).unwrap()).unwrap().is_some()
    })
}

#[test]
fn an_index_file_is_not_read_behind_an_entry_that_only_a_lost_write_has_changed() {
    for rounds in 0..20 {
        let disk = SimDisk::new();
        let store = Arc::new(engine(&disk, StoreConfig::buffered(LOG)));
        store.recover().unwrap();
        for number in 0..9 {
            put(&store, &format!("key {number}"), b"old").unwrap();
        }
        let before = Model::of(&store);
        let writer = Arc::clone(&store);
        // Visible to whoever writes the index file, and not on stable storage.
        disk.on_create(Path::new("/store.wal.index.new"), move || {
            put(&writer, "key 3", b"new").unwrap();
            writer.remove(&Key::new("key 5").unwrap()).unwrap();
        });
        store.compact(&Control::default()).unwrap();
        assert_eq!(get(&store, "key 3").unwrap().unwrap(), b"new");
        let index = disk.open(Path::new(INDEX), Access::Read).unwrap();
        index.sync().unwrap();
        disk.folder(Path::new("/")).unwrap().sync().unwrap();
        let after = Model::of(&store);
        let crashed = disk.crash(&mut Random::new(rounds));
        let found = open(&crashed);
        let shown = Model::of(&found);
        assert!(!found.stats().ready, "the index file was of use");
        let mut between = before.clone();
        between.last_sequence += 1;
        between.entries.insert("key 3".into(), (b"new".to_vec(), before.last_sequence + 1));
        assert!([before, between, after].contains(&shown), "{shown:?}");
        found.ready(&Control::default()).unwrap();
        assert_eq!(Model::of(&found), shown);
    }
}

#[test]
fn damage_in_a_block_that_two_index_files_share_is_not_taken_for_what_was_written() {
    let disk = SimDisk::new();
    let store = open(&disk);
    put(&store, "damaged", &[b'x'; 200]).unwrap();
    store.compact(&Control::default()).unwrap();
    let first = store.stats().indexed_sequence;
    // Damaged after the first index file was written, and in the block where that ends.
    let mut log = disk.read(Path::new(LOG)).unwrap();
    let at = log.windows(50).position(|bytes| bytes == [b'x'; 50]).unwrap();
    assert!(log.len() < PAGE);
    log[at] = b'y';
    let file = disk.open(Path::new(LOG), Access::ReadWrite).unwrap();
    file.write_at(&log[at..=at], at as u64).unwrap();
    for number in 0..9 {
        put(&store, &format!("key {number}"), b"value").unwrap();
    }
    closed(&disk, store);
    let reopened = open(&disk);
    assert!(reopened.stats().indexed_sequence > first, "there is a second index file");
    let found = get(&reopened, "damaged");
    assert!(matches!(found, Err(Error::CorruptLog { .. })), "{found:?}");
}

#[test]
fn an_index_file_with_a_damaged_page_is_told_of_and_replaced_not_built_on() {
    let disk = SimDisk::new();
    let store = open(&disk);
    for number in 0..2000 {
        put(&store, &format!("key {number:04}"), b"value").unwrap();
    }
    closed(&disk, store);
    let mut index = disk.read(Path::new(INDEX)).unwrap();
    index[2 * PAGE + 100] ^= 1;
    disk.put_file(Path::new(INDEX), &index);
    let store = open(&disk);
    assert_eq!(get(&store, "key 0003").unwrap().unwrap(), b"value");
    let stats = store.stats();
    assert!(stats.index_failure.as_ref().is_some_and(|why| why.contains("damaged")), "{stats:?}");
    let model = Model::of(&store);
    closed(&disk, store);
    let store = open(&disk);
    assert_eq!(Model::of(&store), model);
    assert!(!store.stats().ready, "the page was never needed or the file was replaced");
    assert_eq!(store.stats().index_failure, None);

    // Nobody has read the damaged page when the next file is due.
    drop(store);
    disk.put_file(Path::new(INDEX), &index);
    let store = open(&disk);
    store.ready(&Control::default()).unwrap();
    for number in 0..100 {
        put(&store, &format!("more {number:04}"), b"value").unwrap();
    }
    let model = Model::of(&store);
    closed(&disk, store);
    let store = open(&disk);
    assert_eq!(Model::of(&store), model);
    assert!(!store.stats().ready, "the file was replaced");
    assert_eq!(store.stats().index_failure, None);
}

/// A store with a memory limit of which nothing was read yet, and what it holds.
fn paged(disk: &SimDisk) -> (StoreEngine, Model) {
    let open = || {
        let store = engine(disk, StoreConfig::durable(LOG).with_memory_limit(4096));
        store.recover().unwrap();
        store
    };
    let store = open();
    for number in 0..400 {
        put(&store, &format!("key {number:04}"), &[b'v'; 100]).unwrap();
    }
    let model = Model::of(&store);
    store.close().unwrap();
    drop(store);
    (open(), model)
}

type Use = fn(&StoreEngine) -> Result<(), Error>;

const USES: [(&str, Use); 8] = [
    ("get", |store| get(store, "key 0000").map(drop)),
    ("get_many", |store| store.get_many(&[Key::new("key 0000")?, Key::new("none")?]).map(drop)),
    ("scan", |store| store.entries().map(drop)),
    ("put", |store| put(store, "key 0000", &[b'v'; 100]).map(drop)),
    ("compact", |store| store.compact(&Control::default()).map(drop)),
    ("backup", |store| store.backup("/backup.wal", &Control::default()).map(drop)),
    ("load", |store| store.load_range(Range::all(), 1000, &Control::default())),
    ("view", |store| store.view(|index| assert!(index.len() >= 400))),
];

#[test]
fn an_index_file_that_is_damaged_under_a_store_that_needs_it_is_made_anew() {
    for (name, call) in USES {
        let disk = SimDisk::new();
        let (store, mut model) = paged(&disk);
        let indexed = store.stats().indexed_sequence;
        let file = disk.open(Path::new(INDEX), Access::ReadWrite).unwrap();
        let pages = disk.read(Path::new(INDEX)).unwrap().len() / PAGE;
        for page in 2..pages {
            file.write_at(b"damaged", (page * PAGE + 99) as u64).unwrap();
        }
        call(&store).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "put" {
            model = Model { last_sequence: 401, ..model };
            model.entries.get_mut("key 0000").unwrap().1 = 401;
        }
        assert_eq!(Model::of(&store), model, "{name}");
        assert_eq!(store.size(), 400, "{name}");
        let stats = store.stats();
        assert!(stats.indexed_sequence >= indexed, "{name}: {stats:?}");
        assert_eq!(stats.index_failure, None, "{name}");
        store.close().unwrap();
        drop(store);
        let reopened = open(&disk);
        assert_eq!(Model::of(&reopened), model, "{name}, opened again");
    }
}

#[test]
fn a_log_that_is_damaged_under_a_store_that_needs_it_fails_every_call_from_then_on() {
    for (name, call) in USES {
        let disk = SimDisk::new();
        let (store, _) = paged(&disk);
        let log = disk.read(Path::new(LOG)).unwrap();
        let at = log.windows(8).position(|bytes| bytes == b"key 0000").unwrap();
        let file = disk.open(Path::new(LOG), Access::ReadWrite).unwrap();
        file.write_at(b"damaged!", at as u64).unwrap();
        let found = call(&store).unwrap_err();
        assert!(matches!(found, Error::CorruptLog { .. }), "{name}: {found:?}");
        all_calls_fail(&store, place(&found), name);
        let damaged = disk.read(Path::new(LOG)).unwrap();
        assert_eq!(damaged.len(), log.len(), "{name}: nothing of it was changed");
    }
}

#[test]
fn a_backup_of_a_store_that_keeps_entries_in_its_log_says_how_many_it_has() {
    let disk = SimDisk::new();
    let (store, model) = paged(&disk);
    let report = store.backup("/backup.wal", &Control::default()).unwrap();
    assert_eq!(report.entries, model.entries.len() as u64);
}
