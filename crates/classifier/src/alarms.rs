//! CloudWatch's alarms as plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmMuteRuleStatus, AlarmType, StateValue};
use domain::event::AlarmState;
use domain::failure::Failure;
use domain::observation::AlarmReading;
use jiff::Timestamp;
use runtime::clients::{Connections, limits};
use runtime::failure::of_call;

/// DescribeAlarms takes so many names.
const MOST_NAMES: usize = 100;

#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    client: Client,
}

impl Alarms {
    pub(crate) fn new(connections: &Connections) -> Self {
        Self {
            client: Client::new(&connections.to("CLOUDWATCH")),
        }
    }

    /// Reads alarms of both kinds by name; one that does not exist is missing from the answer.
    pub(crate) async fn read(
        &self,
        names: &[String],
        within: Duration,
    ) -> Result<BTreeMap<String, AlarmReading>, Failure> {
        let mut readings = BTreeMap::new();
        for names in names.chunks(MOST_NAMES) {
            let mut token = None;
            loop {
                let answer = self
                    .client
                    .describe_alarms()
                    .set_alarm_names(Some(names.to_vec()))
                    // Without this, composite alarms are left out of the answer.
                    .alarm_types(AlarmType::CompositeAlarm)
                    .alarm_types(AlarmType::MetricAlarm)
                    .set_next_token(token)
                    .customize()
                    .config_override(
                        aws_sdk_cloudwatch::config::Config::builder()
                            .timeout_config(limits(within)),
                    )
                    .send()
                    .await
                    .map_err(|error| of_call("DescribeAlarms", &error))?;
                for alarm in answer.composite_alarms() {
                    let reading = AlarmReading {
                        state: state(alarm.state_value()),
                        transitioned_at: alarm.state_transitioned_timestamp().and_then(timestamp),
                        suppressed_by: alarm
                            .actions_suppressed_by()
                            .map(|by| by.as_str().to_owned()),
                        muted_by: None,
                    };
                    readings.insert(alarm.alarm_name().unwrap_or_default().to_owned(), reading);
                }
                for alarm in answer.metric_alarms() {
                    let reading = AlarmReading {
                        state: state(alarm.state_value()),
                        transitioned_at: alarm.state_transitioned_timestamp().and_then(timestamp),
                        suppressed_by: None,
                        muted_by: None,
                    };
                    readings.insert(alarm.alarm_name().unwrap_or_default().to_owned(), reading);
                }
                token = answer
                    .next_token()
                    .filter(|token| !token.is_empty())
                    .map(str::to_owned);
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(readings)
    }

    /// Notes which of the alarms that are in ALARM are muted. An event tells it by itself; whoever
    /// looks without an event has to ask.
    pub(crate) async fn read_mutes(
        &self,
        readings: &mut BTreeMap<String, AlarmReading>,
    ) -> Result<(), Failure> {
        for (name, reading) in readings {
            if reading.state != AlarmState::Alarm {
                continue;
            }
            let answer = self
                .client
                .list_alarm_mute_rules()
                .alarm_name(name)
                .statuses(AlarmMuteRuleStatus::Active)
                .send()
                .await
                .map_err(|error| of_call(&format!("ListAlarmMuteRules of {name}"), &error))?;
            let active = answer
                .alarm_mute_rule_summaries()
                .iter()
                .find(|rule| rule.status() == Some(&AlarmMuteRuleStatus::Active));
            reading.muted_by = active.map(|rule| {
                rule.alarm_mute_rule_arn()
                    .unwrap_or("a mute rule")
                    .to_owned()
            });
        }
        Ok(())
    }
}

/// A state that this version does not know is kept by name.
fn state(value: Option<&StateValue>) -> AlarmState {
    AlarmState::from(value.map_or_else(|| "unknown".to_owned(), |value| value.as_str().to_owned()))
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(time.to_millis().ok()?).ok()
}
