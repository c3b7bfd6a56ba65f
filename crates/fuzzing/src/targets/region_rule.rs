//! The rule of a composite alarm, put and evaluated.

use domain::AccountId;
use jiff::SignedDuration;
use region::cloudwatch::{
    Actions, CloudWatch, Comparison, CompositeAlarmConfig, MetricAlarmConfig, MetricId, MetricStat,
    StateValue, Threshold, Watch,
};

use super::now;

/// The alarms that a rule may refer to, with the states that they are put into.
const CHILDREN: [(&str, StateValue); 3] = [
    ("a", StateValue::Alarm),
    ("b", StateValue::Ok),
    ("c", StateValue::InsufficientData),
];

pub(crate) fn run(bytes: &[u8]) {
    let Ok(rule) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some(found) = state(rule) else {
        return;
    };
    assert_ne!(
        found,
        StateValue::InsufficientData,
        "an evaluated rule holds or does not"
    );
    // The opposite may be too deep or too long, but it is never the same.
    if let Some(opposite) = state(&format!("NOT ({rule})")) {
        assert_ne!(found, opposite);
    }
    if let Some(same) = state(&format!("({rule}) AND TRUE OR FALSE")) {
        assert_eq!(found, same);
    }
}

/// What becomes of an alarm with this rule; nothing where CloudWatch refuses it.
fn state(rule: &str) -> Option<StateValue> {
    let mut cloudwatch = CloudWatch::new(AccountId::embedded(), "us-east-1");
    for (name, state) in CHILDREN {
        cloudwatch.put_metric_alarm(child(name), now()).unwrap();
        cloudwatch
            .set_alarm_state(name, state, "because", None, now())
            .unwrap();
    }
    let config = CompositeAlarmConfig {
        name: "composite".to_owned(),
        description: None,
        actions: Actions::default(),
        rule: rule.to_owned(),
        suppressor: None,
    };
    if let Err(error) = cloudwatch.put_composite_alarm(config, now()) {
        assert!(!error.message.is_empty());
        return None;
    }
    let later = now() + SignedDuration::from_secs(1);
    let _ = cloudwatch.evaluate(later);
    let alarm = cloudwatch.alarm("composite").unwrap();
    Some(alarm.state().value)
}

fn child(name: &str) -> MetricAlarmConfig {
    MetricAlarmConfig {
        name: name.to_owned(),
        description: None,
        actions: Actions::default(),
        watch: Watch::Metric(MetricStat {
            metric: MetricId::new("Canary", "Faults"),
            period: 60,
            stat: "Sum".parse().unwrap(),
            unit: None,
        }),
        threshold: Threshold {
            comparison: Comparison::Greater,
            value: 1.0,
            evaluation_periods: 1,
            datapoints_to_alarm: None,
            missing_data: None,
        },
    }
}
