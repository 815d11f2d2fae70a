//! Counting entries that are partly in memory and partly found by the index file.

use std::ops::ControlFlow;

use super::cold::Cold;
use super::merge::{Item, merge};
use crate::index::{Index, Range};
use crate::index_file::{Found, Totals};

/// How many entries there are, and bytes of their keys and values.
pub(super) fn count(index: &Index, cold: &Cold) -> Found<Totals> {
    let Some(mut totals) = cold.file.exact() else { return count_all(index, cold) };
    let written = index.scan(&Range::all()).map(|record| record.key());
    let removed = cold.removed.scan(&Range::all()).map(|record| record.key());
    for key in written.chain(removed.filter(|key| !index.contains(key))) {
        if let Some(stored) = cold.file.find(key)? {
            totals.entries -= 1;
            totals.live_bytes -= (key.len() + stored.operation()?.value.len()) as u64;
        }
    }
    totals.entries += index.len() as u64;
    totals.live_bytes += index.live_bytes();
    Ok(totals)
}

/// The same for a file that lacks some entries of the boundary that it covers.
fn count_all(index: &Index, cold: &Cold) -> Found<Totals> {
    let mut totals = Totals::default();
    merge(index, cold, &Range::all(), &mut |item| {
        let bytes = match item {
            Item::Here(record) => record.key().len() + record.value().len(),
            Item::There(stored) => {
                let operation = stored.operation()?;
                operation.key.len() + operation.value.len()
            }
        };
        totals.entries += 1;
        totals.live_bytes += bytes as u64;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(totals)
}
