//! A position between two frames of a log.

use super::format::{FILE_HEADER_LEN, FileHeader, FrameHeader, FrameKind};

/// Where a reader stands between two frames: all that a writer needs to continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Where the next frame starts.
    pub offset: u64,
    /// Its number.
    pub next_frame: u64,
    /// The checksum it is chained to.
    pub chain: u32,
    /// The sequence before its first record.
    pub last_sequence: u64,
    /// Whether the previous frame is a seal.
    pub sealed: bool,
    /// Whether a frame of the checkpoint must come next.
    pub in_checkpoint: bool,
}

impl Position {
    /// Where the first frame of a log starts.
    pub fn first(header: &FileHeader) -> Self {
        Self {
            offset: FILE_HEADER_LEN as u64,
            next_frame: 1,
            chain: header.chain(),
            last_sequence: header.base_sequence,
            sealed: false,
            in_checkpoint: header.has_checkpoint,
        }
    }

    /// The position after the frame that starts here, given its header and the checksum of that header.
    pub(super) fn after_frame(&self, header: &FrameHeader, own: u32) -> Self {
        Self {
            offset: self.offset + header.frame_len(),
            next_frame: header.number + 1,
            chain: own,
            last_sequence: header.last_sequence(),
            sealed: header.kind == FrameKind::Seal,
            in_checkpoint: header.kind.continues_checkpoint(),
        }
    }
}
