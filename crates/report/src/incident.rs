//! What is known of an incident: the document behind the page, and the JSON of `evac drill`.
//!
//! Times are those of the clock that the incident happened by: the Region's in a drill.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use serde::Serialize;

/// The version of the document.
pub const SCHEMA: &str = "evac.incident/1";

/// An incident, or a drill of one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// `evac.incident/1`.
    pub schema: String,
    /// Where it is from.
    pub source: Source,
    /// What it is about, in a line.
    pub title: String,
    /// What was played, for people who do not know it; empty where nothing was.
    pub story: String,
    /// The workload's name.
    pub workload: String,
    /// The AWS Region.
    pub region: String,
    /// When the document begins.
    #[cfg_attr(test, schemars(with = "String"))]
    pub begin: Timestamp,
    /// When it ends.
    #[cfg_attr(test, schemars(with = "String"))]
    pub end: Timestamp,
    /// What happened, in three sentences.
    pub summary: Vec<String>,
    /// The scenario's name, of a drill.
    pub scenario: Option<String>,
    /// The seed, of a drill.
    pub seed: Option<u64>,
    /// The end that the scenario expects: `evacuate`, `shift`, `hold`, `observe` or `failed`.
    pub expected: Option<String>,
    /// The end that it had: one of these; `none` where Evac had no reason to do anything, and `unknown`
    /// where an account does not tell.
    pub outcome: String,
    /// The zone that it concerned, if any.
    pub zone: Option<String>,
    /// What was not as expected; empty where everything was.
    pub problems: Vec<String>,
    /// What is not known of it, and why; a drill knows everything.
    pub unknown: Vec<String>,
    /// The classifier's verdicts; one that repeats the one before is left out.
    pub verdicts: Vec<Verdict>,
    /// Everything that happened.
    pub timeline: Vec<Entry>,
    /// The moments that the charts mark, in order.
    pub moments: Vec<Moment>,
    /// Seconds from the fault to the first of the workload's alarms.
    pub detected_after_s: Option<f64>,
    /// Milliseconds from that alarm to Evac's first shift; none where there was a shift before it.
    pub shift_requested_after_ms: Option<f64>,
    /// Seconds from that call until customers were well: fewer than one in fifty requests failed or
    /// slow over a minute.
    pub customers_well_after_s: Option<f64>,
    /// Where the time from the fault until customers were well went, in order; empty where traffic was
    /// not shifted, or customers did not get well. An account does not tell of the fault: there it begins
    /// with the alarm.
    pub spent: Vec<Spent>,
    /// Requests that failed or were slow from the alarm on (from the fault on, where no alarm went
    /// off).
    pub customer_errors: CustomerErrors,
    /// The same, from the fault on.
    pub customer_errors_from_fault: CustomerErrors,
    /// A request that takes longer than so many milliseconds is slow.
    pub slow_after_ms: Option<u64>,
    /// What customers saw, zone by zone.
    pub customers: Customers,
    /// How long answers took, zone by zone, as the load balancer measured.
    pub latency: Latency,
    /// Where traffic went, part by part of the incident.
    pub map: Vec<MapPhase>,
    /// How many calls each function made, in all its invocations together; empty where that is not known.
    pub function_calls: BTreeMap<String, usize>,
    /// Every call that changes something, in the order of arrival; from an account, those that the
    /// functions logged.
    pub mutating_calls: Vec<MutatingCall>,
    /// The invariants that the run could break.
    pub invariants: Vec<Invariant>,
    /// What people were told.
    pub messages: Vec<Message>,
}

impl Incident {
    /// Whether it ended as expected and every invariant held.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problems.is_empty() && self.invariants.iter().all(|invariant| invariant.holds)
    }
}

/// Where an incident is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// A drill in the embedded Region.
    Drill,
    /// An AWS account.
    Account,
}

/// A verdict of the classifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    /// When.
    #[cfg_attr(test, schemars(with = "String"))]
    pub at: Timestamp,
    /// `evacuate`, `hold` or `fail-back`.
    pub verdict: String,
    /// The zone, if it is about one.
    pub zone: Option<String>,
    /// The stable code of the reason that counts most.
    pub code: String,
    /// Why, in words.
    pub reason: String,
    /// What the counts said of each zone, where the verdict rests on them or is for want of them.
    pub numbers: Vec<ZoneNumbers>,
}

/// What the counts said of a zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ZoneNumbers {
    /// The zone.
    pub zone: String,
    /// The stable code of what was found: `well`, `impaired`, and what stands between.
    pub finding: String,
    /// How many of the newest minutes the counts are of.
    pub minutes: usize,
    /// The zone's requests in them.
    pub requests: f64,
    /// Those of them that failed or were slow.
    pub bad: f64,
    /// The requests of all other zones that serve.
    pub requests_elsewhere: f64,
    /// Those of them that failed or were slow.
    pub bad_elsewhere: f64,
    /// The probability that the zone is worse than is tolerated and worse than the others.
    pub probability: Option<f64>,
    /// Standard deviations between the zone and the others.
    pub deviations: Option<f64>,
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Entry {
    /// When.
    #[cfg_attr(test, schemars(with = "String"))]
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub what: String,
}

/// A moment that the charts mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Moment {
    /// When.
    #[cfg_attr(test, schemars(with = "String"))]
    pub at: Timestamp,
    /// What kind of moment it is.
    pub kind: MomentKind,
    /// What happened.
    pub what: String,
}

/// The kinds of moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum MomentKind {
    /// Something goes wrong.
    Fault,
    /// It does not any more.
    FaultEnds,
    /// A person or AWS does something.
    Act,
    /// An alarm of the workload goes off.
    Alarm,
    /// The classifier decides.
    Verdict,
    /// Traffic moves away from a zone.
    Shift,
    /// A zone is taken out of a group.
    Prune,
    /// A zone is put back into a group.
    Restore,
    /// Traffic returns to a zone.
    End,
}

impl Moment {
    /// Puts moments in order. At one time the alarm goes before the verdict, and that before what follows
    /// from it.
    pub fn sort(moments: &mut [Self]) {
        moments.sort_by_key(|moment| (moment.at, moment.kind.rank()));
    }
}

impl MomentKind {
    fn rank(self) -> usize {
        match self {
            Self::Fault | Self::FaultEnds | Self::Act => 0,
            Self::Alarm => 1,
            Self::Verdict => 2,
            Self::Shift | Self::Restore => 3,
            Self::Prune | Self::End => 4,
        }
    }

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::FaultEnds => "fault ends",
            Self::Act => "act",
            Self::Alarm => "alarm",
            Self::Verdict => "verdict",
            Self::Shift => "shift",
            Self::Prune => "prune",
            Self::Restore => "restore",
            Self::End => "end",
        }
    }
}

/// A part of the time from the fault until customers were well.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Spent {
    /// What it was spent on.
    pub step: Step,
    /// Whose it was.
    pub whose: Whose,
    /// How long, in seconds.
    pub seconds: f64,
}

impl Spent {
    /// The parts that took any time, of steps with their seconds.
    #[must_use]
    pub fn parts(steps: &[(Step, Whose, f64)]) -> Vec<Self> {
        let took = steps.iter().filter(|(.., seconds)| *seconds > 0.0);
        took.map(|&(step, whose, seconds)| Self {
            step,
            whose,
            seconds,
        })
        .collect()
    }
}

/// The steps from the fault until customers are well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// From the fault to the alarm.
    Detect,
    /// From the alarm to the verdict.
    Decide,
    /// From the verdict to the shift.
    Mitigate,
    /// From the shift until customers are well.
    Recover,
}

impl Step {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Decide => "decide",
            Self::Mitigate => "mitigate",
            Self::Recover => "recover",
        }
    }
}

/// Whose a part of the time was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Whose {
    /// The alarm waited for the minutes that it asks for.
    Alarm,
    /// The last of these minutes was over, and CloudWatch did not show it yet.
    Metrics,
    /// Evac: from the alarm's event to the call that shifts traffic.
    Evac,
    /// Clients still believed the DNS answer that they had.
    Dns,
    /// Clients held on to their connections beyond that.
    Clients,
    /// Both of these, where nothing tells them apart.
    DnsAndClients,
}

impl Whose {
    /// The words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Alarm => "the alarm’s minutes",
            Self::Metrics => "the metrics’ delay",
            Self::Evac => "Evac",
            Self::Dns => "DNS",
            Self::Clients => "clients",
            Self::DnsAndClients => "DNS and clients",
        }
    }
}

/// Requests that failed or were slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CustomerErrors {
    /// As it was; null where nobody counted.
    pub with_evac: Option<u64>,
    /// In the same scenario with the same seed and without Evac; null where nobody can tell.
    pub without_evac: Option<u64>,
}

/// What customers saw, in steps of equal length: in a drill as they counted it themselves, in an account
/// as the workload's evidence counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Customers {
    /// When the first step begins.
    #[cfg_attr(test, schemars(with = "String"))]
    pub from: Timestamp,
    /// The length of a step, in seconds.
    pub step_s: u32,
    /// The zones.
    pub zones: Vec<ZoneCounts>,
    /// All zones together, in the same scenario without Evac; null where nobody can tell.
    pub without_evac: Option<Counts>,
}

/// A zone's counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ZoneCounts {
    /// The zone.
    pub zone: String,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Counts, step by step; null where a step is not known, which is not zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// Requests.
    pub requests: Vec<Option<u64>>,
    /// Those of them that failed.
    pub failed: Vec<Option<u64>>,
    /// Those of them that were slow.
    pub slow: Vec<Option<u64>>,
}

impl Counts {
    /// Requests in these steps as far as they are known; none where none of them is.
    #[must_use]
    pub fn requests(&self, steps: Range<usize>) -> Option<u64> {
        let known = self.requests.get(steps).unwrap_or_default().iter();
        known.flatten().copied().reduce(|sum, more| sum + more)
    }

    /// Failed or slow in a step, 0 where it is not known.
    #[must_use]
    pub fn bad(&self, step: usize) -> u64 {
        let of = |counts: &[Option<u64>]| counts.get(step).copied().flatten().unwrap_or_default();
        of(&self.failed) + of(&self.slow)
    }
}

/// How long answers took, in steps of equal length.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// When the first step begins.
    #[cfg_attr(test, schemars(with = "String"))]
    pub from: Timestamp,
    /// The length of a step, in seconds.
    pub step_s: u32,
    /// The zones.
    pub zones: Vec<ZoneLatency>,
}

/// A zone's latencies.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ZoneLatency {
    /// The zone.
    pub zone: String,
    /// The time within which half of the answers came, in milliseconds; null where there were none, or
    /// CloudWatch had not shown them by the end.
    pub p50_ms: Vec<Option<f64>>,
    /// The time within which 99 of 100 came, likewise.
    pub p99_ms: Vec<Option<f64>>,
}

/// Where traffic went in a part of the incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MapPhase {
    /// What the part is.
    pub name: String,
    /// When it begins.
    #[cfg_attr(test, schemars(with = "String"))]
    pub from: Timestamp,
    /// When it ends.
    #[cfg_attr(test, schemars(with = "String"))]
    pub to: Timestamp,
    /// The zones.
    pub zones: Vec<MapZone>,
}

/// A zone on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MapZone {
    /// The zone.
    pub zone: String,
    /// Requests that went there; null where nobody counted.
    pub requests: Option<u64>,
    /// Those of them that failed or were slow.
    pub bad: u64,
    /// Whether traffic was shifted away at the end of the part.
    pub shifted: bool,
    /// Whether a group was without the zone at the end of the part.
    pub pruned: bool,
}

/// A call that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MutatingCall {
    /// When it arrived.
    #[cfg_attr(test, schemars(with = "String"))]
    pub at: Timestamp,
    /// The service, as in the AWS CLI.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The access key id of the caller: in a drill, the function; in an account, the function's name.
    pub caller: String,
    /// Which of all the caller's calls it was, from 1; null where nobody counted.
    pub number: Option<usize>,
}

/// An invariant of ARCHITECTURE.md, and whether the run kept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Invariant {
    /// Its number.
    pub id: u8,
    /// Whether it held.
    pub holds: bool,
    /// What was looked at, or where it broke.
    pub detail: String,
}

/// A message to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Message {
    /// When it was sent.
    #[cfg_attr(test, schemars(with = "String"))]
    pub at: Timestamp,
    /// Its subject.
    pub subject: String,
    /// The phase that it tells of.
    pub phase: String,
    /// Its text, without the document for machines; empty where only its subject is known.
    pub text: String,
}
