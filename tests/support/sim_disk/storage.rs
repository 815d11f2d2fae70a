//! The disk as the store uses it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};

use softadastra_store::storage::{
    Access, LockError, LockOwner, PathKind, Protection, Storage, StorageFile, StorageFolder,
    StorageLock,
};

use super::{Call, SimDisk, State, is_hint};
use crate::support::image::Change;
use crate::support::random::Random;

impl Storage for SimDisk {
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        let state = if is_hint(path) { self.enter_hint()? } else { self.enter(Call::Look)? };
        Ok(if state.contents.names.contains_key(path) {
            PathKind::File
        } else if path == Path::new("/") {
            PathKind::Directory
        } else {
            PathKind::Missing
        })
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.into())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn StorageFile>> {
        let mut state = if is_hint(path) { self.enter_hint()? } else { self.enter(Call::Open)? };
        let inode = state.find(path, access)?;
        Ok(Box::new(self.file(path, inode, false)))
    }

    fn open_alone(&self, path: &Path, access: Access) -> Result<Box<dyn StorageFile>, LockError> {
        let entered = if is_hint(path) { self.enter_hint() } else { self.enter(Call::Open) };
        let mut state = entered.map_err(LockError::Io)?;
        let inode = state.find(path, access).map_err(LockError::Io)?;
        if state.held.contains(&inode) {
            return Err(LockError::Held { owner: LockOwner::Unknown });
        }
        state.held.push(inode);
        Ok(Box::new(self.file(path, inode, true)))
    }

    fn create(&self, path: &Path, _like: &Protection) -> io::Result<Box<dyn StorageFile>> {
        let hook = self.state().on_create.take_if(|(awaited, _)| awaited == path);
        if let Some((_, hook)) = hook {
            (hook.0)();
        }
        self.open_alone(path, Access::Create).map_err(|error| match error {
            LockError::Io(error) => error,
            LockError::Held { .. } => io::ErrorKind::WouldBlock.into(),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.enter(Call::Rename)?.contents.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.enter(Call::Remove)?.remove(path)
    }

    fn folder(&self, _path: &Path) -> io::Result<Box<dyn StorageFolder>> {
        drop(self.enter(Call::OpenFolder)?);
        Ok(Box::new(SimFolder(self.clone())))
    }

    fn lock(&self, path: &Path, _like: &Protection) -> Result<Box<dyn StorageLock>, LockError> {
        let mut state = self.enter(Call::Lock).map_err(LockError::Io)?;
        if state.locks.iter().any(|held| held == path) {
            return Err(LockError::Held { owner: LockOwner::Unknown });
        }
        state.locks.push(path.into());
        Ok(Box::new(SimLock { disk: self.clone(), path: path.into() }))
    }

    fn now(&self) -> i64 {
        let mut state = self.state();
        let now = state.now;
        state.shown.take().unwrap_or(now)
    }

    /// The salt that was set, then others that follow from it.
    fn random(&self) -> u64 {
        let mut state = self.state();
        let salt = state.salt;
        state.salt = Random::new(salt).next();
        salt
    }
}

impl SimDisk {
    fn file(&self, path: &Path, inode: usize, alone: bool) -> SimFile {
        SimFile { disk: self.clone(), inode, alone: alone.into(), is_hint: is_hint(path) }
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    path: PathBuf,
}

impl StorageLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.state().locks.retain(|held| *held != self.path);
    }
}

#[derive(Debug)]
struct SimFolder(SimDisk);

impl StorageFolder for SimFolder {
    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.enter(Call::SyncDir)?;
        match state.faults.folder_syncs_fail {
            Some(kind) => Err(kind.into()),
            None if state.faults.names_go_with_files => Ok(()),
            None => {
                state.contents.sync_names();
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    inode: usize,
    alone: AtomicBool,
    is_hint: bool,
}

impl SimFile {
    fn enter(&self, call: Call) -> io::Result<MutexGuard<'_, State>> {
        if self.is_hint { self.disk.enter_hint() } else { self.disk.enter(call) }
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.release();
    }
}

impl StorageFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.enter(Call::Look)?.inode(self.inode).now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.enter(Call::Read)?;
        let choppy = state.faults.choppy;
        if state.faults.is_unreadable(self.inode, offset as usize, buffer.len()) {
            return Err(io::Error::other("the sector is worn out"));
        }
        let data = &state.inode(self.inode).now;
        let from = (offset as usize).min(data.len());
        let count = buffer.len().min(data.len() - from);
        let count = if choppy { count.div_ceil(2) } else { count };
        buffer[..count].copy_from_slice(&data[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.enter(Call::Write)?;
        if self.is_hint {
            let change = Change::Write { offset: offset as usize, bytes: bytes.into() };
            state.inode(self.inode).change(change);
            return Ok(bytes.len());
        }
        let number = state.calls.len() - 1;
        let short = state.faults.cuts_short(number) || state.faults.choppy;
        let bytes = if short { &bytes[..bytes.len().div_ceil(2)] } else { bytes };
        let offset = offset as usize;
        let spoils = state.faults.spoils(number);
        let end = state.inode(self.inode).now.len();
        let bytes = &bytes[..state.faults.take_room(end, offset, bytes.len())?];
        let inode = state.inode(self.inode);
        let mut stored = bytes.to_vec();
        if spoils && let Some(byte) = stored.last_mut() {
            *byte ^= 0x10;
        }
        inode.change(Change::Write { offset, bytes: stored.into() });
        Ok(bytes.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.enter(Call::SetLen)?;
        state.resize(self.inode, len as usize);
        Ok(())
    }

    fn sync_name(&self) -> io::Result<()> {
        if self.disk.state().faults.names_go_with_files {
            self.disk.enter(Call::SyncDir)?.contents.sync_names();
        }
        Ok(())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let state = self.enter(Call::Look)?;
        Ok(state.contents.names.get(path) == Some(&self.inode))
    }

    fn release(&self) {
        if self.alone.swap(false, Ordering::AcqRel) {
            self.disk.state().held.retain(|held| *held != self.inode);
        }
    }

    /// A failed sync writes some of the dirty pages and drops the others: reads still show all of them,
    /// no later sync writes any.
    fn sync(&self) -> io::Result<()> {
        match self.disk.enter(Call::Sync) {
            Ok(mut state) => {
                state.inode(self.inode).sync();
                Ok(())
            }
            Err(error) => {
                let mut state = self.disk.state();
                if !state.stopped() {
                    let mut random = Random::new(state.salt ^ state.calls.len() as u64);
                    state.inode(self.inode).fail_sync(&mut random);
                    state.changed = true;
                }
                Err(error)
            }
        }
    }
}
