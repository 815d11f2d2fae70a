//! Maintenance of a store: flush, compaction, backup, consumers, statistics.

use std::path::Path;

use super::backup::{BackupReport, backup};
use super::compaction::compact;
use super::consumer::{self, Consumer};
use super::core::Log;
use super::locked::locked;
use super::outcome::CompactionReport;
use super::queue::QueuePosition;
use super::stats::StoreStats;
use super::store::StoreEngine;
use crate::control::Control;
use crate::error::{Error, Result};

impl StoreEngine {
    /// Makes everything acknowledged so far durable, including by an earlier process. Does nothing if it already is.
    pub fn flush(&self) -> Result<()> {
        let mut log = locked(&self.core.log);
        let flushed = match &mut *log {
            Log::Memory { .. } => Ok(()),
            log => log.writer().and_then(|writer| {
                writer.flush()?;
                writer.check_name()
            }),
        };
        self.core.publish(&log);
        self.core.announce(&log);
        flushed
    }

    /// Rewrites the log without what nobody needs any longer: overwritten values, removed keys, history that
    /// every consumer has acknowledged. Reads and writes go on. Versions, timestamps and sequences stay.
    ///
    /// It waits for compactions and backups that were requested before. Until it is done, the disk holds both logs.
    /// If it fails, the old one stays as it is.
    pub fn compact(&self, control: &Control) -> Result<CompactionReport> {
        self.compact_at(&self.queue_up(), control)
    }

    /// [`compact`](Self::compact) from a position that was taken earlier.
    pub fn compact_at(
        &self,
        position: &QueuePosition,
        control: &Control,
    ) -> Result<CompactionReport> {
        compact(&self.core, position, control)
    }

    /// A position in the queue of compactions and backups, which are done one by one, in this order. It is for a caller
    /// that leaves the call itself to another thread.
    pub fn queue_up(&self) -> QueuePosition {
        self.core.rewriting.join()
    }

    /// Writes a copy of the store to `path`, where there must be no file, while writes go on. It holds one
    /// moment of the store, is read back after it was written, and gets its name when it is complete and
    /// durable. It is a log like any other, with the positions of the consumers.
    pub fn backup(&self, path: impl AsRef<Path>, control: &Control) -> Result<BackupReport> {
        self.backup_at(path, &self.queue_up(), control)
    }

    /// [`backup`](Self::backup) from a position that was taken earlier.
    pub fn backup_at(
        &self,
        path: impl AsRef<Path>,
        position: &QueuePosition,
        control: &Control,
    ) -> Result<BackupReport> {
        backup(&self.core, path.as_ref(), position, control)
    }

    /// The consumer called `name`, whose position the log keeps. A new one begins after the sequence `since`;
    /// a known one continues where it was, whatever `since` says.
    pub fn consumer(&self, name: &str, since: u64) -> Result<Consumer> {
        Consumer::open(&self.core, name, since)
    }

    /// Stores that a consumer no longer needs anything up to `sequence`. Unlike
    /// [`Consumer::acknowledge`] it cannot know what was read.
    pub fn acknowledge(&self, name: &str, sequence: u64) -> Result<()> {
        consumer::acknowledge(&self.core, name, sequence)
    }

    /// Forgets a consumer, so that it no longer holds back history.
    pub fn remove_consumer(&self, name: &str) -> Result<()> {
        consumer::remove(&self.core, name)
    }

    /// Statistics of the store; never waits for the disk.
    pub fn stats(&self) -> StoreStats {
        let core = &*self.core;
        let open = core.check_open().is_ok();
        // What is known of a tail: nobody waits for it here.
        let sizes = core.state.read_unless(
            |_| false,
            |state| {
                let memory = state.memory_bytes() as u64;
                let totals = state.totals();
                let (entries, bytes) =
                    (totals.map(|all| all.entries), totals.map(|all| all.live_bytes));
                Ok((entries, state.expiring(), bytes, memory, state.remembered()))
            },
        );
        let (entries, expiring_entries, live_bytes, memory_bytes, tombstones) =
            sizes.ok().filter(|_| open).unwrap_or((Some(0), Some(0), Some(0), 0, Some(0)));
        StoreStats {
            entries,
            expiring_entries,
            live_bytes,
            tombstones,
            memory_bytes,
            open,
            ready: core.is_warm() || (core.is_paging() && core.warming.is_verified()),
            warming: core.warming.progress(),
            indexed_sequence: core.indexing.known().map_or(0, |known| known.sequence),
            index_failure: core.indexing.failure(),
            snapshots: if open { core.snapshots() } else { 0 },
            watches: core.feed.watches(),
            compactions: core.rewriting.compactions(),
            last_compaction_error: core.rewriting.last_error(),
            rewriting: core.rewriting.progress(),
            restarts: core.following.restarts(),
            last_restart: core.following.last_restart(),
            follow_error: core.following.error(),
            ..core.figures()
        }
    }

    /// Why an automatic compaction first failed, reported once: the log grows until one succeeds.
    pub fn take_untold_failure(&self) -> Option<Error> {
        self.core.rewriting.take_untold()
    }
}
