//! Why the classifier looks: an alarm's change, an ARC event, or a command.
//!
//! A signal says *look now*, and of which workload; it does not say what to do. Only a person's
//! command carries an intent of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::arn::ResourceArn;
use crate::capacity::Limits;
use crate::duration::{ShiftDuration, Span};
use crate::event::{AlarmChange, AlarmDescription, ArcChange, Change};
use crate::judge::Criteria;
use crate::name::WorkloadName;
use crate::policy::{
    DEFAULT_FLAP_HOURS, DEFAULT_MAX_FLAPS, DEFAULT_MIN_ZONES, DEFAULT_STABLE_MINUTES,
    DEFAULT_STALE_MINUTES, FailBackMode, Mode, Policy, Without,
};
use crate::problem::{Problems, field_at};
use crate::workload::{Alarms, Origin, Workload, ZoneMap};
use crate::zone::ZoneId;

/// A reason to look at a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The workload to look at.
    pub workload: Workload,
    /// Why now.
    pub trigger: Trigger,
}

/// What made the classifier look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The alarm of a zone changed its state.
    ZonalAlarm {
        /// The zone that the alarm is of.
        zone: ZoneId,
        /// The change.
        change: AlarmChange,
    },
    /// A regional alarm changed its state.
    RegionalAlarm(AlarmChange),
    /// ARC told of a shift or an autoshift.
    Arc(ArcChange),
    /// A person or the schedule asks.
    Command(Command),
}

impl Trigger {
    /// A word for logs and answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ZonalAlarm { .. } => "zonalAlarm",
            Self::RegionalAlarm(_) => "regionalAlarm",
            Self::Arc(_) => "arcEvent",
            Self::Command(command) => match command.action {
                Action::Evacuate { .. } => "evacuate",
                Action::FailBack => "fail-back",
                Action::Reconcile => "reconcile",
                Action::Explain { .. } => "explain",
            },
        }
    }
}

/// What a person, or the schedule, asks of the classifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What to do.
    pub action: Action,
    /// Why, in the words of whoever asks.
    pub reason: String,
    /// When it was given, where the command says so. Lambda may deliver a command again, and a
    /// command that waited as a dead letter may come hours late.
    pub at: Option<Timestamp>,
    /// Whether this rehearses instead of helping.
    pub drill: bool,
    /// Read and plan, and perform no mutating call.
    pub dry_run: bool,
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Evacuate a zone, whatever its alarm says.
    Evacuate {
        /// The zone.
        zone: ZoneId,
    },
    /// End the evacuation that is in force.
    FailBack,
    /// Look, and put right what an earlier run left: the tick.
    Reconcile,
    /// Decide and report; change nothing.
    Explain {
        /// The zone to speak of; without it, the zone whose alarm is in ALARM.
        zone: Option<ZoneId>,
    },
}

/// What holds for a workload that only an alarm's description names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BareDefaults {
    /// [`Mode::Observe`] or [`Mode::Shift`]: without its groups a workload cannot be pruned.
    pub mode: Mode,
    /// How long a shift lasts; needed in mode shift.
    pub expires_in: Option<ShiftDuration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "a command")]
struct CommandDefinition {
    action: String,
    zone: Option<String>,
    #[serde(default)]
    reason: String,
    at: Option<Timestamp>,
    #[serde(default)]
    drill: bool,
    #[serde(default)]
    dry_run: bool,
}

const ACTIONS: &str = "expected evacuate, fail-back, reconcile or explain";

/// Reads a command.
///
/// # Errors
/// The field that does not fit: an unknown action, no reason, a zone that is no AZ ID or not the
/// workload's, a zone where none belongs.
pub fn read_command(
    field: &str,
    definition: &serde_json::Value,
    workload: &Workload,
) -> Result<Command, Problems> {
    let command: CommandDefinition =
        serde_path_to_error::deserialize(definition).map_err(|error| {
            let at = field_at(field, error.path());
            let example = r#"expected {"action": "evacuate", "zone": "use1-az1", "reason": "…"}"#;
            Problems::one(at, format!("{}, {example}", error.into_inner()))
        })?;
    let zone_field = format!("{field}.zone");
    let zone = command
        .zone
        .map(|text| known_zone(&zone_field, &text, workload))
        .transpose()?;
    let no_zone = |action: Action| match &zone {
        None => Ok(action),
        Some(zone) => Err(Problems::one(
            &zone_field,
            format!(
                "{zone} given with {}, expected no zone: it concerns the whole workload",
                command.action
            ),
        )),
    };
    let action = match command.action.as_str() {
        "evacuate" => Action::Evacuate {
            zone: zone.clone().ok_or_else(|| {
                Problems::one(
                    &zone_field,
                    "missing, expected the AZ ID of the zone to evacuate",
                )
            })?,
        },
        "fail-back" => no_zone(Action::FailBack)?,
        "reconcile" => no_zone(Action::Reconcile)?,
        "explain" => Action::Explain { zone: zone.clone() },
        other => {
            return Err(Problems::one(
                format!("{field}.action"),
                format!("\"{other}\" is not a command, {ACTIONS}"),
            ));
        }
    };
    if command.reason.trim().is_empty() {
        return Err(Problems::one(
            format!("{field}.reason"),
            "missing, expected why the command is given: it stands in the messages and the logs",
        ));
    }
    Ok(Command {
        action,
        reason: command.reason,
        at: command.at,
        drill: command.drill,
        dry_run: command.dry_run,
    })
}

fn known_zone(field: &str, text: &str, workload: &Workload) -> Result<ZoneId, Problems> {
    let zone: ZoneId = text
        .parse()
        .map_err(|error: crate::zone::ZoneError| Problems::one(field, error.to_string()))?;
    if workload.has_zone(&zone) {
        return Ok(zone);
    }
    let known: Vec<&str> = workload.zones.ids().iter().map(|id| id.as_str()).collect();
    Err(Problems::one(
        field,
        format!(
            "{zone} is not a zone of workload {}, expected one of {}",
            workload.name,
            known.join(", ")
        ),
    ))
}

/// Joins an event to the workload that came with it.
///
/// # Errors
/// An alarm that the workload does not list: acting on it would need a guess about its zone.
pub fn read_change(field: &str, change: Change, workload: Workload) -> Result<Signal, Problems> {
    let trigger = match change {
        Change::Arc(change) => Trigger::Arc(change),
        Change::Alarm(change) => {
            if let Some(zone) = workload.zone_of_alarm(&change.alarm) {
                Trigger::ZonalAlarm {
                    zone: zone.clone(),
                    change,
                }
            } else if workload.alarms.regional.contains(&change.alarm) {
                Trigger::RegionalAlarm(change)
            } else {
                return Err(Problems::one(
                    field,
                    format!(
                        "alarm \"{}\" is not one of workload {}, expected it in workload.alarms.zonal or workload.alarms.regional",
                        change.alarm, workload.name
                    ),
                ));
            }
        }
    };
    Ok(Signal { workload, trigger })
}

/// Makes a signal of an alarm event that came without a workload, from the alarm's description.
///
/// # Errors
/// A description that does not name one load balancer and one zone.
pub fn read_bare(
    field: &str,
    change: AlarmChange,
    defaults: &BareDefaults,
) -> Result<Signal, Problems> {
    let description_field = format!("{field}.configuration.description");
    let expected = r#"expected the workload beside the event, or a description such as {"loadBalancer": "<arn>", "az-id": "use1-az1"}"#;
    let description = change
        .description
        .as_deref()
        .ok_or_else(|| Problems::one(&description_field, format!("missing, {expected}")))?;
    let written = AlarmDescription::read(description).ok_or_else(|| {
        Problems::one(
            &description_field,
            format!("\"{description}\" names no load balancer and zone, {expected}"),
        )
    })?;
    let zone: ZoneId = written
        .zone
        .parse()
        .map_err(|error: crate::zone::ZoneError| {
            Problems::one(format!("{description_field}.az-id"), error.to_string())
        })?;
    let load_balancer_field = format!("{description_field}.loadBalancer");
    let resource: ResourceArn =
        written
            .load_balancer
            .parse()
            .map_err(|error: crate::arn::ArnError| {
                Problems::one(&load_balancer_field, error.to_string())
            })?;
    let name: WorkloadName = resource
        .short()
        .split('/')
        .nth(1)
        .unwrap_or_default()
        .parse()
        .map_err(|error: crate::name::NameError| {
            Problems::one(&load_balancer_field, error.to_string())
        })?;
    let workload = Workload {
        name,
        origin: Origin::BareAlarm,
        zones: ZoneMap::default(),
        resources: vec![resource],
        groups: None,
        alarms: Alarms {
            zonal: BTreeMap::from([(zone.clone(), change.alarm.clone())]),
            regional: Default::default(),
        },
        evidence: None,
        canary: None,
        policy: Policy {
            mode: defaults.mode,
            expires_in: defaults.expires_in.clone(),
            min_zones: DEFAULT_MIN_ZONES,
            fail_back: FailBackMode::Manual,
            stable_for: Span::minutes(DEFAULT_STABLE_MINUTES),
            flap_window: Span::hours(DEFAULT_FLAP_HOURS),
            max_flaps: DEFAULT_MAX_FLAPS,
            // There is nothing but the alarm; whoever chose a mode for such alarms chose to act on them.
            without_evidence: Without::Act,
            without_alarms: Without::Hold,
            stale_after: Span::minutes(DEFAULT_STALE_MINUTES),
            nothing_to_shift: false,
            criteria: Criteria::default(),
            capacity: Limits::default(),
        },
    };
    Ok(Signal {
        workload,
        trigger: Trigger::ZonalAlarm { zone, change },
    })
}

impl Signal {
    /// When what the signal tells happened, where it tells.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        match &self.trigger {
            Trigger::ZonalAlarm { change, .. } | Trigger::RegionalAlarm(change) => Some(change.at),
            Trigger::Arc(change) => change.at,
            Trigger::Command(command) => command.at,
        }
    }

    /// Whether this only rehearses.
    #[must_use]
    pub fn is_drill(&self) -> bool {
        matches!(&self.trigger, Trigger::Command(command) if command.drill)
    }

    /// Whether it is the schedule's tick, or a person asks for what the tick does.
    #[must_use]
    pub fn is_tick(&self) -> bool {
        matches!(&self.trigger, Trigger::Command(command) if command.action == Action::Reconcile)
    }

    /// Whether whoever asks wants no mutating call.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        matches!(&self.trigger, Trigger::Command(command) if command.dry_run)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::read_direct;

    fn alarm_change() -> AlarmChange {
        let payload = json!({"alarmData": {
            "alarmName": "use1-az1-impact",
            "state": {"value": "ALARM", "timestamp": "2026-11-24T09:20:00.000+0000"},
            "configuration": {"description": "{\"loadBalancer\":\"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188\",\"az-id\":\"use1-az1\"}"},
        }});
        read_direct("event", &payload).unwrap()
    }

    fn arc_change(at: Option<Timestamp>) -> ArcChange {
        ArcChange {
            what: "Autoshift In Progress".to_owned(),
            away_from: None,
            at,
            resources: Vec::new(),
        }
    }

    fn command(action: Action, at: Option<Timestamp>) -> Command {
        Command {
            action,
            reason: "a test says so".to_owned(),
            at,
            drill: false,
            dry_run: false,
        }
    }

    #[test]
    fn a_signal_has_a_word_for_logs_and_the_time_that_it_tells() {
        let defaults = BareDefaults {
            mode: Mode::Observe,
            expires_in: None,
        };
        let signal = read_bare("event", alarm_change(), &defaults).unwrap();
        let zone: ZoneId = "use1-az1".parse().unwrap();
        let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let at = Some(noon);
        for (trigger, word, told) in [
            (
                signal.trigger.clone(),
                "zonalAlarm",
                Some(alarm_change().at),
            ),
            (
                Trigger::RegionalAlarm(alarm_change()),
                "regionalAlarm",
                Some(alarm_change().at),
            ),
            (Trigger::Arc(arc_change(at)), "arcEvent", at),
            (Trigger::Arc(arc_change(None)), "arcEvent", None),
            (
                Trigger::Command(command(Action::Evacuate { zone }, at)),
                "evacuate",
                at,
            ),
            (
                Trigger::Command(command(Action::FailBack, None)),
                "fail-back",
                None,
            ),
            (
                Trigger::Command(command(Action::Reconcile, at)),
                "reconcile",
                at,
            ),
            (
                Trigger::Command(command(Action::Explain { zone: None }, None)),
                "explain",
                None,
            ),
        ] {
            assert_eq!(trigger.name(), word);
            let signal = Signal {
                workload: signal.workload.clone(),
                trigger,
            };
            assert_eq!(signal.at(), told, "{word}");
        }
    }
}
