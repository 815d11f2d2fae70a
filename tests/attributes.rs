//! What the log says of a record beside its payload: decoded as it was encoded, or refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::operation::{Attributes, DecodeError, decode_record};
use softadastra_store::wal::checksum::Checksum;
use softadastra_store::wal::format::FrameHeader;
use softadastra_store::wal::reader::LogReader;
use softadastra_store::{
    Error, Key, Operation, OperationDecoder, OperationEncoder, StoreConfig, StoreEngine, Value,
};
use support::sim_disk::SimDisk;

const LOG: &str = "/store.wal";
/// The year 9999.
const FUTURE: i64 = 253_370_764_800_000;
const EXPIRING: &[u8] = &[0x81, 1, 2, 3, 4, 5, 6, 7, 0];
const SIGNED: &[u8] = &[0x82, 1, 2, 3, 4, 5, 6, 7, 0];
const REMEMBERED: &[u8] = &[0x83, 1, 2, 3, 4, 5, 6, 7, 0];

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    std::fs::read(folder.join(name)).unwrap()
}

fn payload() -> Vec<u8> {
    let put = Operation::put(Key::new("key").unwrap(), Value::from_string("value"));
    OperationEncoder::encode(&put).unwrap()
}

fn removal() -> Vec<u8> {
    OperationEncoder::encode(&Operation::remove(Key::new("key").unwrap())).unwrap()
}

fn record(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn refusal(bytes: &[u8]) -> DecodeError {
    decode_record(bytes).unwrap_err()
}

#[test]
fn a_payload_without_attributes_is_a_record() {
    let payload = payload();
    let (attributes, operation, len) = decode_record(&payload).unwrap();
    assert_eq!(
        (attributes, operation.value, len),
        (Attributes::NONE, &b"value"[..], payload.len())
    );
    let mut bytes = Vec::new();
    attributes.encode_into(&mut bytes);
    assert!(bytes.is_empty());
}

#[test]
fn an_expiry_is_nine_bytes_in_front_of_the_payload() {
    for expiry in [1, FUTURE, (1 << 53) - 1] {
        let attributes = Attributes { expiry: Some(expiry), ..Attributes::NONE };
        let mut bytes = Vec::new();
        attributes.encode_into(&mut bytes);
        assert_eq!(bytes, record(&[&[0x81], &expiry.to_le_bytes()]));
        assert_eq!(attributes.encoded_len(), 9);
        let bytes = record(&[&bytes, &payload(), b"what follows"]);
        let (decoded, operation, len) = decode_record(&bytes).unwrap();
        assert_eq!((decoded, operation.key, len), (attributes, "key", 9 + payload().len()));
    }
}

#[test]
fn a_node_is_nine_bytes_after_the_other_attributes_of_any_record() {
    for (node, kind) in [(1, payload()), ((1 << 53) - 1, payload()), (7, removal())] {
        let attributes = Attributes { node: Some(node), ..Attributes::NONE };
        let mut bytes = Vec::new();
        attributes.encode_into(&mut bytes);
        assert_eq!(bytes, record(&[&[0x82], &node.to_le_bytes()]));
        assert_eq!(attributes.encoded_len(), 9);
        let (decoded, _, len) = decode_record(&record(&[&bytes, &kind])).unwrap();
        assert_eq!((decoded, len), (attributes, 9 + kind.len()));
    }
    let both = Attributes { expiry: Some(FUTURE), node: Some(3), ..Attributes::NONE };
    let mut bytes = Vec::new();
    both.encode_into(&mut bytes);
    assert_eq!(bytes.len(), both.encoded_len());
    assert_eq!(decode_record(&record(&[&bytes, &payload()])).unwrap().0, both);
}

#[test]
fn a_record_that_is_cut_says_how_much_it_needs() {
    let bytes = record(&[EXPIRING, SIGNED, &payload()]);
    for len in 0..bytes.len() {
        match refusal(&bytes[..len]) {
            DecodeError::Truncated { needed, found } => {
                assert_eq!(found, len);
                assert!(needed > len && needed <= bytes.len(), "{needed} of {len}");
            }
            error => panic!("length {len}: {error}"),
        }
    }
}

#[test]
fn attributes_that_are_unknown_repeated_or_of_a_removal_are_refused() {
    for found in (0x80..=0xff).filter(|kind| ![0x80, 0x81, 0x82, 0x83].contains(kind)) {
        let unknown = record(&[&[found, 0, 0, 0, 0, 0, 0, 0, 0], &payload()]);
        assert_eq!(refusal(&unknown), DecodeError::UnknownAttribute { found });
    }
    for found in [0, -1, 1 << 53, i64::MIN, i64::MAX] {
        let bytes = record(&[&[0x81], &found.to_le_bytes(), &payload()]);
        assert_eq!(refusal(&bytes), DecodeError::ExpiryOutOfRange { found });
        let bytes = record(&[&[0x83], &found.to_le_bytes(), &removal()]);
        assert_eq!(refusal(&bytes), DecodeError::ExpiryOutOfRange { found });
    }
    for found in [0, 1 << 53, u64::MAX] {
        let bytes = record(&[&[0x82], &found.to_le_bytes(), &payload()]);
        assert_eq!(refusal(&bytes), DecodeError::NodeOutOfRange { found });
    }
    let swapped = record(&[SIGNED, EXPIRING, &payload()]);
    assert_eq!(refusal(&swapped), DecodeError::AttributeOutOfOrder { found: 0x81 });
    let twice = record(&[EXPIRING, EXPIRING, &payload()]);
    assert_eq!(refusal(&twice), DecodeError::AttributeOutOfOrder { found: 0x81 });
    let of_removal = record(&[EXPIRING, &removal()]);
    assert_eq!(refusal(&of_removal), DecodeError::MisplacedAttribute);
    let of_put = record(&[REMEMBERED, &payload()]);
    assert_eq!(refusal(&of_put), DecodeError::MisplacedAttribute);
    let swapped = record(&[REMEMBERED, SIGNED, &removal()]);
    assert_eq!(refusal(&swapped), DecodeError::AttributeOutOfOrder { found: 0x82 });
}

/// A log with this record in its only frame, whose checksums are right.
fn log_with(record: &[u8]) -> Vec<u8> {
    let mut bytes = golden("attributes.wal");
    let salt = u64::from_le_bytes(bytes[16..24].try_into().unwrap());
    let checksum = Checksum::salted(salt);
    let (header, _) = FrameHeader::decode(&bytes[64..], &checksum).unwrap();
    bytes.truncate(64);
    let body_len = u32::try_from(record.len()).unwrap();
    let header = FrameHeader { body_len, body_checksum: checksum.of(record), ..header };
    bytes.extend_from_slice(&header.encode(&checksum).0);
    bytes.extend_from_slice(record);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

#[test]
fn a_valid_checksum_over_attributes_that_cannot_be_read_refuses_the_log() {
    let sound = log_with(&record(&[EXPIRING, SIGNED, &payload()]));
    let unsound = [
        record(&[&[0x90], &payload()]),
        record(&[EXPIRING, EXPIRING, &payload()]),
        record(&[EXPIRING, &removal()]),
        record(&[REMEMBERED, &payload()]),
        EXPIRING.to_vec(),
        EXPIRING[..4].to_vec(),
        record(&[SIGNED, EXPIRING, &payload()]),
        record(&[SIGNED, SIGNED, &payload()]),
        SIGNED[..8].to_vec(),
    ];
    for (bytes, is_sound) in
        std::iter::once((sound, true)).chain(unsound.iter().map(|record| (log_with(record), false)))
    {
        let disk = SimDisk::with_file(Path::new(LOG), &bytes);
        let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()));
        match engine.recover() {
            Ok(_) => assert!(is_sound),
            Err(Error::OperationDecodingFailed { sequence: 1, offset: 120, .. }) => {
                assert!(!is_sound);
                assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Golden logs with attributes, and where their frames begin and end.
const SIZES: [(&str, usize, usize); 6] = [
    ("attributes.wal", 64, 512),
    ("attributes-compacted.wal", 64, 392),
    ("nodes.wal", 64, 424),
    ("nodes-compacted.wal", 64, 408),
    ("tombstones.wal", 64, 464),
    ("tombstones-compacted.wal", 64, 328),
];

#[test]
fn every_flipped_bit_of_records_with_attributes_is_found() {
    for (name, from, to) in SIZES {
        let whole = golden(name);
        for bit in from * 8..to * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let disk = SimDisk::with_file(Path::new(LOG), &bytes);
            let engine =
                StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk.clone()));
            let error = engine.recover().unwrap_err();
            assert!(matches!(error, Error::CorruptLog { .. }), "{name}, byte {}: {error}", bit / 8);
            assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes);
        }
    }
}

/// Key and sequence of each record of a golden log, and what `read` reads of its attributes.
fn records<T>(name: &str, read: impl Fn(Attributes) -> Option<T>) -> Vec<(String, u64, Option<T>)> {
    let disk = SimDisk::with_file(Path::new(LOG), &golden(name));
    let file = softadastra_store::storage::Storage::open(
        &disk,
        Path::new(LOG),
        softadastra_store::storage::Access::Read,
    )
    .unwrap();
    let mut reader = LogReader::new(Path::new(LOG), &*file).unwrap();
    let mut found = Vec::new();
    let mut note = |records: &[softadastra_store::wal::reader::Record<'_>]| {
        let records = records.iter().map(|record| {
            (record.operation.key.to_owned(), record.sequence, read(record.attributes))
        });
        found.extend(records);
    };
    while reader.next_frame(&mut note).unwrap() {}
    found
}

#[test]
fn golden_logs_with_attributes_are_read_for_ever() {
    let expiring = |key: &str, sequence, expiry| (key.to_owned(), sequence, expiry);
    let past = Some(1_600_000_000_000);
    assert_eq!(
        records("attributes.wal", |attributes| attributes.expiry),
        [
            expiring("past", 1, past),
            expiring("plain", 2, None),
            expiring("future", 3, Some(FUTURE)),
            expiring("kept", 4, past),
            expiring("kept", 5, None),
            expiring("gone", 6, Some(FUTURE)),
            expiring("gone", 7, None),
        ]
    );
    assert_eq!(
        records("attributes-compacted.wal", |attributes| attributes.expiry),
        [
            expiring("future", 3, Some(FUTURE)),
            expiring("kept", 5, None),
            expiring("past", 1, past),
            expiring("plain", 2, None),
            expiring("gone", 6, Some(FUTURE)),
            expiring("gone", 7, None),
        ]
    );
}

#[test]
fn golden_logs_with_tombstones_are_read_for_ever() {
    let removed = |key: &str, sequence, until| (key.to_owned(), sequence, until);
    let kept = [
        removed("a", 3, Some(FUTURE)),
        removed("b", 4, Some(FUTURE)),
        removed("c", 5, Some(FUTURE)),
    ];
    let found = records("tombstones.wal", |attributes| attributes.remembered);
    assert_eq!(found[2..5], kept);
    assert_eq!(
        found[5..],
        [removed("d", 6, Some(1)), removed("e", 7, None), removed("c", 8, None)]
    );
    let found = records("tombstones-compacted.wal", |attributes| attributes.remembered);
    assert_eq!(found[..3], kept);
    for name in ["tombstones.wal", "tombstones-compacted.wal"] {
        let disk = SimDisk::with_file(Path::new(LOG), &golden(name));
        disk.set_now(2);
        let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk));
        let report = engine.recover().unwrap();
        assert_eq!((report.checkpoint_entries, report.entries), (0, Some(1)), "{name}");
        assert_eq!(engine.stats().tombstones, Some(2), "{name}");
    }
}

#[test]
fn golden_logs_with_nodes_are_read_for_ever() {
    let by = |key: &str, sequence, node| (key.to_owned(), sequence, node);
    let expected = [
        by("a", 1, Some(1)),
        by("b", 2, Some(2)),
        by("c", 3, Some((1 << 53) - 1)),
        by("d", 4, None),
        by("a", 5, Some(2)),
    ];
    for name in ["nodes.wal", "nodes-compacted.wal"] {
        assert_eq!(records(name, |attributes| attributes.node), expected, "{name}");
        let expiries = records(name, |attributes| attributes.expiry);
        let expiring: Vec<_> = expiries.iter().filter(|(_, _, at)| at.is_some()).collect();
        assert_eq!(expiring, [&("b".to_owned(), 2, Some(FUTURE))], "{name}");
        let disk = SimDisk::with_file(Path::new(LOG), &golden(name));
        let engine = StoreEngine::with_storage(StoreConfig::durable(LOG), Arc::new(disk));
        engine.recover().unwrap();
        let keys: Vec<_> = engine.entries().unwrap().into_iter().map(|one| one.key).collect();
        assert_eq!(keys, ["b", "c", "d"].map(|name| Key::new(name).unwrap()), "{name}");
    }
}

#[test]
fn an_attribute_is_not_part_of_a_published_payload() {
    let bytes = record(&[EXPIRING, &payload()]);
    let error = OperationDecoder::decode(&bytes).unwrap_err();
    assert!(matches!(error, Error::InvalidPayload(DecodeError::UnknownVersion { found: 0x81 })));
}
