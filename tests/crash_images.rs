//! At every I/O call of a store's life the machine stops, and again at every I/O call of the recovery
//! after it. Whatever the disk then holds: all that was acknowledged is there, whole, nothing that was
//! never written is, and the store goes on.
//!
//! `CRASH_IMAGES` sets how many different images are tried, `SEED` replays one story.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]
#![allow(clippy::cast_possible_truncation, reason = "simulated files are small")]

mod support;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use softadastra_store::{Durability, RecoveryReport, SnapshotBuilderStore, StoreEngine};
use support::image::Contents;
use support::model::{Model, run_at};
use support::random::Random;
use support::sim_disk::{Moment, SimDisk};
use support::story::{LOG, Story, open};

const STEPS: usize = 16;
/// Images of each moment of the story; one more of each moment of each recovery from them.
const IMAGES: usize = 6;

/// The images that were met, over all stories.
struct Gallery(Vec<Mutex<HashSet<u64, foldhash::fast::FixedState>>>);

impl Gallery {
    fn new() -> Self {
        Self((0..64).map(|_| Mutex::default()).collect())
    }

    fn add(&self, fingerprint: u64) {
        self.0[fingerprint as usize % 64].lock().unwrap().insert(fingerprint);
    }

    fn len(&self) -> usize {
        self.0.iter().map(|part| part.lock().unwrap().len()).sum()
    }
}

/// What a recovery cut off.
struct Cut {
    name: PathBuf,
    bytes: Vec<u8>,
    kept: usize,
}

impl Cut {
    fn of(report: &RecoveryReport, image: &Contents) -> Option<Self> {
        let name = report.cut_saved_to.clone()?;
        let kept = report.bytes_kept as usize;
        let log = image.file(Path::new(LOG)).unwrap();
        Some(Self { name, bytes: log[kept..kept + report.bytes_cut as usize].to_vec(), kept })
    }

    /// Whether the bytes are neither in the log nor in the copy any more.
    fn is_lost_in(&self, image: &Contents) -> bool {
        let is_cut = image.file(Path::new(LOG)).is_some_and(|log| log.len() <= self.kept);
        is_cut && image.file(&self.name) != Some(&self.bytes[..])
    }
}

/// What is being looked at; shown when a check fails.
struct Case<'a> {
    story: &'a Story,
    gallery: &'a Gallery,
    /// The images of this story that were checked, and what they had to show.
    checked: HashSet<(u64, (usize, usize))>,
    seed: u64,
    moment: usize,
    /// The moment of the recovery at which the machine stopped again.
    inner: Option<usize>,
}

impl Case<'_> {
    fn fail(&self, what: &str) -> ! {
        let Self { seed, moment, inner, .. } = self;
        panic!("SEED={seed}, moment {moment}, moment {inner:?} of recovery: {what}")
    }

    /// Recovers from an image of which a recovery may show `at_least` to `at_most` commits.
    fn check(&mut self, image: &Contents, bounds: (usize, usize), random: &mut Random) {
        let fingerprint = image.fingerprint();
        self.gallery.add(fingerprint);
        // The same image is looked at again when more must have survived by then.
        if !self.checked.insert((fingerprint, bounds)) {
            return;
        }
        let disk = SimDisk::with_contents(image.clone());
        disk.set_salt(random.next());
        let built = image.file(Path::new(LOG)).map(|_| {
            let built = SnapshotBuilderStore::build_on(&disk, Path::new(LOG));
            built.unwrap_or_else(|error| self.fail(&format!("no snapshot: {error}")))
        });
        disk.record(bounds);
        let config = self.story.config.clone();
        let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
        let report = engine.recover().unwrap_or_else(|error| self.fail(&error.to_string()));
        let shown = self.commits_shown(&engine, bounds);
        if built.is_some_and(|built| !built.all().eq(engine.entries().unwrap())) {
            self.fail("a snapshot built from the log is not what recovery shows");
        }
        let cut = Cut::of(&report, image);
        if cut.as_ref().is_some_and(|cut| disk.read(&cut.name).as_ref() != Some(&cut.bytes)) {
            self.fail("what was cut off is not in the file that the report names");
        }
        disk.note((shown, shown));
        if self.inner.is_none() {
            self.crash_again(&disk.moments(), cut.as_ref(), random);
        }
        self.go_on(&disk, engine, shown, random);
    }

    /// Stops the machine at each call of a recovery.
    fn crash_again(
        &mut self,
        moments: &[Moment<(usize, usize)>],
        cut: Option<&Cut>,
        random: &mut Random,
    ) {
        for (inner, moment) in moments.iter().enumerate() {
            self.inner = Some(inner);
            let image = moment.contents.crash(random);
            if cut.is_some_and(|cut| cut.is_lost_in(&image)) {
                self.fail("the log is cut and what was cut off is gone");
            }
            self.check(&image, moment.note, random);
        }
        self.inner = None;
    }

    fn commits_shown(&self, engine: &StoreEngine, bounds: (usize, usize)) -> usize {
        let (at_least, at_most) = bounds;
        let states = &self.story.states;
        let found = Model::of(engine);
        let at_most = at_most.min(states.len() - 1);
        (at_least..=at_most).find(|&commits| states[commits] == found).unwrap_or_else(|| {
            let shown = states.iter().position(|state| *state == found);
            self.fail(&format!("{shown:?} commits are shown, not {at_least} to {at_most}"))
        })
    }

    /// The recovered store takes a commit and keeps it, whether it is closed or crashes.
    fn go_on(&self, disk: &SimDisk, engine: StoreEngine, shown: usize, random: &mut Random) {
        let mut model = self.story.states[shown].clone();
        let commit = &self.story.more[random.below(self.story.more.len())];
        model.commit(commit);
        run_at(&engine, commit, -1).unwrap_or_else(|error| self.fail(&error.to_string()));
        let end = random.below(3);
        if end != 0 || self.story.config.durability() != Durability::Synced {
            engine.close().unwrap_or_else(|error| self.fail(&error.to_string()));
        }
        drop(engine);
        let disk = if end == 1 { disk.clone() } else { disk.crash(random) };
        let reopened = open(&disk, &self.story.config);
        let reopened = reopened.unwrap_or_else(|error| self.fail(&error.to_string()));
        if Model::of(&reopened) != model {
            self.fail("the store does not show what was written after recovery");
        }
    }
}

fn check_story(seed: u64, gallery: &Gallery) {
    let story = Story::tell(seed, STEPS);
    let mut random = Random::new(seed ^ 0x5EED);
    let checked = HashSet::new();
    let mut case = Case { story: &story, gallery, checked, seed, moment: 0, inner: None };
    for (moment, found) in story.moments.iter().enumerate() {
        case.moment = moment;
        for _ in 0..IMAGES {
            case.check(&found.contents.crash(&mut random), found.note, &mut random);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn no_crash_at_any_call_nor_at_any_call_of_the_recovery_loses_or_invents_a_commit() {
    let gallery = Gallery::new();
    if let Some(seed) = number("SEED") {
        return check_story(seed, &gallery);
    }
    let wanted = number("CRASH_IMAGES").unwrap_or(50_000) as usize;
    let begun = Instant::now();
    let (next, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    check_story(next.fetch_add(1, Ordering::Relaxed), &gallery);
                    if gallery.len() >= wanted {
                        done.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let (images, stories, time) = (gallery.len(), next.into_inner(), begun.elapsed());
    println!("{images} different crash images of {stories} stories in {time:.1?}");
}
