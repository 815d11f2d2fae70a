//! Deliberate bugs, to see that the tests catch them.
//!
//! A build with the feature `seeded-bugs` makes the one mistake that the environment variable
//! `SEEDED_BUG` names. `npm run seeded-bugs` makes each in turn and wants a test to fail. In every
//! other build `bug!` is the word `false` and this list does not exist.

#[cfg(not(feature = "seeded-bugs"))]
macro_rules! bug {
    ($name:ident) => {
        false
    };
    ($name:ident, $code:expr) => {};
}

/// Whether the code makes this mistake; with a second argument, the mistake itself.
#[cfg(feature = "seeded-bugs")]
macro_rules! bug {
    ($name:ident) => {
        $crate::bugs::is_on($crate::bugs::Bug::$name, stringify!($name))
    };
    ($name:ident, $code:expr) => {
        if bug!($name) {
            $code;
        }
    };
}

#[cfg(feature = "seeded-bugs")]
pub(crate) use seeded::{Bug, is_on, split_frame};

#[cfg(feature = "seeded-bugs")]
mod seeded {
    use std::sync::LazyLock;

    use crate::operation::OperationDecoder;
    use crate::wal::format::FRAME_HEADER_LEN;

    /// Every mistake, and what it does to the store.
    #[derive(Debug, Clone, Copy)]
    pub(crate) enum Bug {
        // Syncs and their order.
        /// Nothing is ever synced.
        NoSync,
        /// A group is acknowledged first and synced with the next one.
        AckBeforeSync,
        /// The name of a new log is not made durable.
        NoFolderSync,
        /// A new log gets its name before its contents are durable.
        RenameBeforeSync,
        /// A failed sync is tried again, and success is believed.
        RetryFailedSync,
        /// A failed sync does not stop writing.
        NoPoison,
        /// The zeroed space ahead is written but not synced.
        ZerosNotSynced,
        /// `flush` of a buffered store does not reach the disk.
        FlushSkipped,
        /// The seal is not synced when the log is closed.
        SealNotSynced,
        /// A frame vouches for itself, which nothing has made durable yet.
        DurableFrameTooHigh,

        // Failed writes.
        /// After a short write the log goes on at the end of the file, as in append mode.
        AppendModeAfterShortWrite,
        /// A failed write is not taken back.
        NoCutBack,
        /// A failed write is taken back, but a crash can undo that.
        CutBackNotSynced,
        /// A failed group uses up its sequences.
        SequenceLostOnFailure,
        /// A write that took a part of the bytes counts as a whole one.
        ShortWriteBelieved,
        /// A read that gave a part of the bytes counts as the end of the file.
        ShortReadBelieved,
        /// A disk without room for a whole step ahead refuses writes that would fit.
        NoSmallerStep,
        /// When a group fails, only the first of those who wait for it are told.
        WaitersForgotten,

        // Compaction, backup and the history.
        /// The checkpoint takes entries that are newer than it, whose history follows in the log.
        CheckpointTooNew,
        /// A damaged checkpoint passes for an interrupted write.
        CheckpointMayBeTorn,
        /// A compaction drops history that a consumer has not acknowledged.
        ConsumersDoNotHold,
        /// The new log has the salt of the old one.
        CompactionKeepsSalt,
        /// The new log gets its name whatever is read back.
        RewriteNotVerified,
        /// The new log gets its name before all of it is durable.
        RewriteNotSynced,
        /// Writes go on in the new log before its name is durable.
        NewNameNotSecured,
        /// What was written while the entries were copied is left out.
        CatchUpForgotten,
        /// The new log knows no consumers.
        ConsumersForgotten,
        /// Followers are shown what is written but not durable.
        FollowersRunAhead,
        /// A part of a frame that was whole once is believed, whatever it says now.
        ChangedPartBelieved,

        /// Compactions and backups overtake each other.
        LineIgnored,

        // What a reader believes.
        /// The log is cut at the first frame that cannot be read, whatever frames follow.
        TruncateAtFirstBadFrame,
        /// Bytes after a damaged frame are not checked.
        BytesBehindIgnored,
        /// Any later frame counts as proof of damage, also when nothing was synced between.
        AnyLaterFrameIsProof,
        /// The length of a frame is not covered by a checksum.
        LengthNotCovered,
        /// The checksum of a frame header is not checked.
        FrameHeaderNotChecked,
        /// The checksum of a body is not checked.
        BodyNotChecked,
        /// Padding may hold anything.
        PaddingNotChecked,
        /// The checksum of the file header is not checked.
        FileHeaderNotChecked,
        /// All logs have the same salt.
        NoSalt,
        /// A frame need not be chained to the one before it.
        ChainNotChecked,
        /// A record that cannot be decoded is left out without a word.
        UndecodableSkipped,

        // Recovery.
        /// An open that is refused cuts the log all the same.
        CutBeforeRefusing,
        /// The torn tail stays after the last frame.
        TornTailStays,
        /// What is cut off is saved nowhere.
        CutNotSaved,
        /// What is cut off is saved, but not synced.
        CutCopyNotSynced,
        /// The log is cut while a crash can still lose the name of the copy.
        CutCopyNotNamed,
        /// What a failed sync may have left in memory alone is not written again.
        NoRewrite,
        /// Zeros after the seal of a closed log are taken for durable ones.
        SpaceBehindSealTrusted,
        /// What ends with a seal is taken for durable.
        CleanEndTrusted,
        /// The history of a log is shown before what was replayed is durable.
        ReplayedHistoryShown,
        /// `flush` and `close` leave what was replayed as it was found.
        ReplayedNotFlushed,
        /// A part of the copy of what is to be cut off stays when the copy fails.
        CutCopyStays,
        /// A part of a seal stays that found no room.
        SealPartStays,
        /// Recovery serves what it has not synced.
        RepairNotSynced,
        /// Versions begin anew when a log is opened.
        VersionReset,
        /// Removes are not replayed.
        RemovesForgotten,

        // The engine.
        /// A batch becomes two frames.
        SplitBatch,
        /// A group becomes visible before it is logged.
        ApplyBeforeLog,
        /// Conditions do not see the operations before them in the same group.
        ConditionsJudgedAlone,
        /// The state of before a recovery stays in memory.
        RecoveryKeepsOldState,
        /// The lock is on a file that is renamed.
        LockOnRenamedFile,
        /// Nothing is locked, neither the lock file nor the log itself.
        NoLock,
        /// The log itself is not held: only its lock file keeps others out.
        FileNotHeld,
        /// A log that was removed or replaced is written to, and replaces what has its name.
        ReplacedLogTrusted,
        /// A recovery follows the links of the path once more.
        LinksFollowedAnew,
        /// A link to nothing is replaced by a new log.
        DanglingLinkReplaced,
        /// Files made from a log are as readable as any.
        ModeForgotten,

        // What becomes visible, and memory.
        /// A batch of more than one step becomes visible in parts.
        BatchSeenInParts,
        /// Batches of any length are applied while readers wait.
        NothingAside,
        /// A step is applied although a snapshot was taken that makes it longer than planned.
        StaleStepApplied,
        /// The state that takes the place of another has its sequence.
        SwitchKeepsSequence,
        /// The state that was replaced is kept, so that later writes copy it.
        SwitchedStateKept,
        /// Long values are freed while readers wait.
        FreedUnderLock,
        /// Followers hear of a write before it is visible.
        AnnouncedBeforeVisible,
        /// What a snapshot holds stays after it was dropped.
        SnapshotNeverReleased,
        /// Memory that had an owner keeps what was in it.
        UsedMemoryNotZeroed,

        // Salvage.
        /// A file at the new place is replaced.
        SalvageReplaces,
        /// What follows the damage is put after what comes before it.
        SalvageJoinsRuns,
    }

    static CHOSEN: LazyLock<String> =
        LazyLock::new(|| std::env::var("SEEDED_BUG").unwrap_or_default());

    pub(crate) fn is_on(_: Bug, name: &str) -> bool {
        *CHOSEN == name
    }

    /// The first record of a frame as one frame, the rest as another; headers empty.
    pub(crate) fn split_frame(frame: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let body = frame.get(FRAME_HEADER_LEN..).unwrap_or_default();
        let first = OperationDecoder::encoded_len(body).unwrap_or(body.len());
        let with_header = |records: &[u8]| [&[0; FRAME_HEADER_LEN], records].concat();
        let (first, rest) = body.split_at(first);
        (with_header(first), with_header(rest))
    }
}
