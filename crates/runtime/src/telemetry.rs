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
    /// Failures. Dimensions: `Function`, `Class`.
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
        let line = line(metric, at, value, dimensions);
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

    /// Counts a failure of a function.
    pub fn failure(&self, function: &str, class: Class, at: Timestamp) {
        self.record(
            Metric::Failures,
            at,
            1.0,
            &[("Function", function), ("Class", class.name())],
        );
    }
}

fn line(metric: Metric, at: Timestamp, value: f64, dimensions: &[(&str, &str)]) -> Value {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let mut line = Map::from_iter([(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": [{"Name": metric.name(), "Unit": metric.unit()}],
            }],
        }),
    )]);
    let values: BTreeMap<&str, &str> = dimensions.iter().copied().collect();
    line.extend(
        values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value))),
    );
    line.insert(metric.name().to_owned(), json!(value));
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
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_512_000_250_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Evac",
                    "Dimensions": [["Function", "Class"]],
                    "Metrics": [{"Name": "Failures", "Unit": "Count"}],
                }],
            },
            "Function": "zonal-shift",
            "Class": "throttled",
            "Failures": 1.0,
        });
        assert_eq!(*lines.lock().unwrap(), [expected]);
    }
}
