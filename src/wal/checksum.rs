//! Checksums that belong to one file.

use crc32fast::Hasher;

/// CRC-32 over the salt of the file and then the data, so that bytes that another log left on the
/// disk never look valid here.
#[derive(Debug, Clone)]
pub struct Checksum(Hasher);

impl Checksum {
    /// The checksums of the file with this salt.
    pub fn salted(salt: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(&salt.to_le_bytes());
        Self(hasher)
    }

    /// The checksum of `bytes`.
    pub fn of(&self, bytes: &[u8]) -> u32 {
        let mut hasher = self.start();
        hasher.update(bytes);
        hasher.finalize()
    }

    /// A checksum to be fed piece by piece.
    pub fn start(&self) -> Hasher {
        self.0.clone()
    }
}
