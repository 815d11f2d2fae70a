//! The position of a consumer that comes with a batch is in its frame: there is both or neither, whoever reads the log.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::wal::checksum::Checksum;
use softadastra_store::wal::format::{FRAME_HEADER_LEN, FrameHeader};
use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{
    Control, Error, IndexPolicy, Key, Operation, OperationEncoder, StoreConfig, StoreEngine, Value,
};
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";
const INDEXED: IndexPolicy =
    IndexPolicy { enabled: true, minimum_bytes: 0, tail: 5, background: false };
/// Magic, number, first sequence and the rest.
const FILE_HEADER: usize = 64;

fn config() -> StoreConfig {
    StoreConfig::durable(LOG).with_index(IndexPolicy { enabled: false, ..INDEXED })
}

fn open_with(disk: &SimDisk, config: StoreConfig) -> Result<StoreEngine, Error> {
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover()?;
    Ok(engine)
}

fn open(disk: &SimDisk) -> StoreEngine {
    open_with(disk, config()).unwrap()
}

fn put(key: &str, value: &str) -> Operation {
    Operation::put(Key::new(key).unwrap(), Value::from_string(value))
}

fn write(engine: &StoreEngine, count: usize) {
    for at in 0..count {
        engine.put(&Key::new(format!("key {at}")).unwrap(), &Value::from_string("value")).unwrap();
    }
}

fn positions(engine: &StoreEngine) -> Vec<(String, u64)> {
    let stats = engine.stats();
    stats.consumers.iter().map(|(name, position)| (name.to_owned(), position)).collect()
}

fn known(list: &[(&str, u64)]) -> Vec<(String, u64)> {
    list.iter().map(|(name, position)| ((*name).to_owned(), *position)).collect()
}

/// Ten puts, two consumers, and a batch of two that acknowledges for one of them.
fn acknowledged(disk: &SimDisk, config: StoreConfig) -> StoreEngine {
    let engine = open_with(disk, config).unwrap();
    write(&engine, 10);
    for name in ["inbox", "other"] {
        engine.consumer(name, 2).unwrap();
    }
    let groups = engine.stats().groups;
    let batch = [put("a", "1"), put("b", "2")];
    let applied = engine.apply_batch_acknowledging(&batch, "inbox", 7).unwrap();
    assert_eq!(applied.iter().map(|one| one.version).collect::<Vec<_>>(), [11, 12]);
    assert_eq!(engine.stats().groups, groups + 1);
    assert_eq!(positions(&engine), known(&[("inbox", 7), ("other", 2)]));
    engine
}

#[test]
fn the_position_is_there_after_a_kill_with_a_restart_and_in_a_backup() {
    let disk = SimDisk::new();
    let engine = acknowledged(&disk, config());
    engine.backup("/backup.wal", &Control::default()).unwrap();
    let expected = known(&[("inbox", 7), ("other", 2)]);
    assert_eq!(positions(&open(&disk.kill())), expected);
    engine.close().unwrap();
    let copy = StoreConfig::durable("/backup.wal");
    for engine in [open(&disk), open_with(&disk, copy).unwrap()] {
        assert_eq!(positions(&engine), expected);
        assert_eq!(engine.operations(2, false).unwrap().count(), 10);
        assert!(engine.get(&Key::new("b").unwrap()).unwrap().is_some());
    }
}

#[test]
fn a_store_that_opens_by_its_index_file_knows_positions_that_came_with_a_batch() {
    // Many consumers with long names do not fit into what is read at first.
    for count in [1, 40] {
        let disk = SimDisk::new();
        let config = config().with_index(INDEXED);
        let engine = open_with(&disk, config.clone()).unwrap();
        write(&engine, 10);
        let names: Vec<_> = (0..count).map(|at| format!("{at:03}{}", "x".repeat(200))).collect();
        for name in &names {
            engine.consumer(name, 1).unwrap();
        }
        engine.apply_batch_acknowledging(&[put("a", "1")], &names[0], 9).unwrap();
        write(&engine, 30);
        engine.close().unwrap();
        let again = StoreEngine::with_storage(config, Arc::new(disk.clone()));
        let report = again.recover().unwrap();
        assert!(report.indexed_sequence >= 11, "{report:?}");
        let found = positions(&again);
        assert_eq!((found.len(), &found[0]), (count, &(names[0].clone(), 9)));
    }
}

#[test]
fn compaction_keeps_the_position_and_drops_what_it_does_not_need() {
    let disk = SimDisk::new();
    let engine = acknowledged(&disk, config());
    engine.apply_batch_acknowledging(&[put("c", "3")], "other", 8).unwrap();
    assert_eq!(engine.compact(&Control::default()).unwrap().floor, 7);
    assert_eq!(positions(&engine), known(&[("inbox", 7), ("other", 8)]));
    engine.close().unwrap();
    assert_eq!(positions(&open(&disk)), known(&[("inbox", 7), ("other", 8)]));
}

#[test]
fn consumers_that_were_removed_do_not_come_back_with_operations_that_are_copied() {
    let disk = SimDisk::new();
    let engine = acknowledged(&disk, config());
    let held = engine.operations(3, false).unwrap();
    for name in ["inbox", "other"] {
        engine.remove_consumer(name).unwrap();
    }
    engine.compact(&Control::default()).unwrap();
    engine.backup("/backup.wal", &Control::default()).unwrap();
    drop(held);
    engine.close().unwrap();
    assert_eq!(positions(&open(&disk)), []);
    let copy = open_with(&disk, StoreConfig::durable("/backup.wal")).unwrap();
    assert_eq!(positions(&copy), []);
}

#[test]
fn what_cannot_be_acknowledged_refuses_its_batch_alone() {
    let disk = SimDisk::new();
    let engine = acknowledged(&disk, config());
    let refused = |name: &str, sequence| {
        engine.apply_batch_acknowledging(&[put("no", "")], name, sequence).unwrap_err()
    };
    assert!(matches!(refused("nobody", 1), Error::UnknownConsumer { .. }));
    for sequence in [6, 13] {
        let error = refused("inbox", sequence);
        assert!(matches!(error, Error::NotAcknowledgeable { position: 7, readable: 12, .. }));
    }
    engine.apply_batch_acknowledging(&[], "inbox", 8).unwrap();
    assert_eq!((engine.last_sequence(), positions(&engine)[0].1), (12, 8));
    let memory = StoreEngine::new(StoreConfig::memory_only());
    let error = memory.apply_batch_acknowledging(&[put("no", "")], "inbox", 0).unwrap_err();
    assert!(matches!(error, Error::UnknownConsumer { .. }));
    assert_eq!(memory.last_sequence(), 0);
}

/// Where the frames of a log are.
fn frames(bytes: &[u8]) -> Vec<(usize, FrameHeader)> {
    let checksum = Checksum::salted(u64::from_le_bytes(bytes[16..24].try_into().unwrap()));
    let mut at = FILE_HEADER;
    let mut found = Vec::new();
    while let Some((header, _)) = FrameHeader::decode(&bytes[at..], &checksum) {
        let len = usize::try_from(header.frame_len()).unwrap();
        found.push((at, header));
        at += len;
    }
    found
}

#[test]
fn salvage_keeps_the_position_before_the_damage_and_gives_later_parts_none() {
    let disk = SimDisk::new();
    let engine = acknowledged(&disk, config());
    write(&engine, 1);
    engine.apply_batch_acknowledging(&[put("c", "3")], "inbox", 9).unwrap();
    engine.close().unwrap();
    let bytes = disk.read(Path::new(LOG)).unwrap();
    let all = frames(&bytes);
    let damaged = all.iter().find(|(_, header)| header.first_sequence == 13).unwrap().0;
    let mut bytes = bytes;
    bytes[damaged + FRAME_HEADER_LEN + 2] ^= 1;
    let disk = SimDisk::with_file(Path::new(LOG), &bytes);
    assert!(open_with(&disk, config()).is_err());
    let report = salvage_on(&disk, Path::new(LOG), Path::new("/saved.wal")).unwrap();
    let saved = open_with(&disk, StoreConfig::durable("/saved.wal")).unwrap();
    assert_eq!(positions(&saved), known(&[("inbox", 7), ("other", 2)]));
    assert_eq!(report.later.len(), 1);
    let later = open_with(&disk, StoreConfig::durable(&report.later[0].log)).unwrap();
    assert_eq!((positions(&later), later.last_sequence()), (vec![], 14));
}

type Change = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// The log with another body in its last commit, whose checksums are right.
fn with_body(bytes: &[u8], change: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let checksum = Checksum::salted(u64::from_le_bytes(bytes[16..24].try_into().unwrap()));
    let (at, header) = frames(bytes).into_iter().rfind(|(_, one)| one.kind.is_history()).unwrap();
    let body = at + FRAME_HEADER_LEN..at + FRAME_HEADER_LEN + header.body_len as usize;
    let body = change(&bytes[body]);
    let body_len = u32::try_from(body.len()).unwrap();
    let header = FrameHeader { body_len, body_checksum: checksum.of(&body), ..header };
    let mut changed = bytes[..at].to_vec();
    changed.extend_from_slice(&header.encode(&checksum).0);
    changed.extend_from_slice(&body);
    changed.resize(changed.len().next_multiple_of(8), 0);
    changed
}

#[test]
fn positions_that_cannot_be_right_refuse_the_log() {
    let disk = SimDisk::new();
    drop(acknowledged(&disk, config()));
    let bytes = disk.read(Path::new(LOG)).unwrap();
    let whole = with_body(&bytes, <[u8]>::to_vec);
    let opened = |bytes: Vec<u8>| {
        let disk = SimDisk::with_file(Path::new(LOG), &bytes);
        open_with(&disk, config()).map(|engine| positions(&engine))
    };
    assert_eq!(opened(whole).unwrap(), known(&[("inbox", 7), ("other", 2)]));
    // Kind, count, length, checksum, then the name's length, "inbox" and its position.
    let position = 13 + 2 + 5;
    let resummed = |body: &[u8], at: usize, byte: u8| {
        let mut body = body.to_vec();
        body[at] = byte;
        let len = u32::from_le_bytes(body[5..9].try_into().unwrap()) as usize;
        let sum = crc32fast::hash(&body[13..13 + len]);
        body[9..13].copy_from_slice(&sum.to_le_bytes());
        body
    };
    let wrong: [(&str, Change); 6] = [
        ("another checksum", Box::new(|body| [&body[..9], &[0; 4], &body[13..]].concat())),
        ("ahead of the frame", Box::new(move |body| resummed(body, position, 11))),
        ("another count", Box::new(|body| [&body[..1], &[1, 0, 0, 0], &body[5..]].concat())),
        (
            "no consumer",
            Box::new(|body| {
                let len = u32::from_le_bytes(body[5..9].try_into().unwrap()) as usize;
                let sum = crc32fast::hash(&[]);
                [&[0x80, 0, 0, 0, 0, 0, 0, 0, 0], &sum.to_le_bytes()[..], &body[13 + len..]]
                    .concat()
            }),
        ),
        (
            "longer than the frame",
            Box::new(|body| [&body[..5], &[0xff, 0xff, 0xff, 0x7f], &body[9..]].concat()),
        ),
        (
            "in the second record",
            Box::new(|body| {
                let len = 13 + u32::from_le_bytes(body[5..9].try_into().unwrap()) as usize;
                let first = OperationEncoder::encode(&put("a", "1")).unwrap().len();
                let (attribute, records) = body.split_at(len);
                let (first, second) = records.split_at(first);
                [first, attribute, second].concat()
            }),
        ),
    ];
    for (what, change) in wrong {
        let error = opened(with_body(&bytes, change)).expect_err(what);
        let is_damage =
            matches!(error, Error::CorruptLog { .. } | Error::OperationDecodingFailed { .. });
        assert!(is_damage, "{what}: {error}");
    }
}

#[test]
fn groups_of_threads_that_come_together_each_have_their_position_or_their_refusal() {
    let disk = SimDisk::new();
    let engine = open(&disk);
    write(&engine, 200);
    for thread in 0..4 {
        engine.consumer(&format!("consumer {thread}"), 0).unwrap();
    }
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let engine = &engine;
            scope.spawn(move || {
                let name = format!("consumer {thread}");
                for at in 1..=50 {
                    let key = format!("{thread}/{at}");
                    let batch = [put(&key, "x"), put(&format!("last {thread}"), &at.to_string())];
                    engine.apply_batch_acknowledging(&batch, &name, at * 2).unwrap();
                    let back = engine.apply_batch_acknowledging(&batch, &name, at * 2 - 1);
                    assert!(matches!(back, Err(Error::NotAcknowledgeable { .. })));
                }
            });
        }
    });
    let expected: Vec<_> = (0..4).map(|at| (format!("consumer {at}"), 100)).collect();
    assert_eq!(engine.last_sequence(), 200 + 4 * 50 * 2);
    for engine in [&engine, &open(&disk.kill())] {
        assert_eq!(positions(engine), expected);
    }
}

#[test]
fn a_golden_log_with_positions_in_its_commits_opens_for_ever() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1/positions.wal");
    let bytes = std::fs::read(golden).unwrap();
    let disk = SimDisk::with_file(Path::new(LOG), &bytes);
    let engine = open(&disk);
    assert_eq!(positions(&engine), known(&[("inbox", 4), ("outbox", 1)]));
    let keys: Vec<_> = engine.entries().unwrap().iter().map(|one| one.key.to_string()).collect();
    assert_eq!(keys, ["b", "c", "d", "e"]);
    assert_eq!(engine.last_sequence(), 6);
    for at in (FILE_HEADER..bytes.len()).filter(|at| bytes[*at] != 0) {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            let disk = SimDisk::with_file(Path::new(LOG), &bytes);
            // The last frame, the seal, may have been interrupted.
            let found = open_with(&disk, config()).map(|engine| positions(&engine));
            assert!(found.is_err() || found.unwrap() == known(&[("inbox", 4), ("outbox", 1)]));
        }
    }
}
