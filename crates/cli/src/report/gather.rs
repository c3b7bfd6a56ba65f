//! What came of a time in an account, as an incident.
//!
//! What an account does not tell is said to be unknown: nothing here is made up.

use std::collections::BTreeMap;

use domain::evidence::EvidenceSource;
use domain::incident::Marker;
use jiff::Timestamp;
use report::Incident;
use report::incident::{
    CustomerErrors, Entry, Message, MutatingCall, SCHEMA, Source, Spent, Step, Verdict, Whose,
};

use super::course::{Course, course, ended, verdicts};
use super::facts::Facts;
use super::lines::{FunctionLine, Said};
use super::{moments, series};
use crate::account::ShiftStanding;
use crate::judgement::numbers;

pub(super) fn gather(facts: &Facts) -> Incident {
    let course = course(facts);
    let mut incident = Incident {
        schema: SCHEMA.to_owned(),
        source: Source::Account,
        title: title(facts, &course),
        story: String::new(),
        workload: facts.workload.name.to_string(),
        region: facts.region.clone(),
        begin: facts.from,
        end: facts.to,
        summary: Vec::new(),
        scenario: None,
        seed: None,
        expected: None,
        outcome: course.outcome.to_owned(),
        zone: course.zone.clone(),
        problems: Vec::new(),
        unknown: unknown(facts, &course),
        verdicts: decided(facts),
        timeline: timeline(facts),
        moments: moments::moments(facts),
        detected_after_s: None,
        shift_requested_after_ms: course
            .alarm_at
            .zip(course.shift_at)
            .map(|(alarm, shift)| seconds(alarm, shift) * 1000.0),
        customers_well_after_s: course
            .shift_at
            .zip(course.well_at)
            .map(|(shift, well)| seconds(shift, well)),
        spent: spent(&course),
        customer_errors: errors(facts, course.alarm_at.unwrap_or(facts.from)),
        customer_errors_from_fault: errors(
            facts,
            course.bad_from.or(course.alarm_at).unwrap_or(facts.from),
        ),
        slow_after_ms: slow_after_ms(facts),
        customers: series::customers(facts),
        latency: series::latency(facts),
        map: moments::map(facts, &course),
        function_calls: BTreeMap::new(),
        mutating_calls: mutating_calls(facts),
        invariants: Vec::new(),
        messages: messages(facts),
    };
    incident.summary = report::summary(&incident);
    incident
}

fn title(facts: &Facts, course: &Course) -> String {
    let name = &facts.workload.name;
    let zone = course.zone.as_deref().unwrap_or("a zone");
    match course.outcome {
        "evacuate" | "shift" => format!("{name} left {zone}"),
        "observe" => format!("{name} would have left {zone}"),
        "failed" => format!("{name} could not leave {zone}"),
        "hold" => format!("{name} stayed where it was"),
        "none" => format!("{name} had no alarm"),
        _ if course.alarm_at.is_some() => format!("{name} had an alarm"),
        _ => name.to_string(),
    }
}

/// Seconds, and none less than zero: services round their times.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// Where the time from the alarm until customers were well went.
fn spent(course: &Course) -> Vec<Spent> {
    let (Some(alarm), Some(shift), Some(well)) = (course.alarm_at, course.shift_at, course.well_at)
    else {
        return Vec::new();
    };
    let shift = shift.max(alarm);
    let decided = course.verdict_at.unwrap_or(shift).clamp(alarm, shift);
    Spent::parts(&[
        (Step::Decide, Whose::Evac, seconds(alarm, decided)),
        (Step::Mitigate, Whose::Evac, seconds(decided, shift)),
        (Step::Recover, Whose::DnsAndClients, seconds(shift, well)),
    ])
}

/// By the minutes: the one of the moment itself counts whole.
fn errors(facts: &Facts, from: Timestamp) -> CustomerErrors {
    let from = Timestamp::from_second(from.as_second().div_euclid(60) * 60).unwrap_or(from);
    let known = series::totals(facts, from, facts.to).into_values();
    let bad = known.flatten().map(|(_, bad)| bad);
    CustomerErrors {
        with_evac: bad.reduce(|sum, more| sum + more),
        without_evac: None,
    }
}

fn slow_after_ms(facts: &Facts) -> Option<u64> {
    match facts.workload.evidence.as_ref()? {
        EvidenceSource::Alb(balancer) | EvidenceSource::Nlb(balancer) => {
            balancer.slow_after_ms.map(u64::from)
        }
        EvidenceSource::Custom(_) => None,
    }
}

/// The verdicts; one that repeats the one before is left out.
fn decided(facts: &Facts) -> Vec<Verdict> {
    let given = verdicts(facts).map(|(line, verdict)| Verdict {
        at: line.at,
        verdict: verdict.verdict.clone(),
        zone: verdict.zone.clone(),
        code: verdict.code.clone(),
        reason: verdict.reason().to_owned(),
        numbers: verdict.judgement.as_ref().map(numbers).unwrap_or_default(),
    });
    let mut given: Vec<Verdict> = given.collect();
    given.dedup_by(|later, earlier| {
        (&later.verdict, &later.zone, &later.reason)
            == (&earlier.verdict, &earlier.zone, &earlier.reason)
    });
    given
}

/// Everything that any service tells, in order.
fn timeline(facts: &Facts) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |at, actor: &str, what| {
        entries.push(Entry {
            at,
            actor: actor.to_owned(),
            what,
        });
    };
    for change in facts.alarms.iter().flatten() {
        let (alarm, from, to) = (&change.alarm, &change.from, &change.to);
        let what = format!("alarm {alarm}: {from} -> {to}: {}", change.reason);
        add(change.at, "cloudwatch", what);
    }
    for shift in facts.shifts.iter().flatten() {
        let (resource, zone) = (shift.resource.short(), &shift.zone);
        let (id, comment) = (&shift.id, &shift.comment);
        let what = format!("{resource}: traffic moves away from {zone} ({comment}), shift {id}");
        add(shift.began, "arc-zonal-shift", what);
        if let Some(end) = ended(facts, shift) {
            let what = format!("{resource}: traffic returns to {zone}, shift {id}");
            add(end, "arc-zonal-shift", what);
        }
    }
    for activity in facts.activities.iter().flatten() {
        let (group, status) = (&activity.group, &activity.status);
        let what = format!("{group}: {} ({status}): {}", activity.what, activity.cause);
        add(activity.began, "autoscaling", what);
    }
    let mut last = None;
    for line in facts.lines.iter().flatten() {
        if let Said::Verdict(verdict) = &line.what {
            // A tick a minute says the same.
            let is = (&verdict.verdict, &verdict.zone, &verdict.code);
            if last.replace(is) == Some(is) {
                continue;
            }
        }
        add(line.at, &line.function, said(line));
    }
    entries.retain(|entry| (facts.from..=facts.to).contains(&entry.at));
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn said(line: &FunctionLine) -> String {
    match &line.what {
        Said::Verdict(verdict) => verdict.sentence.clone(),
        Said::Told { subject, .. } => format!("people were told: {subject}"),
        Said::Shift { action, resource } => format!("{action}, zonal shift of {resource}"),
        Said::Group {
            action,
            zone,
            group,
        } => {
            let zone = zone.as_deref().unwrap_or("a zone");
            format!("{action} of {zone}, group {group}")
        }
        Said::Trouble {
            class: Some(class),
            message,
        } => format!("FAILED ({class}): {message}"),
        Said::Trouble {
            class: None,
            message,
        } => message.clone(),
    }
}

/// The changes that the functions logged.
fn mutating_calls(facts: &Facts) -> Vec<MutatingCall> {
    let call = |line: &FunctionLine| {
        let (service, operation) = match &line.what {
            Said::Shift { action, .. } => match action.as_str() {
                "shift" => ("arc-zonal-shift", "StartZonalShift"),
                "extend" => ("arc-zonal-shift", "UpdateZonalShift"),
                "cancel" => ("arc-zonal-shift", "CancelZonalShift"),
                _ => return None,
            },
            Said::Group { .. } => ("autoscaling", "UpdateAutoScalingGroup"),
            Said::Told { .. } => ("sns", "Publish"),
            Said::Verdict(_) | Said::Trouble { .. } => return None,
        };
        Some(MutatingCall {
            at: line.at,
            service: service.to_owned(),
            operation: operation.to_owned(),
            caller: line.function.clone(),
            number: None,
        })
    };
    facts.lines.iter().flatten().filter_map(call).collect()
}

fn messages(facts: &Facts) -> Vec<Message> {
    let message = |line: &FunctionLine| match &line.what {
        Said::Told { phase, subject } => Some(Message {
            at: line.at,
            subject: subject.clone(),
            phase: phase.clone(),
            text: String::new(),
        }),
        _ => None,
    };
    facts.lines.iter().flatten().filter_map(message).collect()
}

fn unknown(facts: &Facts, course: &Course) -> Vec<String> {
    let mut unknown = facts.unread.clone();
    unknown.push(match (&course.zone, course.bad_from) {
        (Some(zone), Some(from)) => format!(
            "When the fault began. More than one in fifty requests to {zone} were bad in every minute from {} to the alarm.",
            from.strftime("%H:%M UTC")
        ),
        _ => "When a fault began, if there was one.".to_owned(),
    });
    unknown.push("How it would have been without Evac.".to_owned());
    if course.well_at.is_some() {
        unknown.push(
            "When exactly customers were well: metrics have whole minutes. Nor does any metric tell DNS from clients that held on to their connections."
                .to_owned(),
        );
    }
    if facts.lines.is_none() {
        unknown.push(
            "What the functions decided, changed and told: no log was read. Name the log groups with --log-group where the definition is from a file."
                .to_owned(),
        );
    } else {
        unknown.push(
            "Calls that the functions did not log, and those of others: AWS CloudTrail has them. The text of the messages; their subjects are known."
                .to_owned(),
        );
    }
    if facts.counts.is_none() && facts.workload.evidence.is_none() {
        unknown.push("What customers saw: the workload's definition names no evidence.".to_owned());
    } else if facts.counts.is_none() {
        unknown.push("What customers saw: CloudWatch has no counts of this time.".to_owned());
    }
    for shift in facts.shifts.iter().flatten() {
        if shift.standing == ShiftStanding::Cancelled && ended(facts, shift).is_none() {
            let whose = if Marker::from_comment(&shift.comment).is_some() {
                "Evac’s"
            } else {
                "somebody’s"
            };
            unknown.push(format!(
                "When {whose} shift {} of {} away from {} was cancelled: ARC does not say, and no function logged it.",
                shift.id,
                shift.resource.short(),
                shift.zone
            ));
        }
    }
    unknown
}
