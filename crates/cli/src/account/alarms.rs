//! CloudWatch: what became of alarms.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmHistoryItem, AlarmType, HistoryItemType, ScanBy};
use jiff::Timestamp;
use runtime::failure::of_call;
use serde_json::Value;

use super::{Account, MOST_PAGES, Unread, cloudwatch, date, endless, next, timestamp};

/// The history of an account's alarms.
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

impl Alarms {
    /// The alarms of this account.
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            client: cloudwatch(account),
        }
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
