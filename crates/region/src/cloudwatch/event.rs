//! The event that EventBridge gets when an alarm changes state.
//!
//! Source: user guide, "Alarm events and EventBridge". Events go out for every transition, with or
//! without actions, muted or not, suppressed or not. The time of the envelope has whole seconds and a
//! `Z`; the times within the detail have milliseconds and `+0000`.
//!
//! The guide's sample of a composite alarm's event has no description, while the workshop that reads
//! the Availability Zone from it relies on one: here the description is there when the alarm has one.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::identifier::uuid;

use super::alarm::{MetricAlarm, Watch};
use super::composite::{CompositeAlarm, SuppressedBy};
use super::query::{MetricStat, Query, Source};
use super::state::{AlarmState, Home, StateValue, stamp};

/// A transition of an alarm, with the event that tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StateChange {
    /// The alarm.
    pub alarm_name: String,
    /// The state before.
    pub from: StateValue,
    /// The state after.
    pub to: StateValue,
    /// When.
    pub at: Timestamp,
    /// Why, for people.
    pub reason: String,
    /// The whole event, with its envelope.
    pub event: Value,
}

/// What one side of a transition is made of.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub(super) state: AlarmState,
    pub(super) suppressed: Option<SuppressedBy>,
}

impl Side {
    fn to_json(&self) -> Value {
        let mut side = Map::new();
        side.insert("value".into(), json!(self.state.value.as_str()));
        side.insert("reason".into(), json!(self.state.reason));
        if let Some(data) = &self.state.reason_data {
            side.insert("reasonData".into(), json!(data));
        }
        side.insert("timestamp".into(), json!(stamp(self.state.updated)));
        if let Some(by) = self.suppressed {
            side.insert("actionsSuppressedBy".into(), json!(by.as_str()));
            side.insert("actionsSuppressedReason".into(), json!(by.reason()));
        }
        Value::Object(side)
    }
}

/// Builds the event of a transition. `number` tells it from every other event of the Region.
pub(super) fn state_change(
    home: &Home,
    alarm_name: &str,
    configuration: Value,
    (from, to): (&Side, &Side),
    mute_detail: Option<Value>,
    number: u64,
) -> StateChange {
    let mut detail = Map::new();
    detail.insert("alarmName".into(), json!(alarm_name));
    detail.insert("state".into(), to.to_json());
    detail.insert("previousState".into(), from.to_json());
    detail.insert("configuration".into(), configuration);
    if let Some(mute) = mute_detail {
        detail.insert("muteDetail".into(), mute);
    }
    let at = to.state.updated;
    let event = json!({
        "version": "0",
        "id": uuid(alarm_name, number),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": home.account.as_str(),
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": home.region,
        "resources": [home.alarm_arn(alarm_name)],
        "detail": detail,
    });
    StateChange {
        alarm_name: alarm_name.to_owned(),
        from: from.state.value,
        to: to.state.value,
        at,
        reason: to.state.reason.clone(),
        event,
    }
}

/// The configuration of a metric alarm, as its events have it.
pub(super) fn metric_configuration(alarm: &MetricAlarm) -> Value {
    let config = alarm.config();
    let metrics: Vec<Value> = match &config.watch {
        Watch::Metric(stat) => vec![json!({
            "id": uuid(&config.name, 0),
            "metricStat": metric_stat(stat),
            "returnData": true,
        })],
        Watch::Math(queries) => queries.iter().map(query).collect(),
    };
    let mut configuration = Map::new();
    configuration.insert("metrics".into(), json!(metrics));
    if let Some(description) = &config.description {
        configuration.insert("description".into(), json!(description));
    }
    Value::Object(configuration)
}

fn metric_stat(stat: &MetricStat) -> Value {
    let mut json = json!({
        "metric": {
            "namespace": stat.metric.namespace,
            "name": stat.metric.name,
            "dimensions": stat.metric.dimensions,
        },
        "period": stat.period,
        "stat": stat.stat.as_str(),
    });
    if let Some(unit) = &stat.unit {
        json["unit"] = json!(unit);
    }
    json
}

fn query(query: &Query) -> Value {
    let mut json = json!({"id": query.id, "returnData": query.return_data});
    match &query.source {
        Source::Metric(stat) => json["metricStat"] = metric_stat(stat),
        Source::Expression { text, period } => {
            json["expression"] = json!(text);
            if let Some(period) = period {
                json["period"] = json!(period);
            }
        }
    }
    if let Some(label) = &query.label {
        json["label"] = json!(label);
    }
    json
}

/// The configuration of a composite alarm, as its events have it.
pub(super) fn composite_configuration(alarm: &CompositeAlarm) -> Value {
    let config = alarm.config();
    let mut json = json!({"alarmRule": config.rule});
    if let Some(suppressor) = &config.suppressor {
        json["actionsSuppressor"] = json!(suppressor.alarm);
        json["actionsSuppressorWaitPeriod"] = json!(suppressor.wait_period);
        json["actionsSuppressorExtensionPeriod"] = json!(suppressor.extension_period);
    }
    if let Some(description) = &config.description {
        json["description"] = json!(description);
    }
    json
}
