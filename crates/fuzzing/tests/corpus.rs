//! The targets without a fuzzer: the corpus as it is, and inputs made of it that nobody has looked at.
//!
//! Each run draws a seed of its own; where it finds something, it tells the seed and keeps the input.
//! `FUZZ_SEED` repeats a run, and `FUZZ_RUNS` makes it longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may panic, and tells what it drew"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{env, fs};

use fastrand::Rng;
use fuzzing::{ALL, Target, mutate};

/// What is drawn for each target where nothing is said.
const RUNS: u64 = 2_000;

fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = format!(
        "{}/../../fuzz/corpus/{}",
        env!("CARGO_MANIFEST_DIR"),
        target.name
    );
    let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{directory}: {error}"));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

fn number<T: FromStr>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} is \"{text}\", expected a number")))
}

/// Feeds a target, and keeps the input until it is known to be harmless: where the process ends for want
/// of memory, or does not end at all, nobody else could tell what it was.
fn feed(target: &Target, input: &[u8], kept: &Path, from: &str) {
    fs::write(kept, input).unwrap();
    if catch_unwind(AssertUnwindSafe(|| target.feed(input))).is_err() {
        panic!(
            "{} does not take {from}; it is in {}",
            target.name,
            kept.display()
        );
    }
    fs::remove_file(kept).unwrap();
}

fn kept(target: &Target, what: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{what}-{}", target.name))
}

fn replay(target: &Target) {
    let corpus = corpus(target);
    assert!(!corpus.is_empty());
    for (path, input) in corpus {
        feed(
            target,
            &input,
            &kept(target, "corpus"),
            &path.display().to_string(),
        );
    }
}

fn draw(target: &Target) {
    let corpus = corpus(target);
    let seed = number("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    let runs = number("FUZZ_RUNS").unwrap_or(RUNS);
    eprintln!("FUZZ_SEED={seed} FUZZ_RUNS={runs}");
    let mut draw = Rng::with_seed(seed);
    for run in 0..runs {
        let [(_, input), (_, other)] = [(); 2].map(|()| draw.choice(&corpus).expect("a corpus"));
        let input = mutate::change(&mut draw, input, other);
        let from = format!("run {run} of FUZZ_SEED={seed}");
        feed(target, &input, &kept(target, "drawn"), &from);
    }
}

macro_rules! targets {
    ($($module:ident: $target:ident;)*) => {
        $(mod $module {
            #[test]
            fn the_corpus_is_taken() {
                super::replay(&fuzzing::$target);
            }

            #[test]
            fn what_is_made_of_the_corpus_is_taken() {
                super::draw(&fuzzing::$target);
            }
        })*

        #[test]
        fn every_target_is_tested_and_has_a_binary() {
            let tested = [$(stringify!($module)),*];
            let all: Vec<&str> = ALL.iter().map(|target| target.name).collect();
            assert_eq!(all, tested);
            for name in all {
                let binary = format!("{}/../../fuzz/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
                assert!(fs::exists(&binary).unwrap(), "{binary}");
            }
        }
    };
}

targets! {
    payload: PAYLOAD;
    decision: DECISION;
    definition: DEFINITION;
    observation: OBSERVATION;
    requests: REQUESTS;
    record: RECORD;
    region_door: REGION_DOOR;
    region_rule: REGION_RULE;
    region_math: REGION_MATH;
    region_pattern: REGION_PATTERN;
    region_transformer: REGION_TRANSFORMER;
    region_filter: REGION_FILTER;
    region_scenario: REGION_SCENARIO;
    region_fault: REGION_FAULT;
}
