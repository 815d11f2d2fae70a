//! Every byte of the log. All integers are little-endian.
//!
//! `docs/format.md` is the same in prose, with a worked example; the golden logs in `tests/golden`
//! must open for ever.

mod fields;
mod file_header;
mod frame_header;

pub(super) use fields::{Fields, put};
pub use file_header::{FileHeader, HeaderProblem};
pub use frame_header::{FrameHeader, FrameKind};

/// The first bytes of a log. The line endings reveal a transfer that changes them.
pub const FILE_MAGIC: [u8; 8] = [0x89, b'S', b'D', b'S', b'T', 0x0D, 0x0A, 0x1A];
/// The format version that is written and read.
pub const FORMAT_VERSION: u16 = 1;
/// Bytes of the file header; the first frame starts here.
pub const FILE_HEADER_LEN: usize = 64;
/// The first bytes of a frame.
pub const FRAME_MAGIC: [u8; 4] = *b"SDFR";
/// Bytes of a frame header.
pub const FRAME_HEADER_LEN: usize = 56;
/// Frames start at multiples of this; the padding before the next one is zero.
pub const FRAME_ALIGNMENT: usize = 8;
/// The longest body of a frame: 1 GiB.
pub const MAX_BODY_LEN: usize = 1 << 30;
/// The last sequence that a log can have, and the last frame number: JavaScript has no greater exact
/// integers, and counting on from here never overflows.
pub const MAX_SEQUENCE: u64 = (1 << 53) - 1;
