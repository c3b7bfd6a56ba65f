//! The history of alarms: their transitions, the latest first.
//!
//! Simplifications: only state updates are kept, no configuration changes and no actions, and of those
//! the latest [`LONGEST`] instead of the last 30 days.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::ServiceError;

use super::alarm::invalid;
use super::describe::AlarmType;
use super::page::{Page, page_size};
use super::state::AlarmState;

/// How many transitions are kept.
const LONGEST: usize = 10_000;

/// One transition in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// The alarm.
    pub alarm_name: String,
    /// Its kind.
    pub alarm_type: AlarmType,
    /// When.
    pub at: Timestamp,
    /// A sentence, such as `Alarm updated from OK to ALARM`.
    pub summary: String,
    /// Both states, as a JSON document.
    pub data: String,
    number: u64,
}

/// What to look for in the history.
#[derive(Debug, Clone, Default)]
pub struct DescribeHistory {
    /// One alarm only.
    pub alarm_name: Option<String>,
    /// These kinds of alarms. None means metric alarms.
    pub alarm_types: Option<Vec<AlarmType>>,
    /// Nothing before.
    pub start: Option<Timestamp>,
    /// Nothing after.
    pub end: Option<Timestamp>,
    /// The oldest first instead of the latest.
    pub oldest_first: bool,
    /// How many at once, from 1 to 100.
    pub max_records: Option<i32>,
    /// Where the last page ended.
    pub next_token: Option<String>,
}

/// The transitions of all alarms.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    items: VecDeque<HistoryItem>,
    count: u64,
}

impl History {
    pub(super) fn push(
        &mut self,
        alarm_name: &str,
        alarm_type: AlarmType,
        from: &AlarmState,
        to: &AlarmState,
    ) {
        let data = json!({"version": "1.0", "oldState": side(from), "newState": side(to)});
        self.items.push_back(HistoryItem {
            alarm_name: alarm_name.to_owned(),
            alarm_type,
            at: to.updated,
            summary: format!("Alarm updated from {} to {}", from.value, to.value),
            data: data.to_string(),
            number: self.count,
        });
        self.count += 1;
        if self.items.len() > LONGEST {
            self.items.pop_front();
        }
    }

    pub(super) fn describe(
        &self,
        query: &DescribeHistory,
    ) -> Result<Page<&HistoryItem>, ServiceError> {
        let size = page_size(query.max_records)?;
        let after: Option<u64> = match &query.next_token {
            Some(token) => Some(token.parse().map_err(|_| super::page::bad_token(token))?),
            None => None,
        };
        if query.start > query.end && query.end.is_some() {
            return Err(invalid("StartDate is after EndDate"));
        }
        let types: &[AlarmType] = match &query.alarm_types {
            Some(types) => types,
            None => &[AlarmType::Metric],
        };
        let wanted = |item: &&HistoryItem| {
            query
                .alarm_name
                .as_ref()
                .is_none_or(|name| *name == item.alarm_name)
                && types.contains(&item.alarm_type)
                && query.start.is_none_or(|start| start <= item.at)
                && query.end.is_none_or(|end| item.at <= end)
                && after.is_none_or(|after| {
                    if query.oldest_first {
                        item.number > after
                    } else {
                        item.number < after
                    }
                })
        };
        let token = |item: &&HistoryItem| item.number.to_string();
        Ok(if query.oldest_first {
            Page::take(self.items.iter().filter(wanted), size, token)
        } else {
            Page::take(self.items.iter().rev().filter(wanted), size, token)
        })
    }
}

fn side(state: &AlarmState) -> Value {
    let mut side = Map::new();
    side.insert("stateValue".into(), json!(state.value.as_str()));
    side.insert("stateReason".into(), json!(state.reason));
    if let Some(data) = &state.reason_data {
        // The document of an alarm is JSON; one that was set by hand may be any text.
        let data = serde_json::from_str(data).unwrap_or_else(|_| json!(data));
        side.insert("stateReasonData".into(), data);
    }
    Value::Object(side)
}
