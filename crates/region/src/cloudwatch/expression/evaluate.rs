//! Evaluation of metric math over a grid of periods.

use super::super::grid::Series;
use super::super::insight::InsightMetric;
use super::value::{Value, apply};
use super::{Expression, Function, Operator};

/// Where an expression finds its operands. All series have the same length.
pub(in super::super) trait Environment {
    /// The value of a metric or of another expression.
    fn value(&self, id: &str) -> Option<Value>;
    /// The metrics of the request, or those with this text in their id.
    fn metrics(&self, text: Option<&str>) -> Vec<Series>;
    /// A metric of a Contributor Insights rule.
    fn insight(&self, rule: &str, metric: InsightMetric) -> Series;
    /// How many periods a series has.
    fn len(&self) -> usize;
    /// How long a period is, in seconds.
    fn period(&self) -> i64;
}

/// Why the kinds of the operands do not fit. It depends on the expression alone and not on the
/// data, so that an evaluation over no periods at all finds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum KindError {
    #[error("unknown id \"{0}\"")]
    UnknownId(String),
    #[error("{0:?} between {1} and {2}: expected numbers and time series")]
    Operands(Operator, &'static str, &'static str),
    #[error("{0:?} of {1}: expected {2}")]
    Argument(Function, &'static str, &'static str),
    #[error("{0} in brackets: expected time series")]
    Item(&'static str),
}

impl Expression {
    /// Evaluates the expression at every period.
    pub(in super::super) fn evaluate(&self, env: &impl Environment) -> Result<Value, KindError> {
        match self {
            Self::Number(number) => Ok(Value::Scalar(Some(*number))),
            Self::Id(id) => env
                .value(id)
                .ok_or_else(|| KindError::UnknownId(id.clone())),
            Self::Array(items) => array(items, env),
            Self::Metrics(text) => Ok(Value::Array(env.metrics(text.as_deref()))),
            Self::Insight { rule, metric } => Ok(Value::Series(env.insight(rule, *metric))),
            Self::Negate(inner) => Ok(inner.evaluate(env)?.map(|value| -value)),
            Self::Chain(first, rest) => {
                let mut left = first.evaluate(env)?;
                for (operator, right) in rest {
                    left = combine(*operator, &left, &right.evaluate(env)?)?;
                }
                Ok(left)
            }
            Self::Call(function, arguments) => {
                let arguments: Result<Vec<Value>, KindError> =
                    arguments.iter().map(|each| each.evaluate(env)).collect();
                call(*function, arguments?, env)
            }
        }
    }
}

fn array(items: &[Expression], env: &impl Environment) -> Result<Value, KindError> {
    let mut array = Vec::new();
    for item in items {
        match item.evaluate(env)? {
            Value::Series(series) => array.push(series),
            Value::Array(more) => array.extend(more),
            scalar @ Value::Scalar(_) => return Err(KindError::Item(scalar.kind())),
        }
    }
    Ok(Value::Array(array))
}

fn combine(operator: Operator, left: &Value, right: &Value) -> Result<Value, KindError> {
    let each = |array: &[Series], pair: &dyn Fn(Value) -> Series| {
        let array = array.iter().cloned().map(Value::Series);
        Value::Array(array.map(pair).collect())
    };
    match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => Ok(Value::Scalar(apply(operator, false, *a, *b))),
        (Value::Scalar(_) | Value::Series(_), Value::Scalar(_) | Value::Series(_)) => {
            Ok(Value::Series(pair(operator, left, right)))
        }
        (Value::Array(array), Value::Scalar(_) | Value::Series(_)) if operator.is_arithmetic() => {
            Ok(each(array, &|item| pair(operator, &item, right)))
        }
        (Value::Scalar(_) | Value::Series(_), Value::Array(array)) if operator.is_arithmetic() => {
            Ok(each(array, &|item| pair(operator, left, &item)))
        }
        (Value::Array(_), _) | (_, Value::Array(_)) => {
            Err(KindError::Operands(operator, left.kind(), right.kind()))
        }
    }
}

/// Applies an operator at every time of two operands, at least one of them a series.
fn pair(operator: Operator, left: &Value, right: &Value) -> Series {
    let (len, both) = match (left, right) {
        (Value::Series(left), Value::Series(_)) => (left.len(), true),
        (Value::Series(one), _) | (_, Value::Series(one)) => (one.len(), false),
        _ => (0, false),
    };
    (0..len)
        .map(|index| apply(operator, both, left.at(index), right.at(index)))
        .collect()
}

fn call(
    function: Function,
    arguments: Vec<Value>,
    env: &impl Environment,
) -> Result<Value, KindError> {
    let mut arguments = arguments.into_iter();
    let Some(first) = arguments.next() else {
        return Err(KindError::Argument(function, "nothing", "an argument"));
    };
    match function {
        Function::Sum => statistic(function, first, env.len(), |values, _| values.iter().sum()),
        Function::Average => statistic(function, first, env.len(), |values, len| {
            values.iter().sum::<f64>() / len as f64
        }),
        Function::Minimum => statistic(function, first, env.len(), |values, _| {
            values.iter().copied().fold(f64::INFINITY, f64::min)
        }),
        Function::Maximum => statistic(function, first, env.len(), |values, _| {
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        }),
        Function::Absolute => Ok(first.map(f64::abs)),
        Function::Ceiling => Ok(first.map(f64::ceil)),
        Function::Floor => Ok(first.map(f64::floor)),
        Function::Period => match first {
            // Every series of an expression has the same period.
            Value::Series(_) => Ok(Value::Scalar(Some(env.period() as f64))),
            of => Err(KindError::Argument(function, of.kind(), "one time series")),
        },
        Function::Fill => match arguments.next() {
            Some(filler) => fill(first, &filler),
            None => Err(KindError::Argument(function, first.kind(), "a filler")),
        },
        Function::If => match arguments.next() {
            Some(then) => choose(&first, &then, arguments.next().as_ref(), env.len()),
            None => Err(KindError::Argument(function, first.kind(), "a value")),
        },
    }
}

fn statistic(
    function: Function,
    of: Value,
    len: usize,
    statistic: impl Fn(&[f64], usize) -> f64,
) -> Result<Value, KindError> {
    match of {
        Value::Scalar(_) => Err(KindError::Argument(
            function,
            of.kind(),
            "time series, such as SUM([m1, m2])",
        )),
        of => Ok(of.reduce(len, statistic)),
    }
}

fn fill(of: Value, filler: &Value) -> Result<Value, KindError> {
    if let Value::Array(_) = filler {
        let expected = "a number or a time series to fill with";
        return Err(KindError::Argument(Function::Fill, filler.kind(), expected));
    }
    let filled = |series: Series| -> Series {
        let each = series.into_iter().enumerate();
        each.map(|(index, value)| value.or(filler.at(index)))
            .collect()
    };
    match of {
        Value::Scalar(_) => Err(KindError::Argument(
            Function::Fill,
            of.kind(),
            "time series to fill",
        )),
        Value::Series(series) => Ok(Value::Series(filled(series))),
        Value::Array(array) => Ok(Value::Array(array.into_iter().map(filled).collect())),
    }
}

fn choose(
    condition: &Value,
    then: &Value,
    otherwise: Option<&Value>,
    len: usize,
) -> Result<Value, KindError> {
    for value in [Some(condition), Some(then), otherwise]
        .into_iter()
        .flatten()
    {
        if let Value::Array(_) = value {
            let expected = "numbers and single time series";
            return Err(KindError::Argument(Function::If, value.kind(), expected));
        }
    }
    let at = |index: usize| {
        let otherwise_at = || otherwise.and_then(|value| value.at(index));
        match condition.at(index) {
            Some(truth) if truth != 0.0 => match then {
                // A scalar condition selects the whole series, gaps included.
                Value::Series(_) if matches!(condition, Value::Series(_)) => {
                    Some(then.at(index).unwrap_or(0.0))
                }
                _ => then.at(index),
            },
            Some(_) => otherwise_at(),
            None if matches!(otherwise, Some(Value::Scalar(_))) => otherwise_at(),
            None => None,
        }
    };
    Ok(Value::Series((0..len).map(at).collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const M: Option<f64> = None;

    fn some(values: &[f64]) -> Series {
        values.iter().copied().map(Some).collect()
    }

    /// A request of five periods.
    struct Request(BTreeMap<&'static str, Series>);

    impl Environment for Request {
        fn value(&self, id: &str) -> Option<Value> {
            self.0.get(id).cloned().map(Value::Series)
        }

        fn metrics(&self, text: Option<&str>) -> Vec<Series> {
            let wanted = |id: &str| text.is_none_or(|text| id.contains(text));
            let series = self.0.iter().filter(|(id, _)| wanted(id));
            series.map(|(_, series)| series.clone()).collect()
        }

        fn insight(&self, rule: &str, _: InsightMetric) -> Series {
            vec![(rule == "errors").then_some(2.0); 5]
        }

        fn period(&self) -> i64 {
            60
        }

        fn len(&self) -> usize {
            5
        }
    }

    fn request() -> Request {
        Request(BTreeMap::from([
            ("full", some(&[1.0, 2.0, 3.0, 4.0, 5.0])),
            ("gaps", vec![Some(10.0), M, Some(0.0), M, Some(-2.5)]),
            ("cond", vec![Some(1.0), Some(1.0), Some(0.0), Some(0.0), M]),
            (
                "then",
                vec![Some(30.0), M, Some(0.0), Some(0.0), Some(30.0)],
            ),
            (
                "other",
                vec![Some(0.0), Some(0.0), Some(20.0), M, Some(20.0)],
            ),
        ]))
    }

    fn value(text: &str) -> Result<Value, KindError> {
        Expression::parse(text).unwrap().evaluate(&request())
    }

    #[track_caller]
    fn check(text: &str, expected: &[Option<f64>]) {
        assert_eq!(value(text), Ok(Value::Series(expected.to_vec())), "{text}");
    }

    #[test]
    fn arithmetic_drops_what_is_missing_on_either_side() {
        check("full + gaps", &[Some(11.0), M, Some(3.0), M, Some(2.5)]);
        check("gaps - 1", &[Some(9.0), M, Some(-1.0), M, Some(-3.5)]);
        check("-gaps * 2", &[Some(-20.0), M, Some(0.0), M, Some(5.0)]);
    }

    #[test]
    fn division_by_zero_drops_the_datapoint() {
        check("full / gaps", &[Some(0.1), M, M, M, Some(-2.0)]);
        check("full / 0", &[M; 5]);
        check(
            "100 * (1 - gaps / full)",
            &[Some(-900.0), M, Some(100.0), M, Some(150.0)],
        );
    }

    #[test]
    fn operators_of_one_precedence_go_from_left_to_right() {
        check("full - 1 - 1", &some(&[-1.0, 0.0, 1.0, 2.0, 3.0]));
        check("full / 2 * 2", &some(&[1.0, 2.0, 3.0, 4.0, 5.0]));
    }

    #[test]
    fn comparisons_between_series_take_a_missing_value_for_zero() {
        check("full < gaps", &some(&[1.0, 0.0, 0.0, 0.0, 0.0]));
        check(
            "gaps == cond",
            &[Some(0.0), Some(0.0), Some(1.0), Some(1.0), Some(0.0)],
        );
        check("gaps >= 0", &[Some(1.0), M, Some(1.0), M, Some(0.0)]);
        check("gaps != 0", &[Some(1.0), M, Some(0.0), M, Some(1.0)]);
        check("gaps <= 0", &[Some(0.0), M, Some(1.0), M, Some(1.0)]);
    }

    #[test]
    fn logic_between_series_takes_a_missing_value_for_false() {
        check("full > 1 AND gaps > -5", &some(&[0.0, 0.0, 1.0, 0.0, 1.0]));
        check("full > 4 || gaps > 5", &some(&[1.0, 0.0, 0.0, 0.0, 1.0]));
        check(
            "gaps > 5 OR gaps < 0",
            &[Some(1.0), M, Some(0.0), M, Some(1.0)],
        );
    }

    #[test]
    fn statistics_of_an_array_use_the_series_that_are_there() {
        check("SUM([full, gaps])", &some(&[11.0, 2.0, 3.0, 4.0, 2.5]));
        check("MAX([full, gaps])", &some(&[10.0, 2.0, 3.0, 4.0, 5.0]));
        check("MIN([full, gaps])", &some(&[1.0, 2.0, 0.0, 4.0, -2.5]));
        check(
            "SUM([gaps, gaps])",
            &[Some(20.0), M, Some(0.0), M, Some(-5.0)],
        );
    }

    #[test]
    fn an_average_of_an_array_divides_by_the_number_of_series() {
        check("AVG([full, gaps])", &some(&[5.5, 1.0, 1.5, 2.0, 1.25]));
    }

    #[test]
    fn statistics_of_one_series_are_numbers_over_the_whole_range() {
        assert_eq!(value("SUM(full)"), Ok(Value::Scalar(Some(15.0))));
        assert_eq!(value("MAX(gaps)"), Ok(Value::Scalar(Some(10.0))));
        assert_eq!(value("AVG(gaps)"), Ok(Value::Scalar(Some(2.5))));
        check("full / SUM(full) * 15", &some(&[1.0, 2.0, 3.0, 4.0, 5.0]));
    }

    #[test]
    fn metrics_selects_by_a_text_in_the_id() {
        check("SUM(METRICS(\"nothing\"))", &[M; 5]);
        check(
            "SUM(METRICS(\"then\"))",
            &[Some(30.0), M, Some(0.0), Some(0.0), Some(30.0)],
        );
        check(
            "SUM([METRICS(\"full\"), METRICS(\"gap\")])",
            &some(&[11.0, 2.0, 3.0, 4.0, 2.5]),
        );
        check("MAX(METRICS())", &some(&[30.0, 2.0, 20.0, 4.0, 30.0]));
    }

    #[test]
    fn fill_replaces_what_is_missing() {
        check("FILL(gaps, 7)", &some(&[10.0, 7.0, 0.0, 7.0, -2.5]));
        check("FILL(gaps, full)", &some(&[10.0, 2.0, 0.0, 4.0, -2.5]));
        check("full + FILL(gaps, 0)", &some(&[11.0, 2.0, 3.0, 4.0, 2.5]));
        check(
            "AVG(FILL([gaps, full], 2))",
            &some(&[5.5, 2.0, 1.5, 3.0, 1.25]),
        );
    }

    /// The tables of the user guide's section on `IF`.
    #[test]
    fn if_follows_the_tables_of_the_user_guide() {
        check(
            "IF(cond, then, other)",
            &[Some(30.0), Some(0.0), Some(20.0), M, M],
        );
        check(
            "IF(cond, 5, other)",
            &[Some(5.0), Some(5.0), Some(20.0), M, M],
        );
        check("IF(cond, then, 5)", &some(&[30.0, 0.0, 5.0, 5.0, 5.0]));
        check("IF(cond, then)", &[Some(30.0), Some(0.0), M, M, M]);
        check("IF(1, gaps, 5)", &[Some(10.0), M, Some(0.0), M, Some(-2.5)]);
        check("IF(0, gaps)", &[M; 5]);
        check("IF(full > 2, 1, 0)", &some(&[0.0, 0.0, 1.0, 1.0, 1.0]));
    }

    #[test]
    fn rounding_and_absolute_values_work_on_each_datapoint() {
        check("ABS(gaps)", &[Some(10.0), M, Some(0.0), M, Some(2.5)]);
        check("CEIL(gaps)", &[Some(10.0), M, Some(0.0), M, Some(-2.0)]);
        check(
            "full / PERIOD(full) * 60",
            &some(&[1.0, 2.0, 3.0, 4.0, 5.0]),
        );
        value("PERIOD(1)").unwrap_err();
        check("FLOOR(gaps)", &[Some(10.0), M, Some(0.0), M, Some(-3.0)]);
        check("MIN(ABS([gaps, -full]))", &some(&[1.0, 2.0, 0.0, 4.0, 2.5]));
    }

    #[test]
    fn arithmetic_reaches_into_an_array() {
        check(
            "SUM(100 / [full, gaps])",
            &[
                Some(110.0),
                Some(50.0),
                Some(100.0 / 3.0),
                Some(25.0),
                Some(-20.0),
            ],
        );
        check(
            "SUM([full, gaps] / full)",
            &[Some(11.0), Some(1.0), Some(1.0), Some(1.0), Some(0.5)],
        );
    }

    #[test]
    fn contributor_insights_is_a_series_like_any_other() {
        check(
            "INSIGHT_RULE_METRIC('errors', 'UniqueContributors') * 2",
            &[Some(4.0); 5],
        );
        check("INSIGHT_RULE_METRIC('none', 'UniqueContributors')", &[M; 5]);
    }

    #[test]
    fn operands_of_the_wrong_kind_are_refused() {
        for (text, message) in [
            ("full + nothing", "unknown id \"nothing\""),
            (
                "[full] > 1",
                "Greater between several time series and a number: expected numbers and time series",
            ),
            (
                "[full] + [gaps]",
                "Add between several time series and several time series: expected numbers and time series",
            ),
            (
                "SUM(1)",
                "Sum of a number: expected time series, such as SUM([m1, m2])",
            ),
            ("[1]", "a number in brackets: expected time series"),
            (
                "FILL(1, 2)",
                "Fill of a number: expected time series to fill",
            ),
            (
                "FILL(full, [gaps])",
                "Fill of several time series: expected a number or a time series to fill with",
            ),
            (
                "IF([full], 1)",
                "If of several time series: expected numbers and single time series",
            ),
        ] {
            assert_eq!(value(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
