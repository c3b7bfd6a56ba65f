//! What people are told: a subject for a lock screen, a text, a document for machines, and
//! attributes for filters.
//!
//! The text is read at three in the morning. Its first line says what happened and what Evac did,
//! the second what a person has to do (often nothing), then come the numbers, then commands to
//! paste. The document behind the text is the same content for machines; docs/MESSAGES.md describes
//! it.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::Disposition;
use crate::incident::IncidentId;
use crate::name::WorkloadName;
use crate::policy::Mode;
use crate::prune::{self, PruneAnswer};
use crate::report::{Report, StepFailure};
use crate::shift::{self, ShiftAnswer};
use crate::verdict::Verdict;
use crate::zone::ZoneId;

/// The version of the document.
pub const NOTICE_SCHEMA: &str = "evac.notice/1";

/// SNS takes fewer than 100 characters in a subject.
const LONGEST_SUBJECT: usize = 99;

/// Where an evacuation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Evac looked, and changes nothing.
    Held,
    /// Evac would have acted, but the mode or the command lets it only rehearse.
    Rehearsed,
    /// Traffic is away from the zone.
    Shifted,
    /// The groups are pruned.
    Pruned,
    /// The groups have their subnets back; traffic waits for capacity.
    Restored,
    /// The evacuation has ended.
    FailedBack,
    /// A step failed.
    Failed,
}

impl Phase {
    /// The word in JSON and in the attribute.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Rehearsed => "rehearsed",
            Self::Shifted => "shifted",
            Self::Pruned => "pruned",
            Self::Restored => "restored",
            Self::FailedBack => "failed-back",
            Self::Failed => "failed",
        }
    }
}

/// How urgent a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nobody has to do anything.
    Info,
    /// Somebody should look.
    Warning,
    /// A person is needed.
    Critical,
}

impl Severity {
    /// The word in JSON and in the attribute.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A message, ready to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The subject: printable ASCII, fewer than 100 characters.
    pub subject: String,
    /// The text, with the document behind it.
    pub message: String,
    /// Attributes for filter policies: `workload`, `zone`, `phase`, `severity`, `drill`.
    pub attributes: BTreeMap<String, String>,
    /// Where the evacuation is.
    pub phase: Phase,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    at: Timestamp,
    workload: &'a WorkloadName,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a ZoneId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a IncidentId>,
    phase: Phase,
    severity: Severity,
    drill: bool,
    mode: Mode,
    verdict: &'a Verdict,
    sentence: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shift: Option<&'a ShiftAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prune: Option<&'a PruneAnswer>,
    #[serde(skip_serializing_if = "<[StepFailure]>::is_empty")]
    failures: &'a [StepFailure],
}

/// The line between the text and the document.
pub const SEPARATOR: &str = "--- for machines ---";

/// Writes the message about a report, at a phase that the report has reached.
#[must_use]
pub fn write(report: &Report, phase: Phase) -> Notice {
    let severity = severity(report, phase);
    let document = Document {
        schema: NOTICE_SCHEMA,
        at: report.at,
        workload: &report.workload,
        zone: report.verdict.zone(),
        incident: report.incident(),
        phase,
        severity,
        drill: report.drill,
        mode: report.mode,
        verdict: &report.verdict,
        sentence: &report.sentence,
        shift: report.shifts.last(),
        prune: report.prunes.last(),
        failures: &report.failures,
    };
    let document = serde_json::to_string(&document)
        .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    let mut attributes = BTreeMap::from([
        ("workload".to_owned(), report.workload.to_string()),
        ("phase".to_owned(), phase.name().to_owned()),
        ("severity".to_owned(), severity.name().to_owned()),
        ("drill".to_owned(), report.drill.to_string()),
    ]);
    if let Some(zone) = report.verdict.zone() {
        attributes.insert("zone".to_owned(), zone.to_string());
    }
    Notice {
        subject: subject(report, phase),
        message: format!("{}\n{SEPARATOR}\n{document}\n", text(report, phase)),
        attributes,
        phase,
    }
}

fn severity(report: &Report, phase: Phase) -> Severity {
    let person_needed = report
        .failures
        .iter()
        .any(|failure| failure.failure.class.disposition() == Disposition::Escalate);
    match phase {
        Phase::Failed if person_needed || !report.changed() => Severity::Critical,
        Phase::Failed | Phase::Held => Severity::Warning,
        Phase::Pruned
            if report
                .prunes
                .iter()
                .any(|answer| answer.refusals().next().is_some()) =>
        {
            Severity::Warning
        }
        Phase::Shifted => Severity::Warning,
        Phase::Rehearsed | Phase::Pruned | Phase::Restored | Phase::FailedBack => Severity::Info,
    }
}

fn zone_of(report: &Report) -> String {
    report
        .verdict
        .zone()
        .map_or_else(|| "no single zone".to_owned(), ToString::to_string)
}

fn subject(report: &Report, phase: Phase) -> String {
    let zone = zone_of(report);
    let what = match phase {
        Phase::Held => match report.verdict.zone() {
            Some(zone) => format!("{zone} in alarm, NOT evacuated"),
            None => "in alarm, nothing evacuated".to_owned(),
        },
        Phase::Rehearsed => format!("would {} {zone}, changed nothing", report.verdict.name()),
        Phase::Shifted => format!("traffic moved away from {zone}"),
        Phase::Pruned => format!("new capacity kept out of {zone}"),
        Phase::Restored => format!("capacity returns to {zone}"),
        Phase::FailedBack => format!("traffic returns to {zone}"),
        Phase::Failed => format!("{} {zone} FAILED", report.verdict.name()),
    };
    let tag = if report.drill {
        "[evac DRILL]"
    } else {
        "[evac]"
    };
    printable(&format!("{tag} {}: {what}", report.workload))
}

/// SNS takes no control characters in a subject, and mail programs read ASCII best.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        })
        .take(LONGEST_SUBJECT)
        .collect()
}

fn text(report: &Report, phase: Phase) -> String {
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
        Phase::Shifted => format!(
            "Customers of {workload} got errors from {zone}. Evac moved traffic to the other zones."
        ),
        Phase::Pruned => format!(
            "Traffic of {workload} is away from {zone}. Evac took the zone out of its Auto Scaling groups."
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

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
