//! What the classifier makes of a payload, without calling anything.

use domain::decide::holds_in_signal;
use domain::event::{AlarmChange, AlarmKind};
use domain::evidence::queries;
use domain::policy::Mode;
use domain::problem::Problems;
use domain::signal::{Action, BareDefaults, Signal, Trigger};
use domain::workload::{GroupSelector, Origin};
use serde::Serialize;
use serde_json::Value;

use crate::input;

/// What would happen with a payload, as far as the payload alone tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What woke the classifier, as a sentence.
    pub signal: String,
    /// The workload that it is about, as a sentence.
    pub workload: String,
    /// What it would read before deciding, in this order where one waits for another.
    pub would_read: Vec<String>,
    /// Why it would hold whatever it read; empty where that depends on what it would read.
    pub would_hold: Vec<String>,
    /// What would follow if it did not hold.
    pub otherwise: String,
}

/// Explains a payload.
///
/// # Errors
/// The fields that do not fit, as the function itself would refuse them.
pub fn explain(payload: &Value, bare: &BareDefaults) -> Result<Explanation, Problems> {
    let signal = input::read(payload, bare, None)?;
    Ok(Explanation {
        signal: describe_trigger(&signal.trigger),
        workload: describe_workload(&signal),
        would_read: would_read(&signal),
        would_hold: holds_in_signal(&signal)
            .iter()
            .map(ToString::to_string)
            .collect(),
        otherwise: otherwise(&signal),
    })
}

fn describe_trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::ZonalAlarm { zone, change } => {
            format!("the alarm of zone {zone}, {}", describe_change(change))
        }
        Trigger::RegionalAlarm(change) => {
            format!("the regional alarm {}", describe_change(change))
        }
        Trigger::Arc(change) => match &change.away_from {
            Some(zone) => format!("ARC tells: {}, away from {zone}", change.what),
            None => format!("ARC tells: {}", change.what),
        },
        Trigger::Command(command) => {
            let drill = if command.drill { ", as a drill" } else { "" };
            let dry = if command.dry_run {
                ", changing nothing"
            } else {
                ""
            };
            let zone = match &command.action {
                Action::Evacuate { zone } | Action::Explain { zone: Some(zone) } => {
                    format!(" of {zone}")
                }
                Action::FailBack | Action::Reconcile | Action::Explain { zone: None } => {
                    String::new()
                }
            };
            format!(
                "the command {}{zone}{drill}{dry}: \"{}\"",
                trigger.name(),
                command.reason
            )
        }
    }
}

fn describe_change(change: &AlarmChange) -> String {
    let kind = match change.kind {
        AlarmKind::Metric => "a metric alarm",
        AlarmKind::MetricMath => "a metric math alarm",
        AlarmKind::AnomalyDetection => "an anomaly detection alarm",
        AlarmKind::Composite => "a composite alarm",
        AlarmKind::Other => "of a kind not known",
    };
    let from = match &change.previous {
        Some(previous) => format!(" from {previous}"),
        None => String::new(),
    };
    let because = match change.triggering.as_slice() {
        [] => String::new(),
        alarms => format!(", because of {}", alarms.join(", ")),
    };
    format!(
        "{} ({kind}), went{from} to {} at {}{because}",
        change.alarm, change.state, change.at
    )
}

fn count(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}

fn describe_workload(signal: &Signal) -> String {
    let workload = &signal.workload;
    let zones = match workload.origin {
        Origin::Definition => {
            let zones: Vec<&str> = workload
                .zones
                .ids()
                .iter()
                .map(|zone| zone.as_str())
                .collect();
            format!("zones {}", zones.join(", "))
        }
        Origin::BareAlarm => "zones not known: the alarm came without its workload".to_owned(),
    };
    let groups = match &workload.groups {
        None => "no groups".to_owned(),
        Some(GroupSelector::Tag { key, value }) => format!("the groups with the tag {key}={value}"),
        Some(GroupSelector::Names(names)) => {
            format!("{} by name", count(names.len(), "group", "groups"))
        }
    };
    format!(
        "{} in mode {}: {zones}; {}; {groups}",
        workload.name,
        workload.policy.mode.name(),
        count(workload.resources.len(), "resource", "resources")
    )
}

fn would_read(signal: &Signal) -> Vec<String> {
    let workload = &signal.workload;
    let mut reads = vec![format!(
        "DescribeAlarms: {}",
        workload.alarm_names().join(", ")
    )];
    if let Some(source) = &workload.evidence {
        let queries = queries(source, &workload.zones).len();
        reads.push(format!(
            "GetMetricData: {} of {source}",
            count(queries, "metric", "metrics")
        ));
    }
    let resources = |when: &'static str| {
        let short = workload.resources.iter().map(domain::ResourceArn::short);
        short.map(move |resource| {
            format!("{when}GetManagedResource and ListZonalShifts of {resource}")
        })
    };
    let alarm_event = matches!(
        signal.trigger,
        Trigger::ZonalAlarm { .. } | Trigger::RegionalAlarm(_)
    );
    if !alarm_event {
        reads.push("ListAlarmMuteRules: of those in ALARM".to_owned());
    }
    let shifts_first = !alarm_event || workload.origin == Origin::BareAlarm;
    reads.extend(resources(if shifts_first {
        ""
    } else {
        "before a shift, "
    }));
    if workload.groups.is_some() {
        let groups_first = !alarm_event || workload.resources.is_empty();
        let when = if groups_first { "" } else { "before a prune, " };
        reads.push(format!("{when}DescribeAutoScalingGroups"));
    }
    reads
}

fn otherwise(signal: &Signal) -> String {
    let mode = signal.workload.policy.mode;
    let rehearses = mode == Mode::Observe || signal.is_dry_run();
    let ends = match &signal.trigger {
        Trigger::Command(command) => match command.action {
            Action::FailBack => {
                Some("it restores the groups, waits for capacity, and ends the shift")
            }
            Action::Reconcile => Some("it goes on with what an earlier run left"),
            Action::Explain { .. } => Some("it reports the verdict and changes nothing"),
            Action::Evacuate { .. } => None,
        },
        Trigger::Arc(_) => Some("it goes on with what an earlier run left"),
        Trigger::ZonalAlarm { .. } => None,
        Trigger::RegionalAlarm(_) => {
            Some("it tells people, and changes nothing: the cause is not one zone")
        }
    };
    match (ends, rehearses, mode) {
        (Some(end), ..) => end.to_owned(),
        (None, true, _) => {
            "it rehearses the evacuation and tells people, and changes nothing".to_owned()
        }
        (None, false, Mode::Evacuate) => {
            "it moves traffic away, prunes the groups, and tells people".to_owned()
        }
        (None, false, _) => "it moves traffic away, and tells people".to_owned(),
    }
}
