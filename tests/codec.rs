//! The operation payload is the published format, byte for byte, and nothing else decodes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

use softadastra_store::operation::DecodeError;
use softadastra_store::{
    Error, ErrorCode, Key, Operation, OperationDecoder, OperationEncoder, OperationType, Value,
};

/// Written by hand from the published table.
const PUT: &[u8] = &[
    1, // format version
    1, // put
    6, 0, 0, 0, // key size
    b'u', b's', b'e', b'r', b':', b'1', // key
    7, 0, 0, 0, // value size
    b'G', b'a', b's', b'p', b'a', b'r', b'd', // value
    0x00, 0x68, 0xE5, 0xCF, 0x8B, 0x01, 0x00, 0x00, // 1,700,000,000,000 ms
];
const DELETE: &[u8] = &[
    1, 2, 6, 0, 0, 0, b'u', b's', b'e', b'r', b':', b'1', 0, 0, 0, 0, //
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // one millisecond before the epoch
];

fn operation(kind: OperationType, value: &str, timestamp: i64) -> Operation {
    let key = Key::new("user:1").unwrap();
    Operation { kind, key, value: Value::from_string(value), timestamp }
}

fn refusal(bytes: &[u8]) -> DecodeError {
    match OperationDecoder::decode(bytes) {
        Err(error @ Error::InvalidPayload(_)) => {
            assert_eq!(error.code(), ErrorCode::InvalidArgument);
            let Error::InvalidPayload(reason) = error else { unreachable!() };
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_put_encodes_to_the_published_bytes() {
    let put = operation(OperationType::Put, "Gaspard", 1_700_000_000_000);
    assert_eq!(OperationEncoder::encode(&put).unwrap(), PUT);
    assert_eq!(OperationDecoder::decode(PUT).unwrap(), put);
}

#[test]
fn a_delete_encodes_to_the_published_bytes() {
    let delete = operation(OperationType::Delete, "", -1);
    assert_eq!(OperationEncoder::encode(&delete).unwrap(), DELETE);
    assert_eq!(OperationDecoder::decode(DELETE).unwrap(), delete);
}

#[test]
fn a_payload_cut_short_anywhere_is_refused() {
    for payload in [PUT, DELETE] {
        for len in 1..payload.len() {
            let refused = refusal(&payload[..len]);
            assert!(matches!(refused, DecodeError::Truncated { .. }), "{len}: {refused}");
        }
    }
    assert_eq!(refusal(&[]), DecodeError::Empty);
}

#[test]
fn trailing_bytes_are_refused() {
    for extra in 1..10 {
        let mut payload = PUT.to_vec();
        payload.resize(PUT.len() + extra, 0);
        assert_eq!(refusal(&payload), DecodeError::Trailing { extra });
    }
}

#[test]
fn another_version_and_an_unknown_type_are_refused() {
    for version in (0..=255).filter(|&version| version != 1) {
        let mut payload = PUT.to_vec();
        payload[0] = version;
        assert_eq!(refusal(&payload), DecodeError::UnknownVersion { found: version });
    }
    for kind in (0..=255).filter(|kind| ![1, 2].contains(kind)) {
        let mut payload = PUT.to_vec();
        payload[1] = kind;
        assert_eq!(refusal(&payload), DecodeError::UnknownType { found: kind });
    }
}

#[test]
fn keys_and_values_over_their_limits_are_refused_by_their_size_fields_alone() {
    let mut payload = PUT.to_vec();
    payload[2..6].copy_from_slice(&(1u32 << 20).wrapping_add(1).to_le_bytes());
    assert!(matches!(refusal(&payload), DecodeError::Key(_)));
    payload[2..6].copy_from_slice(&0u32.to_le_bytes());
    assert_eq!(refusal(&payload).to_string(), "key is empty");
    let mut payload = PUT.to_vec();
    payload[12..16].copy_from_slice(&((64u32 << 20) + 1).to_le_bytes());
    assert_eq!(refusal(&payload), DecodeError::ValueTooLong { len: (64 << 20) + 1 });
}

#[test]
fn a_delete_with_a_value_is_refused_both_ways() {
    let mut payload = PUT.to_vec();
    payload[1] = 2;
    assert_eq!(refusal(&payload), DecodeError::DeleteWithValue);
    let delete = operation(OperationType::Delete, "value", 0);
    let error = OperationEncoder::encode(&delete).unwrap_err();
    assert!(matches!(error, Error::OperationEncodingFailed(_)), "{error}");
}

#[test]
fn a_key_that_is_not_unicode_is_refused() {
    let mut payload = PUT.to_vec();
    payload[6] = 0xFF;
    assert_eq!(refusal(&payload).to_string(), "key is not well-formed Unicode");
}

#[test]
fn a_value_over_the_limit_does_not_encode() {
    let value = Value::from_bytes(vec![0; Value::MAX_LEN + 1]);
    let put = Operation::put(Key::new("big").unwrap(), value);
    let error = OperationEncoder::encode(&put).unwrap_err();
    assert!(matches!(error, Error::OperationEncodingFailed(_)), "{error}");
}

proptest::proptest! {
    #[test]
    fn what_encodes_decodes_to_the_same(
        key in "\\PC{1,40}",
        value in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        timestamp: i64,
    ) {
        let mut put = Operation::put(Key::new(key).unwrap(), Value::from_bytes(value));
        put.timestamp = timestamp;
        let payload = OperationEncoder::encode(&put).unwrap();
        proptest::prop_assert_eq!(OperationDecoder::decode(&payload).unwrap(), put);
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        noise in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
        flips in proptest::collection::vec((0..PUT.len(), 0..8u8), 0..3),
    ) {
        let mut payload = PUT.to_vec();
        for (at, bit) in flips {
            payload[at] ^= 1 << bit;
        }
        for bytes in [payload, noise] {
            if let Ok(operation) = OperationDecoder::decode(&bytes) {
                proptest::prop_assert_eq!(OperationEncoder::encode(&operation).unwrap(), bytes);
            }
        }
    }
}
