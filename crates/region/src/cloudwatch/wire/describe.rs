//! Descriptions of alarms on the wire.

use winterbaume_cloudwatch::wire;
use winterbaume_core::MockResponse;

use crate::error::ServiceError;

use super::super::CloudWatch;
use super::super::alarm::{MetricAlarm, Watch, invalid};
use super::super::composite::{CompositeAlarm, SuppressedBy};
use super::super::describe::{Alarm, AlarmType, DescribeAlarms, Detail};
use super::super::history::DescribeHistory;
use super::super::metric::MetricId;
use super::super::query::{Query, Source};
use super::codec::{Call, parse, seconds, time_if_given};

pub(super) fn alarms(engine: &CloudWatch, call: &Call<'_>) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_describe_alarms_request)?;
    let state = match &input.state_value {
        Some(text) => Some(parse(text)?),
        None => None,
    };
    let query = DescribeAlarms {
        // An empty list is no condition, as in the query protocol, which cannot even write one.
        names: input.alarm_names.filter(|names| !names.is_empty()),
        name_prefix: input.alarm_name_prefix,
        types: alarm_types(input.alarm_types)?,
        state,
        action_prefix: input.action_prefix,
        children_of: input.children_of_alarm_name,
        parents_of: input.parents_of_alarm_name,
        max_records: input.max_records,
        next_token: input.next_token,
    };
    let (page, detail) = engine.describe_alarms(&query)?;
    let mut metric_alarms = Vec::new();
    let mut composite_alarms = Vec::new();
    for alarm in page.items {
        let arn = engine.alarm_arn(alarm.name());
        match alarm {
            Alarm::Metric(alarm) => metric_alarms.push(metric_alarm(alarm, arn, detail)),
            Alarm::Composite(alarm) => composite_alarms.push(composite_alarm(alarm, arn, detail)),
        }
    }
    let output = wire::DescribeAlarmsOutput {
        composite_alarms: Some(composite_alarms),
        metric_alarms: Some(metric_alarms),
        next_token: page.next_token,
    };
    Ok(call.write(wire::serialize_describe_alarms_response, &output))
}

/// Log alarms are a kind that the Region has none of, so asking for them finds none.
fn alarm_types(types: Option<Vec<String>>) -> Result<Option<Vec<AlarmType>>, ServiceError> {
    let Some(types) = types.filter(|types| !types.is_empty()) else {
        return Ok(None);
    };
    let mut known = Vec::new();
    for text in types {
        match text.as_str() {
            "MetricAlarm" => known.push(AlarmType::Metric),
            "CompositeAlarm" => known.push(AlarmType::Composite),
            "LogAlarm" => {}
            _ => {
                return Err(invalid(format!(
                    "AlarmTypes \"{text}\": expected MetricAlarm, CompositeAlarm or LogAlarm"
                )));
            }
        }
    }
    Ok(Some(known))
}

fn metric_alarm(alarm: &MetricAlarm, arn: String, detail: Detail) -> wire::MetricAlarm {
    let config = alarm.config();
    let state = alarm.state();
    let mut output = wire::MetricAlarm {
        alarm_arn: Some(arn),
        alarm_name: Some(config.name.clone()),
        ..wire::MetricAlarm::default()
    };
    if detail != Detail::Parents {
        output.state_value = Some(state.value.to_string());
        output.state_updated_timestamp = Some(seconds(state.updated));
    }
    if detail != Detail::Full {
        return output;
    }
    output.actions_enabled = Some(config.actions.enabled);
    output.alarm_actions = Some(config.actions.alarm.clone());
    output.o_k_actions = Some(config.actions.ok.clone());
    output.insufficient_data_actions = Some(config.actions.insufficient_data.clone());
    output.alarm_configuration_updated_timestamp = Some(seconds(alarm.configured()));
    output.alarm_description.clone_from(&config.description);
    let threshold = &config.threshold;
    output.comparison_operator = Some(threshold.comparison.to_string());
    output.threshold = Some(threshold.value);
    output.evaluation_periods = Some(integer(threshold.evaluation_periods));
    output.datapoints_to_alarm = threshold.datapoints_to_alarm.map(integer);
    output.treat_missing_data = threshold.missing_data.map(|missing| missing.to_string());
    output.state_reason = Some(state.reason.clone());
    output.state_reason_data.clone_from(&state.reason_data);
    output.state_transitioned_timestamp = Some(seconds(state.transitioned));
    match &config.watch {
        Watch::Metric(stat) => {
            output.metric_name = Some(stat.metric.name.clone());
            output.namespace = Some(stat.metric.namespace.clone());
            output.dimensions = Some(wire_dimensions(&stat.metric));
            output.period = Some(integer(stat.period));
            output.unit.clone_from(&stat.unit);
            let text = Some(stat.stat.to_string());
            if stat.stat.is_extended() {
                output.extended_statistic = text;
            } else {
                output.statistic = text;
            }
        }
        Watch::Math(queries) => output.metrics = Some(queries.iter().map(wire_query).collect()),
    }
    output
}

fn wire_query(query: &Query) -> wire::MetricDataQuery {
    let mut output = wire::MetricDataQuery {
        id: query.id.clone(),
        label: query.label.clone(),
        return_data: Some(query.return_data),
        ..wire::MetricDataQuery::default()
    };
    match &query.source {
        Source::Metric(stat) => {
            output.metric_stat = Some(wire::MetricStat {
                metric: wire::Metric {
                    dimensions: Some(wire_dimensions(&stat.metric)),
                    metric_name: Some(stat.metric.name.clone()),
                    namespace: Some(stat.metric.namespace.clone()),
                },
                period: integer(stat.period),
                stat: stat.stat.to_string(),
                unit: stat.unit.clone(),
            });
        }
        Source::Expression { text, period } => {
            output.expression = Some(text.clone());
            output.period = period.map(integer);
        }
    }
    output
}

pub(super) fn wire_dimensions(metric: &MetricId) -> Vec<wire::Dimension> {
    let dimensions = metric.dimensions.iter();
    dimensions
        .map(|(name, value)| wire::Dimension {
            name: name.clone(),
            value: value.clone(),
        })
        .collect()
}

fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn composite_alarm(alarm: &CompositeAlarm, arn: String, detail: Detail) -> wire::CompositeAlarm {
    let config = alarm.config();
    let state = alarm.state();
    let mut output = wire::CompositeAlarm {
        alarm_arn: Some(arn),
        alarm_name: Some(config.name.clone()),
        ..wire::CompositeAlarm::default()
    };
    if detail != Detail::Parents {
        output.state_value = Some(state.value.to_string());
        output.state_updated_timestamp = Some(seconds(state.updated));
    }
    if detail != Detail::Full {
        return output;
    }
    output.actions_enabled = Some(config.actions.enabled);
    output.alarm_actions = Some(config.actions.alarm.clone());
    output.o_k_actions = Some(config.actions.ok.clone());
    output.insufficient_data_actions = Some(config.actions.insufficient_data.clone());
    output.alarm_configuration_updated_timestamp = Some(seconds(alarm.configured()));
    output.alarm_description.clone_from(&config.description);
    output.alarm_rule = Some(config.rule.clone());
    if let Some(suppressor) = &config.suppressor {
        output.actions_suppressor = Some(suppressor.alarm.clone());
        output.actions_suppressor_wait_period = Some(integer(suppressor.wait_period));
        output.actions_suppressor_extension_period = Some(integer(suppressor.extension_period));
    }
    let suppressed = alarm.suppressed();
    output.actions_suppressed_by = suppressed.map(|by| by.as_str().to_owned());
    output.actions_suppressed_reason = suppressed.map(SuppressedBy::reason);
    output.state_reason = Some(state.reason.clone());
    output.state_reason_data.clone_from(&state.reason_data);
    output.state_transitioned_timestamp = Some(seconds(state.transitioned));
    output
}

pub(super) fn history(engine: &CloudWatch, call: &Call<'_>) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_describe_alarm_history_request)?;
    let only_updates = matches!(
        input.history_item_type.as_deref(),
        None | Some("StateUpdate")
    );
    let query = DescribeHistory {
        alarm_name: input.alarm_name,
        alarm_types: alarm_types(input.alarm_types)?,
        start: time_if_given("StartDate", input.start_date)?,
        end: time_if_given("EndDate", input.end_date)?,
        oldest_first: oldest_first(input.scan_by.as_deref())?,
        max_records: input.max_records,
        next_token: input.next_token,
    };
    let mut page = engine.describe_alarm_history(&query)?;
    if !only_updates {
        page.items.clear();
        page.next_token = None;
    }
    let items = page.items.into_iter().map(|item| wire::AlarmHistoryItem {
        alarm_name: Some(item.alarm_name.clone()),
        alarm_type: Some(item.alarm_type.as_str().to_owned()),
        history_data: Some(item.data.clone()),
        history_item_type: Some("StateUpdate".to_owned()),
        history_summary: Some(item.summary.clone()),
        timestamp: Some(seconds(item.at)),
        ..wire::AlarmHistoryItem::default()
    });
    let output = wire::DescribeAlarmHistoryOutput {
        alarm_history_items: Some(items.collect()),
        next_token: page.next_token,
    };
    Ok(call.write(wire::serialize_describe_alarm_history_response, &output))
}

/// The latest comes first unless the request says otherwise.
pub(super) fn oldest_first(scan_by: Option<&str>) -> Result<bool, ServiceError> {
    match scan_by {
        None | Some("TimestampDescending") => Ok(false),
        Some("TimestampAscending") => Ok(true),
        Some(other) => Err(invalid(format!(
            "ScanBy \"{other}\": expected TimestampDescending or TimestampAscending"
        ))),
    }
}
