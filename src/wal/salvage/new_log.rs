//! A log that is made of frames of another one.

use std::path::PathBuf;

use super::super::checksum::Checksum;
use super::super::format::{FILE_HEADER_LEN, FRAME_HEADER_LEN, FileHeader};
use super::super::open::take_lock;
use super::super::path::LogPath;
use super::super::reader::{LogReader, Position};
use super::super::tail::{Tail, judge};
use super::super::writer::{LogWriter, Start};
use crate::error::{Error, Result};
use crate::storage::{Access, Storage, StorageFile, read_full, write_full};

/// A log that is being made. It gets its name when it is complete.
pub(super) struct NewLog<'p> {
    path: &'p LogPath,
    new: PathBuf,
    writer: LogWriter,
}

impl<'p> NewLog<'p> {
    /// An empty log whose first operation will follow on this sequence.
    pub(super) fn begin(
        storage: &dyn Storage,
        path: &'p LogPath,
        base_sequence: u64,
    ) -> Result<Self> {
        let lock = take_lock(storage, path)?;
        let new = path.new_log();
        let header = FileHeader { salt: storage.random(), generation: 1, base_sequence };
        let file = storage.open(&new, Access::Create).and_then(|file| {
            write_full(&*file, &header.encode(), 0)?;
            Ok(file)
        });
        let file = file.map_err(|error| Error::io(&new, "create the new log", error))?;
        let start = Start {
            path: new.clone(),
            checksum: Checksum::salted(header.salt),
            position: Position {
                offset: FILE_HEADER_LEN as u64,
                next_frame: 1,
                chain: header.chain(),
                last_sequence: base_sequence,
                sealed: false,
            },
            // One sync at the end is enough: nobody was told that anything is safe before.
            synced: false,
        };
        Ok(Self { path, new, writer: LogWriter::new(file, lock, start) })
    }

    /// Copies frames for as long as they are valid, and says what is wrong behind them.
    pub(super) fn take_frames(
        &mut self,
        reader: &mut LogReader<'_>,
        file: &dyn StorageFile,
    ) -> Result<Option<String>> {
        loop {
            let at = reader.position().offset;
            match reader.next_frame(&mut |_| {}) {
                Ok(true) => self.take_frame(reader, file, at)?,
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

    fn take_frame(
        &mut self,
        reader: &mut LogReader<'_>,
        file: &dyn StorageFile,
        at: u64,
    ) -> Result<()> {
        let failed = |error| Error::io(&self.new, "read the copy", error);
        let header = reader.header_at(at).map_err(failed)?;
        // A seal has no operations; the new log gets its own.
        let Some((header, _)) = header.filter(|(header, _)| header.count > 0) else {
            return Ok(());
        };
        let mut frame = vec![0; FRAME_HEADER_LEN + header.body_len as usize];
        let body = frame.get_mut(FRAME_HEADER_LEN..).unwrap_or_default();
        read_full(file, body, at + FRAME_HEADER_LEN as u64).map_err(failed)?;
        self.writer.append(&mut frame, header.count)
    }

    /// Seals the log, makes it durable and gives it its name.
    pub(super) fn finish(self, storage: &dyn Storage) -> Result<()> {
        self.writer.close()?;
        let named = storage.rename(&self.new, self.path.log());
        let named = named.and_then(|()| storage.sync_dir(self.path.folder()));
        named.map_err(|error| Error::io(self.path.log(), "name the new log", error))
    }
}
