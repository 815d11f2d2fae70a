//! What a simulated disk holds, and what a crash makes of it.

use std::collections::BTreeMap;
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
        let inodes = self.inodes.iter().map(|inode| inode.crash(&self.inodes, random)).collect();
        Self { inodes, names: names.clone(), durable_names: names.clone(), pending_names: vec![] }
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
        Self { now: Arc::clone(&bytes), durable: bytes, pending: vec![] }
    }

    pub fn change(&mut self, change: Change) {
        change.apply(Arc::make_mut(&mut self.now));
        self.pending.push(change);
    }

    pub fn sync(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let durable = Arc::make_mut(&mut self.durable);
        for change in self.pending.drain(..) {
            change.apply(durable);
        }
    }

    /// What was to be synced reaches the disk in part, or not at all, and counts as written.
    pub fn fail_sync(&mut self, random: &mut Random) {
        if random.below(2) == 0 {
            self.durable = self.crash(&[], random).durable;
        }
        self.pending.clear();
    }

    /// What a crash leaves of the file. Sectors can come back with what `others` had in them.
    fn crash(&self, others: &[Inode], random: &mut Random) -> Self {
        if self.pending.is_empty() {
            let found = Arc::clone(&self.durable);
            return Self { now: Arc::clone(&found), durable: found, pending: vec![] };
        }
        let mut found = Vec::clone(&self.durable);
        for change in &self.pending {
            match change {
                Change::SetLen(len) => {
                    if random.below(2) == 0 {
                        found.resize(*len, 0);
                    }
                }
                Change::Write { offset, bytes } => {
                    self.crash_write(&mut found, *offset, bytes, others, random);
                }
            }
        }
        Self::durable(found)
    }

    /// Lets each sector of an unsynced write have its own fate. The size may go ahead of the data.
    fn crash_write(
        &self,
        found: &mut Vec<u8>,
        offset: usize,
        bytes: &[u8],
        others: &[Inode],
        random: &mut Random,
    ) {
        let end = offset + bytes.len();
        let mut at = offset;
        // Most crashes hit everything in the same way; some mix the fates.
        let uniform = (random.below(2) == 0).then(|| random.below(4));
        while at < end {
            let next = ((at / SECTOR + 1) * SECTOR).min(end);
            let new = &bytes[at - offset..next - offset];
            let fate = uniform.unwrap_or_else(|| random.below(4));
            // Space that the file did not have can come with anything in it.
            let same = found.get(at..next) == Some(new);
            if fate != 1 && found.len() < next {
                found.resize(next, 0);
            }
            match fate {
                0 => found[at..next].copy_from_slice(new),
                1 => {}
                2 => {
                    let torn = random.below(new.len() + 1);
                    found[at..at + torn].copy_from_slice(&new[..torn]);
                }
                _ if !same => self.spoil(&mut found[at..next], at, others, random),
                _ => {}
            }
            at = next;
        }
    }

    /// Garbage: nothing that means anything, or old bytes of this file from somewhere else, or of another
    /// file that was here before.
    fn spoil(&self, sector: &mut [u8], at: usize, others: &[Inode], random: &mut Random) {
        let other = others.get(random.below(2 * others.len().max(1)));
        let stale = other.map_or(&self.durable, |other| &other.durable);
        let sectors = stale.len() / SECTOR;
        if sectors == 0 || random.below(3) != 0 {
            random.fill(sector);
            return;
        }
        let from = random.below(sectors) * SECTOR + at % SECTOR;
        let stale = stale.get(from..from + sector.len());
        sector.copy_from_slice(stale.unwrap_or(&vec![0xA5; sector.len()]));
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
