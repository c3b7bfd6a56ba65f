//! A function that is killed at each of its calls: whatever it was doing, somebody goes on with it, and
//! the drill ends like the one in which nobody was killed.
//!
//! In process every call is struck once that is not like those around it, and some twice. The
//! executables are struck by the program evac, as its users do it, at some calls. What is drawn is drawn
//! anew each time; `make crash` strikes at every call.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
#![allow(
    clippy::print_stdout,
    reason = "whoever looks into a failure wants to know what was drawn"
)]

mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pipeline_tests::{Pipeline, scenario_named};
use region::audit::{Terms, audit};
use region::ending::judge;
use region::fault::Counting;
use region::fault::spec::RegionFault;
use region::lambda::Invocation;
use region::lambda::sandbox::{Executable, LogSink};
use region::scenario::{Scenario, ScenarioRegionFault};
use region::stage::{ASG_PRUNING, CLASSIFIER, REGION, Stage, WORKLOAD, ZONAL_SHIFT};
use region::state::State;
use region::transport::http::listen;
use running::executable;
use serde_json::{Value, json};

/// The scenarios whose calls are struck: an evacuation that goes on, one that a person ends, and one that
/// ends by itself.
const SCENARIOS: [&str; 3] = ["zonal-errors", "fail-back", "full-cycle"];

/// The scenarios in which the executables are struck: an evacuation and its end in one.
const ENDED: [&str; 2] = ["fail-back", "full-cycle"];

/// The functions that are killed.
const FUNCTIONS: [&str; 3] = [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING];

/// Drills at a time.
const AT_A_TIME: usize = 4;

/// How many of the calls in process are drawn, at which a function is killed twice.
const TWICE: usize = 8;

/// How many calls of each executable are drawn, around those that change something and anywhere.
const DRAWN: usize = 2;

/// Calls of a function that are no further apart are of one round.
const IN_ONE_GO: SignedDuration = SignedDuration::from_secs(30);

/// Whether every call is to be struck, as by `make crash`.
fn all_are_wanted() -> bool {
    std::env::var("EVAC_CRASHES").is_ok_and(|wanted| wanted == "all")
}

/// Plays a scenario in a runtime of its own, whose time is virtual.
fn play<T>(scenario: &Scenario, look: impl FnOnce(&Pipeline, &State) -> T) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let pipeline = Pipeline::in_scenario(scenario);
        pipeline.play().await;
        let state = pipeline.region().state();
        look(&pipeline, &state)
    })
}

/// A function, the call of the drill after which it is killed, and how many of its invocations are.
#[derive(Debug, Clone, Copy)]
struct Crash {
    function: &'static str,
    after_calls: u32,
    times: u32,
}

impl Crash {
    fn of(self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        scenario.region_faults.push(ScenarioRegionFault {
            after: None,
            lasts: None,
            fault: RegionFault::KillFunction {
                function: self.function.to_owned(),
                after_calls: self.after_calls,
                counting: Counting::InAll,
                times: Some(self.times),
            },
        });
        scenario
    }

    /// What does not hold of the drill with this crash in it.
    fn problems(self, scenario: &Scenario, without: &str) -> Vec<String> {
        let scenario = self.of(scenario);
        play(&scenario, |pipeline, state| {
            let mut problems = judge(state, &scenario, pipeline.stage.begin).problems;
            let findings = audit(state, Terms::of(&scenario));
            let broken = findings.iter().filter(|finding| !finding.holds);
            problems.extend(broken.map(|finding| format!("{}: {}", finding.id, finding.detail)));
            let left = left(state);
            if left != without {
                problems.push(format!("left {left}\nand without the crash {without}"));
            }
            let killed = state.lambda.invocations().filter(|one| self.killed(one));
            if killed.count() == 0 {
                problems.push("nobody was killed".to_owned());
            }
            problems
        })
    }

    fn killed(self, invocation: &Invocation) -> bool {
        let failure = invocation.outcome.as_ref().err();
        invocation.function == self.function
            && failure.is_some_and(|failure| failure.error_message.ends_with("signal: killed"))
    }
}

/// Where traffic and capacity are at the end, and what Evac keeps of it.
fn left(state: &State) -> String {
    let shifts = state.arc.shifts().iter();
    let shifts = shifts
        .filter(|shift| shift.status == region::arc::Status::Active)
        .map(|shift| format!("{}: {}", shift.resource.short(), shift.comment));
    let groups = state
        .auto_scaling
        .groups()
        .map(|group| format!("{} {:?} {:?}", group.name, group.zones, group.tags));
    shifts.chain(groups).collect::<Vec<_>>().join("\n")
}

/// Calls that a function makes in one go.
struct Round {
    began: Timestamp,
    first: u32,
    operations: Vec<&'static str>,
    /// What had been changed in the Region before it, by anybody.
    changes: usize,
}

impl Round {
    fn is_like(&self, other: &Self) -> bool {
        (&self.operations, self.changes) == (&other.operations, other.changes)
    }
}

/// A function's calls, by their numbers, but for those of a round that is like the one before and the
/// one after it: a tick in quiet times, at whose like the function is struck already. All of them
/// where that is asked for.
fn calls_to_strike(state: &State, function: &str) -> Vec<u32> {
    let mut rounds: Vec<Round> = Vec::new();
    let (mut number, mut changes) = (0, 0);
    for call in &state.calls {
        if call.caller == function {
            number += 1;
            match rounds.last_mut() {
                Some(round) if call.at.duration_since(round.began) < IN_ONE_GO => {
                    round.operations.push(call.operation.name);
                }
                _ => rounds.push(Round {
                    began: call.at,
                    first: number,
                    operations: vec![call.operation.name],
                    changes,
                }),
            }
        }
        changes += usize::from(call.operation.mutates);
    }
    let is_new = |index: &usize| {
        let like = |other: usize| {
            rounds
                .get(other)
                .is_some_and(|one| one.is_like(&rounds[*index]))
        };
        all_are_wanted() || *index == 0 || !like(index - 1) || !like(index + 1)
    };
    let new = (0..rounds.len()).filter(is_new).map(|index| &rounds[index]);
    new.flat_map(|round| (round.first..).take(round.operations.len()))
        .collect()
}

/// Does something with each item, a few at a time; what came of those that it did not like.
fn a_few_at_a_time<T: Sync>(
    items: &[T],
    problem: impl Fn(&T) -> Option<String> + Sync,
) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..AT_A_TIME {
            threads.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(told) = problem(item) {
                        problems.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    problems.into_inner().unwrap()
}

#[test]
fn a_function_killed_at_any_of_its_calls_leaves_nothing_half_done() {
    for name in SCENARIOS {
        let scenario = scenario_named(name);
        let (without, calls) = play(&scenario, |_, state| {
            let calls = FUNCTIONS.map(|function| (function, calls_to_strike(state, function)));
            (left(state), calls)
        });
        let mut crashes = Vec::new();
        for (function, calls) in calls {
            println!("{name}: {function} is killed after calls {calls:?}");
            assert_ne!(calls, [0; 0], "{name}: {function} makes no call");
            let crash = |times| {
                move |after_calls| Crash {
                    function,
                    after_calls,
                    times,
                }
            };
            let twice = if all_are_wanted() {
                calls.clone()
            } else {
                fastrand::choose_multiple(calls.iter().copied(), TWICE)
            };
            crashes.extend(calls.into_iter().map(crash(1)));
            crashes.extend(twice.into_iter().map(crash(2)));
        }
        let failed = a_few_at_a_time(&crashes, |crash| {
            let problems = crash.problems(&scenario, &without);
            let told = format!("{crash:?}:\n  {}", problems.join("\n  "));
            (!problems.is_empty()).then_some(told)
        });
        let (some, all) = (failed.len(), crashes.len());
        assert_eq!(some, 0, "{name}: {some} of {all}:\n{}", failed.join("\n"));
    }
}

/// Plays a scenario with the program evac; its exit status, and its JSON.
fn evac(scenario: &str, crash: Option<&str>) -> (Option<i32>, Value) {
    let mut program = Command::new(executable("evac"));
    program.args([
        "drill",
        "--speed",
        "6000",
        "--play-canary",
        "--format",
        "json",
        "--scenario",
        scenario,
    ]);
    if let Some(crash) = crash {
        program.args(["--crash-after", crash]);
    }
    let output = program.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let outcome = serde_json::from_slice(&output.stdout);
    let outcome = outcome.unwrap_or_else(|error| panic!("{scenario}: {error}: {told}"));
    (output.status.code(), outcome)
}

/// What does not hold of a drill with the executables in which a function is killed.
fn problem(scenario: &str, crash: &str) -> Option<String> {
    let (status, outcome) = evac(scenario, Some(crash));
    let killed = |entry: &&Value| {
        let told = entry["what"].as_str().unwrap();
        told.starts_with("FAILED") && told.ends_with("signal: killed")
    };
    let timeline = outcome["timeline"].as_array().unwrap();
    let killed = timeline.iter().filter(killed).count();
    (status != Some(0) || killed == 0)
        .then(|| format!("{scenario} {crash}: status {status:?}, {killed} killed: {outcome:#}"))
}

/// The calls after which a function is killed: some around those that change something, and some that
/// are anywhere. All of them where that is asked for.
fn drawn(outcome: &Value, function: &str) -> BTreeSet<u64> {
    let calls = outcome["functionCalls"][function].as_u64().unwrap();
    if all_are_wanted() {
        return (1..=calls).collect();
    }
    let mutating = outcome["mutatingCalls"].as_array().unwrap();
    let numbers = mutating
        .iter()
        .filter(|call| call["caller"] == function)
        .map(|call| call["number"].as_u64().unwrap());
    let around: Vec<u64> = numbers
        .flat_map(|number| number.saturating_sub(3).max(1)..=number)
        .collect();
    let somewhere = (0..DRAWN).map(|_| fastrand::u64(1..=calls));
    let around = fastrand::choose_multiple(around, DRAWN);
    around.into_iter().chain(somewhere).collect()
}

#[test]
fn an_executable_killed_at_any_of_its_calls_leaves_nothing_half_done() {
    let mut crashes = Vec::new();
    for scenario in ENDED {
        let (status, outcome) = evac(scenario, None);
        assert_eq!(status, Some(0), "{outcome:#}");
        for function in FUNCTIONS {
            let calls = drawn(&outcome, function);
            println!("{scenario}: {function} is killed after calls {calls:?}");
            let crash = |call| (scenario, format!("{function}:{call}"));
            crashes.extend(calls.into_iter().map(crash));
        }
    }
    let failed = a_few_at_a_time(&crashes, |(scenario, crash)| problem(scenario, crash));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_function_that_is_to_be_killed_and_is_not_is_a_problem() {
    let (status, outcome) = evac(ENDED[0], Some("asg-pruning:9999"));
    assert_eq!(status, Some(1), "{outcome:#}");
    let made = &outcome["functionCalls"]["asg-pruning"];
    let told = format!(
        "asg-pruning made only {made} calls and was to be killed after call 9999: nothing was killed; choose 1 to {made}"
    );
    assert_eq!(outcome["problems"], json!([told]));
}

/// The executable ignores every signal that can be ignored, so what ends it is SIGKILL.
#[tokio::test]
async fn what_is_killed_is_killed_by_sigkill_and_gone() {
    let mut scenario = scenario_named("healthy");
    let crash = Crash {
        function: ZONAL_SHIFT,
        after_calls: 1,
        times: 1,
    };
    scenario = crash.of(&scenario);
    let stage = Stage::set(&scenario, 1).unwrap();
    let listening = listen(&stage.region, 0).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let (script, processes) = (
        place.path().join("function"),
        place.path().join("processes"),
    );
    let text = format!(
        "#!/bin/sh\ntrap '' HUP INT QUIT ABRT ALRM TERM USR1 USR2\necho $$ >> {}\nexec {}\n",
        processes.display(),
        executable(ZONAL_SHIFT).display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let function = Executable {
        name: ZONAL_SHIFT.to_owned(),
        path: script,
        variables: BTreeMap::from([
            variable("AWS_REGION", REGION),
            variable("AWS_ENDPOINT_URL", &listening.endpoint()),
            variable("AWS_ACCESS_KEY_ID", ZONAL_SHIFT),
            variable("AWS_SECRET_ACCESS_KEY", "embedded"),
        ]),
        log: LogSink::new(|_, _| ()),
    };
    let timeout = Duration::from_secs(60);
    stage
        .region
        .state()
        .lambda
        .put_function(ZONAL_SHIFT, timeout, function.handler());
    let status = json!({
        "schema": domain::shift::REQUEST_SCHEMA,
        "workload": WORKLOAD,
        "resources": stage.workload["resources"],
        "drill": false,
        "dryRun": false,
        "action": "status",
    });
    let invoke = || stage.region.invoke_function(ZONAL_SHIFT, status.clone());
    let failure = invoke().await.unwrap_err();
    assert!(
        failure.error_message.ends_with("signal: killed"),
        "{failure:?}"
    );
    let started = || std::fs::read_to_string(&processes).unwrap();
    let process = started();
    // Until somebody has asked how it ended, a process that is gone is a zombie.
    while std::fs::read_to_string(format!("/proc/{}/stat", process.trim()))
        .is_ok_and(|stat| !stat.contains(") Z"))
    {
        tokio::task::yield_now().await;
    }
    invoke().await.unwrap();
    assert_eq!(
        started().lines().count(),
        2,
        "the next invocation gets a process of its own"
    );
}
