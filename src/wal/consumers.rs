//! The named consumers of a log and how far each has come.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The positions of all consumers, as the log stores them.
///
/// A position is a sequence: the consumer needs nothing up to it any more.
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

    /// Forgets a consumer; false when there is none of that name.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// Names and positions in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, &position)| (&**name, position))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The position that is furthest behind.
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
