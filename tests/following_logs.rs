//! A store follows the log of another process: at every moment of that process, of its crash and of the recovery after it,
//! the follower shows a prefix of what the log keeps, never goes back, and never shows half a batch.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use softadastra_store::engine::{Notice, RestartReason};
use softadastra_store::index::Range;
use softadastra_store::{
    CompactionPolicy, Control, Durability, Entry, Error, Key, SnapshotBuilderStore, StoreConfig,
    StoreEngine, Value, Write,
};
use support::model::{Model, run_at};
use support::random::Random;
use support::sim_disk::{Moment, SimDisk};
use support::story::{LOG, Story, open};

const MARK: &str = "/store.wal.durable";

fn following(disk: &SimDisk) -> StoreEngine {
    let config = StoreConfig::following(LOG).unattended();
    let engine = StoreEngine::with_storage(config, Arc::new(disk.clone()));
    engine.recover().unwrap();
    engine
}

/// A follower that is asked at some moments of a story, and which commits it showed last.
struct Reader<'s> {
    story: &'s Story,
    seed: u64,
    disk: SimDisk,
    engine: StoreEngine,
    shown: usize,
}

impl<'s> Reader<'s> {
    fn new(story: &'s Story, seed: u64, moment: &Moment) -> Self {
        let disk = SimDisk::with_contents(moment.contents.clone());
        let engine = following(&disk);
        Self { story, seed, disk, engine, shown: 0 }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("seed {}: {what}", self.seed)
    }

    /// Which commits it shows now.
    fn look(&mut self, moment: &Moment) -> usize {
        self.disk.set_contents(moment.contents.clone());
        self.engine.refresh().unwrap_or_else(|error| self.fail(&error.to_string()));
        let model = Model::of(&self.engine);
        let states = &self.story.states;
        let found = (self.shown..states.len()).find(|&at| states[at] == model);
        let Some(shown) = found else {
            let anywhere = states.iter().position(|state| *state == model);
            self.fail(&format!("after {} commits it shows {anywhere:?}", self.shown))
        };
        if shown > moment.note.asked {
            self.fail(&format!("{shown} commits are shown, {} were asked for", moment.note.asked));
        }
        self.shown = shown;
        shown
    }
}

/// The moments from which there is a log.
fn with_log(story: &Story) -> &[Moment] {
    let begun = |moment: &Moment| moment.contents.file(Path::new(LOG)).is_some();
    let first = story.moments.iter().position(begun).unwrap();
    &story.moments[first..]
}

#[test]
fn at_every_call_of_a_writer_its_follower_shows_what_is_kept_and_all_that_was_acknowledged() {
    for seed in 0..60 {
        let story = Story::tell(seed, 24);
        let moments = with_log(&story);
        let mut reader = Reader::new(&story, seed, &moments[0]);
        for moment in moments {
            let shown = reader.look(moment);
            if shown < moment.note.done {
                reader.fail(&format!("{shown} of {} done commits are shown", moment.note.done));
            }
        }
        assert_eq!(reader.shown, story.states.len() - 1, "seed {seed}");
        assert_eq!(reader.engine.stats().restarts, 0, "seed {seed}");
    }
}

#[test]
fn a_follower_that_sleeps_for_long_goes_on_or_begins_with_the_checkpoint_and_never_goes_back() {
    let mut checkpoints = 0;
    for seed in 0..60 {
        let story = Story::tell(seed, 40);
        let mut random = Random::new(seed);
        let moments = with_log(&story);
        let mut reader = Reader::new(&story, seed, &moments[0]);
        let mut at = 0;
        while at < moments.len() {
            reader.look(&moments[at]);
            at += 1 + random.below(60);
        }
        reader.look(moments.last().unwrap());
        assert_eq!(reader.shown, story.states.len() - 1, "seed {seed}");
        let stats = reader.engine.stats();
        if let Some(restart) = stats.last_restart {
            assert_eq!(restart.reason, RestartReason::Checkpoint, "seed {seed}");
        }
        checkpoints += stats.restarts;
    }
    assert!(checkpoints > 0);
}

/// Goes on after the writer has ended at a moment, and compares the follower with the next writer.
fn go_on(story: &Story, seed: u64, disk: &SimDisk, follower: &StoreEngine) {
    let before = Model::of(follower);
    let writer = open(disk, &story.config).unwrap();
    let kept = Model::of(&writer);
    follower.refresh().unwrap();
    let shown = Model::of(follower);
    assert!(shown.last_sequence >= before.last_sequence, "seed {seed}: it went back");
    let is_prefix = |model: &Model| story.states.contains(model) || *model == kept;
    assert!(is_prefix(&shown) && shown.last_sequence <= kept.last_sequence, "seed {seed}");
    for (commit, at) in story.more.iter().zip(10_000..) {
        run_at(&writer, commit, at).unwrap();
        follower.refresh().unwrap();
        assert_eq!(Model::of(follower), Model::of(&writer), "seed {seed}");
    }
    writer.compact(&Control::default()).unwrap();
    run_at(&writer, &story.more[0], 20_000).unwrap();
    follower.refresh().unwrap();
    assert_eq!(Model::of(follower), Model::of(&writer), "seed {seed}");
    assert_eq!(follower.stats().restarts, 0, "seed {seed}");
}

#[test]
fn whenever_a_process_is_killed_its_follower_goes_on_with_the_next_one() {
    for seed in 0..24 {
        let story = Story::tell(seed, 24);
        let mut random = Random::new(seed);
        let moments = with_log(&story);
        for _ in 0..12 {
            let moment = &moments[random.below(moments.len())];
            let disk = SimDisk::with_contents(moment.contents.clone());
            go_on(&story, seed, &disk, &following(&disk));
        }
    }
}

#[test]
fn what_a_follower_shows_after_the_machine_stopped_is_what_the_recovery_keeps() {
    for seed in 0..24 {
        let story = Story::tell(seed, 24);
        let mut random = Random::new(seed);
        let moments = with_log(&story);
        for _ in 0..16 {
            let moment = &moments[random.below(moments.len())];
            let disk = SimDisk::with_contents(moment.contents.clone()).crash(&mut random);
            if disk.read(Path::new(LOG)).is_some() {
                go_on(&story, seed, &disk, &following(&disk));
            }
        }
    }
}

/// What is read of the log for what is committed: up to which sequence, and the entries.
fn committed(disk: &SimDisk) -> (u64, Vec<Entry>) {
    let snapshot = SnapshotBuilderStore::build_committed_on(disk, Path::new(LOG)).unwrap();
    (snapshot.last_sequence(), snapshot.all().unwrap())
}

fn shown(engine: &StoreEngine) -> (u64, Vec<Entry>) {
    (engine.last_sequence(), engine.scan(&Range::all()).unwrap())
}

#[test]
fn what_is_read_of_a_log_with_a_mark_is_what_a_follower_shows() {
    for seed in 0..24 {
        let story = Story::tell(seed, 24);
        let mut random = Random::new(seed);
        for moment in with_log(&story) {
            let disk = SimDisk::with_contents(moment.contents.clone());
            assert_eq!(committed(&disk), shown(&following(&disk)), "seed {seed}");
            let crashed = SimDisk::with_contents(moment.contents.clone()).crash(&mut random);
            if crashed.read(Path::new(LOG)).is_some() {
                let (found, kept) = (committed(&crashed), open(&crashed, &story.config).unwrap());
                let kept = shown(&kept);
                assert!(found.0 < kept.0 || found == kept, "seed {seed}");
            }
        }
    }
}

#[test]
fn of_a_log_without_a_mark_every_whole_frame_is_read_and_with_one_what_nobody_takes_back() {
    let disk = SimDisk::new();
    let writer = open(&disk, &durable()).unwrap();
    put(&writer, "a", "1");
    disk.fail_next_sync();
    assert!(writer.put(&key("a"), &Value::from_string("2")).is_err());
    let whole = |disk: &SimDisk| {
        SnapshotBuilderStore::build_on(disk, Path::new(LOG)).unwrap().last_sequence()
    };
    assert_eq!((committed(&disk).0, whole(&disk)), (1, 2));
    let alone = SimDisk::with_file(Path::new(LOG), &disk.read(Path::new(LOG)).unwrap());
    assert_eq!((committed(&alone).0, whole(&alone)), (2, 2));
}

fn key(key: &str) -> Key {
    Key::new(key).unwrap()
}

fn put(engine: &StoreEngine, at: &str, value: &str) {
    engine.put(&key(at), &Value::from_string(value)).unwrap();
}

fn get(engine: &StoreEngine, at: &str) -> Option<String> {
    engine.get(&key(at)).unwrap().map(|entry| entry.value.to_string_lossy().into_owned())
}

fn durable() -> StoreConfig {
    StoreConfig::durable(LOG).with_compaction(CompactionPolicy::MANUAL)
}

#[test]
fn a_follower_reads_scans_snapshots_and_watches_and_writes_nothing() {
    let disk = SimDisk::new();
    let writer = open(&disk, &durable()).unwrap();
    put(&writer, "a", "1");
    let follower = following(&disk);
    let watcher = follower.watch(Range::all(), || ()).unwrap();
    let snapshot = follower.snapshot().unwrap();
    let (names, log) = (disk.names(), disk.read(Path::new(LOG)));
    let batch = [Write::put(key("b"), Value::from_string("2")), Write::remove(key("a"))];
    writer.batch(&batch).unwrap();
    let written = disk.read(Path::new(LOG));
    assert_ne!(log, written);
    assert_eq!(follower.refresh().unwrap(), 3);
    assert_eq!((get(&follower, "a"), get(&follower, "b")), (None, Some("2".into())));
    assert_eq!(follower.size(), 1);
    assert_eq!(snapshot.size(), 1);
    let told = watcher.take(10, 1 << 20).unwrap().unwrap();
    assert_eq!(told.iter().map(|change| change.version).collect::<Vec<_>>(), [2, 3]);
    let read = follower.operations(1, false).unwrap();
    assert_eq!(read.map(|one| one.unwrap().sequence).collect::<Vec<_>>(), [2, 3]);

    let refused = |error: &Error| error.code().as_str() == "invalid_state";
    let cure = "write with the process that has it open";
    let calls: [&dyn Fn() -> Result<(), Error>; 8] = [
        &|| follower.sweep(&Control::default()).map(drop),
        &|| follower.put(&key("c"), &Value::from_string("3")).map(drop),
        &|| follower.remove(&key("b")).map(drop),
        &|| follower.batch(&batch).map(drop),
        &|| follower.compact(&Control::default()).map(drop),
        &|| follower.backup("/copy.wal", &Control::default()).map(drop),
        &|| follower.consumer("sync", 0).map(drop),
        &|| follower.flush(),
    ];
    for (number, call) in calls.iter().enumerate() {
        let error = call().unwrap_err();
        assert!(refused(&error) && error.to_string().contains(cure), "{number}: {error}");
    }
    follower.close().unwrap();
    assert!(matches!(follower.refresh(), Err(Error::Closed)));
    assert_eq!(watcher.take(10, 1).unwrap(), None);
    assert_eq!((disk.names(), disk.read(Path::new(LOG))), (names, written));
}

#[test]
fn without_the_mark_a_follower_shows_what_later_frames_and_the_seal_vouch_for() {
    let disk = SimDisk::new();
    disk.fail_hints(true);
    let writer = open(&disk, &durable()).unwrap();
    put(&writer, "a", "1");
    put(&writer, "b", "2");
    let follower = following(&disk);
    assert_eq!(follower.last_sequence(), 1);
    put(&writer, "c", "3");
    assert_eq!(follower.refresh().unwrap(), 2);
    writer.close().unwrap();
    assert_eq!(follower.refresh().unwrap(), 3);
    assert_eq!(disk.read(Path::new(MARK)), None);
}

#[test]
fn a_frame_whose_sync_fails_is_not_shown() {
    let disk = SimDisk::new();
    let writer = open(&disk, &durable()).unwrap();
    put(&writer, "a", "1");
    let follower = following(&disk);
    disk.fail_next_sync();
    assert!(writer.put(&key("a"), &Value::from_string("2")).is_err());
    assert_eq!(follower.refresh().unwrap(), 1);
    assert_eq!(get(&follower, "a").as_deref(), Some("1"));
}

#[test]
fn a_mark_that_is_damaged_or_speaks_for_other_frames_vouches_for_nothing() {
    let disk = SimDisk::new();
    let buffered = StoreConfig::buffered(LOG).with_compaction(CompactionPolicy::MANUAL);
    let writer = open(&disk, &buffered).unwrap();
    put(&writer, "a", "1");
    let earlier = disk.read(Path::new(LOG)).unwrap();
    put(&writer, "a", "2");
    let mark = disk.read(Path::new(MARK)).unwrap();
    // The machine stops: the last frame is gone, and another one takes its place.
    let lost = SimDisk::with_file(Path::new(LOG), &earlier);
    let next = open(&lost, &buffered).unwrap();
    put(&next, "a", "3");
    let shown = |mark: &[u8]| {
        let disk = lost.kill();
        disk.put_file(Path::new(MARK), mark);
        following(&disk).last_sequence()
    };
    assert_eq!(shown(&lost.read(Path::new(MARK)).unwrap()), 2);
    assert_eq!(shown(&mark), 1, "what recovery vouched for");
    let sound = lost.read(Path::new(MARK)).unwrap();
    for at in 0..sound.len() * 8 {
        let mut damaged = sound.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        assert_eq!(shown(&damaged), 1, "bit {at}");
    }
    for len in 0..sound.len() {
        assert_eq!(shown(&sound[..len]), 1, "{len} bytes");
    }
}

#[test]
fn a_log_that_lost_its_end_is_told_and_begun_anew() {
    let disk = SimDisk::new();
    let buffered = StoreConfig::buffered(LOG);
    let writer = open(&disk, &buffered).unwrap();
    put(&writer, "a", "1");
    writer.flush().unwrap();
    let flushed = disk.read(Path::new(LOG)).unwrap();
    put(&writer, "a", "2");
    let follower = following(&disk);
    let told = follower.listen(|| ());
    let watcher = follower.watch(Range::all(), || ()).unwrap();
    let mut operations = follower.operations(0, true).unwrap();
    assert_eq!(get(&follower, "a").as_deref(), Some("2"));
    drop(writer);
    let log = disk.kill();
    log.put_file(Path::new(LOG), &flushed);
    let next = open(&log, &buffered).unwrap();
    put(&next, "b", "3");
    put(&next, "b", "4");
    // The file is the same one, with less in it.
    let file = softadastra_store::storage::Storage::open(
        &disk,
        Path::new(LOG),
        softadastra_store::storage::Access::ReadWrite,
    );
    let (file, cut) = (file.unwrap(), log.read(Path::new(LOG)).unwrap());
    file.set_len(0).unwrap();
    file.write_at(&cut, 0).unwrap();
    disk.put_file(Path::new(MARK), &log.read(Path::new(MARK)).unwrap());
    assert_eq!(follower.refresh().unwrap(), 3);
    assert_eq!(
        (get(&follower, "a").as_deref(), get(&follower, "b").as_deref()),
        (Some("1"), Some("4"))
    );
    let notices = told.take();
    let [Notice::Restart(restart)] = notices[..] else { panic!("{notices:?}") };
    assert_eq!((restart.reason, restart.before, restart.after), (RestartReason::Cut, 2, 3));
    assert!(watcher.take(9, 9).unwrap_err().to_string().contains("watch it again"));
    assert!(operations.next_page().unwrap_err().to_string().contains("another history"));
}

#[test]
fn a_backup_that_takes_the_place_of_the_log_is_told_and_never_mixed_with_it() {
    for in_place in [false, true] {
        let disk = SimDisk::new();
        let writer = open(&disk, &durable()).unwrap();
        put(&writer, "a", "1");
        writer.backup("/backup.wal", &Control::default()).unwrap();
        put(&writer, "b", "2");
        put(&writer, "c", "3");
        let follower = following(&disk);
        assert_eq!(follower.last_sequence(), 3);
        writer.close().unwrap();
        let backup = disk.read(Path::new("/backup.wal")).unwrap();
        if in_place {
            let (path, access) = (Path::new(LOG), softadastra_store::storage::Access::ReadWrite);
            let file = softadastra_store::storage::Storage::open(&disk, path, access).unwrap();
            file.set_len(0).unwrap();
            assert!(follower.refresh().is_err(), "it is being copied");
            assert_eq!(follower.size(), 3, "meanwhile all is as it was");
            assert!(follower.stats().follow_error.is_some());
            file.write_at(&backup, 0).unwrap();
        } else {
            disk.put_file(Path::new(LOG), &backup);
        }
        let next = open(&disk, &durable()).unwrap();
        for value in ["4", "5", "6", "7"] {
            put(&next, "d", value);
        }
        assert_eq!(follower.refresh().unwrap(), 5);
        assert_eq!(Model::of(&follower), Model::of(&next));
        let stats = follower.stats();
        assert_eq!((stats.restarts, stats.follow_error.is_some()), (1, false));
        let restart = stats.last_restart.unwrap();
        assert_eq!((restart.reason, restart.before), (RestartReason::Replaced, 3));
    }
}

#[test]
fn three_compactions_and_a_close_that_were_slept_through_are_gone_on_after_or_begun_from_a_checkpoint()
 {
    for behind in [false, true] {
        let disk = SimDisk::new();
        let writer = open(&disk, &durable()).unwrap();
        put(&writer, "a", "1");
        let follower = following(&disk);
        let watcher = follower.watch(Range::all(), || ()).unwrap();
        for round in 0..3 {
            if behind {
                put(&writer, "b", &format!("{round}"));
            }
            writer.compact(&Control::default()).unwrap();
        }
        writer.close().unwrap();
        let next = open(&disk, &durable()).unwrap();
        put(&next, "c", "2");
        next.compact(&Control::default()).unwrap();
        put(&next, "c", "3");
        follower.refresh().unwrap();
        assert_eq!(Model::of(&follower), Model::of(&next));
        let reason = follower.stats().last_restart.map(|restart| restart.reason);
        assert_eq!(reason, Some(RestartReason::Checkpoint), "one more was written after it");
        assert!(watcher.take(9, 9).is_err());
        next.compact(&Control::default()).unwrap();
        put(&next, "d", "4");
        let watcher = follower.watch(Range::all(), || ()).unwrap();
        follower.refresh().unwrap();
        assert_eq!(Model::of(&follower), Model::of(&next));
        assert_eq!(follower.stats().restarts, 1);
        assert_eq!(watcher.take(9, 9).unwrap().unwrap().len(), 1);
    }
}

#[test]
fn a_log_that_does_not_exist_is_refused_or_waited_for() {
    let disk = SimDisk::new();
    let config = StoreConfig::following(LOG).unattended();
    assert_eq!(config.durability(), Durability::Following);
    let follow = |config: StoreConfig| StoreEngine::with_storage(config, Arc::new(disk.clone()));
    let refused = follow(config.clone()).recover().unwrap_err();
    assert_eq!(refused.code().as_str(), "io_error");
    assert!(disk.names().is_empty());
    let control = Control::default();
    control.abort();
    let waiting = follow(config.waiting());
    let given_up = waiting.recover_with(&control, softadastra_store::Verify::Later);
    assert!(matches!(given_up, Err(Error::Aborted)), "{given_up:?}");
    std::thread::scope(|scope| {
        let found = scope.spawn(|| waiting.recover().unwrap());
        put(&open(&disk, &durable()).unwrap(), "a", "1");
        found.join().unwrap();
    });
    waiting.refresh().unwrap();
    assert_eq!(get(&waiting, "a").as_deref(), Some("1"));
}
