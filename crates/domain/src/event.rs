//! What alarms and ARC tell, in the shapes that AWS really sends.
//!
//! CloudWatch sends an alarm's change in two shapes (through EventBridge, and directly to Lambda),
//! with a configuration that differs by kind of alarm, and AWS adds fields and enum values over
//! time. So the types here ask for as little as a decision needs, take everything else as it comes,
//! and keep what they do not know by name instead of failing.
//!
//! Sources: CloudWatch user guide, "Alarm events and EventBridge" and "Invoke a Lambda function from
//! an alarm"; ARC developer guide, "Using EventBridge with zonal autoshift".

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::ResourceArn;
use crate::problem::{Problems, field_at};
use crate::zone::ZoneId;

/// The state of an alarm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AlarmState {
    /// The alarm's condition does not hold.
    Ok,
    /// It holds.
    Alarm,
    /// CloudWatch cannot tell.
    InsufficientData,
    /// A state that this version does not know.
    Other(String),
}

impl From<String> for AlarmState {
    fn from(text: String) -> Self {
        match text.as_str() {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            _ => Self::Other(text),
        }
    }
}

impl AlarmState {
    /// The name that CloudWatch uses.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Other(name) => name,
        }
    }
}

impl From<AlarmState> for String {
    fn from(state: AlarmState) -> Self {
        state.name().to_owned()
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of alarm changed, as far as its configuration tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AlarmKind {
    /// One metric against a threshold.
    Metric,
    /// An expression over metrics.
    MetricMath,
    /// A metric against a band that CloudWatch learns.
    AnomalyDetection,
    /// A rule over other alarms.
    Composite,
    /// Anything else, such as a log alarm.
    Other,
}

/// An alarm's change of state, as the event tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmChange {
    /// The alarm's name.
    pub alarm: String,
    /// What kind of alarm it is.
    pub kind: AlarmKind,
    /// Its new state.
    pub state: AlarmState,
    /// The state before, where the event tells it.
    pub previous: Option<AlarmState>,
    /// When it changed.
    pub at: Timestamp,
    /// Why, in CloudWatch's words.
    pub reason: Option<String>,
    /// For a composite: the alarms that caused the change, by ARN.
    pub triggering: Vec<String>,
    /// What suppresses the alarm's actions: `WaitPeriod`, `ExtensionPeriod` or `Alarm`. EventBridge
    /// delivers the event nevertheless.
    pub suppressed_by: Option<String>,
    /// Until when a mute rule mutes the alarm's actions. EventBridge delivers the event nevertheless.
    pub muted_until: Option<String>,
    /// The alarm's description.
    pub description: Option<String>,
}

/// What an ARC event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArcChange {
    /// The event's `detail-type`, such as `Autoshift In Progress` or `Manual Shift Started`.
    pub what: String,
    /// The zone that traffic moves away from, where the event tells it.
    pub away_from: Option<ZoneId>,
    /// When the event was sent.
    pub at: Option<Timestamp>,
    /// The resources that it concerns, by ARN or by name: which is not documented. An account that
    /// only observes autoshifts is told of them without a resource.
    pub resources: Vec<String>,
}

impl ArcChange {
    /// Whether it tells that AWS began or ended an autoshift of one of these resources.
    #[must_use]
    pub fn is_autoshift_of(&self, resources: &[ResourceArn]) -> bool {
        let mut told = self.resources.iter().filter(|told| !told.is_empty());
        let concerned = |told: &String| resources.iter().any(|own| own.as_str().contains(told));
        self.what.starts_with("Autoshift") && told.any(concerned)
    }
}

/// The EventBridge envelope, as far as it matters.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// `aws.cloudwatch` or `aws.arc-zonal-shift`.
    pub source: String,
    /// What kind of event.
    pub detail_type: String,
    /// When it was sent.
    pub time: Option<Timestamp>,
    /// What it concerns, by ARN.
    pub resources: Vec<String>,
    /// What the source tells.
    pub detail: serde_json::Value,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An alarm changed its state.
    Alarm(AlarmChange),
    /// ARC started, updated or ended something.
    Arc(ArcChange),
}

/// The source of CloudWatch's events.
pub const CLOUDWATCH: &str = "aws.cloudwatch";
/// The source of ARC's events.
pub const ARC: &str = "aws.arc-zonal-shift";
const STATE_CHANGE: &str = "CloudWatch Alarm State Change";

/// Reads what an EventBridge event is about.
///
/// # Errors
/// The field that is missing, or a source or kind of event that Evac does not act on. `field` is
/// the path of the event in the payload.
pub fn read_envelope(field: &str, envelope: &Envelope) -> Result<Change, Problems> {
    match (envelope.source.as_str(), envelope.detail_type.as_str()) {
        (CLOUDWATCH, STATE_CHANGE) => {
            read_alarm(&format!("{field}.detail"), &envelope.detail).map(Change::Alarm)
        }
        (CLOUDWATCH, other) => Err(Problems::one(
            format!("{field}.detail-type"),
            format!(
                "\"{other}\" tells no change of state, expected \"{STATE_CHANGE}\": let the rule's pattern match that detail-type only"
            ),
        )),
        (ARC, _) => Ok(Change::Arc(read_arc(envelope))),
        (other, _) => Err(Problems::one(
            format!("{field}.source"),
            format!(
                "\"{other}\" is not a source that Evac listens to, expected {CLOUDWATCH} or {ARC}"
            ),
        )),
    }
}

/// Reads the payload that CloudWatch sends when an alarm's action is a Lambda function: no
/// envelope, `alarmData` instead of `detail`.
///
/// # Errors
/// The field that is missing or not as documented.
pub fn read_direct(field: &str, payload: &serde_json::Value) -> Result<AlarmChange, Problems> {
    let data = payload.get("alarmData").ok_or_else(|| {
        Problems::one(
            format!("{field}.alarmData"),
            "missing, expected the alarm's state and configuration",
        )
    })?;
    read_alarm(&format!("{field}.alarmData"), data)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlarmDetail {
    alarm_name: String,
    state: StateDetail,
    previous_state: Option<PreviousDetail>,
    #[serde(default)]
    configuration: Configuration,
    mute_detail: Option<MuteDetail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateDetail {
    value: AlarmState,
    timestamp: String,
    reason: Option<String>,
    reason_data: Option<String>,
    actions_suppressed_by: Option<String>,
}

#[derive(Deserialize)]
struct PreviousDetail {
    value: Option<AlarmState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MuteDetail {
    mute_window_end: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    description: Option<String>,
    alarm_rule: Option<String>,
    metrics: Option<Vec<MetricDetail>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricDetail {
    expression: Option<String>,
}

fn read_alarm(field: &str, detail: &serde_json::Value) -> Result<AlarmChange, Problems> {
    let detail: AlarmDetail = serde_path_to_error::deserialize(detail).map_err(|error| {
        let at = field_at(field, error.path());
        Problems::one(
            at,
            format!(
                "{}, expected an alarm's change of state as CloudWatch sends it",
                error.into_inner()
            ),
        )
    })?;
    let at = detail.state.timestamp.parse().map_err(|_| {
        Problems::one(
            format!("{field}.state.timestamp"),
            format!(
                "\"{}\" is not a time, expected one such as 2026-11-24T09:20:00.123+0000",
                detail.state.timestamp
            ),
        )
    })?;
    Ok(AlarmChange {
        kind: kind(&detail),
        triggering: triggering(detail.state.reason_data.as_deref()),
        alarm: detail.alarm_name,
        state: detail.state.value,
        previous: detail.previous_state.and_then(|previous| previous.value),
        at,
        reason: detail.state.reason,
        suppressed_by: detail.state.actions_suppressed_by,
        muted_until: detail.mute_detail.map(|mute| {
            mute.mute_window_end
                .unwrap_or_else(|| "an unknown time".to_owned())
        }),
        description: detail.configuration.description,
    })
}

fn kind(detail: &AlarmDetail) -> AlarmKind {
    let configuration = &detail.configuration;
    if configuration.alarm_rule.is_some() {
        return AlarmKind::Composite;
    }
    let Some(metrics) = &configuration.metrics else {
        return AlarmKind::Other;
    };
    let expressions = || {
        metrics
            .iter()
            .filter_map(|metric| metric.expression.as_deref())
    };
    if expressions().any(|expression| expression.contains("ANOMALY_DETECTION_BAND")) {
        AlarmKind::AnomalyDetection
    } else if expressions().next().is_some() {
        AlarmKind::MetricMath
    } else {
        AlarmKind::Metric
    }
}

/// The ARNs in a composite's `reasonData`, which is a JSON document in a string, and may be absent
/// or of another kind of alarm: then there is nothing to tell.
fn triggering(reason_data: Option<&str>) -> Vec<String> {
    #[derive(Deserialize)]
    struct ReasonData {
        #[serde(rename = "triggeringAlarms", default)]
        alarms: Vec<Triggering>,
    }
    #[derive(Deserialize)]
    struct Triggering {
        arn: String,
    }
    reason_data
        .and_then(|text| serde_json::from_str::<ReasonData>(text).ok())
        .map(|data| data.alarms.into_iter().map(|alarm| alarm.arn).collect())
        .unwrap_or_default()
}

/// ARC's events carry nothing that must be there: what counts is read from ARC itself.
fn read_arc(envelope: &Envelope) -> ArcChange {
    let away_from = envelope
        .detail
        .pointer("/metadata/awayFrom")
        .and_then(|zone| zone.as_str())
        .and_then(|zone| zone.parse().ok());
    ArcChange {
        what: envelope.detail_type.clone(),
        away_from,
        at: envelope.time,
        resources: envelope.resources.clone(),
    }
}

/// What the description that cdk-multi-az-observability writes on an alarm says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmDescription {
    /// The load balancer's ARN, as written.
    pub load_balancer: String,
    /// The zone, as written: an AZ ID.
    pub zone: String,
}

impl AlarmDescription {
    /// Reads `{"loadBalancer":"<arn>","az-id":"use1-az1"}`; `None` for every other description.
    #[must_use]
    pub fn read(description: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Written {
            #[serde(rename = "loadBalancer")]
            load_balancer: String,
            #[serde(rename = "az-id")]
            zone: String,
        }
        let written: Written = serde_json::from_str(description).ok()?;
        Some(Self {
            load_balancer: written.load_balancer,
            zone: written.zone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_state_keeps_the_name_that_cloudwatch_gives_it_known_or_not() {
        for (name, state) in [
            ("OK", AlarmState::Ok),
            ("ALARM", AlarmState::Alarm),
            ("INSUFFICIENT_DATA", AlarmState::InsufficientData),
            ("MAYBE", AlarmState::Other("MAYBE".to_owned())),
        ] {
            assert_eq!(
                serde_json::from_value(json!(name)).ok(),
                Some(state.clone())
            );
            assert_eq!(serde_json::to_value(&state).ok(), Some(json!(name)));
            assert_eq!(state.to_string(), name);
        }
    }

    #[test]
    fn the_alarms_that_caused_a_composites_change_are_told_where_the_reason_names_them() {
        let triggering = |reason_data: serde_json::Value| {
            let payload = json!({"alarmData": {
                "alarmName": "use1-az1-impact",
                "state": {
                    "value": "ALARM",
                    "timestamp": "2026-11-24T09:20:00.000+0000",
                    "reasonData": reason_data,
                },
            }});
            read_direct("event", &payload).unwrap().triggering
        };
        let reason = json!({"triggeringAlarms": [{"arn": "arn:a"}, {"arn": "arn:b"}]}).to_string();
        assert_eq!(triggering(json!(reason)), ["arn:a", "arn:b"]);
        for other in [
            json!(null),
            json!("{\"threshold\": 1}"),
            json!("none of JSON"),
        ] {
            assert_eq!(triggering(other), [""; 0]);
        }
    }
}
