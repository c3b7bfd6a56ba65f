//! What came of a drill: the numbers, the verdicts, the calls, the messages, the invariants.
//!
//! All times are of the Region's clock, which runs as fast as the wall clock while a function runs.

use std::collections::BTreeMap;

use domain::report::Report;
use jiff::{SignedDuration, Timestamp};
use region::audit::{Finding, Terms, audit};
use region::cloudwatch::StateValue;
use region::ending::{judge, report, reports};
use region::history::Happened;
use region::lambda::Invocation;
use region::scenario::Scenario;
use region::stage::{ASG_PRUNING, CLASSIFIER, Stage, ZONAL_SHIFT};
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
    /// The end that the scenario expects: `evacuate`, `shift`, `hold`, `observe` or `failed`.
    pub expected: String,
    /// The end that it had.
    pub outcome: String,
    /// The zone that it concerned, if any.
    pub zone: Option<String>,
    /// What was not as expected; empty where everything was.
    pub problems: Vec<String>,
    /// The classifier's verdicts; one that repeats the one before is left out.
    pub verdicts: Vec<VerdictEntry>,
    /// Everything that happened.
    pub timeline: Vec<TimelineEntry>,
    /// Seconds from the fault to the first of the workload's alarms.
    pub detected_after_s: Option<f64>,
    /// Milliseconds from that alarm to Evac's first shift; none where there was a shift before it.
    pub shift_requested_after_ms: Option<f64>,
    /// Seconds from that call until customers were well: fewer than one in fifty requests failed or
    /// slow over a minute.
    pub customers_well_after_s: Option<f64>,
    /// Requests that failed or were slow from the alarm on (from the fault on, where no alarm went
    /// off).
    pub customer_errors: CustomerErrors,
    /// The same, from the fault on.
    pub customer_errors_from_fault: CustomerErrors,
    /// How many calls each function made, in all its invocations together.
    pub function_calls: BTreeMap<String, usize>,
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
    /// The stable code of the reason that counts most.
    pub code: String,
    /// Why, in words.
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
    /// In the same scenario with the same seed and without Evac.
    pub without_evac: u64,
}

/// A call that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MutatingCall {
    /// The service, as in the AWS CLI.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The access key id of the caller: in a drill, the function.
    pub caller: String,
    /// Which of all the caller's calls it was, from 1.
    pub number: usize,
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
        self.problems.is_empty() && self.invariants.iter().all(|finding| finding.holds)
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
        let reports: Vec<Report> = reports(&state).collect();
        let fault_at = scenario.fault_at(stage.begin);
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
            .history
            .changes()
            .iter()
            .find(|happened| happened.shift_of_evac().is_some())
            .map(Happened::at);
        let well_at =
            shift_at.and_then(|shift_at| well_at(state.world.customers(), shift_at, stage.end));
        let errors = |from: Timestamp| CustomerErrors {
            with_evac: bad(state.world.customers(), from, stage.end),
            without_evac: bad(without, from, stage.end),
        };
        let ending = judge(&state, scenario, stage.begin);
        Self {
            scenario: scenario.name.clone(),
            seed,
            expected: scenario.expected.outcome.name().to_owned(),
            outcome: ending.outcome.name().to_owned(),
            zone: ending.zone,
            problems: ending.problems,
            verdicts: verdicts(&reports),
            timeline: timeline(&state),
            detected_after_s: alarm_at.map(|alarm| seconds(fault_at, alarm)),
            shift_requested_after_ms: alarm_at
                .zip(shift_at)
                .filter(|(alarm, shift)| alarm <= shift)
                .map(|(alarm, shift)| seconds(alarm, shift) * 1000.0),
            customers_well_after_s: shift_at
                .zip(well_at)
                .map(|(shift, well)| seconds(shift, well)),
            customer_errors: errors(alarm_at.unwrap_or(fault_at)),
            customer_errors_from_fault: errors(fault_at),
            function_calls: function_calls(&state),
            mutating_calls: mutating_calls(&state),
            invariants: audit(&state, Terms::of(scenario)),
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

fn verdicts(reports: &[Report]) -> Vec<VerdictEntry> {
    let mut entries: Vec<VerdictEntry> = reports
        .iter()
        .map(|report| VerdictEntry {
            at: report.at,
            verdict: report.verdict.name().to_owned(),
            zone: report.verdict.zone().map(ToString::to_string),
            code: report.verdict.code().to_owned(),
            reason: report.verdict.reason(),
        })
        .collect();
    entries.dedup_by(|later, earlier| {
        (&later.verdict, &later.zone, &later.reason)
            == (&earlier.verdict, &earlier.zone, &earlier.reason)
    });
    entries
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

fn function_calls(state: &State) -> BTreeMap<String, usize> {
    let functions = [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING].into_iter();
    functions
        .map(|function| (function.to_owned(), state.calls_of(function)))
        .collect()
}

fn mutating_calls(state: &State) -> Vec<MutatingCall> {
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    let mut mutating = Vec::new();
    for call in &state.calls {
        let number = made.entry(&call.caller).or_default();
        *number += 1;
        if call.operation.mutates {
            mutating.push(MutatingCall {
                service: call.service.name().to_owned(),
                operation: call.operation.name.to_owned(),
                caller: call.caller.clone(),
                number: *number,
            });
        }
    }
    mutating
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
