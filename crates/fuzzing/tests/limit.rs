//! The limit on memory is one: a reader that takes more ends the process.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::env;
use std::process::Command;

use fuzzing::limit::{LARGEST, hold};

const TAKE: &str = "FUZZ_TEST_TAKE";

/// Runs this test again in a process of its own that takes so many bytes; whether that ends well.
fn takes(bytes: usize) -> bool {
    let name = "a_reader_that_takes_more_than_the_limit_ends_the_process";
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(TAKE, bytes.to_string())
        .output()
        .unwrap();
    output.status.success()
}

#[test]
fn a_reader_that_takes_more_than_the_limit_ends_the_process() {
    if let Ok(bytes) = env::var(TAKE) {
        let bytes: usize = bytes.parse().unwrap();
        hold(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes))));
        return;
    }
    assert!(takes(LARGEST - (1 << 20)));
    assert!(!takes(LARGEST + (1 << 20)));
}
