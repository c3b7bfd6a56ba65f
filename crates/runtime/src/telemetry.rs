//! Logs and metrics, both as lines on standard output, where Lambda picks them up.
//!
//! A log line is JSON with the fields of the event beside its message. A metric is a line in
//! CloudWatch's embedded metric format, so that it costs no call on the fast path.
//!
//! Source: CloudWatch user guide, "Specification: Embedded metric format".

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use domain::failure::Class;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;

/// The namespace of Evac's own metrics.
pub const NAMESPACE: &str = "Evac";

/// Evac's metrics, each with its unit and its dimensions. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Milliseconds from the alarm's transition to the moment that the shift was in effect.
    /// Dimension: `Workload`.
    TimeToShift,
    /// Verdicts. Dimensions: `Workload`, `Verdict`.
    Verdicts,
    /// What would fail in an incident, as the tick finds it in peacetime. Dimension: `Workload`.
    Unready,
    /// Failures. Dimensions: `Function`, `Class`; and `Function`, `Disposition`.
    Failures,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::TimeToShift => "TimeToShift",
            Self::Verdicts => "Verdicts",
            Self::Unready => "Unready",
            Self::Failures => "Failures",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::TimeToShift => "Milliseconds",
            Self::Verdicts | Self::Unready | Self::Failures => "Count",
        }
    }
}

/// Writes metrics.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// Where the lines are kept instead of being printed, for tests.
    kept: Option<Arc<Mutex<Vec<Value>>>>,
}

impl Meter {
    /// A meter that prints.
    #[must_use]
    pub fn printing() -> Self {
        Self::default()
    }

    /// A meter that keeps its lines, and the lines.
    #[must_use]
    pub fn keeping() -> (Self, Arc<Mutex<Vec<Value>>>) {
        let kept = Arc::new(Mutex::new(Vec::new()));
        (
            Self {
                kept: Some(Arc::clone(&kept)),
            },
            kept,
        )
    }

    /// Writes one value of one metric.
    pub fn record(&self, metric: Metric, at: Timestamp, value: f64, dimensions: &[(&str, &str)]) {
        let values = [(metric.name(), metric.unit(), value)];
        self.write(NAMESPACE, at, &values, dimensions);
    }

    /// Writes values with their names and units, all with the same dimensions, in a namespace of
    /// their own.
    pub fn write(
        &self,
        namespace: &str,
        at: Timestamp,
        values: &[(&str, &str, f64)],
        dimensions: &[(&str, &str)],
    ) {
        let line = line(namespace, at, values, dimensions);
        match &self.kept {
            // Lambda reads standard output; where nobody does, nothing is measured.
            None => drop(writeln!(std::io::stdout(), "{line}")),
            Some(kept) => {
                if let Ok(mut kept) = kept.lock() {
                    kept.push(line);
                }
            }
        }
    }

    /// Counts a failure of a function: by its class, and by what is to be done about it, so that an
    /// alarm need not know the classes that a person has to mend.
    pub fn failure(&self, function: &str, class: Class, at: Timestamp) {
        let disposition = class.disposition().name();
        for by in [("Class", class.name()), ("Disposition", disposition)] {
            self.record(Metric::Failures, at, 1.0, &[("Function", function), by]);
        }
    }
}

fn line(
    namespace: &str,
    at: Timestamp,
    values: &[(&str, &str, f64)],
    dimensions: &[(&str, &str)],
) -> Value {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let metrics: Vec<Value> = values
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line = Map::from_iter([(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": [names],
                "Metrics": metrics,
            }],
        }),
    )]);
    let dimensions: BTreeMap<&str, &str> = dimensions.iter().copied().collect();
    line.extend(
        dimensions
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value))),
    );
    line.extend(
        values
            .iter()
            .map(|(name, _, value)| ((*name).to_owned(), json!(value))),
    );
    Value::Object(line)
}

/// Starts logging in JSON to standard output, from level info on.
pub fn start_logging() {
    // A second start, as in tests, keeps the first.
    let _ = tracing::subscriber::set_global_default(log_to(std::io::stdout));
}

/// The log, for tests, and the bytes of its lines.
#[must_use]
pub fn keeping_log() -> (impl Subscriber, Arc<Mutex<Vec<u8>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeper = Keeper(Arc::clone(&kept));
    (log_to(move || keeper.clone()), kept)
}

fn log_to<W>(writer: W) -> impl Subscriber
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(writer)
        .finish()
}

#[derive(Clone)]
struct Keeper(Arc<Mutex<Vec<u8>>>);

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Ok(mut kept) = self.0.lock() {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_line_in_the_embedded_format() {
        let (meter, lines) = Meter::keeping();
        let at = "2026-11-24T09:20:00.250Z".parse().unwrap();
        meter.failure("zonal-shift", Class::Throttled, at);
        let expected = [("Class", "throttled"), ("Disposition", "retry")].map(|(by, value)| {
            json!({
                "_aws": {
                    "Timestamp": 1_795_512_000_250_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Evac",
                        "Dimensions": [["Function", by]],
                        "Metrics": [{"Name": "Failures", "Unit": "Count"}],
                    }],
                },
                "Function": "zonal-shift",
                by: value,
                "Failures": 1.0,
            })
        });
        assert_eq!(*lines.lock().unwrap(), expected);
    }
}
