//! The memory of the large pieces of the index, on huge pages where the system has them.
//!
//! Random reads of a large index spend most of their time translating addresses; huge pages spare them
//! that. So pieces of the two common sizes are cut from regions that ask for huge pages. This and the
//! regions are the only unsafe code in the engine: a piece is the unique owner of its words, which the
//! compiler cannot see in a region that many pieces share.

use std::cell::Cell;
use std::ptr::NonNull;
use std::slice;

use super::regions;

pub(super) use super::regions::{LARGE_PIECE, SMALL_PIECE};

const WORD: usize = size_of::<u64>();

thread_local! {
    static COPIED: Cell<u64> = const { Cell::new(0) };
}

/// Bytes of pieces that this thread has copied, mostly because a clone of the index held the old ones.
pub(crate) fn copied_by_thread() -> u64 {
    COPIED.get()
}

/// Words of memory with one owner. They start out as zeros or as a copy.
#[derive(Debug)]
pub(super) struct Memory {
    start: NonNull<u64>,
    words: usize,
    /// Whether the words are a piece of a region, and not an allocation of their own.
    pooled: bool,
}

// SAFETY: the words have one owner, as those of a boxed slice have; the regions are behind locks.
unsafe impl Send for Memory {}
// SAFETY: as above; shared references only read.
unsafe impl Sync for Memory {}

impl Memory {
    /// This many words, all zero.
    pub(super) fn zeroed(words: usize) -> Self {
        if let Some((mut piece, used)) = Self::piece(words) {
            if used && !(words == LARGE_PIECE && bug!(UsedMemoryNotZeroed)) {
                piece.words_mut().fill(0);
            }
            return piece;
        }
        Self::allocated(vec![0; words].into())
    }

    /// A copy of the first `used` words, in a piece of this many. The rest may hold anything.
    pub(super) fn copied(&self, words: usize, used: usize) -> Self {
        COPIED.set(COPIED.get() + (words * WORD) as u64);
        let from = self.words().get(..used).unwrap_or(self.words());
        if words == used && !is_piece(words) {
            return Self::allocated(from.into());
        }
        // A piece was written before, if only with zeros, so there is no need to clear it.
        let piece = Self::piece(words).map(|(piece, _)| piece);
        let mut copy = piece.unwrap_or_else(|| Self::zeroed(words));
        if let Some(to) = copy.words_mut().get_mut(..from.len()) {
            to.copy_from_slice(from);
        }
        copy
    }

    fn allocated(words: Box<[u64]>) -> Self {
        let len = words.len();
        // Never null: it comes from a box.
        let start = NonNull::from(Box::leak(words)).cast();
        Self { start, words: len, pooled: false }
    }

    /// A piece of a region, and whether it had an owner before.
    fn piece(words: usize) -> Option<(Self, bool)> {
        let regions::Piece { start, used } = regions::take(words)?;
        Some((Self { start, words, pooled: true }, used))
    }

    pub(super) fn words(&self) -> &[u64] {
        // SAFETY: `start` leads to so many words that this is the only owner of; they were written
        // when they were made.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }

    /// Prefetches a word into the cache, without waiting for it.
    #[inline]
    pub(super) fn prefetch(&self, word: usize) {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        prefetch(self.start.as_ptr().wrapping_add(word));
        // Elsewhere only a read fetches it, and waits; the value has to be used, or nothing is read.
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        std::hint::black_box(self.words().get(word).copied());
    }

    pub(super) fn words_mut(&mut self) -> &mut [u64] {
        // SAFETY: as in `words`, and the borrow of the only owner is exclusive.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.words) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: as in `words`; bytes have no alignment and no invalid values.
        unsafe { slice::from_raw_parts(self.start.as_ptr().cast(), self.words * WORD) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and the borrow of the only owner is exclusive.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.words * WORD) }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::zeroed(0)
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        self.copied(self.words, self.words)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.pooled {
            regions::give_back(self.words, self.start);
        } else {
            let words = std::ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.words);
            // SAFETY: `allocated` leaked a box of this slice, and this is its only owner.
            unsafe { drop(Box::from_raw(words)) };
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch(at: *const u64) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
}

/// Written by hand, since the function for it is not stable yet.
#[cfg(target_arch = "aarch64")]
#[inline]
fn prefetch(at: *const u64) {
    // SAFETY: a prefetch reads nothing, whatever the address, and changes no register and no flag.
    unsafe {
        std::arch::asm!(
            "prfm pldl1keep, [{at}]",
            at = in(reg) at,
            options(readonly, nostack, preserves_flags),
        );
    }
}

fn is_piece(words: usize) -> bool {
    matches!(words, SMALL_PIECE | LARGE_PIECE)
}

/// Gives back memory of a list that used to be far longer.
pub(super) fn spare<T>(list: &mut Vec<T>) {
    if list.capacity() > 4 * list.len() + 64 {
        list.shrink_to(2 * list.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_zero_at_first_and_have_their_own_words() {
        let mut pieces: Vec<Memory> = (0..100).map(|_| Memory::zeroed(LARGE_PIECE)).collect();
        for (i, piece) in (1..).zip(&mut pieces) {
            assert!(piece.words().iter().all(|word| *word == 0));
            piece.words_mut().fill(i);
        }
        for (i, piece) in (1..).zip(&pieces) {
            assert!(piece.words().iter().all(|word| *word == i));
        }
        drop(pieces.split_off(30));
        let again: Vec<Memory> = (0..70).map(|_| Memory::zeroed(LARGE_PIECE)).collect();
        assert!(again.iter().all(|piece| piece.words().iter().all(|word| *word == 0)));
        for (i, piece) in (1..).zip(&pieces) {
            assert!(piece.words().iter().all(|word| *word == i));
        }
    }

    #[test]
    fn a_copy_has_the_contents_and_not_the_memory() {
        for words in [0, 7, SMALL_PIECE, LARGE_PIECE] {
            let mut memory = Memory::zeroed(words);
            memory.words_mut().fill(3);
            let copy = memory.clone();
            memory.bytes_mut().fill(0);
            assert_eq!(copy.words(), vec![3; words]);
            assert_eq!(memory.bytes(), vec![0; words * WORD]);
        }
    }

    #[test]
    fn a_copy_may_be_larger_or_of_a_part_and_is_counted() {
        for words in [8, SMALL_PIECE, LARGE_PIECE] {
            let mut memory = Memory::zeroed(words);
            memory.words_mut().fill(3);
            let before = copied_by_thread();
            let copies = [memory.copied(words, 5), memory.copied(2 * words, words)];
            assert_eq!(copied_by_thread() - before, (3 * words * WORD) as u64);
            assert_eq!(copies[0].words()[..5], [3; 5]);
            assert_eq!(copies[0].words().len(), words);
            assert_eq!(copies[1].words()[..words], vec![3; words]);
        }
    }
}
