//! The text of a message: what happened, what to do, why, the numbers, and commands to paste.

use std::fmt::Write;

use jiff::Timestamp;

use super::{Phase, zone_of};
use crate::failure::Disposition;
use crate::policy::Mode;
use crate::prune;
use crate::report::Report;
use crate::shift;
use crate::verdict::{EvacuateReason, Verdict};

pub(super) fn text(report: &Report, phase: Phase) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    if report.drill {
        line("THIS IS A DRILL.");
    }
    line(&headline(report, phase));
    line(&to_do(report, phase));
    line("");
    line(&format!("Why: {}.", report.verdict.reason()));
    if let Some(incident) = report.incident() {
        line(&format!("Incident: {incident}"));
    }
    if let Some(answer) = report.shifts.last() {
        for report in &answer.resources {
            line(&format!(
                "  {}: {}",
                report.resource.short(),
                shift_outcome(&report.outcome)
            ));
        }
    }
    if let Some(answer) = report.prunes.last() {
        for report in &answer.groups {
            line(&format!(
                "  {}: {}",
                report.group,
                prune_outcome(&report.outcome)
            ));
        }
        let beyond = answer.not_reached.groups.len();
        if !answer.not_reached.is_nothing() {
            line(&format!(
                "  {beyond} groups listed and not reached in time; the next tick goes on with them"
            ));
        }
    }
    for failure in &report.failures {
        line(&format!("  FAILED {}: {}", failure.step, failure.failure));
    }
    for command in commands(report, phase) {
        line("");
        line(&command);
    }
    text
}

fn headline(report: &Report, phase: Phase) -> String {
    let workload = &report.workload;
    let zone = zone_of(report);
    match phase {
        Phase::Held => match report.verdict.zone() {
            Some(zone) => format!(
                "Customers of {workload} may get errors in {zone}. Evac did NOT move traffic."
            ),
            None => format!(
                "Customers of {workload} may get errors, not from one zone alone. Evac did NOT move traffic."
            ),
        },
        Phase::Rehearsed if report.mode == Mode::Observe => {
            format!(
                "Evac would {} {zone} for {workload}, but its mode is observe: nothing was changed.",
                report.verdict.name()
            )
        }
        Phase::Rehearsed => format!(
            "Evac would {} {zone} for {workload}; this was a dry run: nothing was changed.",
            report.verdict.name()
        ),
        Phase::Shifted if is_commanded(report) => {
            format!("Evac moved traffic of {workload} away from {zone}, as a person commanded.")
        }
        Phase::Shifted => format!(
            "Customers of {workload} got errors from {zone}. Evac moved traffic to the other zones."
        ),
        Phase::Pruned => format!(
            "Traffic of {workload} is away from {zone}. {}",
            pruned(report).1
        ),
        Phase::Restored => format!(
            "{zone} is back in the Auto Scaling groups of {workload}. Traffic stays away until instances are in service there."
        ),
        Phase::FailedBack => format!(
            "The evacuation of {zone} for {workload} has ended. Traffic is returning to the zone."
        ),
        Phase::Failed => format!(
            "Evac could not finish: {} {zone} for {workload} failed.",
            report.verdict.name()
        ),
    }
}

fn is_commanded(report: &Report) -> bool {
    matches!(
        report.verdict,
        Verdict::Evacuate {
            reason: EvacuateReason::Commanded { .. },
            ..
        }
    )
}

/// How far the zone is out of the groups: for the subject, and as a sentence.
pub(super) fn pruned(report: &Report) -> (&'static str, &'static str) {
    let groups = || {
        report
            .prunes
            .last()
            .into_iter()
            .flat_map(|answer| &answer.groups)
    };
    let any_out = groups().any(|report| {
        matches!(
            report.outcome,
            prune::Outcome::Pruned { .. } | prune::Outcome::AlreadyPruned
        )
    });
    let any_left = groups().any(|report| matches!(report.outcome, prune::Outcome::Refused { .. }));
    match (any_out, any_left) {
        (true, false) => (
            "new capacity kept out of",
            "Evac took the zone out of its Auto Scaling groups.",
        ),
        (true, true) => (
            "new capacity partly kept out of",
            "Evac took the zone out of some of its Auto Scaling groups, not of all.",
        ),
        (false, true) => (
            "groups NOT taken out of",
            "Evac did NOT take the zone out of its Auto Scaling groups.",
        ),
        (false, false) => (
            "no group had capacity in",
            "None of its Auto Scaling groups had anything in the zone.",
        ),
    }
}

fn to_do(report: &Report, phase: Phase) -> String {
    let refused = report
        .prunes
        .iter()
        .any(|answer| answer.refusals().next().is_some());
    let action = match phase {
        Phase::Held => {
            "look at the reason below; if it is one zone after all, evacuate it by command"
        }
        Phase::Rehearsed => "compare with what you would have done; nothing else",
        Phase::Shifted => "nothing now; clients follow within minutes as DNS answers expire",
        Phase::Pruned if refused => {
            "some groups were left as they are, see below; nothing is urgent, traffic is away"
        }
        Phase::Pruned => {
            "nothing now; when the zone is well again, end the evacuation with the command fail-back"
        }
        Phase::Restored => "nothing; Evac goes on by itself",
        Phase::FailedBack => "nothing",
        Phase::Failed => {
            let escalate = report
                .failures
                .iter()
                .any(|failure| failure.failure.class.disposition() == Disposition::Escalate);
            if escalate {
                "act: Evac cannot mend this by trying again, see below"
            } else {
                "look in a few minutes: Evac tries again by itself"
            }
        }
    };
    format!("To do: {action}.")
}

fn shift_outcome(outcome: &shift::Outcome) -> String {
    use shift::Outcome;
    match outcome {
        Outcome::Started {
            zonal_shift_id,
            expires_at,
        } => match expires_at {
            Some(at) => format!(
                "traffic moved away (zonal shift {zonal_shift_id}, ends by itself at {})",
                clock(*at)
            ),
            None => format!("traffic moved away (zonal shift {zonal_shift_id})"),
        },
        Outcome::AlreadyShifted {
            kind, ours: true, ..
        } => format!("traffic is away already ({kind} of Evac)"),
        Outcome::AlreadyShifted {
            kind, ours: false, ..
        } => format!("traffic is away already ({kind}, not of Evac)"),
        Outcome::Extended { expires_at, .. } => match expires_at {
            Some(at) => format!("the shift lasts until {} now", clock(*at)),
            None => "the shift lasts longer now".to_owned(),
        },
        Outcome::Cancelled { .. } => "traffic is returning".to_owned(),
        Outcome::NotShifted => "no shift of Evac".to_owned(),
        Outcome::HeldByOther { zone, kind, .. } => format!("left alone: {kind}, zone {zone}"),
        Outcome::NotManaged => "LEFT: ARC does not manage it; enable zonal shift on it".to_owned(),
        Outcome::NotInZone => "has no part in the zone".to_owned(),
        Outcome::NotStarted { because } => format!("left alone: {because}"),
        Outcome::Would { step } => format!("would {step}"),
        Outcome::Read => "read".to_owned(),
        Outcome::Failed { class, message } => format!("FAILED: {message} ({class})"),
    }
}

fn prune_outcome(outcome: &prune::Outcome) -> String {
    use prune::Outcome;
    match outcome {
        Outcome::Pruned { removed, remaining } => {
            format!(
                "{} subnets taken out, {} remain",
                removed.len(),
                remaining.len()
            )
        }
        Outcome::AlreadyPruned => "the zone is out already".to_owned(),
        Outcome::Restored { added } => format!("{} subnets put back", added.len()),
        Outcome::NotPruned => "nothing to put back".to_owned(),
        Outcome::NothingInZone => "has nothing in the zone".to_owned(),
        Outcome::NativeShift => {
            "uses native zonal shift: shifted if its ARN is among the resources, not pruned"
                .to_owned()
        }
        Outcome::Refused { refusal } => format!("LEFT: {refusal}"),
        Outcome::Would { step } => format!("would {step}"),
        Outcome::Read => "read".to_owned(),
        Outcome::Failed { class, message } => format!("FAILED: {message} ({class})"),
    }
}

/// Commands to paste. They use the AWS CLI alone: it works when everything of Evac's is down.
fn commands(report: &Report, phase: Phase) -> Vec<String> {
    let look = "To look: aws arc-zonal-shift list-zonal-shifts --status ACTIVE".to_owned();
    let started: Vec<&str> = report
        .shifts
        .last()
        .into_iter()
        .flat_map(|answer| &answer.resources)
        .filter_map(|report| match &report.outcome {
            shift::Outcome::Started { zonal_shift_id, .. } => Some(zonal_shift_id.as_str()),
            _ => None,
        })
        .collect();
    match phase {
        Phase::Shifted | Phase::Failed if !started.is_empty() => {
            let mut undo = "To undo at once:".to_owned();
            for id in started {
                let _ = write!(
                    undo,
                    "\n  aws arc-zonal-shift cancel-zonal-shift --zonal-shift-id {id}"
                );
            }
            vec![look, undo]
        }
        Phase::Shifted | Phase::Failed | Phase::Held => vec![look],
        Phase::Rehearsed | Phase::Pruned | Phase::Restored | Phase::FailedBack => Vec::new(),
    }
}

fn clock(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%H:%M UTC")
}
