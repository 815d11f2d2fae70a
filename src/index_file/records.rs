//! Reading records of the log, block by block and each compared with its checksum.

use std::ops::Range;

use super::cache::Bytes;
use super::file::{CUT_SHORT, Found, IndexFile, Unusable};
use super::format::{PAGE, SUMS};
use super::page::Row;
use crate::operation::{
    Attributes, DecodeError, OperationRef, OperationType, decode_record, record_len,
};
use crate::storage::read_full;

/// A record of more blocks than this is read without the cache.
const FEW_BLOCKS: u64 = 4;
/// Tells the blocks of the log from the pages of the index.
const BLOCK: u64 = 1 << 63;

/// A record as it is in the log.
#[derive(Debug)]
pub(crate) struct Stored {
    /// A block with it, or all that it is made of.
    bytes: Bytes,
    /// Its attributes and its payload.
    range: Range<usize>,
    /// The version of the entry.
    pub(crate) version: u64,
    /// Where its first attribute, or its payload, is in the log.
    pub(crate) position: u64,
}

impl Stored {
    pub(crate) fn operation(&self) -> Found<OperationRef<'_>> {
        Ok(self.entry()?.0)
    }

    /// The same without the rest of its block, for who keeps many.
    pub(crate) fn detached(self) -> Self {
        let bytes: Bytes = self.bytes.get(self.range.clone()).unwrap_or_default().into();
        Self { range: 0..bytes.len(), bytes, ..self }
    }

    /// The put that wrote the entry, and what the log says of it beside that.
    pub(crate) fn entry(&self) -> Found<(OperationRef<'_>, Attributes)> {
        let (attributes, operation, _) =
            decode_record(self.bytes.get(self.range.clone()).unwrap_or_default())
                .map_err(not_a_record)?;
        match operation.kind {
            OperationType::Put => Ok((operation, attributes)),
            OperationType::Delete => Err(Unusable::Mismatch("a removal stands for an entry")),
        }
    }
}

/// How long the record at the start of `bytes` is, or at least is when they end before that can be told.
fn len_of_record(bytes: &[u8]) -> Found<usize> {
    match record_len(bytes) {
        Ok(needed) | Err(DecodeError::Truncated { needed, .. }) => Ok(needed),
        Err(error) => Err(not_a_record(error)),
    }
}

fn not_a_record(_: DecodeError) -> Unusable {
    Unusable::Mismatch("there is no record where one should be")
}

impl IndexFile {
    /// The record that a row stands for.
    pub(super) fn record(&self, row: Row) -> Found<Stored> {
        let Row { position, number: version } = row;
        if position >= self.header.covered.offset {
            return Err(Unusable::Mismatch("a record lies after the end of the log"));
        }
        let from = as_len(position % PAGE as u64);
        let bytes = self.block(position / PAGE as u64)?;
        let here = bytes.get(from..).unwrap_or_default();
        let len = len_of_record(here)?;
        if len <= here.len() {
            return Ok(Stored { bytes, range: from..from + len, version, position });
        }
        let bytes = self.long_record(position, len)?;
        Ok(Stored { range: 0..bytes.len(), bytes, version, position })
    }

    /// A record of several blocks, which is at least so long.
    fn long_record(&self, position: u64, mut len: usize) -> Found<Bytes> {
        loop {
            let bytes = self.log_bytes(position, len as u64)?;
            let needed = len_of_record(&bytes)?;
            if needed <= bytes.len() {
                return Ok(bytes.get(..needed).unwrap_or_default().into());
            }
            if needed <= len {
                return Err(Unusable::Mismatch("a record is longer than the log"));
            }
            len = needed;
        }
    }

    /// Bytes of the log, as many as asked for or as are covered.
    fn log_bytes(&self, from: u64, len: u64) -> Found<Vec<u8>> {
        let to = self.header.covered.offset.min(from.saturating_add(len));
        let (block, last) = (from / PAGE as u64, to.saturating_sub(1) / PAGE as u64);
        let len = as_len(to - from);
        let mut bytes = Vec::with_capacity(len);
        let mut skip = as_len(from % PAGE as u64);
        if last - block < FEW_BLOCKS {
            for number in block..=last {
                let block = self.block(number)?;
                bytes.extend_from_slice(block.get(skip..).unwrap_or_default());
                skip = 0;
            }
        } else {
            bytes.resize(skip + len, 0);
            read_full(&*self.log, &mut bytes, block * PAGE as u64)?;
            let end = bytes.len();
            // The last block may go on after the record.
            let whole = end - end % PAGE;
            for (number, part) in (block..).zip(bytes.get(..whole).unwrap_or_default().chunks(PAGE))
            {
                self.check_block(number, part)?;
            }
            bytes.truncate(whole);
            if whole < end {
                bytes.extend_from_slice(&self.block(last)?);
            }
            bytes.drain(..skip);
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    /// A block of the log, as far as it is covered.
    fn block(&self, number: u64) -> Found<Bytes> {
        let start = number * PAGE as u64;
        let len = as_len(self.header.covered.offset.saturating_sub(start)).min(PAGE);
        self.cached(BLOCK | number, len, |room| {
            if read_full(&*self.log, room, start)? < len {
                return Err(Unusable::Mismatch("the log is shorter than it was"));
            }
            self.check_block(number, room)
        })
    }

    fn check_block(&self, number: u64, bytes: &[u8]) -> Found<()> {
        let sum = self.sum_of_block(number)?;
        if sum != crc32fast::hash(bytes) && !bug!(BlocksNotChecked) {
            return Err(Unusable::Mismatch("the log is not what it was"));
        }
        Ok(())
    }

    pub(super) fn sum_of_block(&self, number: u64) -> Found<u32> {
        let page = self.page(self.header.sums + number / SUMS as u64)?;
        let at = 4 + 4 * as_len(number % SUMS as u64);
        let sum = page.get(at..).and_then(|rest| rest.first_chunk()).ok_or(CUT_SHORT)?;
        Ok(u32::from_le_bytes(*sum))
    }
}

/// A length that was checked, as a length in memory.
fn as_len(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
