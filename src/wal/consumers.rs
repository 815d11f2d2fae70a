//! The named consumers of a log and their positions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::operation::{CONSUMERS, CONSUMERS_HEAD};

/// The positions of all consumers, as the log stores them.
///
/// A position is a sequence: the consumer no longer needs anything up to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consumers(BTreeMap<Arc<str>, u64>);

impl Consumers {
    /// The longest name, in bytes.
    pub const MAX_NAME_LEN: usize = 255;
    /// How many there can be: every acknowledgement writes all of them.
    pub const MAX_COUNT: usize = 1024;

    /// The position of a consumer.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// Sets the position of a consumer, known or new.
    pub fn set(&mut self, name: &str, position: u64) {
        self.0.insert(name.into(), position);
    }

    /// Forgets a consumer; false when there is none with that name.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// Names and positions, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, &position)| (&**name, position))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The position of the slowest consumer.
    pub fn slowest(&self) -> Option<u64> {
        self.0.values().copied().min()
    }

    /// Writes the body of a consumers frame after `out`: for each consumer the length of its name (u16),
    /// the name, and its position (u64).
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        for (name, position) in &self.0 {
            let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&len.to_le_bytes());
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(&position.to_le_bytes());
        }
    }

    /// The most bytes of an [`attribute`](Self::attribute).
    pub(crate) const MAX_ATTRIBUTE_LEN: usize = CONSUMERS_HEAD
        + Self::MAX_COUNT * (size_of::<u16>() + Self::MAX_NAME_LEN + size_of::<u64>());

    /// What a consumers frame would say, as an attribute of the first record of a commit: the kind, the number of consumers
    /// (u32), the bytes that they take (u32), the CRC-32 of those, and those.
    pub(crate) fn attribute(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.encode_into(&mut body);
        let mut attribute = vec![CONSUMERS];
        let count = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
        for number in [count, len, crc32fast::hash(&body)] {
            attribute.extend_from_slice(&number.to_le_bytes());
        }
        attribute.extend_from_slice(&body);
        attribute
    }

    /// Reads an attribute; nothing unless it is one, with a right checksum, of positions as [`decode`](Self::decode) takes them.
    pub(super) fn decode_attribute(attribute: &[u8], last_sequence: u64) -> Option<Self> {
        let (head, body) = attribute.split_first_chunk::<CONSUMERS_HEAD>()?;
        let number = |at: usize| {
            let bytes = head.get(at..)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes))
        };
        let (count, len, checksum) = (number(1)?, number(5)?, number(9)?);
        let is_whole = body.len() == len as usize && crc32fast::hash(body) == checksum;
        let found = Self::decode(body, count, last_sequence)?;
        (is_whole && !found.is_empty()).then_some(found)
    }

    /// Reads a body; nothing unless it holds exactly `count` consumers, in order, none of them ahead of
    /// `last_sequence`.
    pub(super) fn decode(mut body: &[u8], count: u32, last_sequence: u64) -> Option<Self> {
        let mut found = BTreeMap::<Arc<str>, u64>::new();
        for _ in 0..count {
            let (len, rest) = body.split_first_chunk()?;
            let (name, rest) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
            let (position, rest) = rest.split_first_chunk()?;
            let name = std::str::from_utf8(name).ok()?;
            let position = u64::from_le_bytes(*position);
            let in_order = found.last_key_value().is_none_or(|(last, _)| **last < *name);
            if !in_order || !Self::is_name(name) || position > last_sequence {
                return None;
            }
            found.insert(name.into(), position);
            body = rest;
        }
        body.is_empty().then_some(Self(found))
    }

    /// Whether a consumer can be called this.
    pub fn is_name(name: &str) -> bool {
        (1..=Self::MAX_NAME_LEN).contains(&name.len())
    }
}
