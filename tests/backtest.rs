//! `evac classify` and `evac backtest` as people run them, the latter against a Region that
//! `evac region` runs. The executables are built by `make build`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use running::{Running, address, executable};
use serde_json::{Value, json};

fn docs(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../docs/classify", file]
        .iter()
        .collect()
}

fn definition() -> Value {
    serde_json::from_slice(&std::fs::read(docs("workload.json")).unwrap()).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever refuses its arguments reads no input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// A Region with a fault in use1-az2 from 03:02 on, faster than the wall clock, but not so fast that it
/// forgets its metrics before they are read.
struct Faulty {
    _running: Running,
    endpoint: String,
}

impl Faulty {
    fn start() -> Self {
        let mut running = Running::start(&["--scenario", "zonal-errors", "--speed", "300"]);
        let endpoint = format!("http://{}", address(&running.introduction()));
        Self {
            _running: running,
            endpoint,
        }
    }

    fn backtest(&self, definition: &Value, from: &str, to: &str, more: &[&str]) -> Output {
        let mut command = Command::new(executable("evac"));
        command
            .args(["backtest", "--workload", "-", "--from", from, "--to", to])
            .args(more)
            .env_clear()
            .envs([
                ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "embedded"),
                ("AWS_SECRET_ACCESS_KEY", "embedded"),
            ]);
        run(&mut command, definition.to_string().as_bytes())
    }

    /// The report of a period, as soon as the Region's metrics of it are all there.
    fn report(&self, definition: &Value, from: &str, to: &str) -> Value {
        loop {
            let output = self.backtest(definition, from, to, &["--format", "json"]);
            if !output.status.success() {
                let told = text(&output.stderr);
                assert!(told.contains("has no counts"), "{told}");
                continue;
            }
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let known = report["known"].as_object().unwrap();
            if known.values().all(|known| *known == report["minutes"]) {
                return report;
            }
        }
    }
}

#[test]
fn the_zone_and_the_minute_of_a_fault_are_found() {
    let region = Faulty::start();
    let (from, to) = ("2026-01-15T02:55:00Z", "2026-01-15T03:15:00Z");
    let report = region.report(&definition(), from, to);
    assert_eq!(report["minutes"], 20);
    let evacuations = report["evacuations"].as_array().unwrap();
    assert_eq!(evacuations.len(), 1, "{report:#}");
    assert_eq!(evacuations[0]["zone"], "use1-az2");
    assert_eq!(evacuations[0]["at"], "2026-01-15T03:04:00Z", "{report:#}");
    assert_eq!(report["nearMisses"], json!([]), "{report:#}");

    let told = region.backtest(&definition(), from, to, &[]);
    let told = text(&told.stdout);
    assert!(
        told.starts_with("wildrydes by alb app/front/50dc6c495c0c9188, 2026-01-15 02:55 to 2026-01-15 03:15 UTC: 20 minutes\n"),
        "{told}"
    );
    assert!(
        told.contains("\n2026-01-15 03:04  evacuate use1-az2: "),
        "{told}"
    );

    // The same by a policy that would rather stay, and in a time in which all was well.
    let mut lenient = definition();
    lenient["policy"]["criteria"] = json!({ "tolerated": 0.9 });
    let report = region.report(&lenient, from, to);
    assert_eq!(report["evacuations"], json!([]));
    let before = region.report(
        &definition(),
        "2026-01-15T02:53:00Z",
        "2026-01-15T03:00:00Z",
    );
    assert_eq!(before["evacuations"], json!([]));
    assert_eq!(before["reasons"], json!({ "well": 7 }));
}

#[test]
fn a_long_period_is_read_in_parts_and_is_the_same() {
    let region = Faulty::start();
    let (from, to) = ("2026-01-15T02:55:00Z", "2026-01-15T03:15:00Z");
    let short = region.report(&definition(), from, to);
    let output = region.backtest(
        &definition(),
        "2026-01-01T03:00:00Z",
        to,
        &["--format", "json"],
    );
    let long: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(long["minutes"], 14 * 1440 + 15);
    assert_eq!(long["evacuations"], short["evacuations"]);
}

#[test]
fn where_nothing_is_found_it_says_what_to_check() {
    let region = Faulty::start();
    let mut misspelt = definition();
    misspelt["evidence"]["loadBalancer"] = "app/front/0123456789abcdef".into();
    let (from, to) = ("2026-01-15T02:55:00Z", "2026-01-15T03:00:00Z");
    let output = region.backtest(&misspelt, from, to, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let told = text(&output.stderr);
    for wanted in [
        "CloudWatch in us-east-1 has no counts of alb app/front/0123456789abcdef in us-east-1c, us-east-1a, us-east-1b",
        "check the names in workload.evidence",
    ] {
        assert!(told.contains(wanted), "{told}");
    }
}

#[test]
fn what_cannot_be_walked_is_refused_before_anything_is_read() {
    // Nobody listens there.
    let nobody = |arguments: &[&str], definition: &Value, endpoint: Option<&str>| {
        let mut command = Command::new(executable("evac"));
        command.arg("backtest").args(arguments).env_clear();
        command.envs(endpoint.map(|endpoint| ("AWS_ENDPOINT_URL", endpoint)));
        command.envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "embedded"),
            ("AWS_SECRET_ACCESS_KEY", "embedded"),
        ]);
        let output = run(&mut command, definition.to_string().as_bytes());
        (output.status.code(), text(&output.stderr).to_owned())
    };
    let loopback = Some("http://127.0.0.1:9");
    let mut silent = definition();
    silent.as_object_mut().unwrap().remove("evidence");
    let mut wrong = definition();
    wrong["policy"]["minZone"] = 1.into();
    for (arguments, definition, endpoint, status, wanted) in [
        (
            ["--workload", "-", "--from", "3h"],
            &definition(),
            loopback,
            2,
            "--from 3h: the embedded Region has a clock of its own",
        ),
        (
            ["--workload", "-", "--from", "16d"],
            &definition(),
            None,
            2,
            "CloudWatch keeps minutes for 15 days",
        ),
        (
            ["--workload", "-", "--from", "never"],
            &definition(),
            None,
            2,
            "expected a time such as",
        ),
        (
            ["--workload", "/nowhere", "--from", "3h"],
            &definition(),
            None,
            2,
            "--workload /nowhere: cannot be read",
        ),
        (
            ["--workload", "-", "--from", "3h"],
            &silent,
            None,
            1,
            "workload.evidence: missing",
        ),
        (
            ["--workload", "-", "--from", "3h"],
            &wrong,
            None,
            1,
            "workload.policy.minZone: unknown field `minZone`",
        ),
    ] {
        let (found, told) = nobody(&arguments, definition, endpoint);
        assert_eq!(found, Some(status), "{arguments:?}: {told}");
        assert!(told.contains(wanted), "{arguments:?}: {told}");
    }
}

#[test]
fn the_samples_are_classified_as_the_docs_say() {
    let input = std::fs::read(docs("observations.jsonl")).unwrap();
    let mut command = Command::new(executable("evac"));
    let output = run(command.arg("classify"), &input);
    // The last sample is misspelt on purpose.
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "");
    let expected = std::fs::read_to_string(docs("verdicts.jsonl")).unwrap();
    assert_eq!(text(&output.stdout), expected);
    let good: Vec<u8> = input
        .split_inclusive(|byte| *byte == b'\n')
        .next()
        .unwrap()
        .to_vec();
    let output = run(Command::new(executable("evac")).arg("classify"), &good);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn classifying_for_nobody_ends_quietly() {
    let mut child = Command::new(executable("evac"))
        .arg("classify")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let input = std::fs::read(docs("observations.jsonl")).unwrap();
    let _ = child.stdin.take().unwrap().write_all(&input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(text(&output.stderr), "");
}
