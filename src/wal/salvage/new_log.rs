//! A log made of frames of a damaged one.

use std::path::Path;

use super::super::consumers::Consumers;
use super::super::format::{FRAME_HEADER_LEN, FileHeader, FrameKind};
use super::super::held::take_lock;
use super::super::path::LogPath;
use super::super::position::Position;
use super::super::reader::LogReader;
use super::super::rewrite::Rewrite;
use super::super::tail::{Tail, judge};
use crate::control::Steps;
use crate::error::{Error, Result};
use crate::storage::{PathKind, Protection, Storage, StorageFile, StorageLock};

/// A log that is being written. It gets its name when it is complete.
pub(super) struct NewLog<'s> {
    rewrite: Rewrite<'s>,
    _lock: Box<dyn StorageLock>,
}

impl<'s> NewLog<'s> {
    /// An empty log for the frames from `position` on.
    pub(super) fn begin(
        storage: &'s dyn Storage,
        path: &LogPath,
        position: &Position,
        like: &Protection,
    ) -> Result<Self> {
        let lock = take_lock(storage, path, like)?;
        let salt = storage.random();
        let base_sequence = position.last_sequence;
        let has_checkpoint = position.in_checkpoint;
        let header = FileHeader { salt, generation: 1, base_sequence, has_checkpoint };
        let rewrite = Rewrite::begin(storage, path.clone(), header, like)?;
        Ok(Self { rewrite, _lock: lock })
    }

    /// Copies frames as long as they are valid, and says what is wrong after them.
    pub(super) fn take_frames(
        &mut self,
        reader: &mut LogReader<'_>,
        file: &dyn StorageFile,
        steps: &mut Steps<'_>,
    ) -> Result<Option<String>> {
        loop {
            let at = reader.position().offset;
            match reader.next_frame(&mut |_| {}) {
                Ok(true) => {
                    self.rewrite.add_frame(reader, file, at)?;
                    steps.add(reader.position().offset - at)?;
                }
                Ok(false) => break,
                Err(Error::OperationDecodingFailed { sequence, offset, source, .. }) => {
                    let place = format!("sequence {sequence}, byte {offset}");
                    return Ok(Some(format!("no operation can be decoded at {place}: {source}")));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(match judge(reader)? {
            Tail::Clean => None,
            Tail::Torn { .. } => Some("an interrupted write".into()),
            Tail::Corrupt { reason } => Some(reason),
        })
    }

    /// Seals the log, makes it durable and gives it its name. A checkpoint that was cut off ends here.
    pub(super) fn finish(mut self, consumers: &Consumers) -> Result<()> {
        if self.rewrite.position().in_checkpoint {
            let end = FrameKind::Checkpoint { last: true };
            self.rewrite.add_part(&mut vec![0; FRAME_HEADER_LEN], end, 0)?;
        }
        self.rewrite.set_consumers(consumers.clone())?;
        self.rewrite.seal()?;
        self.rewrite.name()?;
        self.rewrite.secure_name()
    }
}

pub(super) fn refuse_to_replace(storage: &dyn Storage, path: &Path) -> Result<()> {
    let kind = storage.kind(path).map_err(|error| Error::io(path, "look at the path", error))?;
    let link =
        storage.link_target(path).map_err(|error| Error::io(path, "read the link", error))?;
    if (kind == PathKind::Missing && link.is_none()) || bug!(SalvageReplaces) {
        return Ok(());
    }
    let reason = format!("salvage replaces no file: {}", path.display());
    Err(Error::InvalidArgument { reason })
}
