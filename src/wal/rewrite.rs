//! A log made from another, under a temporary name until all of it is durable and verified.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use super::consumers::Consumers;
use super::folder::OpenFolder;
use super::format::{FRAME_HEADER_LEN, FileHeader, FrameKind};
use super::landmarks::Landmarks;
use super::path::LogPath;
use super::patience::{Patience, is_momentary, lasting};
use super::position::Position;
use super::reader::LogReader;
use super::writer::{LogWriter, Start};
use crate::error::{Error, Result};
use crate::operation::consumers_of;
use crate::storage::{Protection, Storage, StorageFile, read_full, write_full};

/// Bytes that are synced at a time.
const FLUSH_STEP: u64 = 8 << 20;

/// The log that is being written. It is written without syncs; [`seal`](Self::seal) makes it durable and
/// [`verify`](Self::verify) reads it back before it gets its name.
#[derive(Debug)]
pub struct Rewrite<'s> {
    path: LogPath,
    unnamed: Unnamed<'s>,
    /// Opened before the log gets its name, so that nothing is missing then.
    folder: OpenFolder,
    /// Whether the file system can tell that a name stands for an open file.
    is_known_by_name: bool,
    writer: LogWriter,
    /// Whether operations were copied that say where the consumers were.
    has_positions: bool,
    /// How far the log was read back and found to match what was written.
    verified: Position,
    /// How far it was synced.
    flushed: u64,
}

/// The file before it has its name; it is removed when the rewrite is given up.
#[derive(Debug)]
struct Unnamed<'s> {
    storage: &'s dyn Storage,
    path: PathBuf,
    is_named: bool,
}

impl Drop for Unnamed<'_> {
    fn drop(&mut self) {
        if !self.is_named {
            // If this fails too, the next opening of the log does it.
            let _ = self.storage.remove(&self.path);
        }
    }
}

impl<'s> Rewrite<'s> {
    /// An empty log that will get the name `path`, protected like the file that it is made from. The caller
    /// holds the lock for that name.
    pub fn begin(
        storage: &'s dyn Storage,
        path: LogPath,
        header: FileHeader,
        like: &Protection,
    ) -> Result<Self> {
        let folder = OpenFolder::open(storage, path.folder())?;
        let mut unnamed = Unnamed { storage, path: path.new_log(), is_named: true };
        let file = storage.create(&unnamed.path, like).and_then(|file| {
            unnamed.is_named = false;
            write_full(&*file, &header.encode(), 0)?;
            Ok(file)
        });
        let file = file.map_err(|error| Error::io(&unnamed.path, "create the new log", error))?;
        let is_known_by_name = file.is_at(&unnamed.path);
        let is_known_by_name = is_known_by_name
            .map_err(|error| Error::io(&unnamed.path, "look at the new log", error))?;
        let position = Position::first(&header);
        let start = Start {
            path: unnamed.path.clone(),
            header,
            position,
            landmarks: Landmarks::default(),
            consumers: Consumers::default(),
            // Nothing is reported as safe before the log has its name.
            synced: false,
            replayed: None,
            durable: None,
        };
        let writer = LogWriter::new(Arc::from(file), None, start);
        Ok(Self {
            path,
            unnamed,
            folder,
            is_known_by_name,
            writer,
            has_positions: false,
            verified: position,
            flushed: 0,
        })
    }

    /// How far the log is written.
    pub fn position(&self) -> Position {
        self.writer.position()
    }

    /// Adds entries or removals to the checkpoint. `frame` holds [`FRAME_HEADER_LEN`] bytes to fill in and then
    /// `count` records, each with its version before it.
    pub fn add_part(&mut self, frame: &mut Vec<u8>, kind: FrameKind, count: u32) -> Result<()> {
        self.writer.append_part(frame, kind, count)?;
        self.flush_in_steps()
    }

    /// Copies the operations that `reader` finds in `file` up to `end`.
    pub fn copy_history(
        &mut self,
        reader: &mut LogReader<'_>,
        file: &dyn StorageFile,
        end: &Position,
    ) -> Result<()> {
        reader.refresh()?;
        while reader.position().offset < end.offset {
            self.copy_frame(reader, file)?;
        }
        Ok(())
    }

    /// Copies the next frame if it holds operations.
    pub fn copy_frame(&mut self, reader: &mut LogReader<'_>, file: &dyn StorageFile) -> Result<()> {
        let at = reader.position().offset;
        if !reader.next_frame(&mut |_| {})? {
            return Err(Error::CorruptLog {
                path: reader.path().to_owned(),
                sequence: reader.position().last_sequence + 1,
                offset: at,
                reason: "a frame that was written can no longer be read".into(),
            });
        }
        self.add_frame(reader, file, at)
    }

    /// Adds the frame at `at`, which `reader` has just read, if it holds operations or entries.
    pub(super) fn add_frame(
        &mut self,
        reader: &mut LogReader<'_>,
        file: &dyn StorageFile,
        at: u64,
    ) -> Result<()> {
        let header = reader.header_at(at).map_err(|error| reader.failed(error))?;
        let Some((header, _)) = header else { return Ok(()) };
        if matches!(header.kind, FrameKind::Seal | FrameKind::Consumers) {
            return Ok(());
        }
        let mut frame = vec![0; FRAME_HEADER_LEN + header.body_len as usize];
        let body = frame.get_mut(FRAME_HEADER_LEN..).unwrap_or_default();
        let read = read_full(file, body, at + FRAME_HEADER_LEN as u64);
        read.map_err(|error| reader.failed(error))?;
        if header.kind.is_of_checkpoint() {
            self.writer.append_part(&mut frame, header.kind, header.count)?;
        } else {
            let first = frame.get(FRAME_HEADER_LEN..).unwrap_or_default();
            self.has_positions |= consumers_of(first).is_ok_and(|found| found.is_some());
            self.writer.append(&mut frame, header.count)?;
        }
        self.flush_in_steps()
    }

    /// Stores the positions of the consumers, and that there are none where the operations before know of some.
    pub fn set_consumers(&mut self, consumers: Consumers) -> Result<()> {
        let needs_none =
            consumers.is_empty() && (!self.has_positions || bug!(RemovedConsumersComeBack));
        if needs_none || bug!(ConsumersForgotten) {
            Ok(())
        } else {
            self.writer.set_consumers(consumers)
        }
    }

    /// Puts everything written so far on stable storage.
    pub fn flush(&mut self) -> Result<()> {
        self.flushed = self.writer.position().offset;
        self.writer.flush()
    }

    /// Flushes when much was written since the last time: one large sync would hold up the small ones of
    /// writers to the old log.
    fn flush_in_steps(&mut self) -> Result<()> {
        if self.writer.position().offset < self.flushed + FLUSH_STEP {
            return Ok(());
        }
        self.flush()
    }

    /// Ends the log with a seal and puts all of it on stable storage. The seal vouches for every frame
    /// before it, so that damage to any of them can be told from an interrupted write.
    pub fn seal(&mut self) -> Result<()> {
        bug!(RewriteNotSynced, return Ok(()));
        self.writer.seal_unnamed()
    }

    /// Reads back what was written since the last time and compares it by its checksums, which were taken
    /// in memory and are chained from frame to frame. `check` is asked now and then whether to go on.
    pub fn verify(&mut self, check: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let file = Arc::clone(self.writer.file());
        let end = self.writer.position();
        let (path, header) = (&self.unnamed.path, self.writer.header());
        let mut reader = LogReader::at(path, &*file, header, self.verified)?;
        let differs = |offset| Err(Error::RewriteDiffers { path: path.clone(), offset });
        match LogReader::new(path, &*file) {
            Ok(found) if found.header() == header => {}
            Err(error @ (Error::RecoveryFailed { .. } | Error::PermissionDenied { .. })) => {
                return Err(error);
            }
            _ => return differs(0),
        }
        while reader.position().offset < end.offset && reader.next_frame(&mut |_| {})? {
            check()?;
        }
        if *reader.position() != end && !bug!(RewriteNotVerified) {
            return differs(reader.position().offset);
        }
        self.verified = end;
        Ok(())
    }

    /// Gives the log its name, which no file may have yet. It is not durable before [`secure_name`](Self::secure_name).
    pub fn name(&mut self) -> Result<()> {
        let path = LogPath::resolve(self.unnamed.storage, self.path.log())?;
        if path.exists() || path.log() != self.path.log() {
            return Err(Error::FileExists { path: path.log().to_owned() });
        }
        self.rename_patiently()
    }

    /// Like [`name`](Self::name), in place of the log that `old` writes, if that still has its name. It returns the
    /// error of what may work a moment later rather than wait, since the caller holds up writers.
    pub fn replace(&mut self, old: &mut LogWriter) -> Result<Option<Error>> {
        old.secure_names(self.unnamed.storage)?;
        old.expect(self.writer.header());
        bug!(WritersWaitForName, return self.rename_patiently().map(|()| None));
        self.rename()
    }

    fn rename_patiently(&mut self) -> Result<()> {
        let mut patience = Patience::new();
        while let Some(error) = self.rename()? {
            if !patience.wait() {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Returns the error of what may work a moment later.
    fn rename(&mut self) -> Result<Option<Error>> {
        let log = self.path.log();
        let failed = |error| Error::io(log, "name the new log", error);
        let has_name = self.writer.file().is_at(&self.unnamed.path).map_err(failed)?;
        if self.is_known_by_name && !has_name {
            // The file there is not ours to remove.
            self.unnamed.is_named = true;
            return Err(Error::LogReplaced { path: self.unnamed.path.clone() });
        }
        match self.unnamed.storage.rename(&self.unnamed.path, log) {
            Ok(()) => {
                self.unnamed.is_named = true;
                Ok(None)
            }
            Err(error) if is_momentary(&error) => Ok(Some(failed(lasting(error)))),
            Err(error) if error.kind() == ErrorKind::ResourceBusy => {
                Err(Error::NotReplaceable { path: log.to_owned() })
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Makes the name durable.
    pub fn secure_name(&self) -> Result<()> {
        bug!(NewNameNotSecured, return Ok(()));
        self.folder.sync(&**self.writer.file())
    }

    /// The writer, to continue with.
    pub fn into_writer(self) -> LogWriter {
        self.writer
    }
}
