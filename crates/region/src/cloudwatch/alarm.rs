//! Metric alarms: one metric, or metric math with one result, against a threshold.
//!
//! An alarm starts in INSUFFICIENT_DATA and is evaluated from its next turn on. Its state, reason and
//! times change only when the value does: ten minutes in ALARM are one transition.
//! Changing an alarm's configuration leaves its state as it is until the next evaluation.
//!
//! Simplifications: tags and the treatment of percentiles with few samples are accepted and not used;
//! an alarm cannot look further back than the Region keeps metrics.

use jiff::Timestamp;

use crate::error::ServiceError;

use super::expression::Value;
use super::grid::{Grid, Series};
use super::metric::RETENTION;
use super::query::{Data, MetricStat, Queries, Query, Source};
use super::reason::Finding;
use super::state::AlarmState;
use super::threshold::Threshold;

/// What happens on a transition. The embedded Region performs no actions itself: EventBridge hears of
/// every transition, whether there are actions, and whether they are enabled or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    /// Whether the actions are enabled.
    pub enabled: bool,
    /// ARNs for a transition to OK.
    pub ok: Vec<String>,
    /// ARNs for a transition to ALARM.
    pub alarm: Vec<String>,
    /// ARNs for a transition to INSUFFICIENT_DATA.
    pub insufficient_data: Vec<String>,
}

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq)]
pub enum Watch {
    /// One metric.
    Metric(MetricStat),
    /// Metric math. Exactly one query returns data, and it is a single time series.
    Math(Vec<Query>),
}

/// The configuration of a metric alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricAlarmConfig {
    /// The name, one in the account and Region.
    pub name: String,
    /// The description. It travels in the alarm's events.
    pub description: Option<String>,
    /// What happens on a transition.
    pub actions: Actions,
    /// What is watched.
    pub watch: Watch,
    /// When it is an ALARM.
    pub threshold: Threshold,
}

/// A metric alarm with its state.
#[derive(Debug, Clone)]
pub struct MetricAlarm {
    config: MetricAlarmConfig,
    queries: Queries,
    /// Which query is compared with the threshold.
    result: usize,
    pub(super) state: AlarmState,
    configured: Timestamp,
}

/// CloudWatch's limits. Source: API reference, `PutMetricAlarm`.
const LONGEST_NAME: usize = 255;
const LONGEST_DESCRIPTION: usize = 1024;
const MOST_ACTIONS: usize = 5;
const LONGEST_EVALUATION: u32 = 86_400;

/// A refusal of a request that breaks the constraints of an operation.
pub(super) fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationError", message)
}

/// Checks what metric alarms and composite alarms share.
pub(super) fn check_common(
    name: &str,
    description: Option<&str>,
    actions: &Actions,
) -> Result<(), ServiceError> {
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        return Err(invalid(format!(
            "AlarmName has {length} characters, expected 1 to {LONGEST_NAME}"
        )));
    }
    let length = description.unwrap_or_default().chars().count();
    if length > LONGEST_DESCRIPTION {
        return Err(invalid(format!(
            "AlarmDescription has {length} characters, expected at most {LONGEST_DESCRIPTION}"
        )));
    }
    for (field, arns) in [
        ("OKActions", &actions.ok),
        ("AlarmActions", &actions.alarm),
        ("InsufficientDataActions", &actions.insufficient_data),
    ] {
        if arns.len() > MOST_ACTIONS {
            let n = arns.len();
            return Err(invalid(format!(
                "{field} has {n} members, expected at most {MOST_ACTIONS}"
            )));
        }
    }
    Ok(())
}

impl MetricAlarm {
    pub(super) fn new(config: MetricAlarmConfig, now: Timestamp) -> Result<Self, ServiceError> {
        check_common(&config.name, config.description.as_deref(), &config.actions)?;
        let queries = match &config.watch {
            Watch::Metric(stat) => vec![Query {
                id: "m".to_owned(),
                source: Source::Metric(stat.clone()),
                label: None,
                return_data: true,
            }],
            Watch::Math(queries) => queries.clone(),
        };
        let queries = Queries::new(queries).map_err(|error| invalid(error.to_string()))?;
        let result = result(&queries)?;
        check_periods(queries.period(result), &config.threshold)?;
        Ok(Self {
            config,
            queries,
            result,
            state: AlarmState::new(now),
            configured: now,
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &MetricAlarmConfig {
        &self.config
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &AlarmState {
        &self.state
    }

    /// When the alarm was last created or changed.
    #[must_use]
    pub fn configured(&self) -> Timestamp {
        self.configured
    }

    /// The length of a period in seconds.
    #[must_use]
    pub fn period(&self) -> u32 {
        self.queries.period(self.result)
    }

    /// The state after an evaluation of the periods before the second `end`, if it is another.
    pub(super) fn evaluate(&self, end: i64, data: Data<'_>) -> Option<AlarmState> {
        let threshold = &self.config.threshold;
        let grid = Grid::ending(end, self.period(), threshold.range());
        let range: Series = match self.queries.evaluate(self.result, grid, data) {
            Ok(Value::Series(series)) => series,
            // The kinds were checked when the alarm was put.
            Ok(_) | Err(_) => vec![None; grid.len],
        };
        let judgement = threshold.judge(&range);
        let state = judgement.state?;
        if state == self.state.value {
            return None;
        }
        let samples = match &self.config.watch {
            Watch::Metric(stat) => Some((stat, samples(stat, grid, data))),
            Watch::Math(_) => None,
        };
        let finding = Finding {
            threshold,
            state,
            judgement: &judgement,
            range: &range,
            grid,
            now: data.now,
            metric: samples
                .as_ref()
                .map(|(stat, samples)| (*stat, &samples[..])),
        };
        Some(self.state.followed_by(
            state,
            finding.sentence(),
            Some(finding.document()),
            data.now,
        ))
    }
}

fn samples(stat: &MetricStat, grid: Grid, data: Data<'_>) -> Series {
    match "SampleCount".parse() {
        Ok(count) => data.metrics.series(&stat.metric, &count, grid, data.now),
        Err(_) => vec![None; grid.len],
    }
}

/// The one query that returns data.
fn result(queries: &Queries) -> Result<usize, ServiceError> {
    let returning = queries.all().iter().enumerate();
    let returning: Vec<usize> = returning
        .filter(|(_, query)| query.return_data)
        .map(|(index, _)| index)
        .collect();
    let [result] = returning[..] else {
        let n = returning.len();
        return Err(invalid(format!(
            "{n} members of Metrics have ReturnData, expected exactly one"
        )));
    };
    if !queries.is_single_series(result) {
        let id = queries.all().get(result).map_or("", |query| &query.id);
        return Err(invalid(format!(
            "\"{id}\" is not a single time series, expected one to compare with the threshold"
        )));
    }
    Ok(result)
}

fn check_periods(period: u32, threshold: &Threshold) -> Result<(), ServiceError> {
    if matches!(period, 1 | 5) {
        return Err(invalid(format!(
            "Period {period} is not valid for an alarm, expected 10, 20, 30 or a multiple of 60"
        )));
    }
    let periods = threshold.evaluation_periods;
    if periods == 0 {
        return Err(invalid("EvaluationPeriods is 0, expected at least 1"));
    }
    let enough = threshold.enough();
    if enough == 0 || enough > periods {
        return Err(invalid(format!(
            "DatapointsToAlarm is {enough}, expected 1 to EvaluationPeriods ({periods})"
        )));
    }
    if !threshold.value.is_finite() {
        return Err(invalid("Threshold is not a number"));
    }
    let length = periods.saturating_mul(period);
    if length > LONGEST_EVALUATION {
        return Err(invalid(format!(
            "EvaluationPeriods times Period is {length} s, expected at most {LONGEST_EVALUATION}"
        )));
    }
    let range = i64::from(threshold.range()) * i64::from(period);
    if range > RETENTION.as_secs() {
        return Err(invalid(format!(
            "the alarm looks back {range} s, but the embedded Region keeps metrics for {} s only; use fewer or shorter periods",
            RETENTION.as_secs()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::insight::InsightStore;
    use super::super::metric::{MetricId, MetricStore, Resolution};
    use super::super::state::StateValue;
    use super::super::threshold::{Comparison, MissingData};
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn config() -> MetricAlarmConfig {
        MetricAlarmConfig {
            name: "use1-az1-faults".into(),
            description: None,
            actions: Actions::default(),
            watch: Watch::Metric(MetricStat {
                metric: MetricId::new("Zone", "Faults"),
                period: 60,
                stat: "Sum".parse().unwrap(),
                unit: None,
            }),
            threshold: Threshold {
                comparison: Comparison::Greater,
                value: 5.0,
                evaluation_periods: 3,
                datapoints_to_alarm: Some(2),
                missing_data: Some(MissingData::NotBreaching),
            },
        }
    }

    fn refusal(change: impl FnOnce(&mut MetricAlarmConfig)) -> String {
        let mut config = config();
        change(&mut config);
        let refused = MetricAlarm::new(config, second(0)).unwrap_err();
        assert_eq!((refused.status, refused.code), (400, "ValidationError"));
        refused.message
    }

    #[test]
    fn an_alarm_tells_only_of_a_state_that_is_another() {
        let mut store = MetricStore::default();
        let metric = MetricId::new("Zone", "Faults");
        for minute in 0..3 {
            let at = second(minute * 60);
            store.record(metric.clone(), at, Resolution::Standard, &[(9.0, 1.0)], at);
        }
        let data = Data {
            metrics: &store,
            insight: &InsightStore::default(),
            now: second(210),
        };
        let mut alarm = MetricAlarm::new(config(), second(0)).unwrap();
        let state = alarm.evaluate(180, data).unwrap();
        assert_eq!(state.value, StateValue::Alarm);
        assert_eq!(
            (state.updated, state.transitioned),
            (second(210), second(210))
        );
        alarm.state = state;
        assert_eq!(alarm.evaluate(180, data), None);
    }

    #[test]
    fn a_configuration_that_makes_no_sense_is_refused() {
        assert_eq!(
            refusal(|alarm| alarm.name.clear()),
            "AlarmName has 0 characters, expected 1 to 255"
        );
        assert_eq!(
            refusal(|alarm| alarm.name = "a".repeat(256)),
            "AlarmName has 256 characters, expected 1 to 255"
        );
        assert_eq!(
            refusal(|alarm| alarm.description = Some("d".repeat(1025))),
            "AlarmDescription has 1025 characters, expected at most 1024"
        );
        assert_eq!(
            refusal(|alarm| alarm.actions.alarm = vec![String::new(); 6]),
            "AlarmActions has 6 members, expected at most 5"
        );
        assert_eq!(
            refusal(|alarm| alarm.threshold.evaluation_periods = 0),
            "EvaluationPeriods is 0, expected at least 1"
        );
        assert_eq!(
            refusal(|alarm| alarm.threshold.datapoints_to_alarm = Some(4)),
            "DatapointsToAlarm is 4, expected 1 to EvaluationPeriods (3)"
        );
        assert_eq!(
            refusal(|alarm| alarm.threshold.value = f64::NAN),
            "Threshold is not a number"
        );
        assert_eq!(
            refusal(|alarm| alarm.threshold.evaluation_periods = 1441),
            "EvaluationPeriods times Period is 86460 s, expected at most 86400"
        );
        assert_eq!(
            refusal(|alarm| alarm.threshold.evaluation_periods = 359),
            "the alarm looks back 21660 s, but the embedded Region keeps metrics for 21600 s only; use fewer or shorter periods"
        );
    }

    fn query(id: &str, text: &str, return_data: bool) -> Query {
        Query {
            id: id.into(),
            source: Source::Expression {
                text: text.into(),
                period: Some(60),
            },
            label: None,
            return_data,
        }
    }

    #[test]
    fn metric_math_returns_one_time_series() {
        let insight = "INSIGHT_RULE_METRIC('errors', 'UniqueContributors')";
        assert_eq!(
            refusal(|alarm| alarm.watch = Watch::Math(vec![])),
            "0 members of Metrics have ReturnData, expected exactly one"
        );
        assert_eq!(
            refusal(|alarm| {
                let queries = vec![query("a", insight, true), query("b", insight, true)];
                alarm.watch = Watch::Math(queries);
            }),
            "2 members of Metrics have ReturnData, expected exactly one"
        );
        assert_eq!(
            refusal(|alarm| alarm.watch = Watch::Math(vec![query("a", "1 + 1", true)])),
            "\"a\" is not a single time series, expected one to compare with the threshold"
        );
        assert_eq!(
            refusal(|alarm| alarm.watch = Watch::Math(vec![query("a", "RATE(m)", true)])),
            "expression \"a\": at character 1: expected one of SUM, AVG, MIN, MAX, FILL, IF, ABS, CEIL, FLOOR, PERIOD, METRICS and INSIGHT_RULE_METRIC (the embedded Region has no other function), found \"RATE(m)\""
        );
    }
}
