//! The least that durable writing and reading back can cost, for comparison.
//!
//! `bare-loop write FILE BYTES GROUP SECONDS` overwrites zeroed space with GROUP records of BYTES in one
//! write and one sync, again and again. `bare-loop read FILE` reads a file in slices of 1 MiB and computes
//! its checksum. Both print one line of JSON.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

const SLICE: usize = 1 << 20;
/// Space that is zeroed ahead; the loop starts over when it reaches the end.
const SPACE: usize = 64 << 20;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["write", file, bytes, group, seconds] => {
            write(file, number(bytes)? * number(group)?, number(group)?, seconds)
        }
        ["read", file] => read(file),
        _ => Err(io::Error::other("usage: bare-loop write FILE BYTES GROUP SECONDS | read FILE")),
    }
}

fn number(word: &str) -> io::Result<usize> {
    word.parse().map_err(io::Error::other)
}

fn zeroed(path: &str) -> io::Result<File> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    let zeros = vec![0; SLICE];
    for _ in 0..SPACE / SLICE {
        file.write_all(&zeros)?;
    }
    file.sync_all()?;
    Ok(file)
}

fn write(path: &str, bytes: usize, group: usize, seconds: &str) -> io::Result<()> {
    let limit = Duration::from_secs_f64(seconds.parse().map_err(io::Error::other)?);
    let mut file = zeroed(path)?;
    let record = vec![b'r'; bytes];
    let mut times = Vec::new();
    let mut offset = 0;
    let start = Instant::now();
    while start.elapsed() < limit {
        let begun = Instant::now();
        if offset + bytes > SPACE {
            offset = 0;
        }
        file.seek(SeekFrom::Start(offset as u64))?;
        file.write_all(&record)?;
        file.sync_data()?;
        offset += bytes;
        times.push(begun.elapsed());
    }
    let elapsed = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let median = times[times.len() / 2].as_secs_f64() * 1e6;
    let rate = (times.len() * group) as f64 / elapsed;
    println!("{{\"median\":{median},\"rate\":{rate}}}");
    Ok(())
}

fn read(path: &str) -> io::Result<()> {
    let start = Instant::now();
    let mut file = File::open(path)?;
    let mut slice = vec![0; SLICE];
    let mut checksum = crc32fast::Hasher::new();
    loop {
        let length = file.read(&mut slice)?;
        if length == 0 {
            break;
        }
        checksum.update(&slice[..length]);
    }
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let sum = checksum.finalize();
    println!("{{\"milliseconds\":{milliseconds},\"checksum\":{sum}}}");
    Ok(())
}
