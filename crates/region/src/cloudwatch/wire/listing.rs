//! `ListMetrics` and `GetMetricStatistics` on the wire.

use std::collections::HashMap;

use jiff::Timestamp;
use winterbaume_cloudwatch::wire;
use winterbaume_core::MockResponse;

use crate::error::ServiceError;

use super::super::CloudWatch;
use super::super::data::bad_value;
use super::super::listing::{Datapoint, GetMetricStatistics, ListMetrics};
use super::super::metric::MetricId;
use super::super::statistic::Statistic;
use super::alarms::dimensions;
use super::codec::{Call, seconds, time};
use super::describe::wire_dimensions;

pub(super) fn list(
    engine: &CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_list_metrics_request)?;
    if input.include_linked_accounts == Some(true) || input.owning_account.is_some() {
        return Err(bad_value(
            "IncludeLinkedAccounts and OwningAccount: the embedded Region has one account".into(),
        ));
    }
    let recently_active = match input.recently_active.as_deref() {
        None => false,
        Some("PT3H") => true,
        Some(other) => {
            return Err(bad_value(format!(
                "RecentlyActive \"{other}\": expected PT3H"
            )));
        }
    };
    let filters = input.dimensions.into_iter().flatten();
    let query = ListMetrics {
        namespace: input.namespace,
        name: input.metric_name,
        dimensions: filters.map(|filter| (filter.name, filter.value)).collect(),
        recently_active,
        next_token: input.next_token,
    };
    let page = engine.list_metrics(&query, now)?;
    let metrics = page.items.into_iter().map(|metric| wire::Metric {
        dimensions: Some(wire_dimensions(metric)),
        metric_name: Some(metric.name.clone()),
        namespace: Some(metric.namespace.clone()),
    });
    let output = wire::ListMetricsOutput {
        metrics: Some(metrics.collect()),
        next_token: page.next_token,
        owning_accounts: None,
    };
    Ok(call.write(wire::serialize_list_metrics_response, &output))
}

pub(super) fn statistics(
    engine: &CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_get_metric_statistics_request)?;
    let stats = match (input.statistics, input.extended_statistics) {
        (Some(stats), None) | (None, Some(stats)) if !stats.is_empty() => stats,
        _ => {
            let message = "expected exactly one of Statistics and ExtendedStatistics";
            let code = "InvalidParameterCombinationException";
            return Err(ServiceError::new(400, code, message));
        }
    };
    let stats = stats.iter().map(|text| {
        let stat: Result<Statistic, _> = text.parse();
        stat.map_err(|error| bad_value(error.to_string()))
    });
    let period = u32::try_from(input.period);
    let request = GetMetricStatistics {
        metric: MetricId {
            namespace: input.namespace,
            name: input.metric_name.clone(),
            dimensions: dimensions(input.dimensions),
        },
        start: time("StartTime", input.start_time)?,
        end: time("EndTime", input.end_time)?,
        period: period.map_err(|_| bad_value(format!("Period is {}", input.period)))?,
        statistics: stats.collect::<Result<_, _>>()?,
    };
    let datapoints = engine.get_metric_statistics(&request, now)?;
    let unit = input.unit.unwrap_or_else(|| "None".to_owned());
    let output = wire::GetMetricStatisticsOutput {
        datapoints: Some(
            datapoints
                .into_iter()
                .map(|point| datapoint(point, &unit))
                .collect(),
        ),
        label: Some(input.metric_name),
    };
    Ok(call.write(wire::serialize_get_metric_statistics_response, &output))
}

fn datapoint((at, values): Datapoint, unit: &str) -> wire::Datapoint {
    let mut output = wire::Datapoint {
        timestamp: Some(seconds(at)),
        unit: Some(unit.to_owned()),
        ..wire::Datapoint::default()
    };
    for (stat, value) in values {
        match stat.as_str() {
            "Average" => output.average = Some(value),
            "Maximum" => output.maximum = Some(value),
            "Minimum" => output.minimum = Some(value),
            "SampleCount" => output.sample_count = Some(value),
            "Sum" => output.sum = Some(value),
            extended => {
                output
                    .extended_statistics
                    .get_or_insert_with(HashMap::new)
                    .insert(extended.to_owned(), value);
            }
        }
    }
    output
}
