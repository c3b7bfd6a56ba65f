//! The part of a message that machines read.

use jiff::Timestamp;
use serde::Serialize;

use super::{Phase, Severity};
use crate::incident::IncidentId;
use crate::name::WorkloadName;
use crate::policy::Mode;
use crate::prune::PruneAnswer;
use crate::readiness::Unready;
use crate::report::{Report, StepFailure};
use crate::shift::ShiftAnswer;
use crate::verdict::Verdict;
use crate::zone::ZoneId;

/// The version of the document.
pub const NOTICE_SCHEMA: &str = "evac.notice/1";

/// Resources, groups and failures each are told up to so many: SNS takes 256 KiB.
const MOST_LISTED: usize = 50;

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
    shift: Option<ShiftAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prune: Option<PruneAnswer>,
    #[serde(skip_serializing_if = "<[Unready]>::is_empty")]
    unready: &'a [Unready],
    #[serde(skip_serializing_if = "<[StepFailure]>::is_empty")]
    unread: &'a [StepFailure],
    #[serde(skip_serializing_if = "<[StepFailure]>::is_empty")]
    failures: &'a [StepFailure],
    #[serde(skip_serializing_if = "Omitted::is_nothing")]
    omitted: Omitted,
}

/// How many of each are not told.
#[derive(Default, Serialize)]
struct Omitted {
    resources: usize,
    groups: usize,
    findings: usize,
    failures: usize,
}

impl Omitted {
    fn is_nothing(&self) -> bool {
        self.resources + self.groups + self.findings + self.failures == 0
    }
}

/// Leaves so many of a list; how many are gone.
fn shorten<T>(list: &mut Vec<T>) -> usize {
    let gone = list.len().saturating_sub(MOST_LISTED);
    list.truncate(MOST_LISTED);
    gone
}

fn head<T>(list: &[T]) -> &[T] {
    list.get(..MOST_LISTED).unwrap_or(list)
}

/// The document about a report, as JSON in one line.
pub(super) fn document(report: &Report, phase: Phase, severity: Severity) -> String {
    let mut shift = report.shifts.last().cloned();
    let mut prune = report.prunes.last().cloned();
    let mut omitted = Omitted::default();
    if let Some(answer) = &mut shift {
        omitted.resources = shorten(&mut answer.resources);
    }
    if let Some(answer) = &mut prune {
        omitted.groups = shorten(&mut answer.groups) + shorten(&mut answer.not_reached.groups);
    }
    let all = report.unready.as_deref().unwrap_or_default();
    let unready = head(all);
    omitted.findings = all.len() - unready.len();
    let unread = head(&report.unread);
    let failures = head(&report.failures);
    let all_failures = report.unread.len() + report.failures.len();
    omitted.failures = all_failures - unread.len() - failures.len();
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
        shift,
        prune,
        unready,
        unread,
        failures,
        omitted,
    };
    serde_json::to_string(&document).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
