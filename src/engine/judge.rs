//! Decides which conditional writes of a group are done.

use std::collections::HashMap;

use super::group::{Group, Staged};
use super::outcome::{Outcome, Refusal};
use crate::error::Error;
use crate::index::Index;
use crate::operation::OperationType;
use crate::types::Key;

/// What was decided about a group: a refusal for each condition that does not hold, and whether each
/// operation is refused, by itself or with its batch.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// One for each operation; empty when all are accepted.
    pub(super) refused: Vec<Option<Outcome>>,
    pub(super) refusals: Vec<Refusal>,
}

/// Judges every condition in commit order, against the entries as they will be when the operations
/// before it in the same group are done.
pub(super) fn judge(group: &Group, index: &Index, next_sequence: u64) -> Verdict {
    if !group.is_conditional() {
        return Verdict::default();
    }
    let mut verdict = Verdict::default();
    let mut court = Court { group, index, next_sequence, versions: HashMap::new() };
    let mut first = 0;
    for unit in group.staged().chunk_by(|a, b| a.batch != 0 && a.batch == b.batch) {
        let refusals = court.hear(unit, first);
        let outcomes = (first..first + unit.len()).map(|at| match &refusals[..] {
            [] => None,
            found if found.iter().any(|refusal| refusal.index == at) => Some(Outcome::Refused),
            _ => Some(Outcome::RefusedWithBatch),
        });
        verdict.refused.extend(outcomes);
        verdict.refusals.extend(refusals);
        first += unit.len();
    }
    if verdict.refusals.is_empty() {
        verdict.refused.clear();
    }
    verdict
}

struct Court<'a> {
    group: &'a Group,
    index: &'a Index,
    next_sequence: u64,
    /// The versions that accepted operations of this group leave behind, 0 for a removed key.
    versions: HashMap<&'a [u8], u64>,
}

impl<'a> Court<'a> {
    /// Judges one batch or one operation outside any; when a condition fails, none of it is done.
    fn hear(&mut self, unit: &'a [Staged], first: usize) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let mut before = Vec::with_capacity(unit.len());
        for (sequence, staged) in (self.next_sequence..).zip(unit) {
            let key = self.group.key_of(staged);
            if let Some(expected) = staged.if_version {
                let found = self.version_of(key);
                if found != expected {
                    let index = first + before.len();
                    refusals.push(Refusal { index, error: refusal(key, expected, found) });
                }
            }
            let version = if staged.kind == OperationType::Put { sequence } else { 0 };
            before.push((key, self.versions.insert(key, version)));
        }
        if refusals.is_empty() {
            self.next_sequence += unit.len() as u64;
        } else {
            for (key, version) in before.into_iter().rev() {
                match version {
                    Some(version) => self.versions.insert(key, version),
                    None => self.versions.remove(key),
                };
            }
        }
        refusals
    }

    fn version_of(&self, key: &[u8]) -> u64 {
        match self.versions.get(key).filter(|_| !bug!(ConditionsJudgedAlone)) {
            Some(&version) => version,
            None => self.index.version_of(key).unwrap_or(0),
        }
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
