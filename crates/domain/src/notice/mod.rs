//! What people are told: a subject for a lock screen, a text, a document for machines, and
//! attributes for filters.
//!
//! The text is read at three in the morning. Its first line says what happened and what Evac did,
//! the second what a person has to do (often nothing), then come the numbers, then commands to
//! paste. The document behind the text is the same content for machines; docs/MESSAGES.md describes
//! it.

mod chat;
mod document;
mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::Disposition;
use crate::report::Report;

pub use document::NOTICE_SCHEMA;
use text::Parts;

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
    /// AWS began or ended an autoshift, and Evac changes nothing.
    Autoshift,
    /// Traffic is away from the zone.
    Shifted,
    /// The groups are pruned.
    Pruned,
    /// The shift would have ended soon, and lasts longer now.
    Renewed,
    /// The evacuated zone looks well, and a person has to end its evacuation.
    LooksWell,
    /// The evacuated zone does not look well, after a trial or any more.
    Relapsed,
    /// Nothing is wrong, and something would fail in an incident.
    NotReady,
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
            Self::Autoshift => "autoshift",
            Self::Shifted => "shifted",
            Self::Pruned => "pruned",
            Self::Renewed => "renewed",
            Self::LooksWell => "looks-well",
            Self::Relapsed => "relapsed",
            Self::NotReady => "not-ready",
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
    /// The text, with the document behind it. Fits into SNS's 256 KiB, however many resources and
    /// groups the workload has.
    pub message: String,
    /// The same for a chat channel: a custom notification of Amazon Q Developer in chat applications,
    /// in JSON.
    pub chat: String,
    /// Attributes for filter policies: `workload`, `zone`, `phase`, `severity`, `drill`.
    pub attributes: BTreeMap<String, String>,
    /// Where the evacuation is.
    pub phase: Phase,
}

/// The line between the text and the document.
pub const SEPARATOR: &str = "--- for machines ---";

/// Writes the message about a report, at a phase that the report has reached.
#[must_use]
pub fn write(report: &Report, phase: Phase) -> Notice {
    let severity = severity(report, phase);
    let parts = Parts::of(report, phase);
    let document = document::document(report, phase, severity);
    let mut attributes = BTreeMap::from([
        ("workload".to_owned(), report.workload.to_string()),
        ("phase".to_owned(), phase.name().to_owned()),
        ("severity".to_owned(), severity.name().to_owned()),
        ("drill".to_owned(), report.drill.to_string()),
    ]);
    if let Some(zone) = report.verdict.zone() {
        attributes.insert("zone".to_owned(), zone.to_string());
    }
    let subject = subject(report, phase);
    Notice {
        chat: chat::chat(&subject, &parts, report.incident(), &attributes),
        message: format!("{}\n{SEPARATOR}\n{document}\n", parts.text()),
        subject,
        attributes,
        phase,
    }
}

fn severity(report: &Report, phase: Phase) -> Severity {
    let any_refused = || {
        let mut answers = report.prunes.iter();
        answers.any(|answer| answer.refusals().next().is_some())
    };
    match phase {
        Phase::Failed if needs_person(report) || !report.changed() => Severity::Critical,
        // The zone may be in gray failure, and Evac cannot tell.
        Phase::Held if !report.errors().is_empty() => Severity::Critical,
        Phase::Failed | Phase::Held | Phase::Shifted | Phase::LooksWell | Phase::NotReady => {
            Severity::Warning
        }
        Phase::Pruned if any_refused() => Severity::Warning,
        Phase::Rehearsed
        | Phase::Autoshift
        | Phase::Pruned
        | Phase::Renewed
        | Phase::Relapsed
        | Phase::Restored
        | Phase::FailedBack => Severity::Info,
    }
}

/// Whether something failed that no further attempt mends.
fn needs_person(report: &Report) -> bool {
    let mut failures = report.failures.iter();
    failures.any(|failure| failure.failure.class.disposition() == Disposition::Escalate)
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
        Phase::Held if report.is_commanded() => format!("{} REFUSED", report.trigger),
        Phase::Held => match report.verdict.zone() {
            Some(zone) => format!("{zone} in alarm, NOT evacuated"),
            None => "in alarm, nothing evacuated".to_owned(),
        },
        Phase::Rehearsed => format!("would {} {zone}, changed nothing", report.verdict.name()),
        Phase::Autoshift => text::arc(report),
        Phase::Shifted => format!("traffic moved away from {zone}"),
        Phase::Pruned => format!("{} {zone}", text::pruned(report).0),
        Phase::Renewed => format!("traffic stays away from {zone}"),
        Phase::LooksWell => format!("{zone} looks well, end its evacuation"),
        Phase::Relapsed => format!("{zone} does not look well"),
        Phase::NotReady => "not ready to evacuate".to_owned(),
        Phase::Restored => format!("capacity returns to {zone}"),
        Phase::FailedBack => format!("evacuation of {zone} ended"),
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

#[cfg(test)]
mod tests;
