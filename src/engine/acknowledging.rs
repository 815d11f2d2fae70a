//! Acknowledgements that become durable in the frame of a batch.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::wal::consumers::Consumers;

/// A consumer that a batch of a group acknowledges for.
#[derive(Debug, Clone)]
pub(super) struct Acknowledgement {
    /// The place of the batch's first operation in the group.
    pub(super) at: usize,
    pub(super) name: Arc<str>,
    pub(super) sequence: u64,
}

/// The positions of the consumers as they will be when the batches that were accepted so far are done.
#[derive(Debug)]
pub(super) struct Positions {
    consumers: Arc<Consumers>,
    /// The last sequence that can be acknowledged.
    readable: u64,
    changed: bool,
}

impl Positions {
    pub(super) fn new(consumers: Arc<Consumers>, readable: u64) -> Self {
        Self { consumers, readable, changed: false }
    }

    pub(super) fn check(&self, acknowledgement: &Acknowledgement) -> Result<()> {
        let Acknowledgement { name, sequence, .. } = acknowledgement;
        check_position(&self.consumers, name, *sequence, self.readable)?;
        Ok(())
    }

    /// The batch of this acknowledgement is accepted.
    pub(super) fn take(&mut self, acknowledgement: &Acknowledgement) {
        let Acknowledgement { name, sequence, .. } = acknowledgement;
        if self.consumers.get(name) != Some(*sequence) {
            Arc::make_mut(&mut self.consumers).set(name, *sequence);
            self.changed = true;
        }
    }

    /// What is to be stored, if any position is another now.
    pub(super) fn changed(self) -> Option<Consumers> {
        self.changed.then(|| Arc::unwrap_or_clone(self.consumers))
    }
}

/// The position of a consumer, unless it cannot acknowledge this sequence.
pub(super) fn check_position(
    consumers: &Consumers,
    name: &str,
    sequence: u64,
    readable: u64,
) -> Result<u64> {
    let position = consumers.get(name).ok_or_else(|| unknown(name))?;
    if sequence < position || sequence > readable {
        let name = name.to_owned();
        return Err(Error::NotAcknowledgeable { name, position, readable, sequence });
    }
    Ok(position)
}

pub(super) fn unknown(name: &str) -> Error {
    Error::UnknownConsumer { name: name.to_owned() }
}
