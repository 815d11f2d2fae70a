//! What a simulated disk holds, and what a crash makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::random::Random;

const SECTOR: usize = 512;

/// Files and names, as they look and as they are on stable storage. Cheap to copy.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    pub inodes: Vec<Inode>,
    pub names: BTreeMap<PathBuf, usize>,
    pub durable_names: BTreeMap<PathBuf, usize>,
    /// The names after each change since the last sync of the folder.
    pub pending_names: Vec<BTreeMap<PathBuf, usize>>,
}

/// A file: what reads show, and what a crash cannot take any more.
#[derive(Debug, Clone, Default)]
pub struct Inode {
    pub now: Arc<Vec<u8>>,
    pub durable: Arc<Vec<u8>>,
    /// Writes and size changes since the last sync, in order.
    pub pending: Vec<Change>,
    /// The file before it was last made shorter. Its blocks are free, and may come back as they are.
    pub freed: Arc<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub enum Change {
    Write { offset: usize, bytes: Arc<[u8]> },
    SetLen(usize),
}

impl Contents {
    pub fn file(&self, path: &Path) -> Option<&[u8]> {
        self.names.get(path).map(|&inode| &self.inodes[inode].now[..])
    }

    pub fn make(&mut self, path: &Path) -> usize {
        self.inodes.push(Inode::default());
        let inode = self.inodes.len() - 1;
        self.names.insert(path.into(), inode);
        self.pending_names.push(self.names.clone());
        inode
    }

    pub fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.names.insert(to.into(), inode);
        self.pending_names.push(self.names.clone());
        Ok(())
    }

    pub fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        self.pending_names.push(self.names.clone());
        Ok(())
    }

    pub fn sync_names(&mut self) {
        self.durable_names = self.names.clone();
        self.pending_names.clear();
    }

    /// One of the states in which the disk may be found after a crash.
    pub fn crash(&self, random: &mut Random) -> Self {
        let names = match random.below(self.pending_names.len() + 1) {
            0 => &self.durable_names,
            kept => &self.pending_names[kept - 1],
        };
        let removed = self.removed();
        let inodes = self.inodes.iter().map(|inode| inode.crash(&removed, random)).collect();
        Self { inodes, names: names.clone(), durable_names: names.clone(), pending_names: vec![] }
    }

    /// The files that have no name, whatever a crash does: their blocks may be anybody's.
    fn removed(&self) -> Vec<&Inode> {
        let names = self.pending_names.iter().chain([&self.names, &self.durable_names]);
        let named: BTreeSet<_> = names.flat_map(BTreeMap::values).collect();
        let inodes = self.inodes.iter().enumerate();
        inodes.filter(|(at, _)| !named.contains(at)).map(|(_, inode)| inode).collect()
    }

    /// The same number for the same names and contents, on stable storage and as they look.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = foldhash::quality::FixedState::with_seed(1).build_hasher();
        let mut add = |names: &BTreeMap<PathBuf, usize>, bytes: fn(&Inode) -> &[u8]| {
            for (name, &inode) in names {
                hasher.write(name.as_os_str().as_encoded_bytes());
                let bytes = bytes(&self.inodes[inode]);
                hasher.write_usize(bytes.len());
                hasher.write(bytes);
            }
        };
        add(&self.names, |inode| &inode.now);
        if !self.is_durable() {
            add(&self.durable_names, |inode| &inode.durable);
        }
        hasher.finish()
    }

    /// Whether nothing is in the page cache alone.
    pub fn is_durable(&self) -> bool {
        self.pending_names.is_empty() && self.inodes.iter().all(|inode| inode.pending.is_empty())
    }
}

impl Inode {
    pub fn durable(bytes: Vec<u8>) -> Self {
        let bytes = Arc::new(bytes);
        Self { now: Arc::clone(&bytes), durable: bytes, ..Self::default() }
    }

    pub fn change(&mut self, change: Change) {
        change.apply(Arc::make_mut(&mut self.now));
        self.pending.push(change);
    }

    pub fn sync(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::SetLen(len) => self.set_durable_len(len),
                Change::Write { .. } => change.apply(Arc::make_mut(&mut self.durable)),
            }
        }
    }

    /// What was to be synced reaches the disk in part, or not at all, and counts as written.
    pub fn fail_sync(&mut self, random: &mut Random) {
        if random.below(2) == 0 {
            self.durable = self.crash(&[], random).durable;
        }
        self.pending.clear();
    }

    /// What a crash leaves of the file. Sectors can come back with what files that were `removed` had in them.
    fn crash(&self, removed: &[&Inode], random: &mut Random) -> Self {
        let mut found = Self { pending: vec![], ..self.clone() };
        for change in &self.pending {
            match change {
                Change::SetLen(len) => {
                    if random.below(2) == 0 {
                        found.set_durable_len(*len);
                    }
                }
                Change::Write { offset, bytes } => {
                    found.crash_write(*offset, bytes, removed, random);
                }
            }
        }
        found.now = Arc::clone(&found.durable);
        found
    }

    fn set_durable_len(&mut self, len: usize) {
        if len < self.durable.len() {
            self.freed = Arc::clone(&self.durable);
        }
        Arc::make_mut(&mut self.durable).resize(len, 0);
    }

    /// Lets each sector of an unsynced write have its own fate. The size may go ahead of the data.
    fn crash_write(
        &mut self,
        offset: usize,
        bytes: &[u8],
        removed: &[&Inode],
        random: &mut Random,
    ) {
        let end = offset + bytes.len();
        let mut at = offset;
        // Most crashes hit everything in the same way; some mix the fates.
        let uniform = (random.below(2) == 0).then(|| random.below(4));
        while at < end {
            let next = ((at / SECTOR + 1) * SECTOR).min(end);
            let new = &bytes[at - offset..next - offset];
            let kept = match uniform.unwrap_or_else(|| random.below(4)) {
                0 => Some(new.to_vec()),
                1 => None,
                2 => Some(new[..random.below(new.len() + 1)].to_vec()),
                // Space that the file did not have can come with anything in it.
                _ if self.durable.get(at..next) != Some(new) => {
                    Some(self.garbage(at, next - at, removed, random))
                }
                _ => Some(new.to_vec()),
            };
            if let Some(kept) = kept {
                let durable = Arc::make_mut(&mut self.durable);
                let len = durable.len().max(next);
                durable.resize(len, 0);
                durable[at..at + kept.len()].copy_from_slice(&kept);
            }
            at = next;
        }
    }

    /// What means nothing, or old bytes: of this file from somewhere else, of the file before it was made shorter, or of
    /// a file that was here before.
    fn garbage(&self, at: usize, len: usize, removed: &[&Inode], random: &mut Random) -> Vec<u8> {
        let mut garbage = vec![0xA5; len];
        if random.below(2) != 0 {
            random.fill(&mut garbage);
            return garbage;
        }
        let stale = match random.below(2 + 2 * removed.len()) {
            0 => &self.durable,
            1 => &self.freed,
            other => &removed[other % removed.len()].durable,
        };
        let place = match random.below(2) {
            0 => at,
            _ => random.below(stale.len() / SECTOR + 1) * SECTOR + at % SECTOR,
        };
        if let Some(old) = stale.get(place..place + len) {
            garbage.copy_from_slice(old);
        }
        garbage
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::SetLen(len) => file.resize(*len, 0),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[*offset..end].copy_from_slice(bytes);
            }
        }
    }
}
