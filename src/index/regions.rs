//! Regions of memory on huge pages, cut into pieces, and how they go back to the system.
//!
//! A few pieces without an owner are kept for the next owners. The memory of others goes back to the system, and a
//! region in which no piece has an owner is unmapped. So a single remaining piece holds no memory of its region, only
//! addresses.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::{MmapMut, MmapRaw};

/// The sizes that are cut from regions, in words: a part of the table, and a chunk of the arena.
pub(super) const SMALL_PIECE: usize = 4096;
pub(super) const LARGE_PIECE: usize = 32768;
/// Four huge pages.
const REGION_BYTES: usize = 8 << 20;
/// How many bytes without an owner are kept, of each size.
const KEPT_BYTES: usize = 2 << 20;
const WORD: usize = size_of::<u64>();

static SMALL: Mutex<Pool> = Mutex::new(Pool::new(SMALL_PIECE));
static LARGE: Mutex<Pool> = Mutex::new(Pool::new(LARGE_PIECE));

/// What a new owner gets: the words belong to it until it gives them back.
pub(super) struct Piece {
    pub(super) start: NonNull<u64>,
    /// Whether it had an owner before, and so may not be zero.
    pub(super) used: bool,
}

/// A piece of this many words, if they are cut from regions and the system has memory.
pub(super) fn take(words: usize) -> Option<Piece> {
    pool(words)?.take()
}

/// Takes back a piece that [`take`] gave for as many words.
pub(super) fn give_back(words: usize, start: NonNull<u64>) {
    if let Some(mut pool) = pool(words) {
        pool.give_back(start.as_ptr().addr());
    }
}

/// Only Linux has huge pages and lets parts of a region be given back. Elsewhere the allocator does just as well.
fn pool(words: usize) -> Option<MutexGuard<'static, Pool>> {
    let pool = match words {
        SMALL_PIECE => &SMALL,
        LARGE_PIECE => &LARGE,
        _ => return None,
    };
    cfg!(target_os = "linux").then(|| pool.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Regions that are cut into pieces of one size.
#[derive(Debug)]
struct Pool {
    words: usize,
    /// Keyed by the address of their first byte.
    regions: BTreeMap<usize, Region>,
    /// Pieces that are kept for their next owner, in all regions.
    kept: usize,
}

#[derive(Debug)]
struct Region {
    map: MmapRaw,
    /// Pieces from this one on have had no owner yet.
    fresh: u16,
    /// Pieces without an owner.
    kept: Vec<u16>,
    /// Those of them whose memory has gone back to the system.
    returned: Vec<u16>,
    /// Whether the system may not fill the gaps between pieces with huge pages.
    sparse: bool,
}

impl Region {
    fn map() -> Option<Self> {
        let map = MmapRaw::from(MmapMut::map_anon(REGION_BYTES).ok()?);
        let region = Self { map, fresh: 0, kept: Vec::new(), returned: Vec::new(), sparse: false };
        region.ask_for_huge_pages();
        Some(region)
    }

    fn used(&self) -> usize {
        usize::from(self.fresh) - self.kept.len() - self.returned.len()
    }

    /// Everything works without huge pages too, only slower.
    fn ask_for_huge_pages(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.map.advise(memmap2::Advice::HugePage);
    }

    /// Chooses a piece: one that was kept, otherwise one that takes new memory.
    fn take(&mut self, words: usize, most: usize) -> Option<Piece> {
        let (number, used) = if let Some(number) = self.kept.pop() {
            (number, true)
        } else if let Some(number) = self.returned.pop() {
            (number, false)
        } else if usize::from(self.fresh) < most {
            self.fresh += 1;
            (self.fresh - 1, false)
        } else {
            return None;
        };
        if self.sparse && self.used() == most {
            self.sparse = false;
            self.ask_for_huge_pages();
        }
        #[expect(clippy::cast_ptr_alignment, reason = "a map begins at a page")]
        let first = self.map.as_mut_ptr().cast::<u64>();
        let start = first.wrapping_add(usize::from(number) * words);
        Some(Piece { start: NonNull::new(start)?, used })
    }

    /// Gives the memory of one kept piece back to the system; the content of the piece is unspecified from then on.
    fn return_one(&mut self, words: usize) {
        let Some(number) = self.kept.pop() else { return };
        if !self.sparse {
            self.sparse = true;
            #[cfg(target_os = "linux")]
            let _ = self.map.advise(memmap2::Advice::NoHugePage);
        }
        let bytes = words * WORD;
        let refused = !give_to_system(&self.map, usize::from(number) * bytes, bytes);
        // What the system refuses to take stays as it was, and is tried again last.
        if refused { self.kept.insert(0, number) } else { self.returned.push(number) }
    }
}

/// Whether the system took the memory of a piece without an owner.
#[cfg(target_os = "linux")]
fn give_to_system(map: &MmapRaw, start: usize, bytes: usize) -> bool {
    if !is_whole_pages(start, bytes, rustix::param::page_size()) {
        return false;
    }
    let advice = memmap2::UncheckedAdvice::DontNeed;
    // SAFETY: the pages are those of the piece alone, and it has no owner, so nothing refers to its words; its next owner
    // finds zeros, which are valid.
    unsafe { map.unchecked_advise_range(advice, start, bytes) }.is_ok()
}

#[cfg(not(target_os = "linux"))]
fn give_to_system(_map: &MmapRaw, _start: usize, _bytes: usize) -> bool {
    false
}

/// The system takes whole pages, and with them what else is on them. Some kernels for arm64 have pages of 64 KiB, which
/// is two small pieces.
#[cfg(any(target_os = "linux", test))]
fn is_whole_pages(start: usize, bytes: usize, page: usize) -> bool {
    start.is_multiple_of(page) && bytes.is_multiple_of(page)
}

impl Pool {
    const fn new(words: usize) -> Self {
        Self { words, regions: BTreeMap::new(), kept: 0 }
    }

    fn pieces(&self) -> usize {
        REGION_BYTES / (self.words * WORD)
    }

    fn take(&mut self) -> Option<Piece> {
        let most = self.pieces();
        let kept_only = self.kept > 0;
        // From the fullest region, so that others become empty.
        let open = self.regions.values_mut().filter(|region| {
            if kept_only { !region.kept.is_empty() } else { region.used() < most }
        });
        let piece = if let Some(region) = open.max_by_key(|region| region.used()) {
            region.take(self.words, most)?
        } else {
            let mut region = Region::map()?;
            let piece = region.take(self.words, most)?;
            self.regions.insert(region.map.as_ptr().addr(), region);
            piece
        };
        self.kept -= usize::from(piece.used);
        Some(piece)
    }

    fn give_back(&mut self, address: usize) {
        let bytes = self.words * WORD;
        let Some((start, region)) = self.regions.range_mut(..=address).next_back() else { return };
        let Ok(number) = u16::try_from((address - start) / bytes) else { return };
        region.kept.push(number);
        self.kept += 1;
        if self.regions.values().all(|region| region.used() == 0) {
            self.regions.clear();
            self.kept = 0;
        } else if self.kept * bytes > KEPT_BYTES {
            self.trim();
        }
    }

    /// Unmaps a region without an owner, or gives one piece of the emptiest region back.
    fn trim(&mut self) {
        let with_kept = self.regions.iter_mut().filter(|(_, region)| !region.kept.is_empty());
        let Some((address, region)) = with_kept.min_by_key(|(_, region)| region.used()) else {
            return;
        };
        let before = region.kept.len();
        if region.used() == 0 {
            let address = *address;
            self.kept -= before;
            self.regions.remove(&address);
        } else {
            region.return_one(self.words);
            self.kept -= before - region.kept.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_shares_a_page_with_another_is_not_given_to_the_system() {
        let (small, large) = (SMALL_PIECE * WORD, LARGE_PIECE * WORD);
        for page in [4 << 10, 16 << 10] {
            assert!(is_whole_pages(3 * small, small, page));
        }
        assert!(
            !is_whole_pages(3 * small, small, 64 << 10),
            "it ends on the page on which it begins"
        );
        assert!(
            !is_whole_pages(2 * small, small, 64 << 10),
            "the next one begins on the page on which it ends"
        );
        assert!(is_whole_pages(3 * large, large, 64 << 10));
    }
}
