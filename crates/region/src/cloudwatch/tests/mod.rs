//! The engine as the Region and its clients see it.

mod alarms;
mod client;
mod data;
mod describe;

use domain::arn::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::*;

/// A CloudWatch with a clock that is told to go on.
pub(super) struct Clock {
    pub(super) cloudwatch: CloudWatch,
    pub(super) now: Timestamp,
}

impl Clock {
    /// Noon, on the minute.
    pub(super) fn at_noon() -> Self {
        Self {
            cloudwatch: CloudWatch::new(AccountId::embedded(), "us-east-1"),
            now: "2026-01-02T12:00:00Z".parse().unwrap(),
        }
    }

    /// Lets seconds pass and collects the transitions.
    pub(super) fn pass(&mut self, seconds: u32) -> Vec<StateChange> {
        let mut changes = Vec::new();
        for _ in 0..seconds {
            self.now += SignedDuration::from_secs(1);
            changes.extend(self.cloudwatch.evaluate(self.now));
        }
        changes
    }

    /// Records one value of a metric now, visible after so many seconds.
    pub(super) fn record(&mut self, name: &str, value: f64, late: i64) {
        let visible_at = self.now + SignedDuration::from_secs(late);
        self.cloudwatch
            .record(metric(name), self.now, &[(value, 1.0)], visible_at);
    }

    pub(super) fn put(&mut self, config: MetricAlarmConfig) {
        self.cloudwatch.put_metric_alarm(config, self.now).unwrap();
    }

    pub(super) fn compose(&mut self, name: &str, rule: &str) {
        let config = composite(name, rule);
        self.cloudwatch
            .put_composite_alarm(config, self.now)
            .unwrap();
    }

    pub(super) fn set(&mut self, name: &str, value: StateValue) {
        self.cloudwatch
            .set_alarm_state(name, value, "by hand", None, self.now)
            .unwrap();
    }

    pub(super) fn state(&self, name: &str) -> StateValue {
        self.cloudwatch.alarm(name).unwrap().state().value
    }
}

pub(super) fn metric(name: &str) -> MetricId {
    MetricId::new("Zone", name).with("Zone", "use1-az1")
}

pub(super) fn stat(name: &str) -> MetricStat {
    MetricStat {
        metric: metric(name),
        period: 60,
        stat: "Sum".parse().unwrap(),
        unit: None,
    }
}

/// An alarm on one datapoint of a metric above 5.
pub(super) fn alarm(name: &str, on: &str) -> MetricAlarmConfig {
    MetricAlarmConfig {
        name: name.into(),
        description: None,
        actions: Actions::default(),
        watch: Watch::Metric(stat(on)),
        threshold: Threshold {
            comparison: Comparison::Greater,
            value: 5.0,
            evaluation_periods: 1,
            datapoints_to_alarm: Some(1),
            missing_data: Some(MissingData::NotBreaching),
        },
    }
}

pub(super) fn composite(name: &str, rule: &str) -> CompositeAlarmConfig {
    CompositeAlarmConfig {
        name: name.into(),
        description: None,
        actions: Actions::default(),
        rule: rule.into(),
        suppressor: None,
    }
}

/// Transitions in short: `12:01:30 az1 OK -> ALARM`.
pub(super) fn short(changes: &[StateChange]) -> Vec<String> {
    let line = |change: &StateChange| {
        let at = change.at.strftime("%H:%M:%S");
        format!(
            "{at} {} {} -> {}",
            change.alarm_name, change.from, change.to
        )
    };
    changes.iter().map(line).collect()
}

/// The document within an event's state.
pub(super) fn reason_data(event: &Value) -> Value {
    let data = event["detail"]["state"]["reasonData"].as_str().unwrap();
    serde_json::from_str(data).unwrap()
}
