//! Queries: metrics and expressions that name each other, as `GetMetricData` and metric math alarms
//! have them.
//!
//! A set of queries is checked as a whole when it arrives: ids, periods, what each expression names,
//! cycles, and whether the kinds of the operands fit. An accepted set can always be evaluated.
//!
//! Simplification: all metrics that one expression uses have the same period, as in alarms. An
//! expression without any metric has the period that it says, or one minute.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::data::MOST_DIMENSIONS;
use super::expression::{self, Environment, Expression, KindError, Value};
use super::grammar::SyntaxError;
use super::grid::{Grid, Series};
use super::insight::{InsightMetric, InsightStore};
use super::metric::{MetricId, MetricStore};
use super::statistic::Statistic;

/// A statistic of a metric over periods.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricStat {
    /// The metric.
    pub metric: MetricId,
    /// The length of a period in seconds.
    pub period: u32,
    /// The statistic.
    pub stat: Statistic,
    /// The unit. It is shown and not looked at.
    pub unit: Option<String>,
}

/// What a query asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A metric.
    Metric(MetricStat),
    /// Metric math over the other queries.
    Expression {
        /// The expression.
        text: String,
        /// The length of a period in seconds, for an expression without metrics.
        period: Option<u32>,
    },
}

/// One query of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What expressions call it: a lower-case letter, then letters, digits and underscores.
    pub id: String,
    /// What it asks for.
    pub source: Source,
    /// What people call it.
    pub label: Option<String>,
    /// Whether its values are asked for, or only what expressions make of them.
    pub return_data: bool,
}

/// Why a set of queries makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// An id that no expression could name.
    #[error(
        "\"{0}\" is not an id, expected a lower-case letter followed by letters, digits and underscores"
    )]
    Id(String),
    /// Two queries with one id.
    #[error("two queries have the id \"{0}\", expected one")]
    Twice(String),
    /// A period that CloudWatch does not have.
    #[error("period {1} of \"{0}\": expected 1, 5, 10, 20, 30 or a multiple of 60, up to 86400")]
    Period(String, u32),
    /// An expression whose metrics have different periods.
    #[error("\"{0}\" combines metrics with the periods {1} and {2}, expected one period")]
    Periods(String, u32, u32),
    /// A metric with more dimensions than there can be.
    #[error("\"{0}\" has {1} dimensions, expected at most {MOST_DIMENSIONS}")]
    Dimensions(String, usize),
    /// An expression that is empty or too long.
    #[error("expression \"{0}\" has {1} characters, expected 1 to 2048")]
    Length(String, usize),
    /// An expression that cannot be understood.
    #[error("expression \"{0}\": {1}")]
    Syntax(String, SyntaxError),
    /// An expression that names itself, perhaps by way of others.
    #[error("expression \"{0}\" depends on itself")]
    Cycle(String),
    /// An expression over operands that do not fit it.
    #[error("expression \"{0}\": {1}")]
    Kind(String, String),
}

/// A checked set of queries.
#[derive(Debug, Clone)]
pub(super) struct Queries {
    queries: Vec<Query>,
    expressions: Vec<Option<Expression>>,
    periods: Vec<u32>,
    /// The queries that each query names.
    uses: Vec<BTreeSet<usize>>,
    /// Every query after those that it names.
    order: Vec<usize>,
}

/// What queries are answered from.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) metrics: &'a MetricStore,
    pub(super) insight: &'a InsightStore,
    pub(super) now: Timestamp,
}

impl Queries {
    /// Checks a set of queries.
    pub(super) fn new(queries: Vec<Query>) -> Result<Self, QueryError> {
        let ids = ids(&queries)?;
        let expressions = queries.iter().map(parse);
        let expressions: Vec<Option<Expression>> = expressions.collect::<Result<_, _>>()?;
        let uses = uses(&queries, &expressions, &ids)?;
        let order = order(&queries, &uses)?;
        let periods = periods(&queries, &uses, &order)?;
        let queries = Self {
            queries,
            expressions,
            periods,
            uses,
            order,
        };
        for (index, query) in queries.queries.iter().enumerate() {
            queries
                .sketch(index)
                .map_err(|error| QueryError::Kind(query.id.clone(), error.to_string()))?;
        }
        Ok(queries)
    }

    pub(super) fn all(&self) -> &[Query] {
        &self.queries
    }

    /// The period of a query.
    pub(super) fn period(&self, index: usize) -> u32 {
        self.periods.get(index).copied().unwrap_or(60)
    }

    /// Whether a query's value is one series, as opposed to a number or several series.
    pub(super) fn is_single_series(&self, index: usize) -> bool {
        matches!(self.sketch(index), Ok(Value::Series(_)))
    }

    /// Evaluates one query, and those that it names, over a grid of its own period.
    pub(super) fn evaluate(
        &self,
        index: usize,
        grid: Grid,
        data: Data<'_>,
    ) -> Result<Value, KindError> {
        let mut needed = BTreeSet::from([index]);
        for user in self.order.iter().rev() {
            if needed.contains(user) {
                needed.extend(&self.uses[*user]);
            }
        }
        let mut scope = Scope {
            queries: self,
            values: vec![None; self.queries.len()],
            grid,
            data,
        };
        for &next in self.order.iter().filter(|next| needed.contains(next)) {
            let value = scope.query(next)?;
            if next == index {
                return Ok(value);
            }
            scope.values[next] = Some(value);
        }
        Ok(Value::Series(vec![None; grid.len]))
    }

    /// The value over no periods at all. Kinds do not depend on data, so this finds what does not
    /// fit before any data is there.
    fn sketch(&self, index: usize) -> Result<Value, KindError> {
        let data = Data {
            metrics: &MetricStore::default(),
            insight: &InsightStore::default(),
            now: Timestamp::UNIX_EPOCH,
        };
        self.evaluate(index, Grid::ending(0, 60, 0), data)
    }
}

/// The values of one evaluation.
struct Scope<'a> {
    queries: &'a Queries,
    values: Vec<Option<Value>>,
    grid: Grid,
    data: Data<'a>,
}

impl Scope<'_> {
    fn query(&self, index: usize) -> Result<Value, KindError> {
        let Data {
            metrics,
            insight: _,
            now,
        } = self.data;
        match (
            &self.queries.queries[index].source,
            &self.queries.expressions[index],
        ) {
            (Source::Metric(stat), _) => Ok(Value::Series(metrics.series(
                &stat.metric,
                &stat.stat,
                self.grid,
                now,
            ))),
            (Source::Expression { .. }, Some(expression)) => expression.evaluate(self),
            (Source::Expression { .. }, None) => Ok(Value::Series(vec![None; self.grid.len])),
        }
    }
}

impl Environment for Scope<'_> {
    fn value(&self, id: &str) -> Option<Value> {
        let queries = self.queries.queries.iter();
        let index = queries.clone().position(|query| query.id == id)?;
        self.values[index].clone()
    }

    fn metrics(&self, text: Option<&str>) -> Vec<Series> {
        let queries = self.queries.queries.iter().zip(&self.values);
        let chosen = queries.filter(|(query, _)| selected(query, text));
        chosen
            .filter_map(|(_, value)| match value {
                Some(Value::Series(series)) => Some(series.clone()),
                _ => None,
            })
            .collect()
    }

    fn insight(&self, rule: &str, metric: InsightMetric) -> Series {
        let Data {
            metrics: _,
            insight,
            now,
        } = self.data;
        insight.series(rule, metric, self.grid, now)
    }

    fn len(&self) -> usize {
        self.grid.len
    }

    fn period(&self) -> i64 {
        self.grid.period
    }
}

/// `METRICS` means metrics, and no expressions.
fn selected(query: &Query, text: Option<&str>) -> bool {
    matches!(query.source, Source::Metric(_)) && text.is_none_or(|text| query.id.contains(text))
}

fn ids(queries: &[Query]) -> Result<BTreeMap<&str, usize>, QueryError> {
    let mut ids = BTreeMap::new();
    for (index, query) in queries.iter().enumerate() {
        let id = &query.id;
        let word = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !word || id.len() > 255 || !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(QueryError::Id(id.clone()));
        }
        if ids.insert(id.as_str(), index).is_some() {
            return Err(QueryError::Twice(id.clone()));
        }
    }
    Ok(ids)
}

fn parse(query: &Query) -> Result<Option<Expression>, QueryError> {
    match &query.source {
        Source::Metric(stat) => match stat.metric.dimensions.len() {
            n if n > MOST_DIMENSIONS => Err(QueryError::Dimensions(query.id.clone(), n)),
            _ => Ok(None),
        },
        Source::Expression { text, .. } => {
            let length = text.chars().count();
            if length == 0 || length > expression::LONGEST {
                return Err(QueryError::Length(query.id.clone(), length));
            }
            let parsed = Expression::parse(text);
            parsed
                .map(Some)
                .map_err(|error| QueryError::Syntax(query.id.clone(), error))
        }
    }
}

/// The queries that each query needs.
fn uses(
    queries: &[Query],
    expressions: &[Option<Expression>],
    ids: &BTreeMap<&str, usize>,
) -> Result<Vec<BTreeSet<usize>>, QueryError> {
    let mut all = Vec::new();
    for (query, expression) in queries.iter().zip(expressions) {
        let mut uses = BTreeSet::new();
        if let Some(expression) = expression {
            for id in expression.ids() {
                let unknown = || {
                    let error = KindError::UnknownId(id.to_owned());
                    QueryError::Kind(query.id.clone(), error.to_string())
                };
                uses.insert(*ids.get(id).ok_or_else(unknown)?);
            }
            for text in expression.selections() {
                let chosen = queries.iter().enumerate();
                uses.extend(
                    chosen
                        .filter(|(_, q)| selected(q, text))
                        .map(|(index, _)| index),
                );
            }
        }
        all.push(uses);
    }
    Ok(all)
}

/// Queries whose needs are met come first. What is left over needs itself.
fn order(queries: &[Query], uses: &[BTreeSet<usize>]) -> Result<Vec<usize>, QueryError> {
    let mut order: Vec<usize> = Vec::new();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    while order.len() < queries.len() {
        let ready: Vec<usize> = (0..queries.len())
            .filter(|index| !done.contains(index) && uses[*index].is_subset(&done))
            .collect();
        if ready.is_empty() {
            let stuck = (0..queries.len()).find(|index| !done.contains(index));
            let id = stuck.map_or(String::new(), |index| queries[index].id.clone());
            return Err(QueryError::Cycle(id));
        }
        done.extend(&ready);
        order.extend(ready);
    }
    Ok(order)
}

fn periods(
    queries: &[Query],
    uses: &[BTreeSet<usize>],
    order: &[usize],
) -> Result<Vec<u32>, QueryError> {
    let mut periods = vec![0; queries.len()];
    for &index in order {
        let query = &queries[index];
        let said = match &query.source {
            Source::Metric(stat) => Some(stat.period),
            Source::Expression { period, .. } => *period,
        };
        if let Some(period) = said.filter(|period| !is_period(*period)) {
            return Err(QueryError::Period(query.id.clone(), period));
        }
        let mut of_uses = uses[index].iter().map(|used| periods[*used]);
        let first = of_uses.next();
        for other in of_uses {
            if let Some(first) = first.filter(|first| *first != other) {
                return Err(QueryError::Periods(query.id.clone(), first, other));
            }
        }
        periods[index] = first.or(said).unwrap_or(60);
    }
    Ok(periods)
}

/// Source: API reference, `MetricStat.Period`.
fn is_period(period: u32) -> bool {
    matches!(period, 1 | 5 | 10 | 20 | 30)
        || (period > 0 && period <= 86_400 && period.is_multiple_of(60))
}

#[cfg(test)]
mod tests {
    use super::super::metric::Resolution;
    use super::*;

    fn metric(id: &str, name: &str, period: u32) -> Query {
        Query {
            id: id.into(),
            source: Source::Metric(MetricStat {
                metric: MetricId::new("Zone", name),
                period,
                stat: "Sum".parse().unwrap(),
                unit: None,
            }),
            label: None,
            return_data: false,
        }
    }

    fn expression(id: &str, text: &str) -> Query {
        Query {
            id: id.into(),
            source: Source::Expression {
                text: text.into(),
                period: None,
            },
            label: None,
            return_data: true,
        }
    }

    fn refusal(queries: Vec<Query>) -> String {
        Queries::new(queries).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    }

    #[test]
    fn expressions_name_metrics_and_each_other_in_any_order() {
        let mut store = MetricStore::default();
        let zero = Timestamp::UNIX_EPOCH;
        for (name, value) in [("requests", 200.0), ("faults", 10.0)] {
            let id = MetricId::new("Zone", name);
            store.record(id, zero, Resolution::Standard, &[(value, 1.0)], zero);
        }
        let queries = Queries::new(vec![
            expression("percent", "rate * 100"),
            expression("rate", "faults / requests"),
            metric("faults", "faults", 60),
            metric("requests", "requests", 60),
            metric("slow", "requests", 300),
        ])
        .unwrap();
        let data = Data {
            metrics: &store,
            insight: &InsightStore::default(),
            now: zero,
        };
        let grid = Grid::covering(0, 120, 60);
        assert_eq!(
            queries.evaluate(0, grid, data),
            Ok(Value::Series(vec![Some(5.0), None]))
        );
        assert_eq!(queries.period(0), 60);
        assert_eq!(queries.period(4), 300);
    }

    #[test]
    fn a_set_that_makes_no_sense_is_refused_with_the_reason() {
        for (queries, expected) in [
            (
                vec![metric("M1", "a", 60)],
                "\"M1\" is not an id, expected a lower-case letter followed by letters, digits and underscores",
            ),
            (
                vec![metric("", "a", 60)],
                "\"\" is not an id, expected a lower-case letter followed by letters, digits and underscores",
            ),
            (
                vec![metric("m", "a", 60), metric("m", "b", 60)],
                "two queries have the id \"m\", expected one",
            ),
            (
                vec![metric("m", "a", 61)],
                "period 61 of \"m\": expected 1, 5, 10, 20, 30 or a multiple of 60, up to 86400",
            ),
            (
                vec![metric("m", "a", 0)],
                "period 0 of \"m\": expected 1, 5, 10, 20, 30 or a multiple of 60, up to 86400",
            ),
            (
                vec![
                    metric("m", "a", 60),
                    metric("n", "b", 300),
                    expression("e", "m + n"),
                ],
                "\"e\" combines metrics with the periods 60 and 300, expected one period",
            ),
            (
                vec![expression("e", "")],
                "expression \"e\" has 0 characters, expected 1 to 2048",
            ),
            (
                vec![expression("e", "m")],
                "expression \"e\": unknown id \"m\"",
            ),
            (
                vec![expression("e", "f + 1"), expression("f", "e + 1")],
                "expression \"e\" depends on itself",
            ),
            (
                vec![metric("m", "a", 60), expression("e", "m +")],
                "expression \"e\": at character 4: expected a number, an id, a function, a bracket or a parenthesis, found the end",
            ),
            (
                vec![metric("m", "a", 60), expression("e", "SUM(1)")],
                "expression \"e\": Sum of a number: expected time series, such as SUM([m1, m2])",
            ),
        ] {
            assert_eq!(refusal(queries), expected);
        }
    }

    #[test]
    fn only_a_single_series_can_be_compared_with_a_threshold() {
        let queries = Queries::new(vec![
            metric("m", "a", 60),
            expression("number", "1 + 1"),
            expression("several", "METRICS()"),
            expression("one", "SUM(METRICS())"),
        ])
        .unwrap();
        let single: Vec<bool> = (0..4)
            .map(|index| queries.is_single_series(index))
            .collect();
        assert_eq!(single, [true, false, false, true]);
    }

    #[test]
    fn metrics_means_the_metrics_and_not_the_expressions() {
        let queries = Queries::new(vec![
            metric("m", "a", 60),
            expression("twice", "m * 2"),
            expression("all", "METRICS()"),
        ])
        .unwrap();
        let data = Data {
            metrics: &MetricStore::default(),
            insight: &InsightStore::default(),
            now: Timestamp::UNIX_EPOCH,
        };
        let value = queries.evaluate(2, Grid::covering(0, 60, 60), data);
        assert_eq!(value, Ok(Value::Array(vec![vec![None]])));
    }
}
