//! Sorting many addresses by their keys at once.

use super::super::arena::Arena;
use super::fences::{common, head};

/// Runs shorter than this are sorted by one more head, and then by comparing whole keys.
const SHORT: usize = 16;
/// Runs in order that are longer than this on average are worth merging.
const LONG: usize = 256;

/// The records of an arena in key order, each with the head of its key after the `skip` bytes that all keys share.
pub(in super::super) fn sorted(arena: &Arena, len: usize, skip: usize) -> Vec<(u64, u32)> {
    let mut all = Vec::with_capacity(len);
    all.extend(arena.live().map(|at| (head(arena.key(at), skip), at)));
    let breaks = all.windows(2).filter(|pair| matches!(pair, [a, b] if a.0 > b.0)).count();
    if breaks < len / LONG {
        // The stable sort merges existing runs, such as a checkpoint and some changes to it.
        all.sort_by_key(|entry| entry.0);
    } else {
        all.sort_unstable_by_key(|entry| entry.0);
    }
    for run in all.chunk_by_mut(|a, b| a.0 == b.0).filter(|run| run.len() > 1) {
        sort_run(arena, run, skip);
    }
    all
}

/// Sorts keys whose heads are equal and agree in their first `skip` bytes. Leaves the heads as they were.
fn sort_run(arena: &Arena, run: &mut [(u64, u32)], skip: usize) {
    let before = run.first().map_or(0, |entry| entry.0);
    // The work is kept in a list, not on the stack: keys can share prefixes of any length.
    let mut open = vec![(&mut *run, skip)];
    while let Some((run, skip)) = open.pop() {
        let Some((_, first)) = run.first() else {
            continue;
        };
        if run.len() <= SHORT {
            sort_short(arena, run, skip);
            continue;
        }
        let first = rest(arena, *first, skip);
        let shared = run
            .iter()
            .map(|entry| common(first, rest(arena, entry.1, skip)))
            .min()
            .unwrap_or_default();
        let deeper = skip + shared;
        for entry in run.iter_mut() {
            entry.0 = head(arena.key(entry.1), deeper);
        }
        run.sort_unstable_by_key(|entry| entry.0);
        let len = run.len();
        for part in run.chunk_by_mut(|a, b| a.0 == b.0).filter(|part| part.len() > 1) {
            if part.len() == len {
                // The heads are all equal only if a key ends here and the others go on with zeros.
                part.sort_unstable_by(|a, b| {
                    rest(arena, a.1, deeper).cmp(rest(arena, b.1, deeper))
                });
            } else {
                open.push((part, deeper));
            }
        }
    }
    for entry in run {
        entry.0 = before;
    }
}

fn sort_short(arena: &Arena, run: &mut [(u64, u32)], skip: usize) {
    for entry in run.iter_mut() {
        entry.0 = head(arena.key(entry.1), skip + 8);
    }
    let whole = |at| rest(arena, at, skip);
    run.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| whole(a.1).cmp(whole(b.1))));
}

fn rest(arena: &Arena, at: u32, skip: usize) -> &[u8] {
    arena.key(at).get(skip..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::super::record::{Entry, Marks};
    use super::*;

    fn check(keys: &[Vec<u8>]) {
        let mut arena = Arena::new();
        for key in keys {
            arena
                .insert(&Entry {
                    key,
                    value: b"",
                    blob: None,
                    version: 1,
                    timestamp: 0,
                    marks: Marks::NONE,
                })
                .unwrap();
        }
        let mut expected = keys.to_vec();
        expected.sort();
        let found = sorted(&arena, keys.len(), 0);
        assert!(
            found.iter().map(|entry| arena.key(entry.1)).eq(expected.iter().map(Vec::as_slice))
        );
        assert!(found.iter().all(|entry| entry.0 == head(arena.key(entry.1), 0)));
    }

    #[test]
    fn keys_that_differ_late_come_out_in_order() {
        check(
            &(0..5000u32)
                .rev()
                .map(|n| {
                    format!("a long prefix that all share/{:06}", n * 7919 % 5000).into_bytes()
                })
                .collect::<Vec<_>>(),
        );
    }

    #[test]
    fn keys_that_are_prefixes_of_each_other_come_out_in_order() {
        check(&(0..300).rev().map(|n| vec![b'a'; n]).collect::<Vec<_>>());
        check(&(0..300).rev().map(|n| vec![0; n]).collect::<Vec<_>>());
    }
}
