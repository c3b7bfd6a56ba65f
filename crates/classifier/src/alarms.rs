//! CloudWatch's alarms as plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{self, Config};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmMuteRuleStatus, AlarmType, StateValue};
use domain::event::AlarmState;
use domain::failure::Failure;
use domain::observation::AlarmReading;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use runtime::clients::{Connections, limits, next_page, retries};
use runtime::failure::of_call;
use runtime::turn::{Outside, Turn};

/// DescribeAlarms takes so many names.
const MOST_NAMES: usize = 100;

/// Questions about mute rules at a time.
const AT_A_TIME: usize = 8;

/// CloudWatch's alarms. The program `evac` reads them with it, too.
#[derive(Debug, Clone)]
pub struct Alarms {
    client: Client,
}

impl Alarms {
    /// Over these connections.
    #[must_use]
    pub fn new(connections: &Connections) -> Self {
        let config = config::Builder::from(&connections.to("CLOUDWATCH"));
        let config = config.retry_partition(retries()).retry_classifier(Outside);
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// Reads alarms of every kind by name, each call within so long; one that does not exist is missing from
    /// the answer.
    ///
    /// # Errors
    /// Where `DescribeAlarms` fails.
    pub async fn read(
        &self,
        names: &[String],
        within: Duration,
        turn: &Turn,
    ) -> Result<BTreeMap<String, AlarmReading>, Failure> {
        let mut readings = BTreeMap::new();
        for names in names.chunks(MOST_NAMES) {
            let mut token: Option<String> = None;
            loop {
                let answer = turn.take(|| async {
                    self.client
                        .describe_alarms()
                        .set_alarm_names(Some(names.to_vec()))
                        // Without a type only metric alarms are answered.
                        .alarm_types(AlarmType::CompositeAlarm)
                        .alarm_types(AlarmType::MetricAlarm)
                        .alarm_types(AlarmType::LogAlarm)
                        .set_next_token(token.clone())
                        .customize()
                        .config_override(Config::builder().timeout_config(limits(within)))
                        .send()
                        .await
                        .map_err(|error| of_call("DescribeAlarms", &error))
                });
                let answer = answer.await?;
                readings.extend(answer.composite_alarms().iter().filter_map(|alarm| {
                    let by = alarm.actions_suppressed_by();
                    let reading = reading(
                        alarm.state_value(),
                        alarm.state_transitioned_timestamp(),
                        by.map(aws_sdk_cloudwatch::types::ActionsSuppressedBy::as_str),
                    );
                    Some((alarm.alarm_name()?.to_owned(), reading))
                }));
                readings.extend(answer.metric_alarms().iter().filter_map(|alarm| {
                    let changed = alarm.state_transitioned_timestamp();
                    let reading = reading(alarm.state_value(), changed, None);
                    Some((alarm.alarm_name()?.to_owned(), reading))
                }));
                readings.extend(answer.log_alarms().iter().filter_map(|alarm| {
                    let changed = alarm.state_transitioned_timestamp();
                    let reading = reading(alarm.state_value(), changed, None);
                    Some((alarm.alarm_name()?.to_owned(), reading))
                }));
                token = next_page(answer.next_token());
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
        turn: &Turn,
    ) -> Result<(), Failure> {
        let in_alarm = readings
            .iter_mut()
            .filter(|(_, reading)| reading.state == AlarmState::Alarm);
        let questions: Vec<_> = in_alarm
            .map(|(name, reading)| async move {
                reading.muted_by = self.mute_of(name, turn).await?;
                Ok(())
            })
            .collect();
        let answers = stream::iter(questions).buffer_unordered(AT_A_TIME);
        answers.try_collect().await
    }

    /// The mute rule that mutes an alarm now.
    async fn mute_of(&self, name: &str, turn: &Turn) -> Result<Option<String>, Failure> {
        let mut token: Option<String> = None;
        loop {
            let answer = turn.take(|| async {
                let asked = self
                    .client
                    .list_alarm_mute_rules()
                    .alarm_name(name)
                    .statuses(AlarmMuteRuleStatus::Active)
                    .set_next_token(token.clone());
                let answer = asked.send().await;
                answer.map_err(|error| of_call(&format!("ListAlarmMuteRules of {name}"), &error))
            });
            let answer = answer.await?;
            let rules = answer.alarm_mute_rule_summaries();
            let active = rules
                .iter()
                .find(|rule| rule.status() == Some(&AlarmMuteRuleStatus::Active));
            if let Some(rule) = active {
                let rule = rule.alarm_mute_rule_arn().unwrap_or("a mute rule");
                return Ok(Some(rule.to_owned()));
            }
            token = next_page(answer.next_token());
            if token.is_none() {
                return Ok(None);
            }
        }
    }
}

fn reading(
    value: Option<&StateValue>,
    transitioned: Option<&DateTime>,
    suppressed_by: Option<&str>,
) -> AlarmReading {
    AlarmReading {
        state: state(value),
        transitioned_at: transitioned.and_then(timestamp),
        suppressed_by: suppressed_by.map(str::to_owned),
        muted_by: None,
    }
}

/// A state that this version does not know is kept by name.
fn state(value: Option<&StateValue>) -> AlarmState {
    AlarmState::from(value.map_or_else(|| "unknown".to_owned(), |value| value.as_str().to_owned()))
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(time.to_millis().ok()?).ok()
}
