//! Metric math, as far as the alarms of a zone need it.
//!
//! Numbers, ids, `+ - * /` and unary minus, the comparisons, `AND` and `OR` (`&&`, `||`), `SUM`,
//! `AVG`, `MIN`, `MAX`, `FILL`, `IF`, `ABS`, `CEIL`, `FLOOR`, `PERIOD`, `METRICS()` and `INSIGHT_RULE_METRIC`.
//! Anything else is refused when the alarm or the query arrives, with its place in the text, rather
//! than evaluated to something that AWS would not say.
//!
//! # Missing data
//!
//! Missing data is unknown, and where AWS leaves a doubt it stays so:
//! - **Arithmetic**: if either series has no datapoint at a time, the result has none. The user guide
//!   says in one sentence that missing values count as 0 here; what users report, and the reason for
//!   `FILL`, is that the datapoint is dropped. An alarm that needs a 0 says so with `FILL(m1, 0)`,
//!   which is right under both readings. Division by zero gives no datapoint, as documented.
//! - **Comparisons and logic between two series**: at a time at which one of them has a datapoint, the
//!   missing value of the other counts as 0, as the user guide's worked examples have it.
//! - **`SUM`, `MIN`, `MAX` of an array**: over the series that have a datapoint at the time. **`AVG`** of
//!   an array divides by the number of series, because the guide counts missing values as 0 there.
//! - **`IF`**: as in the guide's tables: a condition that is true takes 0 for a missing first value, a
//!   condition that is false drops a missing second one, and a missing condition gives the second
//!   value if that is a scalar and nothing otherwise.
//! - **`FILL`** fills every period of the range, before the first datapoint too. `REPEAT` and `LINEAR`
//!   are refused.
//!
//! A statistic of one series (`SUM(m1)`) is a scalar over the whole range that is looked at. An alarm
//! looks at more than its evaluation periods, in AWS too, so such a scalar is a trap there.

mod evaluate;
mod parse;
mod value;

pub(super) use evaluate::{Environment, KindError};
pub(super) use value::Value;

use super::grammar::{self, SyntaxError};
use super::insight::InsightMetric;

/// CloudWatch's limit for an expression.
pub(super) const LONGEST: usize = 2048;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    /// A metric or another expression of the same request.
    Id(String),
    /// Series and arrays of series, in brackets.
    Array(Vec<Expression>),
    /// All metrics of the request, or those with this text in their id.
    Metrics(Option<String>),
    Negate(Box<Expression>),
    /// Operators of one precedence, from left to right. A long sum is wide and not deep.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
    Call(Function, Vec<Expression>),
    Insight {
        rule: String,
        metric: InsightMetric,
    },
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Operator {
    fn is_arithmetic(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide
        )
    }
}

/// A function of metric math.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Sum,
    Average,
    Minimum,
    Maximum,
    Fill,
    If,
    Absolute,
    Ceiling,
    Floor,
    Period,
}

impl Expression {
    /// Parses an expression.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        grammar::parse(text, parse::expression)
    }

    /// The ids that the expression names.
    pub(super) fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        self.visit(&mut |expression| {
            if let Self::Id(id) = expression {
                ids.push(id.as_str());
            }
        });
        ids
    }

    /// The texts that `METRICS` is asked for.
    pub(super) fn selections(&self) -> Vec<Option<&str>> {
        let mut selections = Vec::new();
        self.visit(&mut |expression| {
            if let Self::Metrics(text) = expression {
                selections.push(text.as_deref());
            }
        });
        selections
    }

    fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Self)) {
        visitor(self);
        match self {
            Self::Number(_) | Self::Id(_) | Self::Metrics(_) | Self::Insight { .. } => {}
            Self::Negate(inner) => inner.visit(visitor),
            Self::Array(items) | Self::Call(_, items) => {
                for item in items {
                    item.visit(visitor);
                }
            }
            Self::Chain(first, rest) => {
                first.visit(visitor);
                for (_, item) in rest {
                    item.visit(visitor);
                }
            }
        }
    }
}
