//! Decides which conditional writes of a group are carried out.

use std::collections::HashMap;

use super::acknowledging::Positions;
use super::group::Group;
use super::outcome::{Outcome, Refusal};
use super::staged::{Origin, Staged};
use crate::error::Error;
use crate::operation::OperationType;
use crate::state::State;
use crate::types::Key;

/// The verdict on a group: the first failed condition of each batch or single write, and whether each operation is
/// refused, by itself or with its batch.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// One for each operation; empty when all are accepted.
    pub(super) refused: Vec<Option<Outcome>>,
    /// In the order of the operations.
    pub(super) refusals: Vec<Refusal>,
    /// Accepted operations that get a later time, so that they are newer than what they replace.
    pub(super) raised: Vec<(usize, i64)>,
}

/// What a group is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standings<'s> {
    pub(super) state: &'s State,
    /// What has expired by then counts as missing, and tombstones that are over do not count.
    pub(super) now: i64,
    /// The node whose writes these are, if they are to be newer than what they replace.
    pub(super) node: Option<u64>,
    /// Whether removals are remembered.
    pub(super) remembers: bool,
}

/// Judges every condition in commit order, against the entries as they will be when the operations
/// before it in the same group are done. A batch is judged up to its first refusal.
///
/// The acknowledgement of an accepted batch is taken into `positions`; one that cannot be refuses its batch.
pub(super) fn judge(
    group: &Group,
    before: Standings<'_>,
    next_sequence: u64,
    mut positions: Option<&mut Positions>,
) -> Verdict {
    if !group.is_conditional() && before.node.is_none() {
        return Verdict::default();
    }
    let mut verdict = Verdict::default();
    verdict.refused.reserve_exact(group.len());
    let mut checker = Checker::new(group, before, next_sequence);
    let mut any_refused = false;
    let mut acknowledgements = group.acknowledgements().iter().peekable();
    for unit in group.staged().chunk_by(|a, b| a.batch != 0 && a.batch == b.batch) {
        let first = verdict.refused.len();
        let acknowledged = acknowledgements.next_if(|one| one.at == first);
        let acknowledged = acknowledged.zip(positions.as_deref_mut());
        let refused = acknowledged.as_ref().and_then(|(one, positions)| positions.check(one).err());
        match refused.map(|error| (0, error)).or_else(|| checker.check(unit)) {
            None => {
                verdict.refused.resize(first + unit.len(), None);
                for at in checker.outdated.drain(..) {
                    any_refused = true;
                    if let Some(outcome) = verdict.refused.get_mut(first + at) {
                        *outcome = Some(Outcome::Outdated);
                    }
                }
                verdict
                    .raised
                    .extend(checker.raised.drain(..).map(|(at, time)| (first + at, time)));
                if let Some((one, positions)) = acknowledged {
                    positions.take(one);
                }
            }
            Some((at, error)) => {
                any_refused = true;
                verdict.refused.resize(first + unit.len(), Some(Outcome::RefusedWithBatch));
                if let Some(outcome) = verdict.refused.get_mut(first + at) {
                    *outcome = Some(Outcome::Refused);
                }
                verdict.refusals.push(Refusal { index: first + at, error });
            }
        }
    }
    if !any_refused {
        verdict.refused.clear();
    }
    verdict
}

/// What a key has.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    /// The version of its entry, 0 without one.
    version: u64,
    /// When that, or what has removed it, was made, and by which node; 0 for one without an id.
    stamp: Option<(i64, u64)>,
    /// Whether an operation from elsewhere has to be newer than that. A removal that is not remembered is as good as none.
    counts: bool,
}

struct Checker<'a> {
    group: &'a Group,
    before: Standings<'a>,
    next_sequence: u64,
    /// What accepted operations of this group lead to.
    standings: HashMap<&'a [u8], Standing>,
    /// Of the batch or operation that was judged last: those that are not newer, and those that get a later time.
    outdated: Vec<usize>,
    raised: Vec<(usize, i64)>,
    /// How many operations were judged.
    checked: usize,
}

impl<'a> Checker<'a> {
    fn new(group: &'a Group, before: Standings<'a>, next_sequence: u64) -> Self {
        let (standings, outdated, raised) = (HashMap::new(), Vec::new(), Vec::new());
        Self { group, before, next_sequence, standings, outdated, raised, checked: 0 }
    }

    /// Judges one batch, or one operation outside any batch. When a condition fails, none of it is done, and
    /// its position and the reason are returned.
    fn check(&mut self, unit: &'a [Staged]) -> Option<(usize, Error)> {
        let (mut before, mut sequence) = (Vec::new(), self.next_sequence);
        for (at, staged) in unit.iter().enumerate() {
            self.checked += 1;
            let key = self.group.key_of(staged);
            if staged.origin == Origin::Sweep && !self.has_expired(key) && !bug!(SweptUnexpired) {
                self.take_back(before);
                return Some((at, refusal(key, 0, self.version_of(key))));
            }
            if let Some(expected) = staged.if_version {
                let found = self.version_of(key);
                if found != expected {
                    self.take_back(before);
                    return Some((at, refusal(key, expected, found)));
                }
            }
            if staged.origin == Origin::IfNewer && !self.is_newer(staged) {
                self.outdated.push(at);
                continue;
            }
            let is_there = staged.kind == OperationType::Put && !self.expires_at_once(staged);
            let version = if is_there { sequence } else { 0 };
            let stamp = self.compares_times().then(|| self.stamp(staged, at));
            let counts = is_there || self.is_remembered(staged);
            let standing = Standing { version, stamp, counts };
            before.push((key, self.standings.insert(key, standing)));
            sequence += 1;
        }
        self.next_sequence = sequence;
        None
    }

    /// Undoes what a refused batch did to the versions.
    fn take_back(&mut self, before: Vec<(&'a [u8], Option<Standing>)>) {
        for (key, standing) in before.into_iter().rev() {
            match standing {
                Some(standing) => self.standings.insert(key, standing),
                None => self.standings.remove(key),
            };
        }
        self.outdated.clear();
        self.raised.clear();
    }

    /// Whether anybody asks which operation is newer.
    fn compares_times(&self) -> bool {
        self.before.node.is_some() || self.group.has_newer()
    }

    fn is_newer(&self, staged: &Staged) -> bool {
        let operation = self.group.operation(staged);
        let found = self.standing_of(operation.key);
        let (time, node) = (operation.timestamp, operation.marks.node.unwrap_or_default());
        match found.stamp.filter(|_| found.counts) {
            Some((there, _)) if bug!(TiesTaken) => time >= there,
            Some((there, _)) if bug!(TiesRefused) => time > there,
            Some(there) => (time, node) > there,
            None => true,
        }
    }

    /// When an accepted operation was made, and by which node. One of this node is newer than what it replaces, so that it wins
    /// on all others.
    fn stamp(&mut self, staged: &Staged, at: usize) -> (i64, u64) {
        let operation = self.group.operation(staged);
        let Some(node) = self.before.node.filter(|_| staged.origin == Origin::Here) else {
            return (operation.timestamp, operation.marks.node.unwrap_or_default());
        };
        let mut time = operation.timestamp;
        if let Some((there, _)) = self.standing_of(operation.key).stamp
            && there >= time
            && !bug!(OwnWritesOutdated)
        {
            time = there.saturating_add(1);
            self.raised.push((at, time));
        }
        (time, node)
    }

    /// What the key has, expired or not; or its removal, while that is remembered.
    fn standing_of(&self, key: &[u8]) -> Standing {
        if let Some(standing) = self.standings.get(key).filter(|_| !bug!(TimesJudgedAlone)) {
            return *standing;
        }
        let Standings { state, now, .. } = self.before;
        let Some((version, time, marks)) = state.index.standing_of(key) else {
            let stamp = state.tombstones.stamp(key, now).filter(|_| !bug!(TombstonesIgnored));
            return Standing { version: 0, stamp, counts: true };
        };
        let has_expired = marks.expiry.is_some_and(|at| at <= now);
        let version = if has_expired { 0 } else { version };
        let stamp = Some((time, marks.node.unwrap_or_default()));
        Standing { version, stamp, counts: !has_expired }
    }

    fn version_of(&self, key: &[u8]) -> u64 {
        match self.standings.get(key).filter(|_| !bug!(ConditionsJudgedAlone)) {
            Some(standing) => standing.version,
            None if self.is_expired(key) && !bug!(ExpiredMeetsConditions) => 0,
            None => self.before.state.index.version_of(key).unwrap_or(0),
        }
    }

    fn is_expired(&self, key: &[u8]) -> bool {
        let Standings { state, now, .. } = self.before;
        let index = &state.index;
        index.expiring() > 0 && index.expiry_of(key).is_some_and(|at| at <= now)
    }

    /// Whether there is an entry that has expired, and no operation before this one changes it.
    fn has_expired(&self, key: &[u8]) -> bool {
        !self.standings.contains_key(key) && self.is_expired(key)
    }

    fn is_remembered(&self, staged: &Staged) -> bool {
        staged.is_removal() && self.before.remembers && !bug!(TombstonesJudgedLate)
    }

    fn expires_at_once(&self, staged: &Staged) -> bool {
        self.group.operation(staged).marks.expiry.is_some_and(|at| at <= self.before.now)
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

    fn before(state: &State) -> Standings<'_> {
        Standings { state, now: 0, node: None, remembers: false }
    }

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
        let mut state = State::default();
        for batch in 0..BATCHES {
            state.index.put(format!("{batch}/2").as_bytes(), b"", 1, 0);
        }
        let mut checker = Checker::new(&group, before(&state), 2);
        let refused: Vec<_> = group
            .staged()
            .chunk_by(|a, b| a.batch != 0 && a.batch == b.batch)
            .map(|unit| checker.check(unit).map(|(at, _)| at))
            .collect();
        let (batches, singles) = refused.split_at(BATCHES);
        assert!(batches.iter().all(|at| *at == Some(2)));
        assert!(singles.len() == WRITES && singles.iter().all(Option::is_none));
        assert_eq!(checker.checked, BATCHES * 3 + WRITES);
        assert_eq!(checker.standings.len(), WRITES, "refused batches leave no version behind");
    }

    #[test]
    fn each_refused_call_has_one_refusal() {
        let group = group();
        let mut state = State::default();
        for staged in group.staged() {
            state.index.put(group.key_of(staged), b"", 7, 0);
        }
        let verdict = judge(&group, before(&state), 8, None);
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
        let state = State::default();
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
        let verdict = judge(&group, before(&state), 1, None);
        let refused: Vec<_> = verdict.refusals.iter().map(|refusal| refusal.index).collect();
        assert_eq!(refused, [1000, 1003]);
    }
}
