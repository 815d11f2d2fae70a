//! What is fuzzed: functions of arbitrary bytes that must neither panic nor believe nonsense. The
//! randomized tests and the targets of `fuzz/` call the same ones.

use std::path::Path;
use std::sync::Arc;

use softadastra_store::operation::decode_record;
use softadastra_store::wal::checksum::Checksum;
use softadastra_store::wal::format::{
    FILE_HEADER_LEN, FileHeader, FrameHeader, FrameKind, MAX_SEQUENCE,
};
use softadastra_store::wal::salvage::salvage_on;
use softadastra_store::{
    Error, Key, OperationDecoder, OperationEncoder, SnapshotBuilderStore, StoreConfig, StoreEngine,
    Value,
};

use super::model::Model;
use super::random::Random;
use super::sim_disk::SimDisk;

const LOG: &str = "/store.wal";

/// An operation that decodes is the one that encodes to the same bytes.
pub fn decode_operation(bytes: &[u8]) {
    if let Ok(operation) = OperationDecoder::decode(bytes) {
        assert_eq!(OperationEncoder::encode(&operation).unwrap(), bytes);
    }
    if let Ok(first) = OperationDecoder::decode_first(bytes) {
        let len = first.encoded_len();
        assert_eq!(OperationEncoder::encode(&first.to_operation()).unwrap(), &bytes[..len]);
    }
    if let Ok((attributes, operation, len)) = decode_record(bytes) {
        // Where the consumers are is read and written with the frame.
        let consumers = attributes.consumers_len as usize;
        let mut again = bytes[..consumers].to_vec();
        attributes.encode_into(&mut again);
        assert_eq!(again.len(), attributes.encoded_len());
        OperationEncoder::encode_into(operation, &mut again).unwrap();
        assert_eq!(again, &bytes[..len]);
    }
}

/// Reading changes nothing, and what is read twice is the same.
pub fn read_log(bytes: &[u8]) {
    let disk = SimDisk::with_file(Path::new(LOG), bytes);
    read(&disk);
    assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes);
}

/// The reading alone, for those who count its memory.
pub fn read(disk: &SimDisk) -> Option<usize> {
    SnapshotBuilderStore::build_on(disk, Path::new(LOG)).ok().map(|snapshot| snapshot.size())
}

fn open(disk: &SimDisk) -> Option<StoreEngine> {
    let config = StoreConfig::durable(LOG);
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover().is_ok().then_some(engine)
}

/// A log that is refused is not changed; one that opens takes a write and keeps all that it showed.
pub fn open_write_reopen(bytes: &[u8]) {
    let disk = SimDisk::with_file(Path::new(LOG), bytes);
    let Some(engine) = open(&disk) else {
        assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes);
        salvage_keeps(&disk, bytes);
        return;
    };
    let shown = Model::of(&engine);
    let put = engine.put(&Key::new("one more").unwrap(), &Value::from_string("value"));
    if shown.last_sequence == MAX_SEQUENCE {
        assert!(matches!(put, Err(Error::InvalidState { .. })));
        return;
    }
    let put = put.unwrap();
    assert_eq!(put.version, shown.last_sequence + 1);
    let mut expected = shown;
    expected.entries.insert("one more".into(), (b"value".to_vec(), put.version));
    expected.last_sequence = put.version;
    assert_eq!(Model::of(&engine), expected);
    engine.close().unwrap();
    assert_eq!(Model::of(&open(&disk).unwrap()), expected);
}

/// Whatever salvage makes of a damaged log opens, and the damaged log stays as it is.
fn salvage_keeps(disk: &SimDisk, bytes: &[u8]) {
    let Ok(report) = salvage_on(disk, Path::new(LOG), Path::new("/saved.wal")) else { return };
    for log in std::iter::once(&report.log).chain(report.later.iter().map(|run| &run.log)) {
        SnapshotBuilderStore::build_on(disk, log).unwrap();
    }
    assert_eq!(disk.read(Path::new(LOG)).unwrap(), bytes);
}

/// Turns arbitrary bytes into a log whose checksums are right, so that what lies after them is
/// reached: each frame is 8 bytes that say what is odd about it, and a body.
pub fn forge(bytes: &[u8]) -> Vec<u8> {
    let (base, mut rest) = bytes.split_at_checked(1).unwrap_or((&[0], bytes));
    // Few logs begin far into the sequences, some of those at their very end.
    let has_checkpoint = base[0] & 4 != 0;
    let base_sequence = match base[0] {
        0..240 if has_checkpoint => 9,
        0..240 => 0,
        far => (u64::MAX << (far & 3)) >> (11 & far),
    };
    let header = FileHeader { salt: 1, generation: 1, base_sequence, has_checkpoint };
    let checksum = Checksum::salted(header.salt);
    let mut log = header.encode().to_vec();
    let mut checkpoint_is_open = has_checkpoint;
    let first = base_sequence.wrapping_add(1);
    let (mut number, mut sequence, mut previous) = (1u64, first, header.chain());
    while let Some((&[odd, flags, count, len, far, ahead, cut, body_odd], more)) =
        rest.split_first_chunk::<8>()
    {
        let body_len = usize::from(len).min(more.len());
        let (body, more) = more.split_at(body_len);
        let twist = |bit: u8, value: u8| if odd & bit == 0 { 0 } else { u64::from(value) };
        let frame = FrameHeader {
            kind: match flags >> 2 & 15 {
                0..8 if checkpoint_is_open => FrameKind::Checkpoint { last: flags & 64 != 0 },
                0..10 => FrameKind::Commit,
                10 => FrameKind::Checkpoint { last: flags & 64 != 0 },
                11..14 => FrameKind::Consumers,
                _ => FrameKind::Seal,
            },
            synced: flags & 1 == 0,
            body_len: body_len as u32 + (twist(1, far) << 20) as u32,
            count: u32::from(count & 3) + twist(2, count) as u32,
            number: number.wrapping_add(twist(4, ahead) << (far & 63)),
            first_sequence: sequence.wrapping_add(twist(8, ahead) << (far & 63)),
            durable_frame: if flags & 2 == 0 { number.wrapping_sub(1) } else { u64::from(ahead) },
            previous: previous ^ twist(16, cut) as u32,
            body_checksum: checksum.of(body) ^ twist(32, body_odd) as u32,
        };
        let (encoded, own) = frame.encode(&checksum);
        log.extend_from_slice(&encoded);
        log.extend_from_slice(body);
        log.resize(log.len().next_multiple_of(8), if odd & 64 == 0 { 0 } else { cut });
        number = frame.number.wrapping_add(1);
        checkpoint_is_open &= frame.kind != FrameKind::Checkpoint { last: true };
        let taken = if frame.kind == FrameKind::Commit { u64::from(frame.count) } else { 0 };
        sequence = frame.first_sequence.wrapping_add(taken);
        previous = own;
        rest = more;
    }
    log.extend_from_slice(rest);
    log
}

/// Bytes for [`forge`] that mostly make good frames, with the payloads of operations in them.
pub fn recipe(random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![random.next() as u8];
    let mut in_checkpoint = bytes[0] & 4 != 0;
    for _ in 0..random.below(8) {
        let mut payload = vec![1, 1 + (random.below(8) == 0) as u8];
        let (key, value) = (random.below(6), if payload[1] == 2 { 0 } else { random.below(60) });
        payload.extend_from_slice(&(key as u32).to_le_bytes());
        payload.extend((0..key).map(|_| b'a' + random.below(3) as u8));
        payload.extend_from_slice(&(value as u32).to_le_bytes());
        payload.extend(random.bytes(value + 8));
        if payload[1] == 1 && random.below(4) == 0 {
            let expiry = random.next() >> random.below(64);
            payload.splice(0..0, [&[0x81][..], &expiry.to_le_bytes()].concat());
        }
        if random.below(6) == 0 {
            let at = random.below(payload.len());
            payload[at] = random.next() as u8;
        }
        let odd = if random.below(4) == 0 { 1 << random.below(7) } else { 0 };
        let mut flags = if random.below(4) == 0 { random.below(64) as u8 } else { 0 };
        if in_checkpoint {
            payload.splice(0..0, (1 + random.below(10) as u64).to_le_bytes());
            in_checkpoint = random.below(2) == 0;
            flags |= if in_checkpoint { 0 } else { 64 };
        } else if random.below(6) == 0 {
            payload = vec![1, 0, b'a' + random.below(3) as u8];
            payload.extend((random.below(16) as u64).to_le_bytes());
            flags = 11 << 2;
        }
        let [far, ahead, cut, body_odd] = (random.next() as u32).to_le_bytes();
        let len = payload.len() as u8;
        bytes.extend_from_slice(&[odd, flags, 1, len, far, ahead, cut, body_odd]);
        bytes.extend_from_slice(&payload);
    }
    bytes.resize(bytes.len() + random.below(3) * random.below(200), 0);
    bytes
}

/// Changes bytes as disks, transfers and editors do.
pub fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len().max(1));
        let to = (at + random.below(200)).min(bytes.len());
        match random.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 => bytes[at..to].fill(0),
            3 => random.fill(&mut bytes[at..to]),
            4 => bytes.extend(random.bytes(40)),
            5 if to > at => {
                let piece = bytes[at..to].to_vec();
                let place = random.below(bytes.len()) & !7;
                bytes.splice(place..place, piece);
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            _ => {}
        }
        if bytes.len() < FILE_HEADER_LEN {
            bytes.resize(FILE_HEADER_LEN, 0);
        }
    }
}
