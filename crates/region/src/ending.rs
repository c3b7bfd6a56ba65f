//! How a drill ended, and whether that is what its scenario expects.
//!
//! What was done is read from the Region's history, not from what Evac says of it. Only a rehearsal
//! and a hold leave no trace there; these are read from the classifier's answers. A hold has to be
//! decided: where the classifier never gave an answer, nothing was held.

use domain::ZoneId;
use domain::incident::Marker;
use domain::prune::Record;
use domain::report::Report;
use domain::verdict::Verdict;
use jiff::Timestamp;

use crate::arc::{Status, What};
use crate::history::{Change, Happened};
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
    let (outcome, zone) = end(state, &reports);
    let mut problems = Vec::new();
    if outcome != expected.outcome {
        problems.push(format!(
            "ended in {}, expected {}",
            outcome.name(),
            expected.outcome.name()
        ));
    }
    let wanted = expected.zone.as_ref().map(ToString::to_string);
    if let (Some(wanted), Some(zone)) = (&wanted, &zone)
        && wanted != zone
    {
        problems.push(format!("concerned {zone}, expected {wanted}"));
    }
    problems.extend(untold(state, &expected.told()));
    problems.extend(without_reason(&reports, &expected.because));
    if let Some(not_before) = &expected.not_before {
        problems.extend(too_early(state, begin + not_before.length()));
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

fn end(state: &State, reports: &[Report]) -> (Outcome, Option<String>) {
    let mut shifted = None;
    let mut pruned = None;
    for happened in state.history.changes() {
        match &happened.what {
            Change::Shift(change)
                if change.what == What::Started && happened.is_by(ZONAL_SHIFT) =>
            {
                shifted.get_or_insert_with(|| change.zone.to_string());
            }
            Change::Group(change) if happened.is_by(ASG_PRUNING) => {
                let left = |zone: &&ZoneId| !change.zones_after.contains(zone);
                if let Some(zone) = change.zones_before.iter().find(left) {
                    pruned.get_or_insert_with(|| zone.to_string());
                }
            }
            _ => {}
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
    if !reports.is_empty() && reports.iter().all(held) {
        return (Outcome::Hold, None);
    }
    (Outcome::Failed, None)
}

/// What Evac changed before it was to change anything.
fn too_early(state: &State, not_before: Timestamp) -> Option<String> {
    let evacs = |happened: &&Happened| happened.is_by(ZONAL_SHIFT) || happened.is_by(ASG_PRUNING);
    let first = state.history.changes().iter().find(evacs)?.at();
    (first < not_before).then(|| format!("changed something at {first}, not before {not_before}"))
}

/// The expected messages that did not come, in their order; others may stand between.
fn untold(state: &State, expected: &[&str]) -> Vec<String> {
    let mut told = phases(state).into_iter();
    expected
        .iter()
        .filter(|phase| !told.any(|told| told == **phase))
        .map(|phase| format!("nobody was told \"{phase}\" where it was expected"))
        .collect()
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
    let records = state
        .auto_scaling
        .groups()
        .any(|group| !matches!(Record::read(group.tags), Ok(None)));
    // Whoever shifted it: Evac leaves a person's shift or AWS's as it is.
    let away = state.arc.all_resources().any(|resource| {
        let applied = resource.applied.map(ZoneId::as_str);
        applied.is_some() && applied == zone
    });
    let (shift, prune) = match expected.outcome {
        _ if expected.undone => (false, false),
        Outcome::Evacuate => (true, true),
        Outcome::Shift => (true, false),
        Outcome::Hold | Outcome::Observe | Outcome::Failed => (false, false),
    };
    let problem = |is: bool, what: &str| is.then(|| what.to_owned());
    [
        problem(shift && !away, "traffic is not away any more at the end"),
        problem(prune && !records, "no group is pruned any more at the end"),
        problem(
            !shift && evacs_shift,
            "traffic is still shifted away at the end",
        ),
        problem(!prune && records, "groups are still pruned at the end"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests;
