//! Places in a log from which its history can be read without starting at the front.

use super::position::Position;

/// Bytes of log between two landmarks.
const APART: u64 = 128 << 10;

/// Frame boundaries, one about every 128 KiB, in order. The first is where the history begins.
#[derive(Debug, Clone, Default)]
pub struct Landmarks(Vec<Position>);

impl Landmarks {
    /// Notes a boundary between two frames of history, unless one near before is known.
    pub(super) fn pass(&mut self, position: &Position) {
        if self.0.last().is_none_or(|last| position.offset >= last.offset + APART) {
            self.0.push(*position);
        }
    }

    /// The last landmark from which on every operation behind `sequence` can be read.
    pub fn before(&self, sequence: u64) -> Option<Position> {
        let behind = self.0.partition_point(|place| place.last_sequence <= sequence);
        self.0.get(behind.checked_sub(1)?).copied()
    }
}
