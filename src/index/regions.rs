//! Regions of memory on huge pages that are cut into pieces, and how they go back to the system.
//!
//! A piece without an owner is kept for the next one while few are kept. Beyond that its memory goes back, and a region
//! without an owner is unmapped. So one piece that stays does not hold a region: only addresses.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::{MmapMut, MmapRaw};

/// The sizes that come from regions, in words: a part of the table, and a chunk of the arena.
pub(super) const SMALL_PIECE: usize = 4096;
pub(super) const LARGE_PIECE: usize = 32768;
/// Four huge pages.
const REGION_BYTES: usize = 8 << 20;
/// How many bytes without an owner are kept, of each size.
const KEPT_BYTES: usize = 2 << 20;
const WORD: usize = size_of::<u64>();

static SMALL: Mutex<Pool> = Mutex::new(Pool::new(SMALL_PIECE));
static LARGE: Mutex<Pool> = Mutex::new(Pool::new(LARGE_PIECE));

/// What a new owner gets: the words are its own until it gives them back.
pub(super) struct Piece {
    pub(super) start: NonNull<u64>,
    /// Whether it had an owner before, and so may not be zero.
    pub(super) used: bool,
}

/// A piece of so many words, if they come from regions and the system has memory.
pub(super) fn take(words: usize) -> Option<Piece> {
    pool(words)?.take()
}

/// Takes back a piece that [`take`] gave for as many words.
pub(super) fn give_back(words: usize, start: NonNull<u64>) {
    if let Some(mut pool) = pool(words) {
        pool.give_back(start.as_ptr().addr());
    }
}

/// Huge pages, and memory given back in parts, are to be had on Linux alone. Elsewhere the allocator does as well.
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
    /// By the address of their first byte.
    regions: BTreeMap<usize, Region>,
    /// Pieces that are kept for their next owner, in all regions.
    kept: usize,
}

#[derive(Debug)]
struct Region {
    map: MmapRaw,
    /// Pieces from this one on had no owner yet.
    fresh: u16,
    /// Pieces without an owner.
    kept: Vec<u16>,
    /// Those of them whose memory went back to the system.
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

    /// Without huge pages everything works as well, only slower.
    fn ask_for_huge_pages(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.map.advise(memmap2::Advice::HugePage);
    }

    /// Chooses a piece: one that is kept, else one that takes new memory.
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

    /// Gives the memory of one kept piece back to the system, which says nothing of what the piece holds from then on.
    fn return_one(&mut self, words: usize) {
        let Some(number) = self.kept.pop() else { return };
        if !self.sparse {
            self.sparse = true;
            #[cfg(target_os = "linux")]
            let _ = self.map.advise(memmap2::Advice::NoHugePage);
        }
        #[cfg(target_os = "linux")]
        // SAFETY: the piece has no owner, so nothing refers to its words; its next owner finds zeros, which are valid.
        let refused = unsafe {
            let start = usize::from(number) * words * WORD;
            let advice = memmap2::UncheckedAdvice::DontNeed;
            self.map.unchecked_advise_range(advice, start, words * WORD).is_err()
        };
        #[cfg(not(target_os = "linux"))]
        let refused = true;
        // What the system refuses to take stays as it was, and is the last to be tried again.
        if refused { self.kept.insert(0, number) } else { self.returned.push(number) }
    }
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
        // From the fullest, so that others empty.
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
