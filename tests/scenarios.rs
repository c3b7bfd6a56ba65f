//! Every built-in scenario, in process: it ends as expected, and the audit finds nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use pipeline_tests::Pipeline;
use region::audit::{Terms, audit};
use region::ending::judge;
use region::scenario::built_in;

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
    let pipeline = Pipeline::seeded(&pipeline_tests::scenario_named(scenario), seed);
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
