//! Metrics in lines that functions print: the embedded metric format.
//!
//! Source: CloudWatch user guide, "Specification: Embedded metric format".

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::MetricId;

/// What a line says of one metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Printed {
    /// The metric.
    pub(crate) metric: MetricId,
    /// When it was measured.
    pub(crate) at: Timestamp,
    /// Its values, each observed once.
    pub(crate) values: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_aws")]
    aws: Metadata,
    #[serde(flatten)]
    members: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    dimensions: Vec<Vec<String>>,
    metrics: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
}

/// The metrics in a line; none where it is not in the format. What a line refers to and does not have is
/// left out, as CloudWatch does.
pub(crate) fn metrics_in(line: &str) -> Vec<Printed> {
    let Ok(line) = serde_json::from_str::<Line>(line) else {
        return Vec::new();
    };
    let Ok(at) = Timestamp::from_millisecond(line.aws.timestamp) else {
        return Vec::new();
    };
    let mut printed = Vec::new();
    for directive in &line.aws.cloud_watch_metrics {
        for names in &directive.dimensions {
            let dimension = |name: &String| {
                let value = line.members.get(name)?.as_str()?;
                Some((name.clone(), value.to_owned()))
            };
            let dimensions: Option<BTreeMap<_, _>> = names.iter().map(dimension).collect();
            let Some(dimensions) = dimensions else {
                continue;
            };
            for Definition { name } in &directive.metrics {
                let values = match line.members.get(name) {
                    Some(Value::Array(values)) => values.iter().filter_map(Value::as_f64).collect(),
                    Some(value) => value.as_f64().into_iter().collect(),
                    None => Vec::new(),
                };
                let metric = MetricId {
                    namespace: directive.namespace.clone(),
                    name: name.clone(),
                    dimensions: dimensions.clone(),
                };
                let values: Vec<f64> = values;
                let values = values.into_iter().map(|value| (value, 1.0)).collect();
                printed.push(Printed { metric, at, values });
            }
        }
    }
    printed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line() -> Value {
        json!({
            "_aws": {"Timestamp": 1_768_446_030_000_i64, "CloudWatchMetrics": [{
                "Namespace": "Evac/Canary",
                "Dimensions": [["Workload", "ZoneId"], ["Workload"]],
                "Metrics": [{"Name": "Requests", "Unit": "Count"}, {"Name": "Latency"}],
            }]},
            "Workload": "wildrydes",
            "ZoneId": "use1-az1",
            "Requests": 20.0,
            "Latency": [12, 14.5],
            "Other": 1,
        })
    }

    fn found(line: &Value) -> Vec<(String, usize, Vec<f64>)> {
        let printed = metrics_in(&line.to_string());
        printed
            .into_iter()
            .map(|one| {
                let values = one.values.iter().map(|(value, _)| *value).collect();
                (one.metric.name, one.metric.dimensions.len(), values)
            })
            .collect()
    }

    #[test]
    fn a_line_has_each_metric_by_each_set_of_dimensions() {
        let [requests, latency] = [("Requests", vec![20.0]), ("Latency", vec![12.0, 14.5])];
        let of = |(name, values): &(&str, Vec<f64>), by| ((*name).to_owned(), by, values.clone());
        assert_eq!(
            found(&line()),
            [
                of(&requests, 2),
                of(&latency, 2),
                of(&requests, 1),
                of(&latency, 1)
            ]
        );
        let first = &metrics_in(&line().to_string())[0];
        assert_eq!(first.at.to_string(), "2026-01-15T03:00:30Z");
        assert_eq!(first.metric.namespace, "Evac/Canary");
        assert_eq!(first.metric.dimensions["ZoneId"], "use1-az1");
    }

    #[test]
    fn what_a_line_does_not_have_is_left_out() {
        let mut without_zone = line();
        without_zone["ZoneId"] = Value::Null;
        assert!(found(&without_zone).iter().all(|(_, by, _)| *by == 1));
        let mut without_value = line();
        without_value["Requests"] = json!("many");
        let requests = found(&without_value);
        assert_eq!(requests[0], ("Requests".to_owned(), 2, vec![]));
        for other in ["START RequestId", "{}", r#"{"_aws": {"Timestamp": 1}}"#] {
            assert_eq!(metrics_in(other), []);
        }
    }
}
