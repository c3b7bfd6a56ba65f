//! The text of a message: what happened, what to do, why, the numbers, and commands to paste.

use std::fmt::Write;

use jiff::Timestamp;

use super::{Phase, needs_person, zone_of};
use crate::decide::Plan;
use crate::judge::Judgement;
use crate::policy::Mode;
use crate::prune;
use crate::report::Report;
use crate::shift;
use crate::verdict::{EvacuateReason, FailBackReason, Verdict};

/// Lines about resources, and as many about groups: a phone shows no more at a glance.
const MOST_LINES: usize = 10;

/// What a message is made of, in the order in which it is read.
pub(super) struct Parts {
    drill: bool,
    headline: String,
    /// What a person has to do, as a clause.
    pub(super) to_do: String,
    /// Why, and the numbers, a line each.
    pub(super) details: Vec<String>,
    /// Commands to paste, each with the words before it.
    pub(super) commands: Vec<String>,
}

impl Parts {
    pub(super) fn of(report: &Report, phase: Phase) -> Self {
        Self {
            drill: report.drill,
            headline: headline(report, phase),
            to_do: to_do(report, phase).to_owned(),
            details: details(report, phase),
            commands: commands(report, phase),
        }
    }

    /// What happened, behind the word that it is a drill.
    pub(super) fn lead(&self) -> String {
        let drill = if self.drill { "THIS IS A DRILL.\n" } else { "" };
        format!("{drill}{}", self.headline)
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\nTo do: {}.\n\n", self.lead(), self.to_do);
        for line in &self.details {
            text += line;
            text += "\n";
        }
        for command in &self.commands {
            text += "\n";
            text += command;
            text += "\n";
        }
        text
    }
}

fn details(report: &Report, phase: Phase) -> Vec<String> {
    let mut lines = Vec::new();
    if phase == Phase::NotReady {
        let findings = report
            .unready
            .iter()
            .flatten()
            .map(|unready| format!("  {unready}"));
        lines.extend(most(findings.collect(), "findings"));
    } else {
        lines.push(format!("Why: {}.", report.verdict.reason()));
    }
    if let Some(incident) = report.incident() {
        lines.push(format!("Incident: {incident}"));
    }
    lines.extend(counts(report));
    lines.extend(resources(report));
    lines.extend(groups(report));
    let failures = report.failures.iter();
    let failures =
        failures.map(|failure| format!("  FAILED {}: {}", failure.step, failure.failure));
    let unread = report.unread.iter();
    let unread = unread.map(|unread| format!("  NOT READ ({}): {}", unread.step, unread.failure));
    lines.extend(most(failures.chain(unread).collect(), "failures"));
    lines
}

/// The first lines, and how many more there are.
fn most(mut lines: Vec<String>, what: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        lines.truncate(MOST_LINES);
        lines.push(format!("  … and {more} more {what}"));
    }
    lines
}

/// What each zone's counts say.
fn counts(report: &Report) -> Vec<String> {
    let judgement = report.verdict.judgement();
    let lines = judgement.into_iter().flat_map(Judgement::lines);
    most(lines.map(|line| format!("  {line}")).collect(), "zones")
}

/// What became of each resource, what needs attention first.
fn resources(report: &Report) -> Vec<String> {
    use shift::Outcome;
    let answer = report.shifts.last().into_iter();
    let mut reports: Vec<_> = answer.flat_map(|answer| &answer.resources).collect();
    reports.sort_by_key(|report| {
        !matches!(
            report.outcome,
            Outcome::Failed { .. } | Outcome::NotManaged | Outcome::NotStarted { .. }
        )
    });
    let line = |report: &shift::ResourceReport| {
        let outcome = shift_outcome(&report.outcome);
        format!("  {}: {outcome}", report.resource.short())
    };
    most(reports.into_iter().map(line).collect(), "resources")
}

/// What became of each group, what needs attention first.
fn groups(report: &Report) -> Vec<String> {
    use prune::Outcome;
    let Some(answer) = report.prunes.last() else {
        return Vec::new();
    };
    let mut reports: Vec<_> = answer.groups.iter().collect();
    reports.sort_by_key(|report| {
        !matches!(
            report.outcome,
            Outcome::Failed { .. } | Outcome::Refused { .. }
        )
    });
    let line = |report: &prune::GroupReport| {
        format!("  {}: {}", report.group, prune_outcome(&report.outcome))
    };
    let mut lines = most(reports.into_iter().map(line).collect(), "groups");
    if !answer.not_reached.is_nothing() {
        lines.push(format!(
            "  {} not reached in time; the next tick goes on with what is left",
            answer.not_reached
        ));
    }
    lines
}

/// What ARC told, where that is the news.
pub(super) fn arc(report: &Report) -> String {
    let Some(change) = &report.arc else {
        return "AWS told of an autoshift".to_owned();
    };
    match &change.away_from {
        Some(zone) => format!("AWS tells: {}, away from {zone}", change.what),
        None => format!("AWS tells: {}", change.what),
    }
}

fn headline(report: &Report, phase: Phase) -> String {
    let workload = &report.workload;
    let zone = zone_of(report);
    let verdict = report.verdict.name();
    match phase {
        Phase::Held if report.is_commanded() => format!(
            "Evac did NOT carry out the command {} for {workload}.",
            report.trigger
        ),
        Phase::Held => match report.verdict.zone() {
            Some(zone) => format!(
                "Customers of {workload} may get errors or slow answers in {zone}. Evac did NOT move traffic."
            ),
            None => format!(
                "Customers of {workload} may get errors or slow answers, not from one zone alone. Evac did NOT move traffic."
            ),
        },
        Phase::Rehearsed if report.mode == Mode::Observe => {
            format!(
                "Evac would {verdict} {zone} for {workload}, but its mode is observe: nothing was changed."
            )
        }
        Phase::Rehearsed => format!(
            "Evac would {verdict} {zone} for {workload}; this was a dry run: nothing was changed."
        ),
        Phase::Autoshift => format!(
            "{}, for resources of {workload}. Evac changed nothing.",
            arc(report)
        ),
        Phase::Shifted if is_commanded(report) => {
            format!("Evac moved traffic of {workload} away from {zone}, as a person commanded.")
        }
        Phase::Shifted => format!(
            "Customers of {workload} got errors or slow answers from {zone}. Evac moved traffic to the other zones."
        ),
        Phase::Pruned => {
            let groups = pruned(report).1;
            if report.shifts.is_empty() {
                groups.to_owned()
            } else {
                format!("Traffic of {workload} is away from {zone}. {groups}")
            }
        }
        Phase::Renewed => format!(
            "{zone} stays evacuated for {workload}. The zonal shift would have ended by itself soon, and lasts longer now."
        ),
        Phase::LooksWell => format!(
            "{zone} looks well again for {workload}. It stays evacuated until you end the evacuation."
        ),
        Phase::Relapsed => {
            format!("{zone} does not look well for {workload}. It stays evacuated.")
        }
        Phase::NotReady => format!(
            "Customers of {workload} are well. If a zone failed now, Evac could not do all of its work."
        ),
        Phase::Restored if is_on_trial(report) => format!(
            "{zone} is back in the Auto Scaling groups of {workload} on trial. Traffic stays away until the zone was seen to be well with its capacity."
        ),
        Phase::Restored => format!(
            "{zone} is back in the Auto Scaling groups of {workload}. Traffic stays away until instances are in service there."
        ),
        Phase::FailedBack if has_shift(report) => format!(
            "The evacuation of {zone} for {workload} ends now. Traffic returns to the zone."
        ),
        Phase::FailedBack => format!(
            "The evacuation of {zone} for {workload} has ended. The zone is back in the Auto Scaling groups."
        ),
        Phase::Failed => format!("Evac could not finish: {verdict} {zone} for {workload} failed."),
    }
}

fn is_on_trial(report: &Report) -> bool {
    matches!(
        report.verdict,
        Verdict::FailBack {
            reason: FailBackReason::OnTrial { .. },
            ..
        }
    )
}

/// Whether there is a shift to be ended.
fn has_shift(report: &Report) -> bool {
    matches!(&report.plan, Plan::FailBack(plan) if plan.shift)
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

fn to_do(report: &Report, phase: Phase) -> &'static str {
    let refused = report
        .prunes
        .iter()
        .any(|answer| answer.refusals().next().is_some());
    match phase {
        Phase::Held if report.is_commanded() => "see the reason below, and decide anew",
        Phase::Held if !report.errors().is_empty() => {
            "look at the zone yourself: Evac could not, see below; evacuate it by command if you find it impaired"
        }
        Phase::Held => {
            "look at the reason below; if it is one zone after all, evacuate it by command"
        }
        Phase::Rehearsed => "compare with what you would have done; nothing else",
        Phase::Autoshift => "nothing",
        Phase::Shifted => "nothing now; clients follow within minutes as DNS answers expire",
        Phase::Pruned if refused => {
            "some groups were left as they are, see below; nothing is urgent, traffic is away"
        }
        Phase::Pruned | Phase::Renewed => {
            "nothing now; when the zone is well again, end the evacuation with the command fail-back"
        }
        Phase::LooksWell => {
            "look at the zone, then end the evacuation with the command fail-back: capacity returns first, then traffic"
        }
        Phase::Relapsed => "do not end the evacuation yet; Evac tells when the zone looks well",
        Phase::NotReady => "mend what is listed below, before a zone fails",
        Phase::Restored => "nothing; Evac goes on by itself",
        Phase::FailedBack => "nothing",
        Phase::Failed if needs_person(report) => {
            "act: Evac cannot mend this by trying again, see below"
        }
        Phase::Failed => "look in a few minutes: Evac tries again by itself",
    }
}

/// A number with its noun.
fn count(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
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
        Outcome::NotStarted { because } => format!("LEFT: {because}"),
        Outcome::Would { step } => format!("would {step}"),
        Outcome::Read => "read".to_owned(),
        Outcome::Failed { class, message } => format!("FAILED: {message} ({class})"),
    }
}

fn prune_outcome(outcome: &prune::Outcome) -> String {
    use prune::Outcome;
    match outcome {
        Outcome::Pruned { removed, remaining } => {
            let removed = count(removed.len(), "subnet", "subnets");
            format!("{removed} taken out, {} left", remaining.len())
        }
        Outcome::AlreadyPruned => "the zone is out already".to_owned(),
        Outcome::Restored { added } => {
            format!("{} put back", count(added.len(), "subnet", "subnets"))
        }
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

/// Commands to paste. The AWS CLI alone works when everything of Evac's is down.
fn commands(report: &Report, phase: Phase) -> Vec<String> {
    let look = "To look: aws arc-zonal-shift list-zonal-shifts --status ACTIVE".to_owned();
    let answer = report.shifts.last().into_iter();
    let started: Vec<&str> = answer
        .flat_map(|answer| &answer.resources)
        .filter_map(|report| match &report.outcome {
            shift::Outcome::Started { zonal_shift_id, .. } => Some(zonal_shift_id.as_str()),
            _ => None,
        })
        .collect();
    match phase {
        Phase::Shifted | Phase::Failed if !started.is_empty() => {
            let mut undo = format!(
                "To undo, capacity before traffic:\n  {}\n\
                 To undo at once, or without Evac (traffic returns to whatever capacity the zone has; the next tick puts the groups back):",
                fail_back(report, "not needed")
            );
            for id in started.iter().take(MOST_LINES) {
                let _ = write!(
                    undo,
                    "\n  aws arc-zonal-shift cancel-zonal-shift --zonal-shift-id {id}"
                );
            }
            vec![look, undo]
        }
        Phase::LooksWell => vec![
            format!(
                "To end the evacuation:\n  {}",
                fail_back(report, "the zone is well")
            ),
            look,
        ],
        Phase::Shifted | Phase::Failed | Phase::Held | Phase::Autoshift | Phase::Relapsed => {
            vec![look]
        }
        Phase::Rehearsed
        | Phase::Pruned
        | Phase::Renewed
        | Phase::NotReady
        | Phase::Restored
        | Phase::FailedBack => Vec::new(),
    }
}

/// The command that ends an evacuation, for a shell.
fn fail_back(report: &Report, reason: &str) -> String {
    let workload = &report.workload;
    format!("evac fail-back --workload {workload} --reason '{reason}'")
}

fn clock(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%H:%M UTC")
}
