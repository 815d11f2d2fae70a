//! Walking the entries that are in memory and those in the log in one order.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::cold::Cold;
use crate::index::{Index, Range, Record};
use crate::index_file::{Cursor, Found, Stored};

/// An entry, by where it was found.
#[derive(Debug)]
pub(crate) enum Item<'m> {
    /// In the index, whether the index file has the key or not.
    Here(Record<'m>),
    /// By the index file alone.
    There(&'m Stored),
}

/// Gives the entries of a range to `visit`, in the order of the range, until that has enough.
pub(crate) fn merge(
    index: &Index,
    cold: &Cold,
    range: &Range,
    visit: &mut dyn FnMut(Item<'_>) -> Found<ControlFlow<()>>,
) -> Found<()> {
    if range.is_void() {
        return Ok(());
    }
    let mut here = index.scan(range).peekable();
    let mut there = Cursor::new(&cold.file, range)?;
    let mut stored = next_in(&mut there, range)?;
    loop {
        let order = match (here.peek(), &stored) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(record), Some(stored)) => {
                let order = record.key().cmp(stored.operation()?.key.as_bytes());
                if range.reverse { order.reverse() } else { order }
            }
        };
        let next = match order {
            Ordering::Less | Ordering::Equal => here.next().map(Item::Here),
            Ordering::Greater => not_removed(cold, stored.as_ref())?.map(Item::There),
        };
        if let Some(item) = next
            && visit(item)?.is_break()
        {
            return Ok(());
        }
        if order != Ordering::Less {
            stored = next_in(&mut there, range)?;
        }
    }
}

fn not_removed<'s>(cold: &Cold, stored: Option<&'s Stored>) -> Found<Option<&'s Stored>> {
    let Some(stored) = stored else { return Ok(None) };
    let is_removed = cold.removed.contains(stored.operation()?.key.as_bytes());
    Ok(Some(stored).filter(|_| !is_removed))
}

/// The next record of the index file that lies in the range.
fn next_in(cursor: &mut Cursor<'_>, range: &Range) -> Found<Option<Stored>> {
    let Some(stored) = cursor.next()? else { return Ok(None) };
    let is_in = range.contains(stored.operation()?.key.as_bytes());
    Ok(Some(stored).filter(|_| is_in))
}
