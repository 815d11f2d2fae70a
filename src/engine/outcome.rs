//! What the calls of a store return.

use crate::wal::followed::Gone;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::operation::OperationType;
use crate::types::Key;

/// What a put did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutResult {
    /// The key.
    pub key: Key,
    /// The version of the entry now.
    pub version: u64,
    /// Whether the key was missing before.
    pub created: bool,
    /// Whether an entry was replaced.
    pub updated: bool,
}

/// What a remove did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveResult {
    /// The key.
    pub key: Key,
    /// The sequence of the remove operation.
    pub version: u64,
    /// Whether there was an entry to remove.
    pub deleted: bool,
}

/// What applying an operation from elsewhere did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what callers ask about")]
pub struct ApplyResult {
    /// The kind of the operation.
    pub kind: OperationType,
    /// The key.
    pub key: Key,
    /// The sequence that the operation got in this store; 0 if it was not applied.
    pub version: u64,
    /// Whether it was; an operation that is not newer than what its key has was not, if that was the condition.
    pub applied: bool,
    /// Whether a put found the key missing.
    pub created: bool,
    /// Whether a put replaced an entry.
    pub updated: bool,
    /// Whether a delete found an entry.
    pub deleted: bool,
}

/// What one operation of a batch did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteResult {
    /// A put.
    Put(PutResult),
    /// A remove.
    Remove(RemoveResult),
}

/// What a batch did, operation by operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchResult {
    /// The results, in the order of the operations.
    pub results: Vec<WriteResult>,
}

/// What recovery found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecoveryReport {
    /// Entries that the checkpoint of the log held.
    pub checkpoint_entries: u64,
    /// Operations that were replayed: those after the checkpoint, or after what the index file covers.
    pub records: u64,
    /// Entries after that; nothing if that is unknown until the log is replayed.
    pub entries: Option<u64>,
    /// The sequence up to which the index file stands for the log; 0 when everything was replayed.
    pub indexed_sequence: u64,
    /// Bytes of the log that were not read yet, and that the replay that follows has to find sound.
    pub bytes_unverified: u64,
    /// Why the index file beside the log was of no use; nothing if it was of use, or there was none.
    pub index_failure: Option<String>,
    /// The sequence of the last operation.
    pub last_sequence: u64,
    /// Bytes of the log that are valid.
    pub bytes_kept: u64,
    /// Bytes of an interrupted write that were cut off.
    pub bytes_cut: u64,
    /// Where those bytes were saved.
    pub cut_saved_to: Option<PathBuf>,
    /// How long it took.
    pub duration: Duration,
    /// Whether the log was created by this call.
    pub created: bool,
    /// Whether the log had been closed properly before, or was just made.
    pub clean_shutdown: bool,
}

/// Why a store that follows a log started anew from it, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// Why it did.
    pub reason: RestartReason,
    /// The sequence of the last operation that it showed before.
    pub before: u64,
    /// The sequence of the last one that it showed then.
    pub after: u64,
}

/// Why a store that follows a log started anew from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartReason {
    /// It was so far behind that a compaction has dropped the history that it would have read next.
    Checkpoint,
    /// The log has lost operations that it had, as those of a buffered store can be lost with the machine.
    Cut,
    /// Another log has the name, such as a backup.
    Replaced,
}

impl From<Gone> for RestartReason {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Checkpoint => Self::Checkpoint,
            Gone::Cut => Self::Cut,
            Gone::Other => Self::Replaced,
        }
    }
}

/// What a compaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactionReport {
    /// Bytes of the log when the compaction began.
    pub bytes_before: u64,
    /// Bytes of the log that took its place.
    pub bytes_after: u64,
    /// The history after this sequence is still there.
    pub floor: u64,
    /// How long it took.
    pub duration: Duration,
    /// For how long writers had to wait at the end.
    pub pause: Duration,
}

/// What one staged operation did. The binding hands on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// A put of a missing key.
    Created = 0,
    /// A put of an existing key.
    Updated = 1,
    /// A delete of an existing key.
    Deleted = 2,
    /// A delete of a missing key.
    Missing = 3,
    /// Not done: what its key has is as new or newer.
    Outdated = 4,
    /// Refused: its condition does not hold.
    Refused = 5,
    /// Refused because another operation of its batch was.
    RefusedWithBatch = 6,
}

impl Outcome {
    /// Whether the operation took a sequence.
    pub const fn is_accepted(self) -> bool {
        !matches!(self, Self::Outdated | Self::Refused | Self::RefusedWithBatch)
    }
}

/// Why one operation of a group was refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Which operation, counted in the order of staging.
    pub index: usize,
    /// The condition that does not hold.
    pub error: Error,
}

/// What a committed group did, operation by operation in the order of staging. The accepted ones
/// have consecutive sequences.
#[derive(Debug, Clone, Default)]
pub struct GroupOutcome {
    /// The sequence of the first accepted operation.
    pub first_sequence: u64,
    /// What each operation did.
    pub outcomes: Vec<Outcome>,
    /// The conditions that did not hold.
    pub refusals: Vec<Refusal>,
}
