//! How a drill ended, and whether that is what its scenario expects.
//!
//! What was done is read from the Region's history, not from what Evac says of it. Only a rehearsal
//! and a hold leave no trace there; these are read from the classifier's answers. A hold has to be
//! decided: where the classifier never gave an answer, nothing was held.

use domain::ZoneId;
use std::collections::BTreeMap;

use domain::incident::Marker;
use domain::prune::Record;
use domain::report::Report;
use domain::verdict::Verdict;
use jiff::Timestamp;

use crate::arc::Status;
use crate::history::Happened;
use crate::lambda::Invocation;
use crate::scenario::{Expected, Outcome, Scenario};
use crate::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};
use crate::state::State;

/// How a drill ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The end.
    pub outcome: Outcome,
    /// The zone that it concerns, as far as there is one.
    pub zone: Option<String>,
    /// What is not as expected; empty where everything is.
    pub problems: Vec<String>,
}

/// Judges the end of a drill of a scenario that began at this moment.
#[must_use]
pub fn judge(state: &State, scenario: &Scenario, begin: Timestamp) -> Ending {
    let expected = &scenario.expected;
    let fault_at = scenario.fault_at(begin);
    let reports: Vec<Report> = reports(state)
        .filter(|report| report.at >= fault_at)
        .collect();
    let (outcome, zone) = end(state, &reports, fault_at);
    let mut problems = Vec::new();
    if outcome != expected.outcome {
        problems.push(format!(
            "ended in {}, expected {}",
            outcome.name(),
            expected.outcome.name()
        ));
    }
    let wanted = expected.zone.as_ref().map(ToString::to_string);
    if wanted.is_some() && wanted != zone {
        let name = |zone: &Option<String>| zone.clone().unwrap_or_else(|| "no zone".to_owned());
        problems.push(format!(
            "concerned {}, expected {}",
            name(&zone),
            name(&wanted)
        ));
    }
    problems.extend(state.refused_acts().iter().cloned());
    problems.extend(state.missed_kills());
    problems.extend(untold(state, &expected.told()));
    problems.extend(without_reason(&reports, &expected.because));
    if let Some(not_before) = &expected.not_before {
        problems.extend(too_early(state, begin + not_before.length()));
    }
    if expected.as_before {
        problems.extend(state.not_as_before());
    }
    if outcome == expected.outcome {
        problems.extend(in_force(state, expected, zone.as_deref()));
    }
    Ending {
        outcome,
        zone,
        problems,
    }
}

/// The classifier's answers, oldest first; a failed invocation has none.
pub fn reports(state: &State) -> impl Iterator<Item = Report> {
    state.lambda.invocations().filter_map(report)
}

/// The classifier's answer in an invocation.
#[must_use]
pub fn report(invocation: &Invocation) -> Option<Report> {
    let answer = invocation
        .outcome
        .as_ref()
        .ok()
        .filter(|_| invocation.function == CLASSIFIER)?;
    serde_json::from_value(answer.clone()).ok()
}

/// The phases that people were told of, in order.
fn phases(state: &State) -> Vec<String> {
    let inbox = state.sns.inbox();
    let phase = |message: &crate::sns::Received| {
        let (_, phase) = message.published.attributes.get("phase")?;
        Some(phase.clone())
    };
    inbox.iter().filter_map(phase).collect()
}

fn end(state: &State, reports: &[Report], fault_at: Timestamp) -> (Outcome, Option<String>) {
    let mut shifted = None;
    let mut pruned = None;
    for happened in state.history.changes() {
        if let Some(change) = happened.shift_of_evac() {
            shifted.get_or_insert_with(|| change.zone.to_string());
        }
        if let Some(change) = happened.group_of_evac() {
            let left = |zone: &&ZoneId| !change.zones_after.contains(zone);
            if let Some(zone) = change.zones_before.iter().find(left) {
                pruned.get_or_insert_with(|| zone.to_string());
            }
        }
    }
    let rehearsed = reports.iter().find(|report| report.is_dry());
    if pruned.is_some() {
        return (Outcome::Evacuate, shifted.or(pruned));
    }
    if shifted.is_some() {
        return (Outcome::Shift, shifted);
    }
    if let Some(report) = rehearsed {
        let zone = report.verdict.zone().map(ToString::to_string);
        return (Outcome::Observe, zone);
    }
    let held = |report: &Report| matches!(report.verdict, Verdict::Hold { .. });
    if !reports.is_empty() && reports.iter().all(held) && !any_unanswered(state, fault_at) {
        return (Outcome::Hold, None);
    }
    (Outcome::Failed, None)
}

/// Whether the classifier was asked something since the fault to which its last answer is a failure:
/// given up, or still to be tried again.
fn any_unanswered(state: &State, fault_at: Timestamp) -> bool {
    let asked = state
        .lambda
        .invocations()
        .filter(|invocation| invocation.function == CLASSIFIER && invocation.began >= fault_at);
    let last: BTreeMap<&str, &Invocation> = asked
        .map(|invocation| (invocation.request_id.as_str(), invocation))
        .collect();
    last.values().any(|invocation| invocation.outcome.is_err())
}

/// What Evac changed before it was to change anything.
fn too_early(state: &State, not_before: Timestamp) -> Option<String> {
    let evacs = |happened: &&Happened| happened.is_by(ZONAL_SHIFT) || happened.is_by(ASG_PRUNING);
    let first = state.history.changes().iter().find(evacs)?.at();
    (first < not_before).then(|| format!("changed something at {first}, not before {not_before}"))
}

/// The expected messages that did not come, in their order; others may stand between.
fn untold(state: &State, expected: &[&str]) -> Vec<String> {
    let told = phases(state);
    let mut from = 0;
    let mut missing = Vec::new();
    for phase in expected {
        match told[from..].iter().position(|told| told == phase) {
            Some(at) => from += at + 1,
            None => missing.push(format!("nobody was told \"{phase}\" where it was expected")),
        }
    }
    missing
}

/// The expected reasons that no verdict had.
fn without_reason(reports: &[Report], expected: &[String]) -> Vec<String> {
    let had = |code: &str| {
        reports.iter().any(|report| match &report.verdict {
            Verdict::Hold { reasons, .. } => reasons.iter().any(|reason| reason.code() == code),
            verdict => verdict.code() == code,
        })
    };
    expected
        .iter()
        .filter(|code| !had(code))
        .map(|code| format!("no verdict had the reason \"{code}\""))
        .collect()
}

/// What of an evacuation is not in force any more, or still is, against expectation.
fn in_force(state: &State, expected: &Expected, zone: Option<&str>) -> Vec<String> {
    let evacs_shift = state.arc.shifts().iter().any(|shift| {
        shift.status == Status::Active && Marker::from_comment(&shift.comment).is_some()
    });
    // Whoever shifted it: Evac leaves a person's shift or AWS's as it is.
    let away = state.arc.all_resources().any(|resource| {
        let applied = resource.applied.map(ZoneId::as_str);
        applied.is_some() && applied == zone
    });
    let records = state
        .auto_scaling
        .groups()
        .any(|group| !matches!(Record::read(group.tags), Ok(None)));
    let out = any_group_out(state);
    let (shift, prune) = match expected.outcome {
        _ if expected.undone => (false, false),
        Outcome::Evacuate => (true, true),
        Outcome::Shift => (true, false),
        Outcome::Hold | Outcome::Observe | Outcome::Failed => (false, false),
    };
    let problem = |is: bool, what: &str| is.then(|| what.to_owned());
    [
        problem(shift && !away, "traffic is not away any more at the end"),
        problem(prune && !out, "no group is pruned any more at the end"),
        problem(
            !shift && evacs_shift,
            "traffic is still shifted away at the end",
        ),
        problem(!prune && out, "groups are still pruned at the end"),
        problem(
            !prune && records,
            "groups still have a record of what was removed at the end",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a group that Evac changed lacks a zone at the end that it had before.
fn any_group_out(state: &State) -> bool {
    let mut before: BTreeMap<&str, &[ZoneId]> = BTreeMap::new();
    let changes = state.history.changes().iter();
    for change in changes.filter_map(Happened::group_of_evac) {
        before.entry(&change.group).or_insert(&change.zones_before);
    }
    before.into_iter().any(|(name, before)| {
        let group = state.auto_scaling.group(name);
        group.is_some_and(|group| before.iter().any(|zone| !group.zones.contains(zone)))
    })
}

#[cfg(test)]
mod tests;
