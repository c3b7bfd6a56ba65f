//! What an expression can be: a number, a series, or several series.

use super::super::grid::Series;
use super::Operator;

/// A value during evaluation. A scalar can be missing too, such as the sum of an empty series.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Value {
    Scalar(Option<f64>),
    Series(Series),
    Array(Vec<Series>),
}

impl Value {
    /// The kind, as messages name it.
    pub(in super::super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a number",
            Self::Series(_) => "a time series",
            Self::Array(_) => "several time series",
        }
    }

    /// Applies a function to every datapoint.
    pub(super) fn map(self, function: impl Fn(f64) -> f64 + Copy) -> Self {
        let each = |value: Option<f64>| value.map(function).and_then(finite);
        match self {
            Self::Scalar(value) => Self::Scalar(each(value)),
            Self::Series(series) => Self::Series(series.into_iter().map(each).collect()),
            Self::Array(array) => Self::Array(
                array
                    .into_iter()
                    .map(|series| series.into_iter().map(each).collect())
                    .collect(),
            ),
        }
    }

    /// A statistic: of one series over the whole range, of several series at each of `len` times.
    pub(super) fn reduce(self, len: usize, statistic: impl Fn(&[f64], usize) -> f64) -> Self {
        let of = |values: &[Option<f64>]| {
            let present: Vec<f64> = values.iter().flatten().copied().collect();
            if present.is_empty() {
                None
            } else {
                finite(statistic(&present, values.len()))
            }
        };
        match self {
            Self::Scalar(value) => Self::Scalar(value),
            Self::Series(series) => {
                let present: Series = series.into_iter().filter(Option::is_some).collect();
                Self::Scalar(of(&present))
            }
            Self::Array(array) => {
                let column = |index: usize| {
                    let values = array.iter().map(|series| series.get(index).copied());
                    of(&values.map(Option::flatten).collect::<Series>())
                };
                Self::Series((0..len).map(column).collect())
            }
        }
    }

    /// The value at one time, for a number or a series.
    pub(super) fn at(&self, index: usize) -> Option<f64> {
        match self {
            Self::Scalar(value) => *value,
            Self::Series(series) => series.get(index).copied().flatten(),
            Self::Array(_) => None,
        }
    }
}

/// No datapoint is infinite or undefined.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Applies an operator at one time, by the rules for missing data.
pub(super) fn apply(
    operator: Operator,
    between_series: bool,
    left: Option<f64>,
    right: Option<f64>,
) -> Option<f64> {
    let (left, right) = if between_series && !operator.is_arithmetic() {
        left.or(right)?;
        (left.unwrap_or(0.0), right.unwrap_or(0.0))
    } else {
        (left?, right?)
    };
    let truth = |condition: bool| if condition { 1.0 } else { 0.0 };
    finite(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Less => truth(left < right),
        Operator::LessOrEqual => truth(left <= right),
        Operator::Greater => truth(left > right),
        Operator::GreaterOrEqual => truth(left >= right),
        Operator::Equal => truth(left == right),
        Operator::NotEqual => truth(left != right),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Or => truth(left != 0.0 || right != 0.0),
    })
}
