//! Random.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and tells what it found"
)]

use std::time::Instant;

use histories::draw::draw;
use histories::play::play;
use histories::variant::Variant;

#[test]
fn random_histories() {
    let n: u64 = std::env::var("HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let seed: u64 = std::env::var("SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let began = Instant::now();
    let (mut runs, mut calls, mut bad) = (0, 0, 0);
    let mut slow = Vec::new();
    for seed in seed..seed + n {
        let t = Instant::now();
        let transcript = draw(seed);
        let played = play(&transcript, Variant::Sound);
        runs += played.runs;
        calls += played.calls;
        slow.push((t.elapsed().as_millis(), seed, played.runs, played.calls));
        if !played.wrong.is_empty() {
            bad += 1;
            println!("{seed}: {:?}", played.wrong);
        }
    }
    slow.sort();
    let ms = began.elapsed().as_millis();
    println!("{n} histories, {runs} runs, {calls} calls, {bad} bad, {ms} ms; slowest {:?} median {:?}", &slow[slow.len()-5..], slow[slow.len()/2]);
}
