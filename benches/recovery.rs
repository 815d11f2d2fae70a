//! How long a fresh process takes to open a log of a million entries of 15 + 100 bytes, against reading the log and
//! computing its checksum, which is the least that a recovery can do.
//!
//! Each figure is taken in a process of its own, since the first touch of memory is a good part of the cost. Rounds go
//! through everything before the next begins, and ratios are taken within a round, so that a busy moment of the machine
//! does not favour one side. `ROUNDS` sets how many there are.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use softadastra_store::{Control, Key, StoreConfig, StoreEngine, Value, Write};

const ENTRIES: u32 = 1_000_000;
const BATCH: usize = 1000;
/// Names what a child process measures.
const TASK: &str = "RECOVERY_BENCH_TASK";

fn key(n: u32) -> String {
    format!("user:{n:06}{:04}", n.wrapping_mul(0x9E37_79B1) % 10_000)
}

/// The numbers below `ENTRIES`, each once, in no order that a sort could use.
fn shuffled() -> Vec<u32> {
    let mut state = 7u64;
    let mut numbers: Vec<u32> = (0..ENTRIES).collect();
    for i in (1..numbers.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (i + 1);
        numbers.swap(i, other);
    }
    numbers
}

fn write_log(folder: &Path, name: &str, rounds: &[Vec<u32>]) -> PathBuf {
    let is_compacted = name.starts_with("compacted");
    let path = folder.join(name);
    let engine = StoreEngine::open(StoreConfig::buffered(&path)).unwrap();
    for (round, numbers) in rounds.iter().enumerate() {
        let value = Value::from_bytes(vec![b'v'; 100 + 50 * round]);
        for part in numbers.chunks(BATCH) {
            let puts = part.iter().map(|n| Write::Put {
                key: Key::new(key(*n)).unwrap(),
                value: value.clone(),
                if_version: None,
                expires_at: None,
            });
            engine.batch(&puts.collect::<Vec<_>>()).unwrap();
        }
        if is_compacted && round == 0 {
            engine.compact(&Control::default()).unwrap();
        }
    }
    engine.close().unwrap();
    path
}

fn open(path: &Path) -> u128 {
    let begun = Instant::now();
    let engine = StoreEngine::open(StoreConfig::durable(path)).unwrap();
    let found = engine.get(&Key::new(key(ENTRIES - 1)).unwrap()).unwrap();
    let elapsed = begun.elapsed().as_nanos();
    assert!(found.unwrap().value.as_bytes().starts_with(&[b'v'; 100]));
    assert_eq!(engine.size(), ENTRIES as usize);
    elapsed
}

fn read_and_checksum(path: &Path) -> u128 {
    let begun = Instant::now();
    let mut file = File::open(path).unwrap();
    let (mut slice, mut checksum) = (vec![0; 1 << 20], crc32fast::Hasher::new());
    loop {
        let len = file.read(&mut slice).unwrap();
        if len == 0 {
            break;
        }
        checksum.update(slice.get(..len).unwrap());
    }
    assert_ne!(checksum.finalize(), 0);
    begun.elapsed().as_nanos()
}

fn in_child(task: &str, path: &Path) -> f64 {
    let child = Command::new(std::env::current_exe().unwrap()).env(TASK, task).arg(path).output();
    let output = child.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap() / 1e6
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap()
}

fn main() {
    if let Ok(task) = std::env::var(TASK) {
        let path = PathBuf::from(std::env::args_os().nth(1).unwrap());
        let nanoseconds = if task == "open" { open(&path) } else { read_and_checksum(&path) };
        return println!("{nanoseconds}");
    }
    let rounds = std::env::var("ROUNDS").map_or(9, |rounds| rounds.parse().unwrap());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recovery");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (random, ordered) = (shuffled(), (0..ENTRIES).collect::<Vec<_>>());
    // A share of the keys is written again, with longer values.
    let again = random.iter().take(random.len() / 20).copied().collect();
    let cases = [
        ("keys in no order", vec![random.clone()]),
        ("keys in order", vec![ordered]),
        ("compacted", vec![random.clone()]),
        ("compacted, then one in 20 again", vec![random.clone(), again]),
    ];
    for (name, numbers) in cases {
        let path = write_log(&folder, name, &numbers);
        let (mut opens, mut least, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let base = in_child("checksum", &path);
            let time = in_child("open", &path);
            opens.push(time);
            least.push(base);
            ratios.push(time / base);
        }
        println!(
            "{name}: opened in {:.0} ms; read and checksummed in {:.0} ms; ratio {:.1}",
            median(opens),
            median(least),
            median(ratios),
        );
    }
    fs::remove_dir_all(&folder).unwrap();
}
