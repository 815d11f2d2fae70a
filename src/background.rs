//! Slow work for which nobody waits: closing stores that were left open, freeing large states.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// States of more bytes than this are freed by another thread; handing one over costs about as much.
pub(crate) const LARGE: u64 = 1 << 20;

/// Frees what is sent to it.
static FREEING: Crew = Crew::new("store-release", 1);
/// Close stores. There are several, since a disk that hangs must not keep stores on other disks open.
static CLOSING: Crew = Crew::new("store-close", 4);

pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// Runs work that frees something large on the one thread for that, or at once if there is none.
pub(crate) fn free(work: impl FnOnce() + Send + 'static) {
    FREEING.send_or_do(Box::new(work));
}

/// Runs work that closes a store on a thread that may wait for the disk, or at once if there is none.
pub(crate) fn close(work: impl FnOnce() + Send + 'static) {
    CLOSING.send_or_do(Box::new(work));
}

/// A few threads that do what is sent to them, in that order. They are started when they are needed, and end when there
/// was nothing to do for a while. A process that ends does not wait for them.
#[derive(Debug)]
pub(crate) struct Crew {
    name: &'static str,
    most: usize,
    begin: fn(&str, Work) -> io::Result<()>,
    jobs: Mutex<Jobs>,
    sent: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Work>,
    threads: usize,
    idle: usize,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} wait for {} threads", self.waiting.len(), self.threads)
    }
}

/// How long a thread waits for more to do before it ends.
const PATIENCE: Duration = Duration::from_secs(10);

impl Crew {
    /// A limit on the threads of this name.
    pub(crate) const fn new(name: &'static str, most: usize) -> Self {
        let jobs = Jobs { waiting: VecDeque::new(), threads: 0, idle: 0 };
        Self { name, most, begin: begin_thread, jobs: Mutex::new(jobs), sent: Condvar::new() }
    }

    /// Hands the work to one of the threads. Gives it back if there is none and the system cannot start one.
    pub(crate) fn send(&'static self, work: Work) -> Result<(), Work> {
        let mut jobs = self.jobs();
        if jobs.waiting.len() >= jobs.idle && jobs.threads < self.most {
            jobs.threads += 1;
            drop(jobs);
            let begun = (self.begin)(self.name, Box::new(move || self.work()));
            jobs = self.jobs();
            if begun.is_err() {
                jobs.threads -= 1;
                if jobs.threads == 0 {
                    let left = std::mem::take(&mut jobs.waiting);
                    drop(jobs);
                    // Others may have relied on the thread that was about to start.
                    for work in left {
                        work();
                    }
                    return Err(work);
                }
            }
        }
        jobs.waiting.push_back(work);
        drop(jobs);
        self.sent.notify_one();
        Ok(())
    }

    fn send_or_do(&'static self, work: Work) {
        if let Err(work) = self.send(work) {
            work();
        }
    }

    fn work(&self) {
        let mut jobs = self.jobs();
        loop {
            if let Some(work) = jobs.waiting.pop_front() {
                drop(jobs);
                // The work that waits has nothing to do with what panicked.
                let _ = catch_unwind(AssertUnwindSafe(work));
                jobs = self.jobs();
                continue;
            }
            jobs.idle += 1;
            let waited = self.sent.wait_timeout(jobs, PATIENCE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            jobs = woken;
            jobs.idle -= 1;
            if timeout.timed_out() && jobs.waiting.is_empty() {
                jobs.threads -= 1;
                return;
            }
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin_thread(name: &str, work: Work) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::mpsc::channel;
    use std::thread::{self, ThreadId};

    use super::*;

    fn crew(most: usize, begin: fn(&str, Work) -> io::Result<()>) -> &'static Crew {
        Box::leak(Box::new(Crew { begin, ..Crew::new("crew", most) }))
    }

    /// The threads that did this many pieces of work, in the order of the work.
    fn done_by(crew: &'static Crew, work: usize) -> Vec<(usize, ThreadId)> {
        let (done, results) = channel();
        for n in 0..work {
            let done = done.clone();
            crew.send_or_do(Box::new(move || done.send((n, thread::current().id())).unwrap()));
        }
        drop(done);
        results.into_iter().collect()
    }

    #[test]
    fn one_thread_does_all_that_is_sent_to_it_in_order() {
        let done = done_by(crew(1, begin_thread), 1000);
        assert!(done.iter().map(|(n, _)| *n).eq(0..1000));
        let threads: HashSet<_> = done.iter().map(|(_, thread)| *thread).collect();
        assert_eq!(threads.len(), 1);
        assert!(!threads.contains(&thread::current().id()));
    }

    #[test]
    fn a_crew_has_no_more_threads_than_it_may() {
        let done = done_by(crew(3, begin_thread), 1000);
        assert_eq!(done.len(), 1000);
        let threads: HashSet<_> = done.iter().map(|(_, thread)| *thread).collect();
        assert!(threads.len() <= 3, "{}", threads.len());
    }

    #[test]
    fn a_thread_that_is_held_up_leaves_the_rest_to_another() {
        let crew = crew(2, begin_thread);
        let (go_on, held) = channel::<()>();
        crew.send_or_do(Box::new(move || {
            let _ = held.recv();
        }));
        assert_eq!(done_by(crew, 10).len(), 10);
        go_on.send(()).unwrap();
    }

    #[test]
    fn a_thread_survives_a_panic_in_what_it_does() {
        let crew = crew(1, begin_thread);
        crew.send_or_do(Box::new(|| std::panic::resume_unwind(Box::new("on purpose"))));
        assert_eq!(done_by(crew, 10).len(), 10);
        assert_eq!(crew.jobs().threads, 1);
    }

    #[test]
    fn without_a_thread_the_sender_does_it() {
        let none = crew(1, |_, _| Err(io::ErrorKind::WouldBlock.into()));
        let done = done_by(none, 3);
        let here = thread::current().id();
        assert_eq!(done, [(0, here), (1, here), (2, here)]);
        assert_eq!(none.jobs().threads, 0);
        assert!(none.send(Box::new(|| ())).is_err());
    }

    #[test]
    fn work_that_relied_on_a_thread_that_did_not_begin_is_not_left_behind() {
        static RELIED: Mutex<Option<&'static Crew>> = Mutex::new(None);
        let crew = crew(1, |_, _| {
            // Another sender comes while this thread is being started.
            let crew = RELIED.lock().unwrap().take().unwrap();
            crew.send_or_do(Box::new(|| *RELIED.lock().unwrap() = Some(crew)));
            Err(io::ErrorKind::WouldBlock.into())
        });
        *RELIED.lock().unwrap() = Some(crew);
        assert!(crew.send(Box::new(|| ())).is_err());
        assert!(RELIED.lock().unwrap().is_some(), "it was done");
    }
}
