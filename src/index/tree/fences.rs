//! Where one node ends and the next begins.

use std::sync::Arc;

/// The separators around a node: keys are at least the lower and below the upper.
#[derive(Clone, Copy, Default)]
pub(super) struct Fences<'a> {
    pub(super) low: Option<&'a [u8]>,
    pub(super) high: Option<&'a [u8]>,
}

impl<'a> Fences<'a> {
    /// How many leading bytes are the same for every key in between.
    pub(super) fn skip(self) -> usize {
        self.low.zip(self.high).map_or(0, |(low, high)| common(low, high))
    }

    pub(super) fn below(self, high: &'a [u8]) -> Self {
        Self { high: Some(high), ..self }
    }

    pub(super) fn above(self, low: &'a [u8]) -> Self {
        Self { low: Some(low), ..self }
    }
}

/// The length of the common prefix.
pub(super) fn common(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count() * 8;
    let rest = a.iter().skip(words).zip(b.iter().skip(words));
    words + rest.take_while(|(a, b)| a == b).count()
}

/// Eight bytes of a key as a number that orders like the bytes; equal numbers decide nothing.
#[inline]
pub(super) fn head(key: &[u8], skip: usize) -> u64 {
    let rest = key.get(skip..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk() {
        return u64::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

/// The shortest bytes above `left` and not above `right`.
pub(super) fn separator(left: &[u8], right: &[u8]) -> Arc<[u8]> {
    Arc::from(right.get(..=common(left, right)).unwrap_or(right))
}
