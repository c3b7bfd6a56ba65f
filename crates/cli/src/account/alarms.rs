//! CloudWatch: how alarms stand, and what became of them.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmHistoryItem, AlarmType, HistoryItemType, ScanBy};
use jiff::Timestamp;
use runtime::failure::of_call;
use serde_json::Value;

use super::{Account, MOST_PAGES, Unread, cloudwatch, date, endless, next, timestamp};

/// `DescribeAlarms` takes so many names.
const MOST_NAMES: usize = 100;

/// The alarms of an account.
#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    client: Client,
}

/// A change of an alarm's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlarmChange {
    /// When.
    pub(crate) at: Timestamp,
    /// The alarm's name.
    pub(crate) alarm: String,
    /// The state that it left, such as `OK`.
    pub(crate) from: String,
    /// The state that it came into, such as `ALARM`.
    pub(crate) to: String,
    /// Why, in CloudWatch's words.
    pub(crate) reason: String,
}

/// How an alarm stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlarmStanding {
    /// The alarm's name.
    pub(crate) alarm: String,
    /// Its state, such as `OK`; `None` where there is no such alarm.
    pub(crate) state: Option<String>,
    /// Since when.
    pub(crate) since: Option<Timestamp>,
}

impl Alarms {
    /// The alarms of this account.
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            client: cloudwatch(account),
        }
    }

    /// How alarms stand now, in the order of their names here.
    ///
    /// # Errors
    /// Where `DescribeAlarms` fails.
    pub(crate) async fn standing(&self, names: &[String]) -> Result<Vec<AlarmStanding>, Unread> {
        let unread = |failure| Unread::new(failure, "cloudwatch:DescribeAlarms");
        let mut found = BTreeMap::new();
        for names in names.chunks(MOST_NAMES) {
            let asked = self
                .client
                .describe_alarms()
                .set_alarm_names(Some(names.to_vec()))
                // Without a type only metric alarms are answered.
                .alarm_types(AlarmType::CompositeAlarm)
                .alarm_types(AlarmType::MetricAlarm)
                .max_records(100);
            let page =
                (asked.send().await).map_err(|error| unread(of_call("DescribeAlarms", &error)))?;
            found.extend(page.composite_alarms().iter().filter_map(|alarm| {
                let state = alarm.state_value()?.as_str().to_owned();
                let since = alarm.state_transitioned_timestamp().and_then(timestamp);
                Some((alarm.alarm_name()?.to_owned(), (state, since)))
            }));
            found.extend(page.metric_alarms().iter().filter_map(|alarm| {
                let state = alarm.state_value()?.as_str().to_owned();
                let since = alarm.state_transitioned_timestamp().and_then(timestamp);
                Some((alarm.alarm_name()?.to_owned(), (state, since)))
            }));
        }
        let standing = names.iter().map(|name| {
            let (state, since) = found.remove(name).unzip();
            AlarmStanding {
                alarm: name.clone(),
                state,
                since: since.flatten(),
            }
        });
        Ok(standing.collect())
    }

    /// How an alarm's state changed in a time, the oldest change first. CloudWatch keeps it for 30 days.
    ///
    /// # Errors
    /// Where `DescribeAlarmHistory` fails.
    pub(crate) async fn history(
        &self,
        alarm: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<AlarmChange>, Unread> {
        let call = format!("DescribeAlarmHistory of {alarm}");
        let unread = |failure| Unread::new(failure, "cloudwatch:DescribeAlarmHistory");
        let mut changes = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let asked = self
                .client
                .describe_alarm_history()
                .alarm_name(alarm)
                // Without a type only metric alarms are answered.
                .alarm_types(AlarmType::CompositeAlarm)
                .alarm_types(AlarmType::MetricAlarm)
                .history_item_type(HistoryItemType::StateUpdate)
                .start_date(date(from))
                .end_date(date(to))
                .scan_by(ScanBy::TimestampAscending)
                .max_records(100)
                .set_next_token(token);
            let page = (asked.send().await).map_err(|error| unread(of_call(&call, &error)))?;
            changes.extend(page.alarm_history_items().iter().filter_map(change));
            token = next(page.next_token());
            if token.is_none() {
                return Ok(changes);
            }
        }
        Err(unread(endless(&call)))
    }
}

/// What an item tells; `None` where it has no time, or tells of no state.
fn change(item: &AlarmHistoryItem) -> Option<AlarmChange> {
    let data: Value = serde_json::from_str(item.history_data()?).ok()?;
    let text = |side: &str, member: &str| data[side][member].as_str().map(str::to_owned);
    Some(AlarmChange {
        at: timestamp(item.timestamp()?)?,
        alarm: item.alarm_name()?.to_owned(),
        from: text("oldState", "stateValue").unwrap_or_default(),
        to: text("newState", "stateValue")?,
        reason: text("newState", "stateReason").unwrap_or_default(),
    })
}
