//! Datapoints on the wire.

use jiff::Timestamp;
use winterbaume_cloudwatch::wire;
use winterbaume_core::MockResponse;

use crate::error::ServiceError;

use super::super::CloudWatch;
use super::super::data::{Datum, DatumValues, GetMetricData};
use super::super::metric::{Resolution, StatisticSet};
use super::super::query::Query;
use super::alarms::query;
use super::codec::{Call, seconds, time, time_if_given};
use super::describe::oldest_first;

pub(super) fn put(
    engine: &mut CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_put_metric_data_request)?;
    let entities = input.entity_metric_data.into_iter().flatten();
    let of_entities = entities.filter_map(|entity| entity.metric_data).flatten();
    let data = input.metric_data.into_iter().flatten().chain(of_entities);
    let data: Result<Vec<Datum>, ServiceError> = data.map(datum).collect();
    engine.put_metric_data(&input.namespace, data?, now)?;
    Ok(call.done(wire::serialize_put_metric_data_response))
}

fn datum(datum: wire::MetricDatum) -> Result<Datum, ServiceError> {
    let name = datum.metric_name;
    let combination = |what: &str| {
        let message = format!("metric \"{name}\": {what}");
        ServiceError::new(400, "InvalidParameterCombinationException", message)
    };
    let values = match (datum.value, datum.values, datum.statistic_values) {
        (Some(value), None, None) => DatumValues::Values(vec![(value, 1.0)]),
        (None, Some(values), None) => {
            let counts = datum.counts.unwrap_or_else(|| vec![1.0; values.len()]);
            if counts.len() != values.len() {
                return Err(combination("expected as many Counts as Values"));
            }
            DatumValues::Values(values.into_iter().zip(counts).collect())
        }
        (None, None, Some(set)) => DatumValues::Set(StatisticSet {
            sample_count: set.sample_count,
            sum: set.sum,
            minimum: set.minimum,
            maximum: set.maximum,
        }),
        _ => {
            return Err(combination(
                "expected exactly one of Value, Values and StatisticValues",
            ));
        }
    };
    let dimensions = datum.dimensions.into_iter().flatten();
    Ok(Datum {
        at: time_if_given("Timestamp", datum.timestamp)?,
        resolution: match datum.storage_resolution {
            Some(1) => Resolution::High,
            None | Some(60) => Resolution::Standard,
            Some(_) => return Err(combination("expected a StorageResolution of 1 or 60")),
        },
        dimensions: dimensions
            .map(|dimension| (dimension.name, dimension.value))
            .collect(),
        values,
        name,
    })
}

pub(super) fn get(
    engine: &CloudWatch,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = call.read(wire::deserialize_get_metric_data_request)?;
    let queries = input.metric_data_queries.into_iter().map(query);
    let queries: Result<Vec<Query>, ServiceError> = queries.collect();
    let request = GetMetricData {
        queries: queries?,
        start: time("StartTime", input.start_time)?,
        end: time("EndTime", input.end_time)?,
        oldest_first: oldest_first(input.scan_by.as_deref())?,
        max_datapoints: input.max_datapoints,
        next_token: input.next_token,
    };
    let data = engine.get_metric_data(&request, now)?;
    let results = data.results.into_iter().map(|result| {
        let (times, values) = result.datapoints.into_iter().unzip::<_, _, Vec<_>, _>();
        let code = if result.complete {
            "Complete"
        } else {
            "PartialData"
        };
        wire::MetricDataResult {
            id: Some(result.id),
            label: Some(result.label),
            messages: None,
            status_code: Some(code.to_owned()),
            timestamps: Some(times.into_iter().map(seconds).collect()),
            values: Some(values),
        }
    });
    let output = wire::GetMetricDataOutput {
        messages: Some(Vec::new()),
        metric_data_results: Some(results.collect()),
        next_token: data.next_token,
    };
    Ok(call.write(wire::serialize_get_metric_data_response, &output))
}
