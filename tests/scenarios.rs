//! Every built-in scenario, in process: it ends as expected, and the audit finds nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use pipeline_tests::Pipeline;
use region::audit::{Terms, audit};
use region::stage::MIN_ZONES;

async fn play(scenario: &str, may_change: bool) -> Pipeline {
    let pipeline = Pipeline::on(scenario);
    pipeline.play().await;
    let findings = audit(
        &pipeline.region().state(),
        Terms {
            min_zones: MIN_ZONES,
            may_change,
        },
    );
    for finding in findings {
        assert!(
            finding.holds,
            "invariant {}: {}",
            finding.id, finding.detail
        );
    }
    pipeline
}

#[tokio::test(start_paused = true)]
async fn a_slow_zone_is_shifted_pruned_and_announced() {
    let pipeline = play("zonal-latency", true).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.subnets().len(), 2);
    assert_eq!(
        pipeline.subjects(),
        [
            "[evac] wildrydes: traffic moved away from use1-az1",
            "[evac] wildrydes: new capacity kept out of use1-az1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_zone_is_shifted_pruned_and_announced() {
    let pipeline = play("zonal-errors", true).await;
    assert_eq!(pipeline.shifted(), ["use1-az2"]);
    assert_eq!(
        pipeline.mutating(),
        [
            "StartZonalShift",
            "CreateOrUpdateTags",
            "UpdateAutoScalingGroup"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_one_zone_changes_nothing() {
    for scenario in ["single-instance", "regional", "two-zones"] {
        let pipeline = play(scenario, true).await;
        assert_eq!(pipeline.mutating(), [""; 0], "{scenario}");
        assert_eq!(pipeline.subnets().len(), 3, "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_one_zone_is_told_nevertheless() {
    for scenario in ["regional", "two-zones"] {
        let pipeline = play(scenario, true).await;
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
    let pipeline = play("observe-mode", false).await;
    assert_eq!(pipeline.mutating(), [""; 0]);
    assert_eq!(
        pipeline.subjects(),
        ["[evac] wildrydes: would evacuate use1-az2, changed nothing"]
    );
}
