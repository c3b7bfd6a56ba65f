//! Every built-in scenario, in process: it ends as expected, and the audit finds nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use jiff::{SignedDuration, Timestamp};
use pipeline_tests::{Pipeline, scenario_named};
use region::audit::{Terms, audit};
use region::ending::judge;
use region::fault::FaultKind;
use region::operation::Service;
use region::scenario::{Scenario, ScenarioRegionFault, built_in};
use region::state::State;
use serde_json::Value;

#[tokio::test(start_paused = true)]
async fn every_scenario_ends_as_it_expects_and_keeps_the_invariants() {
    for scenario in built_in().unwrap() {
        let pipeline = Pipeline::in_scenario(&scenario);
        pipeline.play().await;
        let state = pipeline.region().state();
        let ending = judge(&state, &scenario, pipeline.stage.begin);
        assert_eq!(ending.problems, [""; 0], "{}", scenario.name);
        for finding in audit(&state, Terms::of(&scenario)) {
            let (name, id) = (&scenario.name, finding.id);
            assert!(finding.holds, "{name}: invariant {id}: {}", finding.detail);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_zone_is_shifted_pruned_and_announced() {
    let pipeline = Pipeline::on("zonal-latency");
    pipeline.play().await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.subnets().len(), 2);
    assert_eq!(
        pipeline.mutating(),
        [
            "StartZonalShift",
            "CreateOrUpdateTags",
            "UpdateAutoScalingGroup"
        ]
    );
    assert_eq!(
        pipeline.subjects(),
        [
            "[evac] wildrydes: traffic moved away from use1-az1",
            "[evac] wildrydes: new capacity kept out of use1-az1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_one_zone_is_told_nevertheless() {
    for scenario in ["regional", "two-zones"] {
        let pipeline = Pipeline::on(scenario);
        pipeline.play().await;
        assert!(
            pipeline
                .subjects()
                .iter()
                .all(|subject| subject.contains("othing evacuated")
                    || subject.contains("NOT evacuated")),
            "{scenario}"
        );
        assert!(!pipeline.subjects().is_empty(), "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn mode_observe_tells_what_it_would_do_and_changes_nothing() {
    let pipeline = Pipeline::on("observe-mode");
    pipeline.play().await;
    assert_eq!(pipeline.mutating(), [""; 0]);
    assert_eq!(
        pipeline.subjects(),
        ["[evac] wildrydes: would evacuate use1-az2, changed nothing"]
    );
}

/// Everything that can be seen of a run.
async fn transcript(scenario: &str, seed: u64) -> String {
    let pipeline = Pipeline::seeded(&scenario_named(scenario), seed);
    pipeline.play().await;
    let state = pipeline.region().state();
    let invocations: Vec<_> = state.lambda.invocations().collect();
    format!(
        "{:#?}\n{:#?}\n{:#?}\n{:#?}\n{invocations:#?}\n{:#?}",
        state.timeline.entries(),
        state.calls,
        state.history,
        state.sns.inbox(),
        state
            .world
            .customers()
            .totals(pipeline.stage.begin, pipeline.stage.end),
    )
}

/// In process only: real executables take the time that they take, and no two runs of a machine are
/// the same to the millisecond.
#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_transcript_byte_for_byte() {
    for scenario in ["zonal-latency", "throttled", "killed-in-the-middle"] {
        let first = transcript(scenario, 7).await;
        assert!(first == transcript(scenario, 7).await, "{scenario}");
        assert!(first != transcript(scenario, 8).await, "{scenario}");
    }
}

/// Plays a scenario and asks whether what it is about has really happened.
async fn befalls(scenario: &Scenario, has_happened: impl Fn(&State) -> bool) {
    let pipeline = Pipeline::in_scenario(scenario);
    pipeline.play().await;
    let state = pipeline.region().state();
    assert!(has_happened(&state), "{}", scenario.name);
}

fn met(state: &State, service: Service, kind: FaultKind) -> usize {
    let calls = state.calls.iter();
    calls
        .filter(|call| call.service == service && call.fault == Some(kind))
        .count()
}

/// Instances in service outside of the bad zone.
fn elsewhere(state: &State) -> usize {
    let instances = state.auto_scaling.instances();
    instances
        .filter(|instance| instance.in_service && instance.zone_id.as_str() != "use1-az2")
        .count()
}

#[tokio::test(start_paused = true)]
async fn the_faults_of_the_region_really_befall_the_drill() {
    let arc = Service::ArcZonalShift;
    befalls(&scenario_named("throttled"), |state| {
        met(state, arc, FaultKind::Throttle) > 0
            && met(state, Service::AutoScaling, FaultKind::Throttle) > 0
    })
    .await;
    befalls(&scenario_named("arc-down"), |state| {
        met(state, arc, FaultKind::Internal) > 10 && !state.lambda.dead_letters().is_empty()
    })
    .await;
    befalls(&scenario_named("lost-answer"), |state| {
        let starts = state.calls.iter();
        let starts = starts.filter(|call| call.operation.name == "StartZonalShift");
        met(state, arc, FaultKind::TimeoutAfter) == 1 && starts.count() > 1
    })
    .await;
    befalls(&scenario_named("killed-in-the-middle"), |state| {
        let failed = state.lambda.invocations().filter_map(|invocation| {
            let failure = invocation.outcome.as_ref().err()?;
            (invocation.function == "asg-pruning").then_some(failure)
        });
        failed
            .filter(|failure| failure.error_message.ends_with("signal: killed"))
            .count()
            == 2
    })
    .await;
    befalls(&scenario_named("duplicate-events"), |state| {
        let ids = events(state).map(|(_, event)| event["id"].clone());
        let mut seen = Vec::new();
        ids.into_iter().any(|id| {
            let again = seen.contains(&id);
            seen.push(id);
            again
        })
    })
    .await;
    befalls(&scenario_named("delayed-event"), |state| {
        events(state).any(|(began, event)| {
            let sent: Timestamp = event["time"].as_str().unwrap().parse().unwrap();
            began.duration_since(sent) >= SignedDuration::from_secs(240)
        })
    })
    .await;
    let launched = |scenario: &str| scenario_named(scenario);
    befalls(&launched("zonal-errors"), |state| elsewhere(state) == 9).await;
    befalls(&launched("no-capacity-elsewhere"), |state| {
        elsewhere(state) == 6
    })
    .await;
    let mut soon = launched("slow-launches");
    soon.lasts = "10m".parse().unwrap();
    befalls(&soon, |state| elsewhere(state) == 6).await;
    let mut soon = launched("zonal-errors");
    soon.lasts = "10m".parse().unwrap();
    befalls(&soon, |state| elsewhere(state) == 9).await;
}

/// The events that the classifier was invoked with, and when.
fn events(state: &State) -> impl Iterator<Item = (Timestamp, &Value)> {
    state.lambda.invocations().filter_map(|invocation| {
        let event = invocation.payload.get("event")?;
        Some((invocation.began, event))
    })
}

#[tokio::test(start_paused = true)]
async fn alarms_lag_where_metrics_are_late() {
    let mut alarms = Vec::new();
    for late in [0, 60] {
        let mut scenario = scenario_named("zonal-errors");
        if late > 0 {
            let fault = format!("lateMetrics:seconds={late}").parse().unwrap();
            scenario.region_faults.push(ScenarioRegionFault {
                after: None,
                lasts: None,
                fault,
            });
        }
        let pipeline = Pipeline::in_scenario(&scenario);
        pipeline.play().await;
        let state = pipeline.region().state();
        let shift = &state.history.changes()[0];
        alarms.push(shift.at());
    }
    let lag = alarms[1].duration_since(alarms[0]);
    assert_eq!(lag.as_secs(), 60);
}
