//! All records: headers, keys and short values in chunks, long values outside them.

use std::sync::Arc;

use super::blobs::Blobs;
use super::record::{Entry, HEADER, INLINE_MAX, KEY_MAX, MARKS, Marks, Meta, Record, UNIT};
use super::space::Space;

/// Owns every entry's bytes. The point table and the ordered view hold only addresses into it.
#[derive(Clone, Debug)]
pub(super) struct Arena {
    space: Space,
    blobs: Blobs,
}

fn units_of(entry: &Entry<'_>) -> usize {
    let inline = if entry.value.len() > INLINE_MAX { 0 } else { entry.value.len() };
    (HEADER + entry.key.len() + entry.marks.len() + inline).div_ceil(UNIT)
}

impl Arena {
    pub(super) fn new() -> Self {
        Self { space: Space::new(), blobs: Blobs::new() }
    }

    /// The first word of a record. Reading it brings the start of the record into the cache.
    #[inline]
    pub(super) fn meta(&self, at: u32) -> Option<Meta> {
        let word = self.space.bytes(at)?.first_chunk()?;
        Some(Meta(u64::from_le_bytes(*word)))
    }

    /// Reads a byte of each of the first cache lines of a record. Done for several records before they
    /// are used, it lets their cache misses overlap.
    #[inline]
    pub(super) fn touch(&self, at: u32) -> u8 {
        let bytes = self.space.bytes(at).unwrap_or_default();
        [0, 64, 128].iter().fold(0, |seen, line| seen ^ bytes.get(*line).copied().unwrap_or(0))
    }

    /// [`touch`](Self::touch) for who needs neither the value nor the end of a long key.
    #[inline]
    pub(super) fn touch_key(&self, at: u32) -> u8 {
        let bytes = self.space.bytes(at).unwrap_or_default();
        [0, HEADER + UNIT * 2]
            .iter()
            .fold(0, |seen, at| seen ^ bytes.get(*at).copied().unwrap_or(0))
    }

    /// The key of a live record.
    #[inline]
    pub(super) fn key(&self, at: u32) -> &[u8] {
        let Some(bytes) = self.space.bytes(at) else {
            return &[];
        };
        let Some((word, _)) = bytes.split_first_chunk() else {
            return &[];
        };
        let len = Meta(u64::from_le_bytes(*word)).key_len();
        bytes.get(HEADER..HEADER + len).unwrap_or_default()
    }

    /// The version alone, without touching the value.
    #[inline]
    pub(super) fn version(&self, at: u32) -> Option<u64> {
        let word = self.space.bytes(at)?.get(8..)?.first_chunk()?;
        Some(u64::from_le_bytes(*word))
    }

    /// When the entry expires, if it does.
    #[inline]
    pub(super) fn expiry(&self, at: u32) -> Option<i64> {
        let meta = self.meta(at).filter(|meta| meta.expires())?;
        let bytes = self.space.bytes(at)?.get(HEADER + meta.key_len()..)?.first_chunk()?;
        Some(i64::from_le_bytes(*bytes))
    }

    /// The version, the timestamp and the marks, without the value.
    pub(super) fn standing(&self, at: u32) -> Option<(u64, i64, Marks)> {
        let (word, rest) = self.space.bytes(at)?.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (timestamp, rest) = rest.split_first_chunk()?;
        let meta = Meta(u64::from_le_bytes(*word));
        let marks = Marks::read(meta, rest.get(meta.key_len()..)?)?;
        Some((u64::from_le_bytes(*version), i64::from_le_bytes(*timestamp), marks))
    }

    #[inline]
    pub(super) fn record(&self, at: u32) -> Option<Record<'_>> {
        let (word, rest) = self.space.bytes(at)?.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (timestamp, rest) = rest.split_first_chunk()?;
        let meta = Meta(u64::from_le_bytes(*word));
        let (key, rest) = rest.split_at_checked(meta.key_len())?;
        let (marks, rest) = if meta.is_marked() {
            (Marks::read(meta, rest)?, rest.get(meta.marks_len()..)?)
        } else {
            (Marks::NONE, rest)
        };
        let (value, blob) = if let Some(id) = meta.blob() {
            let blob = self.blobs.get(id)?;
            (&**blob, Some(blob))
        } else {
            (rest.get(..meta.inline_len())?, None)
        };
        let (version, timestamp) = (u64::from_le_bytes(*version), i64::from_le_bytes(*timestamp));
        Some(Record { key, value, blob, version, timestamp, marks })
    }

    /// Stores a new record; `None`, with nothing changed, when it cannot be addressed.
    pub(super) fn insert(&mut self, entry: &Entry<'_>) -> Option<u32> {
        if entry.key.len() > KEY_MAX {
            return None;
        }
        let meta = self.place_value(entry)?;
        let at = self.space.alloc(units_of(entry), &|block: &mut [u8]| entry.write(meta, block));
        if let Some(blob) = meta.blob() {
            match at {
                Some(at) => self.blobs.belongs_to(blob, at),
                None => self.blobs.remove(blob),
            }
        }
        at
    }

    fn place_value(&mut self, entry: &Entry<'_>) -> Option<Meta> {
        let (key_len, marks) = (entry.key.len(), entry.marks);
        if entry.value.len() > INLINE_MAX {
            let blob = entry.blob.map_or_else(|| Arc::from(entry.value), Arc::clone);
            let meta = Meta::with_blob(key_len, self.blobs.insert(blob)?);
            return Some(meta.marked(marks));
        }
        Some(Meta::inline(key_len, entry.value.len()).marked(marks))
    }

    /// Replaces the record of the same key: in place if it does not grow, otherwise at the new address that is
    /// returned.
    pub(super) fn update(&mut self, at: u32, entry: &Entry<'_>) -> Option<u32> {
        let (old, units) = (self.meta(at)?, units_of(entry));
        if units > old.units() {
            let moved = self.insert(entry)?;
            self.free(at);
            return Some(moved);
        }
        let meta = self.place_value(entry)?;
        if let Some(blob) = old.blob() {
            self.blobs.remove(blob);
        }
        entry.write(meta, self.space.block_mut(at, units)?);
        if let Some(blob) = meta.blob() {
            self.blobs.belongs_to(blob, at);
        }
        self.space.shrink(at, old.units(), units);
        Some(at)
    }

    /// Forgets a record and makes its space available.
    pub(super) fn free(&mut self, at: u32) {
        let Some(meta) = self.meta(at) else { return };
        if let Some(blob) = meta.blob() {
            self.blobs.remove(blob);
        }
        self.space.free(at, meta.units());
    }

    /// Moves one record that is due, and returns from where to where. Also renumbers long values that are due.
    #[inline]
    pub(super) fn relocate(&mut self) -> Option<(u32, u32)> {
        if self.space.is_tidy() && self.blobs.is_tidy() {
            return None;
        }
        self.renumber();
        let from = self.space.due()?;
        let to = self.space.relocate(from)?;
        if let Some(blob) = self.meta(to).and_then(Meta::blob) {
            self.blobs.belongs_to(blob, to);
        }
        Some((from, to))
    }

    fn renumber(&mut self) {
        while let Some((at, blob)) = self.blobs.renumber() {
            if let (Some(meta), Some(block)) = (self.meta(at), self.space.block_mut(at, 1))
                && let Some(word) = block.first_chunk_mut()
            {
                let meta = Meta::with_blob(meta.key_len(), blob).marked_as(meta);
                *word = meta.0.to_le_bytes();
            }
        }
    }

    /// The addresses of all records, in the order of memory.
    pub(super) fn live(&self) -> impl Iterator<Item = u32> + '_ {
        self.space.live()
    }

    pub(super) fn has_blobs(&self) -> bool {
        !self.blobs.is_empty()
    }

    /// The chunk of a record when a write to it would have to copy it.
    pub(super) fn shared_chunk(&self, at: u32) -> Option<usize> {
        self.space.shared_chunk(at)
    }

    pub(super) fn has_room(&self, entries: u64, bytes: u64) -> bool {
        let overhead = entries.saturating_mul((HEADER + MARKS + UNIT) as u64);
        self.space.has_room(bytes.saturating_add(overhead)) && self.blobs.has_room(entries)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.space.memory_bytes() + self.blobs.memory_bytes()
    }
}
