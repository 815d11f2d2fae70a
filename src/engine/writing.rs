//! Puts, removes and batches, each as a commit group.

use super::compaction::compact_if_due;
use super::group::Group;
use super::indexing::index_if_due;
use super::newer::IfNewer;
use super::outcome::{
    ApplyResult, BatchResult, GroupOutcome, Outcome, PutResult, RemoveResult, WriteResult,
};
use super::paging::fold_if_due;
use super::store::StoreEngine;
use super::sweeping::sweep_if_due;
use super::write::Write;
use crate::error::{Error, Result};
use crate::operation::{Operation, OperationRef};
use crate::types::{Key, Value};

impl StoreEngine {
    /// Writes or replaces the value of a key.
    pub fn put(&self, key: &Key, value: &Value) -> Result<PutResult> {
        self.put_if(key, value, None)
    }

    /// [`put`](Self::put), done only if the entry has this version; 0 means that the key must be
    /// missing.
    pub fn put_if(&self, key: &Key, value: &Value, if_version: Option<u64>) -> Result<PutResult> {
        let mut group = Group::new();
        group.put(key.as_str(), value.as_bytes(), if_version)?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(put_result(key, outcome, version))
    }

    /// [`put`](Self::put) of an entry that expires at `expires_at`, milliseconds since the Unix epoch: from then on it is not
    /// read and not scanned, and conditions treat it as missing. A time that has passed already is accepted. A
    /// [sweep](Self::sweep) removes it.
    ///
    /// ```
    /// use softadastra_store::{Key, StoreConfig, StoreEngine, Value};
    ///
    /// # fn main() -> softadastra_store::Result<()> {
    /// let store = StoreEngine::open(StoreConfig::memory_only())?;
    /// let (key, value) = (Key::new("session:1")?, Value::from_string("Ada"));
    /// store.put_until(&key, &value, 253_370_764_800_000)?;
    /// assert_eq!(store.get(&key)?.and_then(|entry| entry.expires_at), Some(253_370_764_800_000));
    /// store.put_until(&key, &value, 1)?;
    /// assert_eq!(store.get(&key)?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_until(&self, key: &Key, value: &Value, expires_at: i64) -> Result<PutResult> {
        let mut group = Group::new();
        group.put_until(key.as_str(), value.as_bytes(), None, Some(expires_at))?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(put_result(key, outcome, version))
    }

    /// Removes a key. A missing key is not an error.
    pub fn remove(&self, key: &Key) -> Result<RemoveResult> {
        self.remove_if(key, None)
    }

    /// [`remove`](Self::remove), done only if the entry has this version.
    pub fn remove_if(&self, key: &Key, if_version: Option<u64>) -> Result<RemoveResult> {
        let mut group = Group::new();
        group.remove(key.as_str(), if_version)?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(remove_result(key, outcome, version))
    }

    /// Does all of the writes or none of them, in memory and across a crash.
    pub fn batch(&self, writes: &[Write]) -> Result<BatchResult> {
        let mut group = Group::new();
        group.begin_batch();
        for write in writes {
            match write {
                Write::Put { key, value, if_version, expires_at } => {
                    group.put_until(key.as_str(), value.as_bytes(), *if_version, *expires_at)?;
                }
                Write::Remove { key, if_version } => group.remove(key.as_str(), *if_version)?,
            }
        }
        let outcome = refused_as_error(self.commit(&mut group)?)?;
        let results = writes.iter().zip(&outcome.outcomes).zip(outcome.first_sequence..);
        let results = results.map(|((write, &outcome), version)| match write {
            Write::Put { key, .. } => WriteResult::Put(put_result(key, outcome, version)),
            Write::Remove { key, .. } => WriteResult::Remove(remove_result(key, outcome, version)),
        });
        Ok(BatchResult { results: results.collect() })
    }

    /// Applies an operation from elsewhere. It is logged like any other and gets its own
    /// sequence here; its timestamp is kept.
    pub fn apply(&self, operation: &Operation) -> Result<ApplyResult> {
        self.apply_if(operation, None)
    }

    /// [`apply`](Self::apply), done only if the entry has this version; 0 means that the key must be missing.
    pub fn apply_if(&self, operation: &Operation, if_version: Option<u64>) -> Result<ApplyResult> {
        let mut group = Group::new();
        group.apply(OperationRef::from(operation), if_version)?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(apply_result(operation, outcome, version))
    }

    /// [`apply`](Self::apply) of all of the operations or none of them, in memory and across a crash.
    pub fn apply_batch(&self, operations: &[Operation]) -> Result<Vec<ApplyResult>> {
        self.apply_all(operations, Group::new())
    }

    /// [`apply_batch`](Self::apply_batch) that also stores, in the same frame, that a consumer needs nothing up to `sequence` any
    /// longer: after a crash there is both or neither. It cannot know what was read.
    pub fn apply_batch_acknowledging(
        &self,
        operations: &[Operation],
        consumer: &str,
        sequence: u64,
    ) -> Result<Vec<ApplyResult>> {
        if operations.is_empty() {
            return self.acknowledge(consumer, sequence).map(|()| Vec::new());
        }
        let mut group = Group::new();
        group.begin_batch();
        group.acknowledge(consumer, sequence);
        self.apply_all(operations, group)
    }

    /// [`apply`](Self::apply), done only if the operation is newer than what its key has.
    ///
    /// ```
    /// use softadastra_store::{IfNewer, Key, Operation, StoreConfig, StoreEngine, Value};
    ///
    /// # fn main() -> softadastra_store::Result<()> {
    /// let store = StoreEngine::open(StoreConfig::memory_only())?;
    /// let key = Key::new("user:1")?;
    /// let put = Operation::put(key.clone(), Value::from_string("of node 7"));
    /// assert!(store.apply_newer(&put, IfNewer::of(7))?.applied);
    /// // It comes again, and then one of the same millisecond.
    /// assert!(!store.apply_newer(&put, IfNewer::of(7))?.applied);
    /// let other = Operation { value: Value::from_string("of node 8"), ..put };
    /// assert!(store.apply_newer(&other, IfNewer::of(8))?.applied);
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply_newer(&self, operation: &Operation, if_newer: IfNewer) -> Result<ApplyResult> {
        let mut group = Group::new();
        group.apply_newer(OperationRef::from(operation), if_newer)?;
        let (outcome, version) = self.commit_one(&mut group)?;
        Ok(apply_result(operation, outcome, version))
    }

    /// [`apply_newer`](Self::apply_newer) of each of the operations, atomically: those that are newer are done, or an error says
    /// why none is. The position of a consumer is stored in the same frame, also if no operation is newer.
    pub fn apply_batch_newer(
        &self,
        operations: &[(Operation, IfNewer)],
        acknowledge: Option<(&str, u64)>,
    ) -> Result<Vec<ApplyResult>> {
        let mut group = Group::new();
        group.begin_batch();
        match acknowledge {
            Some((consumer, sequence)) if operations.is_empty() => {
                return self.acknowledge(consumer, sequence).map(|()| Vec::new());
            }
            Some((consumer, sequence)) => group.acknowledge(consumer, sequence),
            None => {}
        }
        for (operation, if_newer) in operations {
            group.apply_newer(OperationRef::from(operation), *if_newer)?;
        }
        let outcome = refused_as_error(self.commit(&mut group)?)?;
        let mut version = outcome.first_sequence;
        let results = operations.iter().zip(&outcome.outcomes).map(|((operation, _), &outcome)| {
            let result = apply_result(operation, outcome, version);
            version += u64::from(outcome.is_accepted());
            result
        });
        Ok(results.collect())
    }

    fn apply_all(&self, operations: &[Operation], mut group: Group) -> Result<Vec<ApplyResult>> {
        group.begin_batch();
        for operation in operations {
            group.apply(OperationRef::from(operation), None)?;
        }
        let outcome = refused_as_error(self.commit(&mut group)?)?;
        let results = operations.iter().zip(&outcome.outcomes).zip(outcome.first_sequence..);
        let results = results
            .map(|((operation, &outcome), version)| apply_result(operation, outcome, version));
        Ok(results.collect())
    }

    /// Makes a group durable and then visible, and leaves it empty.
    ///
    /// The call blocks on the disk. Groups of several threads that arrive while one is being
    /// written become one frame: whoever gets the log next writes for all who wait.
    ///
    /// An error is the fate of the whole group. Refused conditions are part of the outcome.
    pub fn commit(&self, group: &mut Group) -> Result<GroupOutcome> {
        let outcome = self.core.commit(group);
        compact_if_due(&self.core);
        index_if_due(&self.core);
        fold_if_due(&self.core);
        sweep_if_due(&self.core);
        outcome
    }

    /// [`commit`](Self::commit) of a small group to a store in memory, for a caller that must not be held up. Nothing is done, and
    /// the group stays as it is, in any other case and when somebody else has the log.
    pub fn commit_quickly(&self, group: &mut Group) -> Option<Result<GroupOutcome>> {
        let outcome = self.core.commit_quickly(group)?;
        compact_if_due(&self.core);
        index_if_due(&self.core);
        sweep_if_due(&self.core);
        Some(outcome)
    }

    fn commit_one(&self, group: &mut Group) -> Result<(Outcome, u64)> {
        let outcome = refused_as_error(self.commit(group)?)?;
        let first = outcome.outcomes.first().copied();
        let first = first.ok_or(Error::Internal { reason: "a commit without an outcome" })?;
        Ok((first, outcome.first_sequence))
    }
}

fn refused_as_error(outcome: GroupOutcome) -> Result<GroupOutcome> {
    match outcome.refusals.first() {
        Some(refusal) => Err(refusal.error.clone()),
        None => Ok(outcome),
    }
}

fn put_result(key: &Key, outcome: Outcome, version: u64) -> PutResult {
    let created = outcome == Outcome::Created;
    PutResult { key: key.clone(), version, created, updated: !created }
}

fn remove_result(key: &Key, outcome: Outcome, version: u64) -> RemoveResult {
    RemoveResult { key: key.clone(), version, deleted: outcome == Outcome::Deleted }
}

fn apply_result(operation: &Operation, outcome: Outcome, version: u64) -> ApplyResult {
    let applied = outcome.is_accepted();
    ApplyResult {
        kind: operation.kind,
        key: operation.key.clone(),
        version: if applied { version } else { 0 },
        applied,
        created: outcome == Outcome::Created,
        updated: outcome == Outcome::Updated,
        deleted: outcome == Outcome::Deleted,
    }
}
