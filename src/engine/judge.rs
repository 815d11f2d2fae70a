//! Decides which conditional writes of a group are carried out.

use std::collections::HashMap;

use super::acknowledging::Positions;
use super::group::Group;
use super::outcome::{Outcome, Refusal};
use super::staged::Staged;
use crate::error::Error;
use crate::index::Index;
use crate::operation::OperationType;
use crate::types::Key;

/// The verdict on a group: the first failed condition of each batch or single write, and whether each operation is
/// refused, by itself or with its batch.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// One for each operation; empty when all are accepted.
    pub(super) refused: Vec<Option<Outcome>>,
    /// In the order of the operations.
    pub(super) refusals: Vec<Refusal>,
}

/// Judges every condition in commit order, against the entries as they will be when the operations
/// before it in the same group are done. What has expired `now` counts as missing. A batch is judged up to its first
/// refusal.
///
/// The acknowledgement of an accepted batch is taken into `positions`; one that cannot be refuses its batch.
pub(super) fn judge(
    group: &Group,
    index: &Index,
    next_sequence: u64,
    now: i64,
    mut positions: Option<&mut Positions>,
) -> Verdict {
    if !group.is_conditional() {
        return Verdict::default();
    }
    let mut verdict = Verdict::default();
    verdict.refused.reserve_exact(group.len());
    let mut checker = Checker::new(group, index, next_sequence, now);
    let mut acknowledgements = group.acknowledgements().iter().peekable();
    for unit in group.staged().chunk_by(|a, b| a.batch != 0 && a.batch == b.batch) {
        let first = verdict.refused.len();
        let acknowledged = acknowledgements.next_if(|one| one.at == first);
        let acknowledged = acknowledged.zip(positions.as_deref_mut());
        let refused = acknowledged.as_ref().and_then(|(one, positions)| positions.check(one).err());
        match refused.map(|error| (0, error)).or_else(|| checker.check(unit)) {
            None => {
                verdict.refused.resize(first + unit.len(), None);
                if let Some((one, positions)) = acknowledged {
                    positions.take(one);
                }
            }
            Some((at, error)) => {
                verdict.refused.resize(first + unit.len(), Some(Outcome::RefusedWithBatch));
                if let Some(outcome) = verdict.refused.get_mut(first + at) {
                    *outcome = Some(Outcome::Refused);
                }
                verdict.refusals.push(Refusal { index: first + at, error });
            }
        }
    }
    if verdict.refusals.is_empty() {
        verdict.refused.clear();
    }
    verdict
}

struct Checker<'a> {
    group: &'a Group,
    index: &'a Index,
    next_sequence: u64,
    now: i64,
    /// The versions that accepted operations of this group lead to, 0 for a removed key.
    versions: HashMap<&'a [u8], u64>,
    /// How many operations were judged.
    checked: usize,
}

impl<'a> Checker<'a> {
    fn new(group: &'a Group, index: &'a Index, next_sequence: u64, now: i64) -> Self {
        Self { group, index, next_sequence, now, versions: HashMap::new(), checked: 0 }
    }

    /// Judges one batch, or one operation outside any batch. When a condition fails, none of it is done, and
    /// its position and the reason are returned.
    fn check(&mut self, unit: &'a [Staged]) -> Option<(usize, Error)> {
        let mut before = Vec::new();
        for (sequence, staged) in (self.next_sequence..).zip(unit) {
            self.checked += 1;
            let key = self.group.key_of(staged);
            if staged.if_expired && !self.has_expired(key) && !bug!(SweptUnexpired) {
                let at = before.len();
                self.take_back(before);
                return Some((at, refusal(key, 0, self.version_of(key))));
            }
            if let Some(expected) = staged.if_version {
                let found = self.version_of(key);
                if found != expected {
                    let at = before.len();
                    self.take_back(before);
                    return Some((at, refusal(key, expected, found)));
                }
            }
            let is_there = staged.kind == OperationType::Put && !self.expires_at_once(staged);
            let version = if is_there { sequence } else { 0 };
            before.push((key, self.versions.insert(key, version)));
        }
        self.next_sequence += unit.len() as u64;
        None
    }

    /// Undoes what a refused batch did to the versions.
    fn take_back(&mut self, before: Vec<(&'a [u8], Option<u64>)>) {
        for (key, version) in before.into_iter().rev() {
            match version {
                Some(version) => self.versions.insert(key, version),
                None => self.versions.remove(key),
            };
        }
    }

    fn version_of(&self, key: &[u8]) -> u64 {
        match self.versions.get(key).filter(|_| !bug!(ConditionsJudgedAlone)) {
            Some(&version) => version,
            None if self.is_expired(key) && !bug!(ExpiredMeetsConditions) => 0,
            None => self.index.version_of(key).unwrap_or(0),
        }
    }

    fn is_expired(&self, key: &[u8]) -> bool {
        self.index.expiring() > 0 && self.index.expiry_of(key).is_some_and(|at| at <= self.now)
    }

    /// Whether there is an entry that has expired, and no operation before this one changes it.
    fn has_expired(&self, key: &[u8]) -> bool {
        !self.versions.contains_key(key) && self.is_expired(key)
    }

    fn expires_at_once(&self, staged: &Staged) -> bool {
        self.group.operation(staged).expiry.is_some_and(|at| at <= self.now)
    }
}

fn refusal(key: &[u8], expected: u64, found: u64) -> Error {
    let key = Key::from_stored(key).to_string();
    if expected == 0 {
        Error::AlreadyExists { key, version: found }
    } else {
        Error::VersionMismatch { key, expected, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCHES: usize = 10;
    const WRITES: usize = 1000;

    /// Batches and single writes that all want their keys to be missing.
    fn group() -> Group {
        let mut group = Group::new();
        for batch in 0..BATCHES {
            group.begin_batch();
            for at in 0..WRITES {
                group.put(&format!("{batch}/{at}"), b"", Some(0)).unwrap();
            }
            group.end_batch();
        }
        for at in 0..WRITES {
            group.put(&format!("single/{at}"), b"", Some(0)).unwrap();
        }
        group
    }

    #[test]
    fn a_batch_is_judged_up_to_its_first_refusal() {
        let group = group();
        let mut index = Index::new();
        for batch in 0..BATCHES {
            index.put(format!("{batch}/2").as_bytes(), b"", 1, 0);
        }
        let mut checker = Checker::new(&group, &index, 2, 0);
        let refused: Vec<_> = group
            .staged()
            .chunk_by(|a, b| a.batch != 0 && a.batch == b.batch)
            .map(|unit| checker.check(unit).map(|(at, _)| at))
            .collect();
        let (batches, singles) = refused.split_at(BATCHES);
        assert!(batches.iter().all(|at| *at == Some(2)));
        assert!(singles.len() == WRITES && singles.iter().all(Option::is_none));
        assert_eq!(checker.checked, BATCHES * 3 + WRITES);
        assert_eq!(checker.versions.len(), WRITES, "refused batches leave no version behind");
    }

    #[test]
    fn each_refused_call_has_one_refusal() {
        let group = group();
        let mut index = Index::new();
        for staged in group.staged() {
            index.put(group.key_of(staged), b"", 7, 0);
        }
        let verdict = judge(&group, &index, 8, 0, None);
        assert_eq!(verdict.refusals.len(), BATCHES + WRITES);
        assert_eq!(verdict.refused.len(), group.len());
        for (at, refused) in verdict.refused.iter().enumerate() {
            let first = at >= BATCHES * WRITES || at % WRITES == 0;
            let expected = if first { Outcome::Refused } else { Outcome::RefusedWithBatch };
            assert_eq!(*refused, Some(expected));
        }
        assert!(verdict.refusals.is_sorted_by_key(|refusal| refusal.index));
    }

    #[test]
    fn many_writes_of_one_key_see_each_other() {
        let index = Index::new();
        let mut group = Group::new();
        group.begin_batch();
        for version in 0..1000 {
            group.put("same", b"", Some(version)).unwrap();
        }
        group.remove("same", Some(999)).unwrap();
        group.end_batch();
        for version in [0, 1, 1] {
            group.put("same", b"", Some(version)).unwrap();
        }
        let verdict = judge(&group, &index, 1, 0, None);
        let refused: Vec<_> = verdict.refusals.iter().map(|refusal| refusal.index).collect();
        assert_eq!(refused, [1000, 1003]);
    }
}
