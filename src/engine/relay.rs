//! Groups that one thread commits, one after another.

use std::sync::Arc;

use super::group::Group;
use super::locked::locked;
use super::outcome::GroupOutcome;
use super::pending::Pending;
use super::store::StoreEngine;
use crate::error::Result;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// A group on its way to a thread, and those that follow it: while the caller is busy staging, or answering, the disk has
/// no pause between two groups.
#[derive(Debug)]
pub struct Relay {
    line: Mutex<Line>,
    /// Bytes of the groups that follow and were not begun, in all relays of one staging.
    following_bytes: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Line {
    groups: Vec<Arc<Pending>>,
    begun: usize,
    /// The thread has found nothing left, and comes back no more.
    ended: bool,
}

impl Relay {
    pub(super) fn new(first: Arc<Pending>, following_bytes: Arc<AtomicUsize>) -> Self {
        let line = Line { groups: vec![first], begun: 0, ended: false };
        Self { line: Mutex::new(line), following_bytes }
    }

    /// Adds a group, or gives it back once the thread has found nothing left.
    pub(super) fn follow(&self, group: Group) -> std::result::Result<Arc<Pending>, Group> {
        let mut line = locked(&self.line);
        if line.ended {
            return Err(group);
        }
        let next = Arc::new(Pending::new(group));
        self.following_bytes.fetch_add(next.bytes(), Ordering::Relaxed);
        line.groups.push(Arc::clone(&next));
        Ok(next)
    }

    /// Commits group after group until none is left.
    pub fn run(&self, engine: &StoreEngine) {
        while let Some(next) = self.begin() {
            next.commit(engine);
        }
    }

    fn begin(&self) -> Option<Arc<Pending>> {
        let mut line = locked(&self.line);
        let Some(next) = line.groups.get(line.begun).cloned() else {
            line.ended = true;
            return None;
        };
        if line.begun > 0 {
            self.following_bytes.fetch_sub(next.bytes(), Ordering::Relaxed);
        }
        line.begun += 1;
        Some(next)
    }

    /// The emptied first group and what became of it, once; nothing before its commit and after a panic.
    pub fn take_first(&self) -> Option<(Group, Result<GroupOutcome>)> {
        let first = locked(&self.line).groups.first().cloned();
        first.and_then(|first| first.take())
    }

    /// Commits, in order, all that was handed over so far, or waits until that is done.
    pub(super) fn finish(&self, engine: &StoreEngine) {
        let groups = locked(&self.line).groups.clone();
        for group in groups {
            group.commit(engine);
        }
    }
}

impl Drop for Relay {
    /// What a thread that panicked has not begun takes up no room any more.
    fn drop(&mut self) {
        while self.begin().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::StoreConfig;
    use crate::engine::{Admission, Staging};

    /// Stages until a group is full.
    fn fill(staging: &mut Staging, key: &str) {
        let value = vec![0; 300 << 10];
        loop {
            match staging.stage(|group| group.put(key, &value, None)).unwrap() {
                Admission::Staged => {}
                Admission::GroupCut => return,
                Admission::NoRoom => panic!("no room"),
            }
        }
    }

    #[test]
    fn what_follows_is_committed_in_order_and_answered_in_order() {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        let mut staging = Staging::new(100 << 20);
        fill(&mut staging, "first");
        let relay = staging.hand_over();
        for key in ["second", "third"] {
            fill(&mut staging, key);
            assert!(staging.follow());
        }
        assert!(!staging.follow(), "nothing is full");
        relay.run(&engine);
        let first = |(_, outcome): (_, crate::Result<crate::engine::GroupOutcome>)| {
            outcome.unwrap().first_sequence
        };
        assert_eq!(relay.take_first().map(first), Some(1));
        assert_eq!(staging.take_followed().map(first), Some(5));
        assert_eq!(staging.take_followed().map(first), Some(9));
        assert!(staging.take_followed().is_none());
        assert_eq!(engine.last_sequence(), 12);
    }

    #[test]
    fn nothing_follows_a_thread_that_has_found_nothing_left() {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        let mut staging = Staging::new(100 << 20);
        fill(&mut staging, "a");
        let relay = staging.hand_over();
        relay.run(&engine);
        fill(&mut staging, "b");
        assert!(!staging.follow());
        assert_eq!(staging.take().len(), 4, "it waits for a commit of its own");
    }

    #[test]
    fn groups_that_follow_count_against_the_bound_until_they_are_begun() {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        let limit = 2_300_000;
        let mut staging = Staging::new(limit);
        fill(&mut staging, "a");
        let relay = staging.hand_over();
        assert_eq!(staging.bytes(), 0);
        for key in ["b", "c"] {
            fill(&mut staging, key);
            assert!(staging.follow());
        }
        assert!(staging.bytes() > limit);
        let more = staging.stage(|group| group.put("d", b"", None)).unwrap();
        assert_eq!(more, Admission::NoRoom);
        relay.run(&engine);
        assert_eq!(staging.bytes(), 0);
        // A thread that panicked never gets to it.
        fill(&mut staging, "e");
        let relay = staging.hand_over();
        fill(&mut staging, "f");
        assert!(staging.follow());
        drop(relay);
        assert_eq!(staging.bytes(), 0);
    }

    #[test]
    fn a_caller_that_cannot_wait_commits_what_follows_as_well() {
        let engine = StoreEngine::new(StoreConfig::memory_only());
        let mut staging = Staging::new(100 << 20);
        for round in 1..=20 {
            fill(&mut staging, "a");
            let relay = staging.hand_over();
            thread::scope(|scope| {
                scope.spawn(|| relay.run(&engine));
                fill(&mut staging, "b");
                let followed = staging.follow();
                staging.commit_handed_over(&engine);
                let last = engine.last_sequence();
                let rest = if followed {
                    0
                } else {
                    engine.commit(&mut staging.take()).unwrap().outcomes.len()
                };
                assert_eq!(last + rest as u64, round * 8, "all of it was done on return");
            });
            staging.take_followed();
        }
    }
}
