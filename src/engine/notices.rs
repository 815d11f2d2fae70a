//! Tells those who listen what happened to the log of a store.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::locked::locked;
use super::outcome::{CompactionReport, Restart};
use crate::error::{Error, Result};
use crate::sync::Mutex;

/// How many wait for a listener; after that the oldest are left out.
const MOST: usize = 64;

/// What happened.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A compaction is done, or has failed; one that was given up is not told.
    Compaction(Result<CompactionReport>),
    /// Writing has stopped, with the error that writes get.
    Poisoned(Error),
    /// A store that follows a log has started anew from it.
    Restart(Restart),
}

/// Those who listen to a store.
#[derive(Debug, Default)]
pub(super) struct Notices(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    next_id: u64,
    inboxes: BTreeMap<u64, Arc<Inbox>>,
}

struct Inbox {
    notices: Mutex<VecDeque<Notice>>,
    ring: Box<dyn Fn() + Send + Sync>,
}

/// Someone who listens to a store. Nothing is kept for it once it is dropped.
#[derive(Debug)]
#[must_use = "nobody listens when it is dropped"]
pub struct Listener {
    list: Arc<Mutex<List>>,
    id: u64,
    inbox: Arc<Inbox>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbox({} wait)", locked(&self.notices).len())
    }
}

impl Listener {
    /// What has happened since the last call.
    pub fn take(&self) -> Vec<Notice> {
        locked(&self.inbox.notices).drain(..).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        locked(&self.list).inboxes.remove(&self.id);
    }
}

impl Notices {
    /// `ring` is called when there is something to take, by whoever has the log.
    pub(super) fn listen(&self, ring: impl Fn() + Send + Sync + 'static) -> Listener {
        let inbox = Arc::new(Inbox { notices: Mutex::default(), ring: Box::new(ring) });
        let mut list = locked(&self.0);
        list.next_id += 1;
        let id = list.next_id;
        list.inboxes.insert(id, Arc::clone(&inbox));
        Listener { list: Arc::clone(&self.0), id, inbox }
    }

    pub(super) fn tell(&self, notice: &Notice) {
        let inboxes: Vec<_> = locked(&self.0).inboxes.values().map(Arc::clone).collect();
        for inbox in inboxes {
            let mut notices = locked(&inbox.notices);
            if notices.len() == MOST {
                notices.pop_front();
            }
            notices.push_back(notice.clone());
            drop(notices);
            (inbox.ring)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listener_hears_of_the_last_notices_until_it_is_dropped() {
        let notices = Notices::default();
        let (first, second) = (notices.listen(|| ()), notices.listen(|| ()));
        notices.tell(&Notice::Poisoned(Error::NotOpen));
        assert_eq!(first.take().len(), 1);
        assert!(first.take().is_empty());
        drop(first);
        for _ in 0..2 * MOST {
            notices.tell(&Notice::Poisoned(Error::Closed));
        }
        let heard = second.take();
        assert_eq!(heard.len(), MOST);
        assert!(heard.iter().all(|notice| matches!(notice, Notice::Poisoned(Error::Closed))));
        drop(second);
        assert!(locked(&notices.0).inboxes.is_empty());
    }
}
