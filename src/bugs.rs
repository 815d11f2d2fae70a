//! Deliberate bugs, to see that the tests catch them.
//!
//! A build with the feature `seeded-bugs` makes the one mistake that the environment variable
//! `SEEDED_BUG` names. `npm run seeded-bugs` turns on each in turn and expects a test to fail. In every
//! other build `bug!` expands to `false` and this list does not exist.

#[cfg(not(feature = "seeded-bugs"))]
macro_rules! bug {
    ($name:ident) => {
        false
    };
    ($name:ident, $code:expr) => {};
}

/// Whether the code makes this mistake; a second argument is the mistake itself.
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

    use crate::operation::record_len;
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
        /// A frame vouches for itself although nothing has made it durable yet.
        DurableFrameTooHigh,

        // Failed writes.
        /// After a short write the log goes on at the end of the file, as in append mode.
        AppendModeAfterShortWrite,
        /// A failed write is not taken back.
        NoCutBack,
        /// A failed write is taken back, but a crash can undo that.
        CutBackNotSynced,
        /// What is cut off stays in its blocks, which may come back.
        CutBytesComeBack,
        /// A failed group uses up its sequences.
        SequenceLostOnFailure,
        /// A partial write counts as a complete one.
        ShortWriteBelieved,
        /// A partial read counts as the end of the file.
        ShortReadBelieved,
        /// A disk without room for a full step of zeroed space refuses writes that would fit.
        NoSmallerStep,
        /// When a group fails, only the first of its waiting writers is told.
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
        /// Writers wait as long as someone else keeps the new log from getting its name.
        WritersWaitForName,
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
        /// A watcher hears of changes from before it began.
        WatchedFromBefore,
        /// Of an entry that came and went, a watcher that is far behind keeps the removal.
        VanishedEntriesKept,
        /// A watch goes on after a recovery, whatever that changed.
        RecoveryNotTold,
        /// A part of a frame that was whole once is believed, whatever it says now.
        ChangedPartBelieved,

        /// Compactions and backups overtake each other.
        QueueIgnored,

        // What a reader believes.
        /// The log is cut at the first frame that cannot be read, whatever frames follow.
        TruncateAtFirstBadFrame,
        /// Bytes after a damaged frame are not checked.
        BytesAfterIgnored,
        /// Any later frame counts as proof of damage, even if nothing was synced in between.
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
        /// The reserved ends of names are recognized in lower case only.
        ReservedCaseSeen,
        /// All logs have the same salt.
        NoSalt,
        /// A frame need not be chained to the one before it.
        ChainNotChecked,
        /// A record that cannot be decoded is skipped silently.
        UndecodableSkipped,

        // Recovery.
        /// An open that is refused still cuts the log.
        CutBeforeRefusing,
        /// The torn tail stays after the last frame.
        TornTailStays,
        /// What is cut off is not saved.
        CutNotSaved,
        /// What is cut off is saved, but not synced.
        CutCopyNotSynced,
        /// The log is cut while a crash can still lose the name of the copy.
        CutCopyNotNamed,
        /// What a failed sync may have left only in memory is not written again.
        NoRewrite,
        /// Zeros after the seal of a closed log are taken to be durable.
        SpaceAfterSealTrusted,
        /// What ends with a seal is taken to be durable.
        CleanEndTrusted,
        /// The history of a log is shown before what was replayed is durable.
        ReplayedHistoryShown,
        /// `flush` and `close` leave what was replayed as it was found.
        ReplayedNotFlushed,
        /// A partial copy of what is to be cut off stays when copying fails.
        CutCopyStays,
        /// Part of a seal that found no room stays.
        SealPartStays,
        /// Recovery exposes what it has not synced.
        RepairNotSynced,
        /// Versions start over when a log is opened.
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
        /// The state from before a recovery stays in memory.
        RecoveryKeepsOldState,
        /// The lock is on a file that is renamed.
        LockOnRenamedFile,
        /// Nothing is locked, neither the lock file nor the log itself.
        NoLock,
        /// The log itself is not locked: only its lock file keeps others out.
        FileNotHeld,
        /// A log that was removed or replaced is written to, and replaces what has its name.
        ReplacedLogTrusted,
        /// A recovery follows the links of the path again.
        LinksFollowedAnew,
        /// A dangling link is replaced by a new log.
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
        /// The state that replaces another takes over its sequence.
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

        // The index file.
        /// Blocks of the log are not compared with their checksums when they are read by the index file.
        BlocksNotChecked,
        /// Pages of an index file are believed whatever their checksums say.
        PagesNotChecked,
        /// The pages of one index file pass for those of another.
        PagesOfAllFilesAlike,
        /// A log that was cut and went on otherwise is read by the index file of before.
        IndexChainNotChecked,
        /// An index file leaves out what was changed by writes that a crash can take back.
        IndexAheadOfTheDisk,
        /// Entries that are newer than what an index file covers are written into it, with the place of another record.
        NewerEntriesIndexed,
        /// Blocks that the index file before had checksums of are summed again, as they are now.
        KnownBlocksSummedAnew,
        /// A damaged index file is in the way of the next one.
        BrokenIndexBuiltOn,
        /// Entries that were counted at another end of the log are believed.
        CountsOfAnotherTime,
        /// Consumers of before what the index file covers are not known.
        IndexedConsumersForgotten,

        // Before the log was replayed.
        /// An old entry takes the place of what was written since.
        OldEntryComesBack,
        /// A key that is removed before the log is replayed is still found through the index file.
        RemovedKeysForgotten,
        /// Keys that were written after what the index file covers are read before that is in memory.
        TailNotAwaited,
        /// A store is closed while a thread still reads the end of its log.
        ClosedWhileSettling,
        /// A store is closed while somebody reads its history, or an old entry from its log.
        ClosedWhileReading,
        /// Keys whose removal was replayed come back by the index file.
        ReplayedRemovesForgotten,
        /// Old entries are taken from an index file that has been replaced since they were looked up.
        EntriesOfAnotherFile,
        /// A damaged index file of a store that cannot do without is not made anew.
        DamagedIndexKept,
        /// A store that was closed while it was opened or became ready is open after that.
        ClosedStoreOpens,
        /// Writes are judged without the entries that only the index file knows.
        OldEntriesNotTakenIn,
        /// Entries that are taken into memory are counted there and in the log.
        TakenInCountedTwice,
        /// What was written while the log was replayed is gone after that.
        WarmWithoutCatchUp,
        /// The store goes on although the replay has found damage.
        LateDamageForgotten,

        // History.
        /// A batch that goes on in the next page is said to end with this one.
        BatchEndsWithPage,

        // Positions that come with a batch.
        /// The positions of consumers are written before the batch that they come with.
        PositionsInOtherFrame,
        /// Positions that come with a batch are gone after a restart.
        AttachedPositionsNotRead,
        /// Positions that came with a batch before what the index file covers are not known.
        AttachedPositionsNotIndexed,
        /// Consumers that were removed come back with operations that are copied.
        RemovedConsumersComeBack,

        // Expiry.
        /// What has expired is read.
        ExpiredRead,
        /// A condition meets an entry that has expired.
        ExpiredMeetsConditions,
        /// What was written again is removed because it had expired before.
        SweptUnexpired,
        /// After the clock was set back, what was to be removed never expires.
        SetBackForgotten,
        /// What there was no memory for is not looked for.
        HorizonForgotten,
        /// An entry that is brought into memory for a write never expires.
        TakenInForever,
        /// Watchers are not told that an entry went that had expired.
        ExpiredLeavesUntold,
        /// A compaction keeps entries for ever.
        CompactionForgetsExpiry,

        // Last writer wins.
        /// Of two operations of the same millisecond the one that comes last wins.
        TiesTaken,
        /// Of two operations of the same millisecond the one that comes first wins.
        TiesRefused,
        /// A write of this node can be older than what it replaces, so that other nodes refuse it.
        OwnWritesOutdated,
        /// Operations of one group are not compared with each other.
        TimesJudgedAlone,
        /// A compaction writes entries without their nodes.
        CompactionForgetsNodes,
        /// A replay does not read which node made an entry.
        NodesNotRead,
        // Removals that are remembered.
        /// An older write brings an entry back although its removal is remembered.
        TombstonesIgnored,
        /// Within one group a removal is forgotten at once.
        TombstonesJudgedLate,
        /// A removal counts for ever.
        TombstonesOutlived,
        /// A key that was written again keeps its tombstone.
        TombstonesOfEntriesKept,
        /// A compaction or backup drops the tombstones.
        CompactionForgetsTombstones,
        /// A compaction is due because of the tombstones that it would keep.
        TombstonesNotDue,
        /// The index file has no tombstones.
        TombstonesNotIndexed,
        /// What the log has after its index file leaves no tombstones.
        TombstonesOfTailForgotten,
        /// A batch of which nothing is newer leaves its consumer where it was.
        OutdatedAcknowledgesNothing,
        /// An operation of any time is accepted.
        ClocksUnbounded,

        // Salvage.
        /// A file at the new place is replaced.
        SalvageReplaces,
        /// What follows the damage is put after what comes before it.
        SalvageJoinsRuns,

        // Followers.
        /// Followers are shown a frame before it is synced.
        ShownBeforeSync,
        /// Followers show every whole frame that they find.
        EveryFrameIsSafe,
        /// What is read of a log for what is committed has every whole frame.
        EveryWholeFrameIsCommitted,
        /// A frame that only the mark speaks for is damage when it is not whole.
        MarkedFrameMustBeWhole,
        /// The mark for followers is believed although its checksum is wrong.
        MarkNotChecked,
        /// The mark is believed for whatever frame has its number and its place.
        MarkChainNotChecked,
        /// A compaction does not say that the new log has the history of the old one.
        RelativeNotTold,
        /// The relatives of a log are believed after it has lost frames.
        RelativesKeptForAnyLog,
        /// A follower goes on in any log that takes the place of the one that it followed.
        EveryLogIsRelated,
        /// A follower goes on in a compacted log that lacks what came next.
        GapNotSeen,
        /// A follower does not see that another log was copied over the one that it has open.
        OverwrittenLogTrusted,
        /// A follower does not see that the log has lost what it has shown.
        CutTailTrusted,
        /// A follower that starts anew keeps its entries.
        OldEntriesKept,
        /// A log that was overwritten before a follower had read all of it is taken for a damaged one.
        OverwrittenLogFails,
        /// The history is read on in the log that has replaced the one where it began.
        HistoriesMixed,
    }

    static CHOSEN: LazyLock<String> =
        LazyLock::new(|| std::env::var("SEEDED_BUG").unwrap_or_default());

    pub(crate) fn is_on(_: Bug, name: &str) -> bool {
        *CHOSEN == name
    }

    /// The first record of a frame as one frame, the rest as another; headers empty.
    pub(crate) fn split_frame(frame: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let body = frame.get(FRAME_HEADER_LEN..).unwrap_or_default();
        let first = record_len(body).unwrap_or(body.len());
        let with_header = |records: &[u8]| [&[0; FRAME_HEADER_LEN], records].concat();
        let (first, rest) = body.split_at(first);
        (with_header(first), with_header(rest))
    }
}
