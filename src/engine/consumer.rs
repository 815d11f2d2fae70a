//! A named reader of the history whose position the log keeps.

use std::sync::Arc;

use super::acknowledging::{check_position, unknown};
use super::core::Core;
use super::history::{Operations, check_since};
use super::locked::locked;
use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::wal::consumers::Consumers;

/// A named reader of the history, such as the outbox of a sync engine. No compaction drops what it has
/// not acknowledged.
#[derive(Debug)]
pub struct Consumer {
    core: Arc<Core>,
    name: String,
    /// The last sequence that was read through this value.
    read: Arc<AtomicU64>,
}

impl Consumer {
    /// The consumer called `name`. A new one is stored, at `since`.
    pub(super) fn open(core: &Arc<Core>, name: &str, since: u64) -> Result<Self> {
        let mut log = locked(&core.log);
        let writer = log.writer()?;
        let position = if let Some(position) = writer.consumers().get(name) {
            position
        } else {
            check_name(name)?;
            if writer.consumers().len() == Consumers::MAX_COUNT {
                let reason = format!("a log has at most {} consumers", Consumers::MAX_COUNT);
                return Err(Error::InvalidArgument { reason });
            }
            let (floor, last) = (writer.header().base_sequence, writer.last_sequence());
            check_since(writer.path(), since, floor, last)?;
            let mut consumers = Consumers::clone(writer.consumers());
            consumers.set(name, since);
            let stored = writer.set_consumers(consumers);
            core.publish(&log);
            stored?;
            since
        };
        let read = Arc::new(AtomicU64::new(position));
        Ok(Self { core: Arc::clone(core), name: name.to_owned(), read })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sequence up to which everything is acknowledged.
    pub fn position(&self) -> Result<u64> {
        let mut log = locked(&self.core.log);
        log.writer()?.consumers().get(&self.name).ok_or_else(|| unknown(&self.name))
    }

    /// The operations after the position. With `follow` the iteration waits for more at the end.
    pub fn operations(&self, follow: bool) -> Result<Unacknowledged> {
        let operations = Operations::since(&self.core, self.position()?, follow)?;
        Ok(Unacknowledged { operations, read: Arc::clone(&self.read) })
    }

    /// Stores that nothing up to `sequence` is needed any longer; it must have been read before.
    pub fn acknowledge(&self, sequence: u64) -> Result<()> {
        let read = self.read.load(Ordering::Acquire);
        if sequence > read {
            let reason = format!(
                "consumer {:?} acknowledges sequence {sequence}, but has read only up to {read}",
                self.name
            );
            return Err(Error::InvalidArgument { reason });
        }
        acknowledge(&self.core, &self.name, sequence)
    }
}

/// Stores the position of a consumer; the caller knows what was read.
pub(super) fn acknowledge(core: &Core, name: &str, sequence: u64) -> Result<()> {
    let mut log = locked(&core.log);
    let writer = log.writer()?;
    // The acknowledging frame also secures what was replayed before it.
    let readable = core.announcements.readable();
    let position = check_position(writer.consumers(), name, sequence, readable)?;
    if sequence == position {
        return Ok(());
    }
    let mut consumers = Consumers::clone(writer.consumers());
    consumers.set(name, sequence);
    let stored = writer.set_consumers(consumers);
    core.publish(&log);
    stored
}

/// Forgets a consumer and what it holds back.
pub(super) fn remove(core: &Core, name: &str) -> Result<()> {
    let mut log = locked(&core.log);
    let writer = log.writer()?;
    let mut consumers = Consumers::clone(writer.consumers());
    if !consumers.remove(name) {
        return Err(unknown(name));
    }
    let stored = writer.set_consumers(consumers);
    core.publish(&log);
    stored
}

fn check_name(name: &str) -> Result<()> {
    if Consumers::is_name(name) {
        return Ok(());
    }
    let reason = format!("the name of a consumer has 1 to {} bytes", Consumers::MAX_NAME_LEN);
    Err(Error::InvalidArgument { reason })
}

/// The operations that a consumer has not acknowledged yet, one by one.
#[derive(Debug)]
pub struct Unacknowledged {
    operations: Operations,
    read: Arc<AtomicU64>,
}

impl Iterator for Unacknowledged {
    type Item = <Operations as Iterator>::Item;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.operations.next();
        if let Some(Ok(operation)) = &next {
            self.read.fetch_max(operation.sequence, Ordering::AcqRel);
        }
        next
    }
}
