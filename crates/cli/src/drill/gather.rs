//! What came of a drill: everything that the Region saw of it, as an incident.
//!
//! All times are of the Region's clock, which runs as fast as the wall clock while a function runs.

mod moments;
mod series;

use std::collections::BTreeMap;

use domain::report::Report;
use jiff::{SignedDuration, Timestamp};
use region::audit::{Terms, audit};
use region::cloudwatch::StateValue;
use region::ending::{judge, report, reports};
use region::history::Happened;
use region::lambda::Invocation;
use region::scenario::Scenario;
use region::stage::{ASG_PRUNING, CLASSIFIER, REGION, Stage, WORKLOAD, ZONAL_SHIFT};
use region::state::State;
use region::timeline::AlarmChange;
use region::world::CustomerLog;
use report::incident::{
    CustomerErrors, Entry, Incident, Invariant, Message, MutatingCall, SCHEMA, Source, Spent, Step,
    Verdict, Whose,
};

use crate::judgement::numbers;

/// How long customers have to be well, and how well.
const WELL_FOR: SignedDuration = SignedDuration::from_secs(60);
const WELL: f64 = 0.02;

/// A drill, over or under way.
pub(crate) struct Drill<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
    pub(crate) stage: &'a Stage,
    /// What customers saw in the same drill with nobody acting.
    pub(crate) without: &'a CustomerLog,
    /// The newest minute that the alarm would have seen with metrics in time, where they are late.
    pub(crate) seen_in_time: Option<Timestamp>,
    /// The first moment that is of interest.
    pub(crate) begin: Timestamp,
    /// Where the drill is, or ended.
    pub(crate) end: Timestamp,
    /// When the first fault of the workload began; the scenario's, unless somebody injected another.
    pub(crate) fault_at: Timestamp,
    /// Whether it has to end as the scenario expects; one that somebody interferes with has not.
    pub(crate) judged: bool,
}

/// When what happened.
struct Course {
    fault_at: Timestamp,
    alarm_at: Option<Timestamp>,
    verdict_at: Option<Timestamp>,
    shift_at: Option<Timestamp>,
    well_at: Option<Timestamp>,
}

/// Gathers what came of a drill.
pub(crate) fn gather(drill: &Drill<'_>) -> Incident {
    let Drill {
        scenario,
        stage,
        end,
        ..
    } = *drill;
    let state = stage.region.state();
    let reports: Vec<Report> = reports(&state).collect();
    let course = course(&state, drill, &reports);
    let errors = |from: Timestamp| CustomerErrors {
        with_evac: Some(bad(state.world.customers(), from, end)),
        without_evac: Some(bad(drill.without, from, end)),
    };
    let ending = judge(&state, scenario, stage.begin);
    let moments = moments::moments(&state, stage, drill, &reports);
    let invariants = audit(&state, Terms::of(scenario));
    let mut incident = Incident {
        schema: SCHEMA.to_owned(),
        source: Source::Drill,
        title: scenario.title.clone(),
        story: scenario.story.clone(),
        workload: WORKLOAD.to_owned(),
        region: REGION.to_owned(),
        begin: drill.begin,
        end,
        summary: Vec::new(),
        scenario: Some(scenario.name.clone()),
        seed: Some(drill.seed),
        expected: (drill.judged).then(|| scenario.expected.outcome.name().to_owned()),
        outcome: ending.outcome.name().to_owned(),
        zone: ending.zone,
        problems: if drill.judged {
            ending.problems
        } else {
            Vec::new()
        },
        unknown: Vec::new(),
        verdicts: verdicts(&reports),
        timeline: timeline(&state),
        moments,
        detected_after_s: course.alarm_at.map(|alarm| seconds(course.fault_at, alarm)),
        shift_requested_after_ms: course
            .alarm_at
            .zip(course.shift_at)
            .filter(|(alarm, shift)| alarm <= shift)
            .map(|(alarm, shift)| seconds(alarm, shift) * 1000.0),
        customers_well_after_s: course
            .shift_at
            .zip(course.well_at)
            .map(|(shift, well)| seconds(shift, well)),
        spent: spent(&state, drill, &course),
        customer_errors: errors(course.alarm_at.unwrap_or(course.fault_at)),
        customer_errors_from_fault: errors(course.fault_at),
        slow_after_ms: Some(state.world.spec().slow_after_ms),
        customers: series::customers(&state, drill),
        latency: series::latency(&state, drill),
        map: moments::map(&state, drill, course.alarm_at.is_some()),
        function_calls: function_calls(&state),
        mutating_calls: mutating_calls(&state),
        invariants: invariants
            .into_iter()
            .map(|finding| Invariant {
                id: finding.id,
                holds: finding.holds,
                detail: finding.detail,
            })
            .collect(),
        messages: messages(&state),
    };
    incident.summary = report::summary(&incident);
    incident
}

fn course(state: &State, drill: &Drill<'_>, reports: &[Report]) -> Course {
    let fault_at = drill.fault_at;
    let alarm_at = first_alarm(state, drill.stage, fault_at);
    let shift_at = state
        .history
        .changes()
        .iter()
        .find(|happened| happened.shift_of_evac().is_some())
        .map(Happened::at);
    let verdict_at = (reports.iter())
        .filter(|report| report.verdict.name() == "evacuate")
        .map(|report| report.at)
        .find(|at| alarm_at.is_some_and(|alarm| *at >= alarm));
    let well_at = shift_at.and_then(|at| well_at(state.world.customers(), at, drill.end));
    Course {
        fault_at,
        alarm_at,
        verdict_at,
        shift_at,
        well_at,
    }
}

/// When the first of the workload's own alarms went off from a moment on.
pub(super) fn first_alarm(state: &State, stage: &Stage, from: Timestamp) -> Option<Timestamp> {
    let goes_off = |alarm: &&AlarmChange| {
        alarm.at >= from && alarm.to == StateValue::Alarm && stage.is_own_alarm(&alarm.name)
    };
    let mut alarms = state.timeline.alarms().iter();
    alarms.find(goes_off).map(|alarm| alarm.at)
}

/// Where the time from the fault until customers were well went.
fn spent(state: &State, drill: &Drill<'_>, course: &Course) -> Vec<Spent> {
    let (Some(alarm), Some(shift), Some(well)) = (course.alarm_at, course.shift_at, course.well_at)
    else {
        return Vec::new();
    };
    if shift < alarm || alarm < course.fault_at {
        return Vec::new();
    }
    // The newest minute that CloudWatch showed to the alarm, or would have shown in time, ended here.
    let shown = (drill.seen_in_time).or_else(|| state.newest_minute_shown(alarm));
    let shown = shown
        .unwrap_or(course.fault_at)
        .clamp(course.fault_at, alarm);
    let decided = course.verdict_at.unwrap_or(shift).clamp(alarm, shift);
    let recovering = seconds(shift, well);
    #[allow(clippy::cast_precision_loss, reason = "a TTL is at most a day")]
    let ttl = state.world.spec().clients.dns_ttl_seconds as f64;
    Spent::parts(&[
        (Step::Detect, Whose::Alarm, seconds(course.fault_at, shown)),
        (Step::Detect, Whose::Metrics, seconds(shown, alarm)),
        (Step::Decide, Whose::Evac, seconds(alarm, decided)),
        (Step::Mitigate, Whose::Evac, seconds(decided, shift)),
        (Step::Recover, Whose::Dns, recovering.min(ttl)),
        (Step::Recover, Whose::Clients, (recovering - ttl).max(0.0)),
    ])
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

fn verdicts(reports: &[Report]) -> Vec<Verdict> {
    let mut entries: Vec<Verdict> = reports
        .iter()
        .map(|report| Verdict {
            at: report.at,
            verdict: report.verdict.name().to_owned(),
            zone: report.verdict.zone().map(ToString::to_string),
            code: report.verdict.code().to_owned(),
            reason: report.verdict.reason(),
            numbers: report.verdict.judgement().map(numbers).unwrap_or_default(),
        })
        .collect();
    entries.dedup_by(|later, earlier| {
        (&later.verdict, &later.zone, &later.reason)
            == (&earlier.verdict, &earlier.zone, &earlier.reason)
    });
    entries
}

/// The Region's lines and the classifier's, in order.
fn timeline(state: &State) -> Vec<Entry> {
    let region = state.timeline.entries().iter().map(entry);
    let classifier = state.lambda.invocations().filter_map(invocation_entry);
    let mut entries: Vec<Entry> = region.chain(classifier).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// A line of the Region's own.
pub(crate) fn entry(entry: &region::timeline::Entry) -> Entry {
    Entry {
        at: entry.at,
        actor: entry.actor.clone(),
        what: entry.what.clone(),
    }
}

/// A line about an invocation: a verdict, or a failure of any function.
pub(crate) fn invocation_entry(invocation: &Invocation) -> Option<Entry> {
    if let Err(failure) = &invocation.outcome {
        let what = format!("FAILED ({}): {}", failure.error_type, failure.error_message);
        return Some(Entry {
            at: invocation.ended,
            actor: invocation.function.clone(),
            what,
        });
    }
    let report = report(invocation)?;
    Some(Entry {
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
                at: call.at,
                service: call.service.name().to_owned(),
                operation: call.operation.name.to_owned(),
                caller: call.caller.clone(),
                number: Some(*number),
            });
        }
    }
    mutating
}

fn messages(state: &State) -> Vec<Message> {
    let message = |received: &region::sns::Received| {
        let published = &received.published;
        let text = published
            .message
            .split(domain::notice::SEPARATOR)
            .next()
            .unwrap_or_default();
        Message {
            at: received.at,
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
