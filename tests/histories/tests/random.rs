//! Random histories, each from a seed of its own: Evac keeps its invariants in every one of them, and
//! every one of them ends.
//!
//! `HISTORIES` says how many, `SEED` where the seeds begin; without it they are fresh each time.
//! `HISTORY=file` replays one transcript and tells what happened in it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may panic, and tells what it found"
)]

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use histories::draw::draw;
use histories::play::play;
use histories::shrink::shrink;
use histories::transcript::Transcript;
use histories::variant::Variant;

/// How many histories are played where nobody says how many.
const HISTORIES: u64 = 30;

/// How many failures are made small and told; more tell nothing new.
const TOLD: usize = 5;

#[test]
fn every_random_history_keeps_the_invariants_and_ends() {
    if let Ok(path) = std::env::var("HISTORY") {
        return replay(&path);
    }
    let count = number("HISTORIES").unwrap_or(HISTORIES);
    let first = number("SEED").unwrap_or_else(fresh);
    println!("{count} histories, seeds {first} to {}", first + count - 1);
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let (runs, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    let reached = Mutex::new(BTreeMap::<&str, u64>::new());
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let played = play(&draw(first + number), Variant::Sound);
                    runs.fetch_add(played.runs, Ordering::Relaxed);
                    calls.fetch_add(played.calls, Ordering::Relaxed);
                    for what in played.reached {
                        *reached.lock().unwrap().entry(what).or_default() += 1;
                    }
                    if !played.wrong.is_empty() {
                        failed.lock().unwrap().push((first + number, played.wrong));
                    }
                }
            });
        }
    });
    let (runs, calls) = (runs.into_inner(), calls.into_inner());
    let took = began.elapsed().as_secs_f64();
    println!("{count} histories with {runs} runs and {calls} calls in {took:.1} s");
    for (what, times) in reached.into_inner().unwrap() {
        println!("  {what}: in {times}");
    }
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    for (seed, wrong) in &failed {
        println!("seed {seed}: {}", wrong[0]);
    }
    for (seed, _) in failed.iter().take(TOLD) {
        let small = shrink(&draw(*seed), Variant::Sound);
        tell(&small);
    }
    assert!(failed.is_empty(), "{} of {count} failed", failed.len());
}

fn replay(path: &str) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let wrong = tell(&Transcript::read(&text));
    assert!(wrong.is_empty(), "{path} fails");
}

/// Plays a history and tells everything of it.
fn tell(transcript: &Transcript) -> Vec<String> {
    let played = play(transcript, Variant::Sound);
    println!("\n{}", transcript.write());
    for line in played.story.iter().chain(&played.wrong) {
        println!("{line}");
    }
    played.wrong
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is \"{text}\", expected a number")))
}

/// A seed that nobody has chosen.
fn fresh() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() % 1_000_000_000 * 100_000
}
