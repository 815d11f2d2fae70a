//! At every I/O call of a store's life the process is killed or the machine stops, and the machine again at
//! every I/O call of the next opener. Whatever the disk then holds: all that was acknowledged is there,
//! whole, nothing that was never written is, and the store goes on.
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

use softadastra_store::{Control, Durability, RecoveryReport, SnapshotBuilderStore, StoreEngine};
use support::image::Contents;
use support::model::{Model, run_at};
use support::random::Random;
use support::sim_disk::{Moment, Note, SimDisk};
use support::story::{INDEX, LOG, Story, open};

const STEPS: usize = 16;
/// Crash images of each moment of the story, and of the openers that follow a killed process; of the other openers
/// it is one of each moment.
const IMAGES: usize = 3;

/// The images that were met, over all stories.
struct Gallery {
    images: Vec<Mutex<HashSet<u64, foldhash::fast::FixedState>>>,
    /// How often an index file was there, and how often it was of use.
    indexed: AtomicU64,
    by_index: AtomicU64,
}

impl Gallery {
    fn new() -> Self {
        let images = (0..64).map(|_| Mutex::default()).collect();
        Self { images, indexed: AtomicU64::new(0), by_index: AtomicU64::new(0) }
    }

    fn add(&self, fingerprint: u64) {
        self.images[fingerprint as usize % 64].lock().unwrap().insert(fingerprint);
    }

    fn note_index(&self, was_of_use: bool) {
        self.indexed.fetch_add(1, Ordering::Relaxed);
        self.by_index.fetch_add(u64::from(was_of_use), Ordering::Relaxed);
    }

    fn len(&self) -> usize {
        self.images.iter().map(|part| part.lock().unwrap().len()).sum()
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
        let whole = self.kept..self.kept + self.bytes.len();
        let is_cut =
            image.file(Path::new(LOG)).is_some_and(|log| log.get(whole) != Some(&self.bytes));
        is_cut && image.file(&self.name) != Some(&self.bytes[..])
    }
}

/// What is being looked at; shown when a check fails.
struct Case<'a> {
    story: &'a Story,
    gallery: &'a Gallery,
    /// The images of this story that were checked, and what they had to show.
    checked: HashSet<(u64, Note)>,
    seed: u64,
    moment: usize,
    /// The moment of the next opener at which that one was stopped.
    inner: Option<usize>,
}

/// What the next opener finds, and how many commits it may show.
struct Found<'a> {
    image: &'a Contents,
    note: Note,
    /// The states after 0, 1, 2, … commits.
    states: &'a [Model],
    fewest: usize,
}

impl<'a> Found<'a> {
    /// The machine stopped.
    fn after_crash(image: &'a Contents, note: Note, states: &'a [Model]) -> Self {
        Self { image, note, states, fewest: note.safe }
    }

    /// The process was killed, and the page cache is as it left it.
    fn after_kill(moment: &'a Moment, states: &'a [Model]) -> Self {
        let note = moment.note;
        Self { image: &moment.contents, note, states, fewest: note.done }
    }
}

impl Case<'_> {
    fn fail(&self, what: &str) -> ! {
        let Self { seed, moment, inner, .. } = self;
        panic!("SEED={seed}, moment {moment}, moment {inner:?} of the next opener: {what}")
    }

    /// Opens what is found, goes on with it, and stops that at each of its calls as well.
    fn check(&mut self, found: &Found<'_>, random: &mut Random) {
        let Found { image, note, .. } = *found;
        let fingerprint = image.fingerprint();
        self.gallery.add(fingerprint);
        // The same image is looked at again when more must have survived by then.
        if !self.checked.insert((fingerprint, note)) {
            return;
        }
        let disk = SimDisk::with_contents(image.clone());
        disk.set_salt(random.next());
        let built = image.file(Path::new(LOG)).map(|_| {
            let built = SnapshotBuilderStore::build_on(&disk, Path::new(LOG));
            built.unwrap_or_else(|error| self.fail(&format!("no snapshot: {error}")))
        });
        disk.record(note);
        let config = self.story.config.clone();
        let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
        let report = engine.recover().unwrap_or_else(|error| self.fail(&error.to_string()));
        let shown = self.commits_shown(&engine, found);
        if built.is_some_and(|built| built.all().unwrap() != engine.entries().unwrap()) {
            self.fail("a snapshot built from the log is not what recovery shows");
        }
        if image.names.contains_key(Path::new(INDEX)) {
            self.gallery.note_index(report.bytes_unverified > 0);
            self.compare_with_a_full_replay(image, &report, &engine);
        }
        if random.below(2) == 0 {
            self.all_in_memory(&engine, &found.states[shown]);
        }
        let cut = Cut::of(&report, image);
        if cut.as_ref().is_some_and(|cut| disk.read(&cut.name).as_ref() != Some(&cut.bytes)) {
            self.fail("what was cut off is not in the file that the report names");
        }
        // What was read from a log with a clean end is served before it is synced.
        let safe = if report.clean_shutdown { note.safe } else { shown };
        disk.note(Note { safe, done: shown, asked: shown });
        let states = self.go_on(&disk, engine, &found.states[..=shown], random);
        if self.inner.is_none() {
            // Bytes that were in the page cache alone may be gone without having been cut.
            let cut = cut.filter(|_| image.is_durable());
            let images = if image.is_durable() { 1 } else { IMAGES };
            self.stop_again(images, &disk.moments(), &states, cut.as_ref(), random);
        }
    }

    /// The index file changes nothing of what an opening finds.
    fn compare_with_a_full_replay(
        &self,
        image: &Contents,
        report: &RecoveryReport,
        engine: &StoreEngine,
    ) {
        let mut image = image.clone();
        image.names.remove(Path::new(INDEX));
        let disk = SimDisk::with_contents(image);
        let config = self.story.config.clone();
        let replayed = StoreEngine::with_storage(config, Arc::new(disk));
        let found = replayed.recover().unwrap_or_else(|error| self.fail(&error.to_string()));
        if found.bytes_unverified > 0 || !replayed.stats().ready {
            self.fail("there is no index file and something is left to be replayed");
        }
        let of_log = |report: &RecoveryReport| {
            let ends = (report.bytes_kept, report.bytes_cut, report.clean_shutdown);
            (ends, report.last_sequence, report.cut_saved_to.clone())
        };
        if of_log(report) != of_log(&found) {
            self.fail(&format!("{report:?} by the index file, not {found:?}"));
        }
        if report.entries.is_some_and(|entries| Some(entries) != found.entries) {
            self.fail("the entries are counted wrongly");
        }
        if engine.entries().unwrap() != replayed.entries().unwrap() {
            self.fail("a replay of the whole log shows something else");
        }
        let history = |engine: &StoreEngine| (engine.stats().floor, engine.stats().consumers);
        if history(engine) != history(&replayed) {
            self.fail("another history, or other consumers");
        }
    }

    fn all_in_memory(&self, engine: &StoreEngine, expected: &Model) {
        let ready = engine.ready(&Control::default());
        ready.unwrap_or_else(|error| self.fail(&format!("not ready: {error}")));
        if Model::of(engine) != *expected || engine.size() != expected.entries.len() {
            self.fail("the store shows something else once the whole log was replayed");
        }
    }

    /// Stops the machine at each call of an opener.
    fn stop_again(
        &mut self,
        images: usize,
        moments: &[Moment],
        states: &[Model],
        cut: Option<&Cut>,
        random: &mut Random,
    ) {
        for (inner, moment) in moments.iter().enumerate() {
            self.inner = Some(inner);
            for _ in 0..images {
                let image = moment.contents.crash(random);
                if cut.is_some_and(|cut| cut.is_lost_in(&image)) {
                    self.fail("the log is cut and what was cut off is gone");
                }
                self.check(&Found::after_crash(&image, moment.note, states), random);
            }
        }
        self.inner = None;
    }

    fn commits_shown(&self, engine: &StoreEngine, found: &Found<'_>) -> usize {
        let Found { states, fewest, note, .. } = *found;
        let model = Model::of(engine);
        let most = note.asked.min(states.len() - 1);
        (fewest..=most).find(|&commits| states[commits] == model).unwrap_or_else(|| {
            let shown = states.iter().position(|state| *state == model);
            self.fail(&format!("{shown:?} commits are shown, not {fewest} to {most}"))
        })
    }

    /// The recovered store takes a commit and keeps it, whether it is closed or crashes. Gives the states of
    /// the store, the new one included.
    fn go_on(
        &self,
        disk: &SimDisk,
        engine: StoreEngine,
        states: &[Model],
        random: &mut Random,
    ) -> Vec<Model> {
        let shown = states.len() - 1;
        let mut states = states.to_vec();
        let mut model = states[shown].clone();
        let commit = &self.story.more[random.below(self.story.more.len())];
        model.commit(commit);
        states.push(model.clone());
        let safe = disk.current_note().safe;
        disk.note(Note { safe, done: shown, asked: shown + 1 });
        run_at(&engine, commit, -1).unwrap_or_else(|error| self.fail(&error.to_string()));
        let durable = self.story.config.durability() == Durability::Synced;
        let safe = if durable { shown + 1 } else { safe };
        disk.note(Note { safe, done: shown + 1, asked: shown + 1 });
        let end = random.below(3);
        if end != 0 || !durable {
            engine.close().unwrap_or_else(|error| self.fail(&error.to_string()));
            disk.note(Note { safe: shown + 1, done: shown + 1, asked: shown + 1 });
        }
        drop(engine);
        let next = if end == 1 { disk.kill() } else { disk.crash(random) };
        let reopened = open(&next, &self.story.config);
        let reopened = reopened.unwrap_or_else(|error| self.fail(&error.to_string()));
        if Model::of(&reopened) != model {
            self.fail("the store does not show what was written after recovery");
        }
        self.all_in_memory(&reopened, &model);
        states
    }
}

fn check_story(seed: u64, gallery: &Gallery) {
    let story = Story::tell(seed, STEPS);
    let mut random = Random::new(seed ^ 0x5EED);
    let checked = HashSet::new();
    let mut case = Case { story: &story, gallery, checked, seed, moment: 0, inner: None };
    for (at, moment) in story.moments.iter().enumerate() {
        case.moment = at;
        case.check(&Found::after_kill(moment, &story.states), &mut random);
        for _ in 0..IMAGES {
            let image = moment.contents.crash(&mut random);
            let found = Found::after_crash(&image, moment.note, &story.states);
            case.check(&found, &mut random);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn no_end_at_any_call_nor_a_crash_at_any_call_of_the_next_opener_loses_or_invents_a_commit() {
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
    let (indexed, by_index) = (gallery.indexed.into_inner(), gallery.by_index.into_inner());
    println!("{by_index} of {indexed} index files were of use");
    assert!(by_index > 0 && by_index < indexed, "{by_index} of {indexed} index files were of use");
}
