//! CloudWatch: how alarms stand, and what became of them.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmHistoryItem, AlarmType, HistoryItemType, ScanBy};
use classifier::Alarms as States;
use domain::observation::AlarmReading;
use jiff::Timestamp;
use runtime::clients::next_page;
use runtime::failure::of_call;
use runtime::turn::Turn;
use serde_json::Value;

use super::{Account, MOST_PAGES, OPERATION, Unread, cloudwatch, date, endless, timestamp};

/// The alarms of an account.
#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    client: Client,
    /// As the classifier reads them.
    states: States,
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
    /// What it says; `None` where there is no such alarm.
    pub(crate) reading: Option<AlarmReading>,
}

impl Alarms {
    /// The alarms of this account.
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            client: cloudwatch(account),
            states: States::new(account.connections()),
        }
    }

    /// How alarms stand now, in the order of their names here.
    ///
    /// # Errors
    /// Where `DescribeAlarms` fails.
    pub(crate) async fn standing(&self, names: &[String]) -> Result<Vec<AlarmStanding>, Unread> {
        let found = self
            .states
            .read(names, OPERATION, &Turn::within(OPERATION))
            .await;
        let mut found =
            found.map_err(|failure| Unread::new(failure, "cloudwatch:DescribeAlarms"))?;
        let standing = names.iter().map(|name| AlarmStanding {
            alarm: name.clone(),
            reading: found.remove(name),
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
            token = next_page(page.next_token());
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
