//! The executables, as a newcomer and as Lambda run them. They are built by `make build`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use region::lambda::sandbox::{Executable, LogSink};
use region::lambda::{FunctionFailure, Invoked};
use running::executable;
use serde_json::{Value, json};

fn evac(arguments: &[&str]) -> Output {
    Command::new(executable("evac"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn drill(scenario: &str) -> Value {
    let output = evac(&[
        "drill",
        "--scenario",
        scenario,
        "--speed",
        "600",
        "--play-canary",
        "--format",
        "json",
    ]);
    let outcome: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{scenario}: {error}: {}", text(&output.stderr)));
    assert_eq!(output.status.code(), Some(0), "{scenario}: {outcome:#}");
    outcome
}

fn touching(outcome: &Value) -> Vec<&str> {
    let calls = outcome["mutatingCalls"].as_array().unwrap();
    let touching = calls.iter().filter(|call| call["service"] != "sns");
    touching
        .map(|call| call["operation"].as_str().unwrap())
        .collect()
}

#[test]
fn a_slow_zone_is_evacuated_and_costs_customers_a_tenth_at_most() {
    let outcome = drill("zonal-latency");
    assert_eq!(
        touching(&outcome),
        [
            "StartZonalShift",
            "CreateOrUpdateTags",
            "UpdateAutoScalingGroup"
        ]
    );
    let errors = &outcome["customerErrors"];
    let (with, without) = (
        errors["withEvac"].as_u64().unwrap(),
        errors["withoutEvac"].as_u64().unwrap(),
    );
    assert!(without >= 10 * with, "{with} with Evac, {without} without");
    assert!(
        outcome["invariants"]
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| finding["holds"] == true)
    );
    let phases: Vec<&str> = outcome["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["phase"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["shifted", "pruned"]);
}

/// Every scenario, several at a time. A drill whose outcome is not as expected has status 1.
#[test]
fn every_scenario_ends_as_expected() {
    let names: Vec<String> = region::scenario::built_in()
        .unwrap()
        .into_iter()
        .map(|scenario| scenario.name)
        .collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let output = evac(&[
                        "drill",
                        "--scenario",
                        name,
                        "--speed",
                        "600",
                        "--play-canary",
                    ]);
                    let told = text(&output.stdout) + &text(&output.stderr);
                    let wide = told.lines().find(|line| line.chars().count() > 100);
                    if output.status.code() != Some(0) {
                        failed.lock().unwrap().push(format!("{name}:\n{told}"));
                    } else if let Some(wide) = wide {
                        failed
                            .lock()
                            .unwrap()
                            .push(format!("{name}: too wide: {wide}"));
                    } else if told.contains('\u{1b}') {
                        failed
                            .lock()
                            .unwrap()
                            .push(format!("{name}: escape sequences"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn what_is_not_one_zone_and_mode_observe_change_nothing() {
    for scenario in ["single-instance", "regional", "two-zones", "observe-mode"] {
        let outcome = drill(scenario);
        assert_eq!(touching(&outcome), [""; 0], "{scenario}");
        assert_ne!(outcome["verdicts"], json!([]), "{scenario}");
    }
}

#[test]
fn a_drill_tells_its_story_in_plain_lines_where_there_is_no_terminal() {
    let output = evac(&["drill", "--scenario", "single-instance", "--speed", "2000"]);
    let told = text(&output.stdout);
    assert!(
        told.starts_with("Drill single-instance: One instance answers with errors"),
        "{told}"
    );
    assert!(
        told.contains("outcome                       hold, as expected"),
        "{told}"
    );
    assert!(
        !told.contains('\u{1b}'),
        "no escape sequence where there is no terminal"
    );
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn wrong_usage_has_status_2_and_names_flag_and_remedy() {
    for (arguments, told) in [
        (
            &["drill", "--scenario", "nothing"][..],
            "--scenario nothing: there is no such scenario, expected one of zonal-latency",
        ),
        (&["drill", "--speed", "0"], "expected 1 to 100000"),
        (
            &["drill", "--speed", "fast"],
            "expected how many times faster",
        ),
        (
            &["drill", "--functions", "/nowhere"],
            "--functions: /nowhere/classifier does not exist; build the functions with make build",
        ),
        (&["drill", "--format", "xml"], "possible values: text, json"),
        (
            &["drill", "--scenario-file", "/nowhere.json"],
            "--scenario-file /nowhere.json: cannot be read",
        ),
        (
            &["drill", "--fault", "earthquake"],
            "unknown variant `earthquake`",
        ),
        (
            &["drill", "--fault", "noCapacity:zone=use1-az9"],
            "--fault.zone: use1-az9, expected one of use1-az1, use1-az2, use1-az3",
        ),
        (
            &["drill", "--report", "/nowhere/drill.html"],
            "--report /nowhere/drill.html: No such file or directory (os error 2); name a file in a directory that exists",
        ),
        (&["drill", "--port", "4599"], "--serve"),
        (&["explain"], "--input <FILE>"),
        (&["evict"], "unrecognized subcommand"),
    ] {
        let output = evac(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(told),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn the_json_of_a_drill_is_what_its_schema_says_and_its_report_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("drill.html");
    let arguments = ["drill", "--speed", "2000", "--format", "json", "--report"];
    let output = Command::new(executable("evac"))
        .args(arguments)
        .arg(&file)
        .output()
        .unwrap();
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = include_str!("../docs/schema/incident.json");
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = (validator.iter_errors(&outcome))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(problems, [""; 0]);
    let kinds: Vec<&str> = outcome["moments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|moment| moment["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["fault", "alarm", "verdict", "shift", "prune"]);
    let spent = outcome["spent"].as_array().unwrap().iter();
    let spent: f64 = spent.map(|part| part["seconds"].as_f64().unwrap()).sum();
    let times = outcome["detectedAfterS"].as_f64().unwrap()
        + outcome["shiftRequestedAfterMs"].as_f64().unwrap() / 1000.0
        + outcome["customersWellAfterS"].as_f64().unwrap();
    assert!((spent - times).abs() < 0.001, "{spent} of {times}");
    let page = std::fs::read_to_string(&file).unwrap();
    for sentence in outcome["summary"].as_array().unwrap() {
        assert!(page.contains(sentence.as_str().unwrap()), "{sentence}");
    }
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

/// The metrics are in time again when the drill ends: what counts is how late they were when the alarm
/// went off.
#[test]
fn late_metrics_take_their_time_from_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mine.json");
    let detected = |faults: Value| {
        let printed = evac(&["drill", "--scenario", "zonal-latency", "--print"]);
        let mut scenario: Value = serde_json::from_slice(&printed.stdout).unwrap();
        scenario["regionFaults"] = faults;
        std::fs::write(&file, scenario.to_string()).unwrap();
        let file = file.to_str().unwrap();
        let arguments = ["--speed", "2000", "--format", "json"];
        let output = evac(&[&["drill", "--scenario-file", file], &arguments[..]].concat());
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        let spent = outcome["spent"].as_array().unwrap().clone();
        let of = |whose: &str| {
            let mut parts = spent.iter();
            let part = parts.find(|part| part["step"] == "detect" && part["whose"] == whose);
            part.unwrap()["seconds"].as_f64().unwrap()
        };
        (of("alarm"), of("metrics"))
    };
    let in_time = detected(json!([]));
    let late = json!({"kind": "lateMetrics", "seconds": 120});
    let late = detected(json!([{"for": "8m", "fault": late}]));
    assert_eq!(late.0, in_time.0);
    assert!(late.1 >= in_time.1 + 120.0, "{late:?}, {in_time:?}");
}

#[test]
fn the_scenarios_are_listed() {
    let output = evac(&["drill", "--list"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = text(&output.stdout);
    for scenario in region::scenario::built_in().unwrap() {
        assert!(listed.contains(&scenario.name), "{}", scenario.name);
    }
}

#[test]
fn a_scenario_is_printed_changed_and_played() {
    let printed = evac(&["drill", "--scenario", "zonal-errors", "--print"]);
    let mut scenario: Value = serde_json::from_slice(&printed.stdout).unwrap();
    scenario["name"] = json!("mine");
    scenario["lasts"] = json!("8m");
    scenario["mode"] = json!("shift");
    scenario["expected"] = json!({"outcome": "shift", "zone": "use1-az2"});
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("mine.json");
    std::fs::write(&file, scenario.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let played = evac(&["drill", "--scenario-file", file, "--speed", "600"]);
    let told = text(&played.stdout);
    assert_eq!(played.status.code(), Some(0), "{told}");
    assert!(told.contains("shift use1-az2, as expected"), "{told}");
    scenario["faults"][0]["target"] = json!({"zone": "use1-az7"});
    std::fs::write(file, scenario.to_string()).unwrap();
    let refused = evac(&["drill", "--scenario-file", file]);
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused.stderr);
    assert!(told.contains("faults[0].target: use1-az7"), "{told}");
}

#[test]
fn a_fault_of_the_command_line_befalls_the_drill() {
    let fault = "accessDenied:service=arc-zonal-shift";
    let arguments = [
        "drill", "--speed", "600", "--format", "json", "--fault", fault,
    ];
    let output = evac(&arguments);
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{outcome:#}");
    assert_eq!(outcome["outcome"], "failed");
    assert!(
        outcome["problems"]
            .as_array()
            .unwrap()
            .contains(&json!("ended in failed, expected evacuate")),
        "{outcome:#}"
    );
}

#[test]
fn explain_takes_what_the_classifier_takes_and_refuses_what_it_refuses() {
    let fixtures =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/classifier/tests/fixtures");
    let explain = |name: &str| evac(&["explain", "--input", fixtures.join(name).to_str().unwrap()]);
    let taken = explain("composite-with-description.json");
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken.stderr));
    assert!(
        text(&taken.stdout).contains("the alarm of zone use1-az1"),
        "{}",
        text(&taken.stdout)
    );
    let refused = explain("composite.json");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("event.detail.configuration.description: missing, expected"),
        "{}",
        text(&refused.stderr)
    );
    let missing = explain("no-such-file.json");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("name a file that holds an event or a command"));
}

#[test]
fn a_drill_whose_functions_fail_is_no_hold() {
    let functions = tempfile::tempdir().unwrap();
    for function in ["classifier", "zonal-shift", "asg-pruning"] {
        std::os::unix::fs::symlink("/bin/false", functions.path().join(function)).unwrap();
    }
    for scenario in ["single-instance", "observe-mode", "zonal-errors"] {
        let output = evac(&[
            "drill",
            "--scenario",
            scenario,
            "--speed",
            "600",
            "--play-canary",
            "--format",
            "json",
            "--functions",
            functions.path().to_str().unwrap(),
        ]);
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{scenario}: {outcome:#}");
        assert_eq!(outcome["outcome"], "failed", "{scenario}: {outcome:#}");
        let findings = outcome["invariants"].as_array().unwrap();
        let ninth = findings.iter().find(|finding| finding["id"] == 9).unwrap();
        assert_eq!(ninth["holds"], false, "{scenario}: {ninth}");
    }
}

#[test]
fn nobody_who_listens_is_no_reason_to_panic() {
    for arguments in [&["drill", "--list"][..], &["drill", "--speed", "2000"]] {
        // Nobody listens from the beginning on, however long this process is kept waiting.
        let (listener, output) = std::io::pipe().unwrap();
        drop(listener);
        let output = Command::new(executable("evac"))
            .args(arguments)
            .stdout(output)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(141), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn explain_says_where_a_file_is_not_json() {
    let mut child = Command::new(executable("evac"))
        .args(["explain", "--input", "-"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"{\"workload\": ").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("not JSON: EOF while parsing a value at line 1 column 13, expected an event or a command"), "{}", text(&output.stderr));
}

/// Invokes a function's executable through the Runtime API, in this account, with these variables.
async fn invoke(
    function: &str,
    account: &str,
    variables: &[(&str, &str)],
    payload: Value,
) -> Result<Value, FunctionFailure> {
    let mut all = BTreeMap::from([
        ("AWS_REGION".to_owned(), "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID".to_owned(), "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "test".to_owned()),
        (
            "EVAC_ZONAL_SHIFT_FUNCTION".to_owned(),
            "zonal-shift".to_owned(),
        ),
        (
            "EVAC_ASG_PRUNING_FUNCTION".to_owned(),
            "asg-pruning".to_owned(),
        ),
        (
            "EVAC_TOPIC_ARN".to_owned(),
            format!("arn:aws:sns:us-east-1:{account}:evac"),
        ),
    ]);
    all.extend(
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let handler = Executable {
        name: function.to_owned(),
        path: executable(function),
        variables: all,
        log: LogSink::new(|_, _| ()),
    }
    .handler();
    let invoked = Invoked {
        request_id: "1".to_owned(),
        function_arn: format!("arn:aws:lambda:us-east-1:{account}:function:{function}"),
        payload,
        now: Timestamp::UNIX_EPOCH,
        remaining: Duration::from_secs(20),
    };
    handler(invoked).await
}

#[tokio::test]
async fn a_drills_executable_refuses_a_real_account() {
    for function in ["classifier", "zonal-shift", "asg-pruning"] {
        let failure = invoke(
            function,
            "111122223333",
            &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")],
            json!({}),
        )
        .await
        .unwrap_err();
        assert_eq!(
            failure.error_type, "wrong-account",
            "{function}: {}",
            failure.error_message
        );
        assert!(
            failure
                .error_message
                .contains("unset AWS_ENDPOINT_URL to deploy it"),
            "{}",
            failure.error_message
        );
    }
}

#[tokio::test]
async fn a_deployed_executable_refuses_the_drills_account() {
    for function in ["classifier", "zonal-shift", "asg-pruning"] {
        let failure = invoke(function, "000000000000", &[], json!({}))
            .await
            .unwrap_err();
        assert_eq!(
            failure.error_type, "wrong-account",
            "{function}: {}",
            failure.error_message
        );
    }
}

#[tokio::test]
async fn an_executable_without_its_settings_does_not_start() {
    let failure = invoke(
        "classifier",
        "111122223333",
        &[("EVAC_TOPIC_ARN", ""), ("AWS_REGION", "")],
        json!({}),
    )
    .await
    .unwrap_err();
    assert_eq!(
        failure.error_type, "Runtime.ExitError",
        "{}",
        failure.error_message
    );
}

#[tokio::test]
async fn an_execution_environment_that_died_while_idle_is_not_used_again() {
    let place = tempfile::tempdir().unwrap();
    let (script, processes) = (
        place.path().join("function"),
        place.path().join("processes"),
    );
    let text = format!(
        "#!/bin/sh\necho $$ >> {}\nexec {}\n",
        processes.display(),
        executable("zonal-shift").display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let handler = Executable {
        name: "zonal-shift".to_owned(),
        path: script,
        variables: BTreeMap::from([("AWS_REGION".to_owned(), "us-east-1".to_owned())]),
        log: LogSink::new(|_, _| ()),
    }
    .handler();
    let mut seen = Vec::new();
    for attempt in 1..=3 {
        let invoked = Invoked {
            request_id: attempt.to_string(),
            function_arn: "arn:aws:lambda:us-east-1:111122223333:function:zonal-shift".to_owned(),
            payload: json!({}),
            now: Timestamp::UNIX_EPOCH,
            remaining: Duration::from_secs(20),
        };
        let failure = handler(invoked).await.unwrap_err();
        assert_eq!(failure.error_type, "bad-input", "{}", failure.error_message);
        let started = std::fs::read_to_string(&processes).unwrap();
        let started: Vec<String> = started.lines().map(ToOwned::to_owned).collect();
        if attempt == 2 {
            let process = started.last().unwrap();
            assert!(
                Command::new("kill")
                    .args(["-9", process])
                    .status()
                    .unwrap()
                    .success()
            );
            // Only a process that is really gone is one that died while idle.
            while std::fs::read_to_string(format!("/proc/{process}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z"))
            {
                tokio::task::yield_now().await;
            }
        }
        seen.push(started.len());
    }
    assert_eq!(seen, [1, 1, 2]);
}

/// The functions' executables in a directory of their own, with a canary that only dies.
fn with_a_canary_that_dies() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for function in ["classifier", "zonal-shift", "asg-pruning"] {
        let place = directory.path().join(function);
        std::os::unix::fs::symlink(executable(function), place).unwrap();
    }
    std::os::unix::fs::symlink("/bin/false", directory.path().join("canary")).unwrap();
    directory
}

/// It asks the workload's endpoints, and what it prints is what the alarm sees.
#[test]
fn a_drill_runs_the_canarys_executable() {
    let output = evac(&["drill", "--scenario", "zonal-errors", "--speed", "600"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("-wildrydes-canary: OK -> ALARM"), "{told}");
    let functions = with_a_canary_that_dies();
    let functions = functions.path().to_str().unwrap();
    let drill = [
        "drill",
        "--scenario",
        "healthy",
        "--speed",
        "2000",
        "--functions",
        functions,
    ];
    let output = evac(&drill);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.contains("canary"), "{told}");
    // Where the Region plays it, nobody asks for the executable.
    let played = evac(&[&drill[..], &["--play-canary"]].concat());
    assert_eq!(played.status.code(), Some(0), "{}", text(&played.stdout));
}
