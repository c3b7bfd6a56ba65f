//! Changes of alarms on the wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use winterbaume_cloudwatch::wire;
use winterbaume_core::MockResponse;

use crate::error::ServiceError;

use super::super::alarm::{Actions, MetricAlarmConfig, Watch, invalid};
use super::super::composite::{CompositeAlarmConfig, Suppressor};
use super::super::metric::MetricId;
use super::super::query::{MetricStat, Query, Source};
use super::super::threshold::{Comparison, MissingData, Threshold};
use super::super::{CloudWatch, StateValue};
use super::codec::{Call, natural, parse};

pub(super) fn put_metric(
    engine: &mut CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_put_metric_alarm_request)?;
    let config = MetricAlarmConfig {
        threshold: threshold(&input)?,
        watch: watch(&input)?,
        name: input.alarm_name,
        description: input.alarm_description,
        actions: Actions {
            enabled: input.actions_enabled.unwrap_or(true),
            ok: input.o_k_actions.unwrap_or_default(),
            alarm: input.alarm_actions.unwrap_or_default(),
            insufficient_data: input.insufficient_data_actions.unwrap_or_default(),
        },
    };
    engine.put_metric_alarm(config, now)?;
    Ok(call.done(wire::serialize_put_metric_alarm_response))
}

fn threshold(input: &wire::PutMetricAlarmInput) -> Result<Threshold, ServiceError> {
    if input.threshold_metric_id.is_some() {
        return Err(invalid(
            "ThresholdMetricId is not supported: the embedded Region has no anomaly detection",
        ));
    }
    let comparison: Comparison = parse(&input.comparison_operator)?;
    let missing_data: Option<MissingData> = match &input.treat_missing_data {
        Some(text) => Some(parse(text)?),
        None => None,
    };
    Ok(Threshold {
        comparison,
        value: input
            .threshold
            .ok_or_else(|| invalid("Threshold is missing"))?,
        evaluation_periods: natural("EvaluationPeriods", input.evaluation_periods)?,
        datapoints_to_alarm: match input.datapoints_to_alarm {
            Some(n) => Some(natural("DatapointsToAlarm", n)?),
            None => None,
        },
        missing_data,
    })
}

fn watch(input: &wire::PutMetricAlarmInput) -> Result<Watch, ServiceError> {
    let Some(name) = &input.metric_name else {
        let queries = input.metrics.clone().unwrap_or_default();
        if queries.is_empty() {
            return Err(invalid(
                "neither MetricName nor Metrics is given, expected one of them",
            ));
        }
        let queries: Result<Vec<Query>, ServiceError> = queries.into_iter().map(query).collect();
        return Ok(Watch::Math(queries?));
    };
    if input.metrics.is_some() {
        return Err(invalid(
            "MetricName and Metrics exclude each other, expected one of them",
        ));
    }
    let stat = match (&input.statistic, &input.extended_statistic) {
        (Some(stat), None) | (None, Some(stat)) => parse(stat)?,
        _ => {
            return Err(invalid(
                "expected exactly one of Statistic and ExtendedStatistic",
            ));
        }
    };
    let namespace = input.namespace.clone();
    Ok(Watch::Metric(MetricStat {
        metric: MetricId {
            namespace: namespace.ok_or_else(|| invalid("Namespace is missing"))?,
            name: name.clone(),
            dimensions: dimensions(input.dimensions.clone()),
        },
        period: match input.period {
            Some(period) => natural("Period", period)?,
            None => return Err(invalid("Period is missing")),
        },
        stat,
        unit: input.unit.clone(),
    }))
}

/// A query of an alarm or of `GetMetricData`.
pub(super) fn query(query: wire::MetricDataQuery) -> Result<Query, ServiceError> {
    let source = match (query.metric_stat, query.expression) {
        (Some(stat), None) => Source::Metric(MetricStat {
            metric: MetricId {
                namespace: stat.metric.namespace.unwrap_or_default(),
                name: stat.metric.metric_name.unwrap_or_default(),
                dimensions: dimensions(stat.metric.dimensions),
            },
            period: natural("Period", stat.period)?,
            stat: parse(&stat.stat)?,
            unit: stat.unit,
        }),
        (None, Some(text)) => Source::Expression {
            text,
            period: match query.period {
                Some(period) => Some(natural("Period", period)?),
                None => None,
            },
        },
        _ => {
            let id = query.id;
            return Err(invalid(format!(
                "query \"{id}\": expected exactly one of MetricStat and Expression"
            )));
        }
    };
    Ok(Query {
        id: query.id,
        source,
        label: query.label,
        return_data: query.return_data.unwrap_or(true),
    })
}

pub(super) fn dimensions(dimensions: Option<Vec<wire::Dimension>>) -> BTreeMap<String, String> {
    let dimensions = dimensions.into_iter().flatten();
    dimensions
        .map(|dimension| (dimension.name, dimension.value))
        .collect()
}

pub(super) fn put_composite(
    engine: &mut CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_put_composite_alarm_request)?;
    let suppressor = match input.actions_suppressor {
        None => None,
        Some(alarm) => {
            let (Some(wait), Some(extension)) = (
                input.actions_suppressor_wait_period,
                input.actions_suppressor_extension_period,
            ) else {
                return Err(invalid(
                    "ActionsSuppressor needs ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod",
                ));
            };
            Some(Suppressor {
                alarm,
                wait_period: natural("ActionsSuppressorWaitPeriod", wait)?,
                extension_period: natural("ActionsSuppressorExtensionPeriod", extension)?,
            })
        }
    };
    let config = CompositeAlarmConfig {
        name: input.alarm_name,
        description: input.alarm_description,
        actions: Actions {
            enabled: input.actions_enabled.unwrap_or(true),
            ok: input.o_k_actions.unwrap_or_default(),
            alarm: input.alarm_actions.unwrap_or_default(),
            insufficient_data: input.insufficient_data_actions.unwrap_or_default(),
        },
        rule: input.alarm_rule,
        suppressor,
    };
    engine.put_composite_alarm(config, now)?;
    Ok(call.done(wire::serialize_put_composite_alarm_response))
}

pub(super) fn set_state(
    engine: &mut CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_set_alarm_state_request)?;
    let value: StateValue = parse(&input.state_value)?;
    let data = input.state_reason_data.as_deref();
    engine.set_alarm_state(&input.alarm_name, value, &input.state_reason, data, now)?;
    Ok(call.done(wire::serialize_set_alarm_state_response))
}

pub(super) fn delete(
    engine: &mut CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_delete_alarms_request)?;
    engine.delete_alarms(&input.alarm_names, now)?;
    Ok(call.done(wire::serialize_delete_alarms_response))
}
