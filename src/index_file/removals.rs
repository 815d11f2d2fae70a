//! The removals that are remembered, in the last pages of an index file.

use super::file::{CUT_SHORT, Found, IndexFile, Unusable};
use super::format::PAGE;
use crate::operation::decode_record;
use crate::state::{Tombstones, marks_of};

/// Bytes of them in a page, after its checksum.
pub(super) const PART: usize = PAGE - size_of::<u32>();

const NOT_REMOVALS: Unusable = Unusable::Mismatch("the removals cannot be read");

impl IndexFile {
    /// The removals that are remembered at the covered boundary.
    pub(crate) fn tombstones(&self) -> Found<Tombstones> {
        let mut bytes = Vec::new();
        if self.header.removals.count > 0 {
            for number in self.header.removals.page..self.header.pages {
                let page = self.page(number)?;
                bytes.extend_from_slice(page.get(PAGE - PART..).ok_or(CUT_SHORT)?);
            }
        }
        let (mut rest, mut tombstones) = (&*bytes, Tombstones::default());
        for _ in 0..self.header.removals.count {
            let (version, record) = rest.split_first_chunk().ok_or(NOT_REMOVALS)?;
            let (attributes, operation, len) = decode_record(record).map_err(|_| NOT_REMOVALS)?;
            if attributes.remembered.is_none() {
                return Err(NOT_REMOVALS);
            }
            let (key, version) = (operation.key.as_bytes(), u64::from_le_bytes(*version));
            tombstones.note(key, version, operation.timestamp, marks_of(&attributes));
            rest = record.get(len..).unwrap_or_default();
        }
        Ok(tombstones)
    }
}
