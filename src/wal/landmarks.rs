//! Offsets in a log at which reading its history can begin.

use super::position::Position;

/// Bytes of log between two landmarks, until there are too many of them.
const APART: u64 = 128 << 10;

/// The most that are kept: those of 2 GiB of log. When there are more, every second one is dropped and they lie twice
/// as far apart from then on.
const MOST: usize = 16_384;

/// Frame boundaries in order, one about every 128 KiB, fewer in a very long log. The first is where the history
/// begins.
#[derive(Debug, Clone)]
pub struct Landmarks {
    places: Vec<Position>,
    apart: u64,
}

impl Default for Landmarks {
    fn default() -> Self {
        Self { places: Vec::new(), apart: APART }
    }
}

impl Landmarks {
    /// Notes a boundary between two frames of history, unless one shortly before is known.
    pub(super) fn pass(&mut self, position: &Position) {
        let last = self.places.last();
        if last.is_some_and(|last| position.offset < last.offset + self.apart) {
            return;
        }
        if self.places.len() == MOST {
            self.apart *= 2;
            let mut is_kept = false;
            self.places.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
        }
        self.places.push(*position);
    }

    /// The last landmark from which every operation after `sequence` can be read.
    pub fn before(&self, sequence: u64) -> Option<Position> {
        let passed = self.places.partition_point(|place| place.last_sequence <= sequence);
        self.places.get(passed.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_of_any_length_has_its_first_landmark_and_never_too_many() {
        let mut landmarks = Landmarks::default();
        let at = |frame: u64| Position {
            offset: 64 + frame * APART,
            next_frame: frame + 1,
            chain: 0,
            last_sequence: frame * 10,
            sealed: false,
            in_checkpoint: false,
        };
        let frames = 40 * MOST as u64;
        for frame in 0..frames {
            landmarks.pass(&at(frame));
            assert!(landmarks.places.len() <= MOST);
            assert_eq!(landmarks.before(0), Some(at(0)));
        }
        assert!(landmarks.places.len() >= MOST / 2);
        for frame in (0..frames).step_by(997) {
            let found = landmarks.before(frame * 10 + 5).unwrap();
            assert!(found.last_sequence <= frame * 10);
            assert!(frame + 1 - found.next_frame < 128, "{found:?} is far before frame {frame}");
        }
    }
}
