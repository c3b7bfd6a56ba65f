//! What is judged of a workload's facts. Every check says what was found, and what to do where it is wrong.

use std::collections::BTreeSet;

use domain::capacity::shortage;
use domain::observation::Evidence;
use domain::policy::Mode;
use domain::readiness::Unready;
use serde_json::{Value, json};

use super::facts::{Facts, Read};
use crate::account::{GroupStanding, name_of};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As it should be.
    Good,
    /// Not wrong, and worth knowing.
    Remark,
    /// Wrong: it would fail, or hurt, in an incident.
    Failed,
    /// It could not be read.
    Unknown,
}

impl State {
    /// Whether an incident may come as far as this goes. What nobody could look at is not ready.
    pub(super) fn is_ready(self) -> bool {
        matches!(self, Self::Good | Self::Remark)
    }

    /// The word in the JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Remark => "remark",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The word in the table.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Remark => "remark",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// How one check came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The check's name: a word or two, the same in each run.
    pub(super) check: &'static str,
    /// How it came out.
    pub(super) state: State,
    /// What was found.
    pub(super) what: String,
    /// What to do, where something is to be done.
    pub(super) remedy: Option<String>,
}

impl Finding {
    fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Good,
            what: what.into(),
            remedy: None,
        }
    }

    fn new(
        check: &'static str,
        state: State,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            check,
            state,
            what: what.into(),
            remedy: Some(remedy.into()),
        }
    }

    fn failed(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, State::Failed, what, remedy)
    }

    fn remark(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, State::Remark, what, remedy)
    }

    fn unknown(check: &'static str, error: &str) -> Self {
        Self {
            check,
            state: State::Unknown,
            what: error.to_owned(),
            remedy: None,
        }
    }

    /// As data.
    pub(super) fn json(&self) -> Value {
        json!({
            "check": self.check, "state": self.state.name(), "what": self.what, "remedy": self.remedy,
        })
    }
}

/// Judges everything; a check without a fault is told in one line.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (check, of_check, good) in [
        ("evac", evac(facts), "the classifier runs"),
        ("mode", mode(facts), "it acts by itself"),
        ("tick", tick(facts), "its rule is enabled"),
        (
            "alarm rule",
            alarm_rule(facts),
            "it is enabled and takes every alarm of the definition",
        ),
        (
            "alarms",
            alarms(facts),
            "all are there, have data, and are calm",
        ),
        (
            "resources",
            resources(facts),
            "ARC manages each, and the lead is in every zone",
        ),
        ("shifts", shifts(facts), "none is in force"),
        ("cross-zone", cross_zone(facts), "off in every target group"),
        (
            "groups",
            groups(facts),
            "all are there, whole, and can be pruned",
        ),
        (
            "balance",
            balance(facts),
            "each group has as much in each zone",
        ),
        (
            "capacity",
            capacity(facts),
            "the zones that stay can carry the traffic of any one",
        ),
        (
            "maximum",
            maximum(facts),
            "each group may grow by what a zone holds",
        ),
        (
            "addresses",
            addresses(facts),
            "the subnets of each zone have room for what another zone would send",
        ),
        (
            "messages",
            messages(facts),
            "somebody is subscribed and has agreed",
        ),
        ("dead letters", dead_letters(facts), "the queues are empty"),
        (
            "permissions",
            permissions(facts),
            "the functions may do what they have to",
        ),
    ] {
        match of_check.is_empty() {
            true => findings.push(Finding::good(check, good)),
            false => findings.extend(of_check),
        }
    }
    findings
}

fn evac(facts: &Facts) -> Vec<Finding> {
    let stopped = match &facts.stopped {
        Ok(stopped) => stopped,
        Err(error) => return vec![Finding::unknown("evac", error)],
    };
    let finding = |function: &String| {
        Finding::failed(
            "evac",
            format!("STOPPED: the reserved concurrency of {function} is 0"),
            format!("aws lambda delete-function-concurrency --function-name {function}"),
        )
    };
    stopped.iter().map(finding).collect()
}

fn mode(facts: &Facts) -> Vec<Finding> {
    match facts.found.workload.policy.mode {
        Mode::Observe => vec![Finding::remark(
            "mode",
            "observe: it tells, and moves nothing",
            "policy.mode shift or evacuate, when its verdicts are trusted",
        )],
        Mode::Shift => vec![Finding::remark(
            "mode",
            "shift: it moves traffic, and leaves the groups as they are",
            "policy.mode evacuate, so that no new capacity comes up in the zone",
        )],
        Mode::Evacuate => Vec::new(),
    }
}

fn tick(facts: &Facts) -> Vec<Finding> {
    let (rule, standing) = &facts.tick_rule;
    match standing {
        Err(error) => vec![Finding::failed(
            "tick",
            format!(
                "nothing goes on with what is half done, or sees that the zone is well: {error}"
            ),
            "deploy the workload again, so that its rule is there",
        )],
        Ok(standing) if !standing.enabled => vec![Finding::failed(
            "tick",
            format!("the rule {rule} is disabled, so nothing goes on with what is half done"),
            format!("aws events enable-rule --name {rule}"),
        )],
        Ok(standing) if standing.schedule.is_none() => vec![Finding::failed(
            "tick",
            format!("the rule {rule} has no schedule"),
            "deploy the workload again",
        )],
        Ok(_) => Vec::new(),
    }
}

fn alarm_rule(facts: &Facts) -> Vec<Finding> {
    let (rule, standing) = &facts.alarm_rule;
    let standing = match standing {
        Ok(standing) => standing,
        Err(error) => {
            return vec![Finding::failed(
                "alarm rule",
                format!("no alarm wakes Evac: {error}"),
                "deploy the workload again, so that its rule is there",
            )];
        }
    };
    let mut findings = Vec::new();
    if !standing.enabled {
        findings.push(Finding::failed(
            "alarm rule",
            format!("the rule {rule} is disabled, so no alarm wakes Evac"),
            format!("aws events enable-rule --name {rule}"),
        ));
    }
    let pattern: Value = standing
        .pattern
        .as_deref()
        .and_then(|pattern| serde_json::from_str(pattern).ok())
        .unwrap_or_default();
    // A rule without names takes every alarm there is.
    if let Some(names) = pattern["detail"]["alarmName"].as_array() {
        let taken = |alarm: &String| names.iter().any(|name| matches_name(name, alarm));
        let alarms = facts.found.workload.alarm_names();
        let lost: Vec<&str> = alarms
            .iter()
            .filter(|alarm| !taken(alarm))
            .map(String::as_str)
            .collect();
        if !lost.is_empty() {
            findings.push(Finding::failed(
                "alarm rule",
                format!(
                    "the rule {rule} does not take the events of {}",
                    lost.join(", ")
                ),
                "deploy the workload again: the rule names the alarms of an earlier definition",
            ));
        }
    }
    findings
}

/// Whether a matcher of a pattern may take a name; one that is not read here is believed to.
fn matches_name(matcher: &Value, alarm: &str) -> bool {
    match (
        matcher.as_str(),
        matcher["prefix"].as_str(),
        matcher["suffix"].as_str(),
    ) {
        (Some(name), _, _) => name == alarm,
        (_, Some(prefix), _) => alarm.starts_with(prefix),
        (_, _, Some(suffix)) => alarm.ends_with(suffix),
        _ => true,
    }
}

fn alarms(facts: &Facts) -> Vec<Finding> {
    let standing = match &facts.alarms {
        Ok(standing) => standing,
        Err(error) => return vec![Finding::unknown("alarms", error)],
    };
    let finding = |alarm: &crate::account::AlarmStanding| match &alarm.reading {
        None => Some(Finding::failed(
            "alarms",
            format!("there is no alarm {}", alarm.alarm),
            "create it, or correct workload.alarms",
        )),
        Some(reading) => match reading.state.name() {
            "OK" => None,
            "ALARM" => Some(Finding::failed(
                "alarms",
                format!("{} is in ALARM now", alarm.alarm),
                "see what hurts before anything else",
            )),
            _ => Some(Finding::failed(
                "alarms",
                format!("{} has no data, so it cannot go off", alarm.alarm),
                "see that its metrics are published, and that its dimensions are those of the workload",
            )),
        },
    };
    let mut findings: Vec<Finding> = standing.iter().filter_map(finding).collect();
    let muted = standing.iter().filter(|alarm| {
        let reading = alarm.reading.as_ref();
        reading.is_some_and(|reading| reading.muted_by.is_some())
    });
    findings.extend(muted.map(|alarm| {
        Finding::failed(
            "alarms",
            format!("{} has its actions suppressed", alarm.alarm),
            "end the suppression",
        )
    }));
    findings
}

/// What the tick finds wanting, of the kinds that are asked for.
fn wanting(
    facts: &Facts,
    check: &'static str,
    of: impl Fn(&Unready) -> Option<String>,
) -> Vec<Finding> {
    match &facts.next_tick {
        Err(error) => vec![Finding::unknown(check, &format!("the next tick: {error}"))],
        Ok(report) => report
            .unready
            .iter()
            .flatten()
            .filter_map(|unready| {
                of(unready).map(|remedy| Finding::failed(check, unready.to_string(), remedy))
            })
            .collect(),
    }
}

fn resources(facts: &Facts) -> Vec<Finding> {
    if facts.found.workload.resources.is_empty() {
        return vec![Finding::remark(
            "resources",
            "the definition names none, so traffic is moved by nobody",
            "workload.resources, unless the groups alone are to leave the zone",
        )];
    }
    wanting(facts, "resources", |unready| match unready {
        Unready::NotManaged { .. } => Some(
            "turn on zonal shift for it: attribute zonal_shift.config.enabled of the load balancer"
                .to_owned(),
        ),
        Unready::LeadNotInZone { .. } => Some(
            "put the load balancer into the zone, or take the zone out of workload.zones"
                .to_owned(),
        ),
        _ => None,
    })
}

fn shifts(facts: &Facts) -> Vec<Finding> {
    wanting(facts, "shifts", |unready| match unready {
        Unready::ShiftLeftOver { id: Some(id), .. } => Some(format!(
            "aws arc-zonal-shift cancel-zonal-shift --zonal-shift-id {id}, if nobody needs it"
        )),
        Unready::ShiftLeftOver { id: None, .. } => {
            Some("wait until it ends, or ask whoever began it".to_owned())
        }
        _ => None,
    })
}

fn cross_zone(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (balancer, standing) in &facts.target_groups {
        match standing {
            Err(error) => findings.push(Finding::unknown("cross-zone", error)),
            Ok(groups) => findings.extend(groups.iter().filter(|group| group.cross_zone).map(
                |group| {
                    let name = group.arn.split('/').nth(1).unwrap_or(&group.arn);
                    Finding::remark(
                        "cross-zone",
                        format!("on in the target group {name} of {balancer}: its counts do not tell the zones apart, and during a shift nothing shows that the zone is well"),
                        "turn it off, or use alarms and evidence from the targets and a canary for each zone",
                    )
                },
            )),
        }
    }
    findings
}

fn groups(facts: &Facts) -> Vec<Finding> {
    let standing = match &facts.groups {
        Ok(standing) => standing,
        Err(error) => return vec![Finding::unknown("groups", error)],
    };
    if facts.found.workload.groups.is_none() {
        return vec![Finding::remark(
            "groups",
            "the definition names none, so capacity may come up in the zone during an incident",
            "workload.autoScalingGroups",
        )];
    }
    let mut findings = wanting(facts, "groups", |unready| match unready {
        Unready::GroupRefused { .. } => {
            Some("see docs/RUNBOOK.md, Findings, for this refusal".to_owned())
        }
        Unready::GroupMissing { .. } => {
            Some("correct workload.autoScalingGroups, or tag the groups".to_owned())
        }
        _ => None,
    });
    for group in standing {
        match &group.record {
            Ok(None) => {}
            Ok(Some(record)) => findings.push(Finding::failed(
                "groups",
                format!("{} is pruned for {}", group.group, record.incident),
                format!(
                    "evac fail-back --workload {} --reason '...', if that is over",
                    facts.found.workload.name
                ),
            )),
            Err(error) => findings.push(Finding::failed(
                "groups",
                format!("{}: {error}", group.group),
                "see docs/RUNBOOK.md, Undo by hand",
            )),
        }
        if group
            .suspended
            .iter()
            .any(|process| process == "Launch" || process == "AZRebalance")
        {
            findings.push(Finding::failed(
                "groups",
                format!(
                    "{} has suspended processes: {}",
                    group.group,
                    group.suspended.join(", ")
                ),
                format!(
                    "aws autoscaling resume-processes --auto-scaling-group-name {}",
                    group.group
                ),
            ));
        }
    }
    findings
}

/// The groups, as far as they could be read and are whole.
fn whole(facts: &Facts) -> impl Iterator<Item = &GroupStanding> {
    let groups = facts.groups.as_ref().into_iter().flatten();
    groups.filter(|group| matches!(group.record, Ok(None)))
}

fn balance(facts: &Facts) -> Vec<Finding> {
    let zones = facts.found.workload.zones.iter();
    let zones: Vec<(String, String)> = zones
        .map(|(id, zone)| (id.to_string(), zone.name.to_string()))
        .collect();
    let of_group = |group: &GroupStanding| {
        let counts = zones.iter().map(|(id, name)| {
            let count = group.in_service.get(name).copied().unwrap_or_default();
            (id, count)
        });
        let counts: Vec<(&String, u32)> = counts.collect();
        let most = counts.iter().map(|(_, count)| *count).max()?;
        let least = counts.iter().map(|(_, count)| *count).min()?;
        (most > least + 1).then(|| {
            let told: Vec<String> = counts
                .iter()
                .map(|(id, count)| format!("{count} in {id}"))
                .collect();
            Finding::failed(
                "balance",
                format!(
                    "{} has {}: the zones that stay may be the small ones",
                    group.group,
                    told.join(", ")
                ),
                "see its scaling activities for why instances do not come up in a zone",
            )
        })
    };
    whole(facts).filter_map(of_group).collect()
}

/// What the zones that stay would lack, zone by zone, as the classifier judges it before an evacuation.
fn capacity(facts: &Facts) -> Vec<Finding> {
    let workload = &facts.found.workload;
    let counts = match &facts.counts {
        Evidence::Counted { counts, .. } => counts,
        Evidence::Unavailable(failure) => {
            return vec![Finding::unknown("capacity", &failure.message)];
        }
        // They are asked for by the classifier's clock, which only it can tell.
        Evidence::NotConfigured if workload.evidence.is_some() => {
            return vec![Finding::unknown(
                "capacity",
                "the classifier did not answer",
            )];
        }
        Evidence::NotConfigured => {
            return vec![Finding::remark(
                "capacity",
                "no counts say whether the zones that stay can carry the traffic",
                "workload.evidence, and a load test",
            )];
        }
    };
    let limits = &workload.policy.capacity;
    let least = workload.policy.criteria.min_requests;
    let zones = workload.zones.ids().into_iter();
    zones
        .filter_map(|zone| {
            let shortage = shortage(counts, zone, least, limits)?;
            Some(Finding::failed(
                "capacity",
                format!("without {zone}: {shortage}"),
                "more capacity in the zones that stay, or the limit that your load tests give: docs/CONFIGURATION.md, hostRequestsPerMinute and maxGrowth",
            ))
        })
        .collect()
}

fn maximum(facts: &Facts) -> Vec<Finding> {
    let of_group = |group: &GroupStanding| {
        let zone = group.in_service.values().max().copied().unwrap_or_default();
        let wanted = group.desired + zone;
        (group.max < wanted).then(|| {
            Finding::failed(
                "maximum",
                format!(
                    "{} may have {} instances and wants {}: without a zone that holds {zone} it cannot replace them before they are gone",
                    group.group, group.max, group.desired
                ),
                format!("a maximum of {wanted} at least"),
            )
        })
    };
    whole(facts).filter_map(of_group).collect()
}

fn addresses(facts: &Facts) -> Vec<Finding> {
    let subnets = match &facts.subnets {
        Ok(subnets) => subnets,
        Err(error) => return vec![Finding::unknown("addresses", error)],
    };
    let mut findings = Vec::new();
    let zones = facts.found.workload.zones.iter();
    for (id, zone) in zones {
        for subnet in &zone.subnets {
            let Some(standing) = subnets.get(subnet) else {
                continue;
            };
            if standing.zone != id.as_str() {
                findings.push(Finding::failed(
                    "addresses",
                    format!("{subnet} is in {} and not in {id}", standing.zone),
                    "correct workload.zones: a prune would take out the wrong zone",
                ));
            }
        }
    }
    // What a zone loses comes up in the others.
    let of_zone = |name: &str| -> u32 {
        let groups = whole(facts);
        groups.filter_map(|group| group.in_service.get(name)).sum()
    };
    let zones: Vec<(String, u32)> = (facts.found.workload.zones.iter())
        .map(|(id, zone)| (id.to_string(), of_zone(zone.name.as_str())))
        .collect();
    for (id, zone) in facts.found.workload.zones.iter() {
        let others = zones.iter().filter(|(other, _)| *other != id.to_string());
        let lost = others.map(|(_, count)| *count).max().unwrap_or_default();
        let to_come =
            lost.div_ceil(u32::try_from(zones.len().saturating_sub(1).max(1)).unwrap_or(1));
        let of_zone: Vec<_> = zone
            .subnets
            .iter()
            .filter_map(|subnet| subnets.get(subnet))
            .collect();
        let free: u32 = of_zone.iter().map(|standing| standing.free).sum();
        if !of_zone.is_empty() && free < to_come {
            findings.push(Finding::failed(
                "addresses",
                format!("the subnets in {id} have {free} free addresses, and {to_come} instances of another zone would come there"),
                "a larger subnet, or one more, in workload.zones and in the groups",
            ));
        }
    }
    findings
}

fn messages(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut heard = false;
    for (topic, subscribers) in &facts.subscribers {
        let name = topic.rsplit(':').next().unwrap_or(topic);
        match subscribers {
            Err(error) => {
                findings.push(Finding::unknown("messages", error));
                heard = true;
            }
            Ok(subscribers) => {
                heard |= subscribers.iter().any(|one| one.confirmed);
                let pending = subscribers.iter().filter(|one| !one.confirmed);
                findings.extend(pending.map(|one| {
                    Finding::failed(
                        "messages",
                        format!("{} has not agreed to hear of {name}", one.endpoint),
                        "confirm by the link in the mail of SNS, or subscribe again",
                    )
                }));
            }
        }
    }
    if !heard {
        let topics: Vec<&str> = (facts.subscribers.iter())
            .map(|(topic, _)| topic.as_str())
            .collect();
        let what = match topics.is_empty() {
            true => "the classifier's environment names no topic that could be read".to_owned(),
            false => format!("nobody hears of {}", topics.join(", ")),
        };
        findings.push(Finding::failed(
            "messages",
            what,
            "aws sns subscribe --topic-arn ... --protocol email --notification-endpoint ...",
        ));
    }
    findings
}

fn dead_letters(facts: &Facts) -> Vec<Finding> {
    if facts.queues.is_empty() {
        return vec![Finding::failed(
            "dead letters",
            "no function has a queue for what it failed with for good",
            "an on-failure destination of each function; the constructs of infra set it",
        )];
    }
    let of_queue = |(queue, waiting): &(String, Read<u64>)| {
        let name = queue.rsplit(':').next().unwrap_or(queue);
        match waiting {
            Err(error) => Some(Finding::unknown("dead letters", error)),
            Ok(0) => None,
            Ok(waiting) => Some(Finding::failed(
                "dead letters",
                format!("{name} holds about {waiting}"),
                "see docs/TROUBLESHOOTING.md, There are dead letters; then purge the queue",
            )),
        }
    };
    facts.queues.iter().filter_map(of_queue).collect()
}

fn permissions(facts: &Facts) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for of_function in &facts.permissions {
        let function = name_of(&of_function.function);
        match &of_function.denied {
            Err(error) => {
                if seen.insert(error) {
                    findings.push(Finding::unknown("permissions", error));
                }
            }
            Ok(denied) => findings.extend(denied.iter().map(|action| {
                Finding::failed(
                    "permissions",
                    format!("{function} may not {action}"),
                    "deploy the workload and the pipeline again; docs/SECURITY.md lists what each role may do",
                )
            })),
        }
    }
    findings
}
