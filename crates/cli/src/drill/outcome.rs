//! What came of a drill: the numbers, the verdicts, the calls, the messages, the invariants.
//!
//! All times are of the Region's clock, which runs as fast as the wall clock while a function runs.

use domain::report::Report;
use jiff::{SignedDuration, Timestamp};
use region::audit::{Finding, Terms, audit};
use region::cloudwatch::StateValue;
use region::lambda::Invocation;
use region::scenario::{Expected, Outcome as End, Scenario};
use region::stage::{CLASSIFIER, MIN_ZONES, Stage};
use region::state::State;
use region::timeline::AlarmChange;
use region::world::CustomerLog;
use serde::Serialize;

/// The result of a drill; the JSON of `evac drill --format json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The end that the scenario expects: `evacuate`, `shift`, `hold` or `observe`.
    pub expected: String,
    /// The end that it had; with the zone, where it is the wrong one.
    pub outcome: String,
    /// The classifier's verdicts; one that repeats the one before is left out.
    pub verdicts: Vec<VerdictEntry>,
    /// Everything that happened.
    pub timeline: Vec<TimelineEntry>,
    /// Seconds from the fault to the first of the workload's alarms.
    pub detected_after_s: Option<f64>,
    /// Milliseconds from that alarm to the first `StartZonalShift`.
    pub shift_requested_after_ms: Option<f64>,
    /// Seconds from that call until customers were well: fewer than one in fifty requests failed or
    /// slow over a minute.
    pub customers_well_after_s: Option<f64>,
    /// Requests that failed or were slow from the alarm on (from the fault on, where no alarm went
    /// off).
    pub customer_errors: CustomerErrors,
    /// The same, from the fault on.
    pub customer_errors_from_fault: CustomerErrors,
    /// Every call that changes something, in the order of arrival.
    pub mutating_calls: Vec<MutatingCall>,
    /// The invariants that the run could break.
    pub invariants: Vec<Finding>,
    /// What people were told.
    pub messages: Vec<SentMessage>,
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerdictEntry {
    /// When.
    pub at: Timestamp,
    /// `evacuate`, `hold` or `fail-back`.
    pub verdict: String,
    /// The zone, if it is about one.
    pub zone: Option<String>,
    /// Why.
    pub reason: String,
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub what: String,
}

impl From<&region::timeline::Entry> for TimelineEntry {
    fn from(entry: &region::timeline::Entry) -> Self {
        Self {
            at: entry.at,
            actor: entry.actor.clone(),
            what: entry.what.clone(),
        }
    }
}

/// Requests that failed or were slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerErrors {
    /// In this drill.
    pub with_evac: u64,
    /// In the same scenario with the same seed and nobody acting.
    pub without_evac: u64,
}

/// A call that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MutatingCall {
    /// The service, as in the AWS CLI.
    pub service: String,
    /// The operation.
    pub operation: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentMessage {
    /// Its subject.
    pub subject: String,
    /// The phase that it tells of.
    pub phase: String,
    /// Its text, without the document for machines.
    pub text: String,
}

/// How long customers have to be well, and how well.
const WELL_FOR: SignedDuration = SignedDuration::from_secs(60);
const WELL: f64 = 0.02;

impl Outcome {
    /// Whether the drill ended as expected and every invariant held.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.outcome == self.expected && self.invariants.iter().all(|finding| finding.holds)
    }

    /// Gathers what came of a drill. `without` is what customers saw in the same scenario with nobody
    /// acting.
    pub(crate) fn gather(
        scenario: &Scenario,
        seed: u64,
        stage: &Stage,
        without: &CustomerLog,
    ) -> Self {
        let state = stage.region.state();
        let reports = reports(&state);
        let fault_at = scenario
            .faults
            .iter()
            .map(|fault| fault.in_drill(stage.begin).from)
            .min()
            .unwrap_or(stage.begin);
        let goes_off = |alarm: &&AlarmChange| {
            alarm.at >= fault_at && alarm.to == StateValue::Alarm && stage.is_own_alarm(&alarm.name)
        };
        let alarm_at = state
            .timeline
            .alarms()
            .iter()
            .find(goes_off)
            .map(|alarm| alarm.at);
        let shift_at = state
            .calls
            .iter()
            .find(|call| call.operation.name == "StartZonalShift")
            .map(|call| call.at);
        let well_at =
            shift_at.and_then(|shift_at| well_at(state.world.customers(), shift_at, stage.end));
        let errors = |from: Timestamp| CustomerErrors {
            with_evac: bad(state.world.customers(), from, stage.end),
            without_evac: bad(without, from, stage.end),
        };
        let (end, zone) = end(&state, &reports);
        let terms = Terms {
            min_zones: MIN_ZONES,
            may_change: scenario.mode != "observe",
        };
        Self {
            scenario: scenario.name.clone(),
            seed,
            expected: scenario.expected.outcome.name().to_owned(),
            outcome: told(&scenario.expected, end, zone.as_deref()),
            verdicts: verdicts(&reports),
            timeline: timeline(&state),
            detected_after_s: alarm_at.map(|alarm| seconds(fault_at, alarm)),
            shift_requested_after_ms: alarm_at
                .zip(shift_at)
                .map(|(alarm, shift)| seconds(alarm, shift) * 1000.0),
            customers_well_after_s: shift_at
                .zip(well_at)
                .map(|(shift, well)| seconds(shift, well)),
            customer_errors: errors(alarm_at.unwrap_or(fault_at)),
            customer_errors_from_fault: errors(fault_at),
            mutating_calls: mutating_calls(&state),
            invariants: audit(&state, terms),
            messages: messages(&state),
        }
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn bad(customers: &CustomerLog, from: Timestamp, to: Timestamp) -> u64 {
    customers
        .totals(from, to)
        .values()
        .map(|counts| counts.failed + counts.slow)
        .sum()
}

fn well_at(customers: &CustomerLog, from: Timestamp, end: Timestamp) -> Option<Timestamp> {
    let first = from.as_second() + 1;
    let last = (end - WELL_FOR).as_second();
    (first..=last)
        .filter_map(|second| Timestamp::from_second(second).ok())
        .find(|at| customers.bad_rate(*at, *at + WELL_FOR) < WELL)
}

/// The classifier's answers, with the moment of each; a failed invocation has none.
pub(crate) fn reports(state: &State) -> Vec<Report> {
    state.lambda.invocations().filter_map(report).collect()
}

/// The classifier's answer in an invocation.
pub(crate) fn report(invocation: &Invocation) -> Option<Report> {
    let answer = invocation
        .outcome
        .as_ref()
        .ok()
        .filter(|_| invocation.function == CLASSIFIER)?;
    serde_json::from_value(answer.clone()).ok()
}

fn verdicts(reports: &[Report]) -> Vec<VerdictEntry> {
    let mut entries: Vec<VerdictEntry> = reports
        .iter()
        .map(|report| VerdictEntry {
            at: report.at,
            verdict: report.verdict.name().to_owned(),
            zone: report.verdict.zone().map(ToString::to_string),
            reason: report.verdict.reason(),
        })
        .collect();
    entries.dedup_by(|later, earlier| {
        (&later.verdict, &later.zone, &later.reason)
            == (&earlier.verdict, &earlier.zone, &earlier.reason)
    });
    entries
}

/// How the drill ended, by what the Region saw; only a rehearsal is known from the classifier alone.
fn end(state: &State, reports: &[Report]) -> (End, Option<String>) {
    let shifted = state
        .arc
        .shifts()
        .first()
        .map(|shift| shift.away_from.to_string());
    let pruned = state
        .auto_scaling
        .changes()
        .iter()
        .any(|change| change.zones_after.len() < change.zones_before.len());
    let rehearsed = reports
        .iter()
        .find(|report| report.is_dry())
        .and_then(|report| report.verdict.zone().map(ToString::to_string));
    match (shifted, pruned, rehearsed) {
        (Some(zone), true, _) => (End::Evacuate, Some(zone)),
        (Some(zone), false, _) => (End::Shift, Some(zone)),
        (None, true, _) => (End::Evacuate, None),
        (None, false, Some(zone)) => (End::Observe, Some(zone)),
        (None, false, None) => (End::Hold, None),
    }
}

fn told(expected: &Expected, end: End, zone: Option<&str>) -> String {
    let wanted = expected.zone.as_ref().map(domain::ZoneId::as_str);
    match zone {
        Some(zone) if end == expected.outcome && wanted.is_some_and(|wanted| wanted != zone) => {
            format!("{} of {zone}", end.name())
        }
        _ => end.name().to_owned(),
    }
}

/// The Region's lines and the classifier's, in order.
fn timeline(state: &State) -> Vec<TimelineEntry> {
    let region = state.timeline.entries().iter().map(TimelineEntry::from);
    let classifier = state.lambda.invocations().filter_map(invocation_entry);
    let mut entries: Vec<TimelineEntry> = region.chain(classifier).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// A line about an invocation: a verdict, or a failure of any function.
pub(crate) fn invocation_entry(invocation: &Invocation) -> Option<TimelineEntry> {
    if let Err(failure) = &invocation.outcome {
        let what = format!("FAILED ({}): {}", failure.error_type, failure.error_message);
        return Some(TimelineEntry {
            at: invocation.ended,
            actor: invocation.function.clone(),
            what,
        });
    }
    let report = report(invocation)?;
    Some(TimelineEntry {
        at: report.at,
        actor: CLASSIFIER.to_owned(),
        what: report.sentence,
    })
}

fn mutating_calls(state: &State) -> Vec<MutatingCall> {
    let calls = state.calls.iter().filter(|call| call.operation.mutates);
    calls
        .map(|call| MutatingCall {
            service: call.service.name().to_owned(),
            operation: call.operation.name.to_owned(),
        })
        .collect()
}

fn messages(state: &State) -> Vec<SentMessage> {
    let message = |received: &region::sns::Received| {
        let published = &received.published;
        let text = published
            .message
            .split(domain::notice::SEPARATOR)
            .next()
            .unwrap_or_default();
        SentMessage {
            subject: published.subject.clone().unwrap_or_default(),
            phase: published
                .attributes
                .get("phase")
                .map(|(_, phase)| phase.clone())
                .unwrap_or_default(),
            text: text.trim_end().to_owned(),
        }
    };
    state.sns.inbox().iter().map(message).collect()
}
