//! The free blocks of the chunk that is being filled, by length.

use super::chunk::Chunk;

/// Up to this length a bin holds blocks of exactly one length; above it, of one power of two.
const EXACT: usize = 64;
const COUNT: usize = EXACT + 10;
/// No record is shorter; shorter leftovers wait for a sweep to join them to a neighbour.
const SHORTEST: usize = 4;
const NONE: u16 = u16::MAX;

/// The heads of lists that run through the free blocks themselves.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    heads: [u16; COUNT],
    filled: u128,
}

fn bin_of(units: usize) -> usize {
    if units < EXACT { units } else { (EXACT + units.ilog2() as usize - 6).min(COUNT - 1) }
}

impl Bins {
    pub(super) fn new() -> Self {
        Self { heads: [NONE; COUNT], filled: 0 }
    }

    /// Frees a block of `chunk` for reuse.
    pub(super) fn push(&mut self, chunk: &mut Chunk, unit: usize, units: usize) {
        let bin = bin_of(units);
        let (Ok(link), Some(head)) = (u16::try_from(unit), self.heads.get_mut(bin)) else {
            return;
        };
        if units < SHORTEST {
            return chunk.release(unit, units, NONE);
        }
        chunk.release(unit, units, *head);
        *head = link;
        self.filled |= 1 << bin;
    }

    /// Takes a block of exactly `units`: one of that length, or the start of a longer one.
    pub(super) fn take(&mut self, chunk: &mut Chunk, units: usize) -> Option<usize> {
        let own = bin_of(units);
        let (unit, found) = self.pop(chunk, own, units).or_else(|| {
            let longer = self.filled >> (own + 1);
            (longer != 0)
                .then(|| own + 1 + longer.trailing_zeros() as usize)
                .and_then(|bin| self.pop(chunk, bin, units))
        })?;
        chunk.reuse(found);
        if found > units {
            self.push(chunk, unit + units, found - units);
        }
        Some(unit)
    }

    /// Takes the first block of a bin if it is long enough. Only the first is checked: bounded work.
    fn pop(&mut self, chunk: &Chunk, bin: usize, units: usize) -> Option<(usize, usize)> {
        let head = self.heads.get_mut(bin).filter(|head| **head != NONE)?;
        let unit = usize::from(*head);
        let meta = chunk.meta(unit)?;
        if meta.units() < units {
            return None;
        }
        *head = meta.next();
        if *head == NONE {
            self.filled &= !(1 << bin);
        }
        Some((unit, meta.units()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_block_is_split_and_its_rest_stays_usable() {
        let mut chunk = Chunk::with_capacity(100);
        let mut bins = Bins::new();
        let at = chunk.extend(100).unwrap();
        bins.push(&mut chunk, at, 100);
        assert_eq!(bins.take(&mut chunk, 40), Some(0));
        assert_eq!(bins.take(&mut chunk, 61), None);
        assert_eq!(bins.take(&mut chunk, 60), Some(40));
        assert_eq!(bins.take(&mut chunk, 4), None);
    }

    #[test]
    fn an_exact_fit_is_preferred() {
        let mut chunk = Chunk::with_capacity(100);
        let mut bins = Bins::new();
        chunk.extend(100).unwrap();
        bins.push(&mut chunk, 0, 50);
        bins.push(&mut chunk, 50, 5);
        assert_eq!(bins.take(&mut chunk, 5), Some(50));
    }
}
