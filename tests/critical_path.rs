//! What lies between an alarm's event and the start of the shift: no call more than is needed, one after
//! another. Every answer of AWS takes a tenth of a virtual second here, so the time says how many answers
//! were waited for; a request that is on its way has arrived.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is the tests' own code, and a test may panic"
)]

use std::time::Duration;

use jiff::SignedDuration;
use pipeline_tests::{Pipeline, add_resource};
use region::cloudwatch::StateValue;
use region::fault::spec::RegionFault;
use region::operation::Service;
use tokio::time::{Instant, sleep};

const ANSWER: Duration = Duration::from_millis(100);
/// Virtual time in which a shift has begun, or never does.
const LONGEST: Duration = Duration::from_secs(10);
const ALARM: &str = "use1-az1-wildrydes-isolated-impact-aggregate-alarm";

/// How many answers were waited for, one after another, before each StartZonalShift arrived.
async fn waited_before_starts(pipeline: &Pipeline, starts: usize) -> Vec<u128> {
    for service in [
        "cloudwatch",
        "arc-zonal-shift",
        "autoscaling",
        "sns",
        "lambda",
    ] {
        let slow = format!("slow:service={service},milliseconds={}", ANSWER.as_millis());
        let slow: RegionFault = slow.parse().unwrap();
        pipeline.region().begin_fault(&slow, None);
    }
    pipeline.set_alarm(ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    let began = Instant::now();
    let watch = async {
        let mut seen = Vec::new();
        while seen.len() < starts && began.elapsed() < LONGEST {
            sleep(Duration::from_millis(1)).await;
            let calls = pipeline.calls(Service::ArcZonalShift);
            let started = calls.iter().filter(|call| **call == "StartZonalShift");
            let waited = began.elapsed().as_millis() / ANSWER.as_millis();
            seen.resize(started.count(), waited);
        }
        seen
    };
    let (report, seen) = tokio::join!(pipeline.classify(event), watch);
    report.unwrap();
    seen
}

/// Observe; invoke; read; start. The answers of the second and the fourth are not waited for before the
/// shift begins.
#[tokio::test(start_paused = true)]
async fn four_round_trips_lie_between_an_alarm_and_the_shift_of_its_resource() {
    let pipeline = Pipeline::at_peace();
    assert_eq!(waited_before_starts(&pipeline, 1).await, [2]);
}

/// The lead is shifted first, because it is the lock; then all others at the same time.
#[tokio::test(start_paused = true)]
async fn five_round_trips_lie_between_an_alarm_and_the_shift_of_many_resources() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        for name in ["api", "admin", "partners", "internal"] {
            add_resource(stage, name);
        }
    });
    assert_eq!(waited_before_starts(&pipeline, 5).await, [2, 3, 3, 3, 3]);
}

/// The counts are read at the same time as the alarms.
#[tokio::test(start_paused = true)]
async fn evidence_costs_no_round_trip() {
    let pipeline = Pipeline::on("zonal-latency");
    assert!(pipeline.stage.workload.get("evidence").is_some());
    // Until the counts show the fault, and just before the alarm does.
    let shown = SignedDuration::from_secs(4 * 60 + 28);
    pipeline.region().advance(shown).await;
    assert_eq!(waited_before_starts(&pipeline, 1).await, [2]);
}
