//! Brings entries that are in the log alone into memory, for callers who must not wait for the disk afterwards.

use std::ops::Bound;

use super::core::Core;
use crate::control::Control;
use crate::error::Result;
use crate::index::Range;
use crate::state::{Limit, Seen};

/// Entries and bytes that are read under one read lock, so that writers never wait long.
const STEP: Limit = Limit { entries: 128, bytes: 256 << 10, values: true };

impl Core {
    /// Has what is needed to read these keys in memory, as far as there is room.
    pub(super) fn load_keys(&self, keys: &[String], control: &Control) -> Result<()> {
        self.check_open()?;
        for key in keys {
            control.check()?;
            if self.is_warm() {
                break;
            }
            self.view_record(key.as_bytes(), |_| ())?;
        }
        Ok(())
    }

    /// Likewise for the first `count` entries of a range, in its order.
    pub(super) fn load_range(
        &self,
        mut range: Range,
        count: usize,
        control: &Control,
    ) -> Result<()> {
        self.check_open()?;
        let mut left = count;
        while left > 0 && !self.is_warm() {
            control.check()?;
            let limit = Limit { entries: STEP.entries.min(left), ..STEP };
            let last = |seen_now: Seen<'_>| {
                let mut keys = seen_now.scan(&range).take(limit.entries);
                let mut last = None;
                let mut seen = 0;
                for record in &mut keys {
                    last = Some(record.key().to_vec());
                    seen += 1;
                }
                (last, seen)
            };
            let (last, seen) = self.view_range(&range, limit, last)?;
            let Some(last) = last else { break };
            left -= seen;
            if range.reverse {
                range.upper = Bound::Excluded(last);
            } else {
                range.lower = Bound::Excluded(last);
            }
        }
        Ok(())
    }
}
