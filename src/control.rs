//! Watches and stops long calls.

use std::fmt;

use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicBool, Ordering};

/// How far a long call has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes written so far; for a call that only reads, bytes read.
    pub written: u64,
    /// About how many it will be.
    pub expected: u64,
}

/// Watches and stops a long call.
#[derive(Default)]
pub struct Control {
    aborted: AtomicBool,
    watch: Option<Box<dyn Fn(Progress) + Send + Sync>>,
}

impl Control {
    /// Has `watch` called about once per mebibyte, on the thread that does the work.
    pub fn watched(watch: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self { watch: Some(Box::new(watch)), ..Self::default() }
    }

    /// Makes the call give up with [`Error::Aborted`], unless it is past the point where it can.
    pub fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Acquire)
    }

    /// An error when the call should give up.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_aborted() { Err(Error::Aborted) } else { Ok(()) }
    }

    /// Shows how far the call has got.
    pub(crate) fn show(&self, progress: Progress) {
        if let Some(watch) = &self.watch {
            watch(progress);
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("aborted", &self.aborted).finish_non_exhaustive()
    }
}

/// Reports progress about once per mebibyte, and checks more often whether to give up.
#[derive(Debug)]
pub(crate) struct Steps<'c> {
    control: &'c Control,
    done: u64,
    shown: u64,
    expected: u64,
}

const STEP: u64 = 1 << 20;

impl<'c> Steps<'c> {
    pub(crate) fn new(control: &'c Control, expected: u64) -> Self {
        Self { control, done: 0, shown: 0, expected }
    }

    /// Counts this many more bytes as done; an error when the call should give up.
    pub(crate) fn add(&mut self, bytes: u64) -> Result<()> {
        self.control.check()?;
        self.done += bytes;
        if self.done - self.shown >= STEP {
            self.shown = self.done;
            let (written, expected) = (self.done, self.expected.max(self.done));
            self.control.show(Progress { written, expected });
        }
        Ok(())
    }

    /// An error when the call should give up.
    pub(crate) fn check(&self) -> Result<()> {
        self.control.check()
    }
}
