//! The grammar of metric math, by precedence climbing.

use winnow::Parser as _;
use winnow::token::take_while;

use super::super::grammar::{
    Input, Parsed, eat, fail, keyword, look, nested, quoted, require, word,
};
use super::{Expression, Function, Operator};

/// `or` binds loosest, then `and`, comparisons, sums, products and the unary minus.
pub(super) fn expression(input: &mut Input<'_>) -> Parsed<Expression> {
    chain(input, conjunction, |input| {
        let or = eat(input, "||")? || keyword(input, "OR")?;
        Ok(or.then_some(Operator::Or))
    })
}

fn conjunction(input: &mut Input<'_>) -> Parsed<Expression> {
    chain(input, comparison, |input| {
        let and = eat(input, "&&")? || keyword(input, "AND")?;
        Ok(and.then_some(Operator::And))
    })
}

fn comparison(input: &mut Input<'_>) -> Parsed<Expression> {
    chain(input, sum, |input| {
        // The longer symbols first: `<=` is not `<` and something.
        let symbols = [
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        one_of(input, &symbols)
    })
}

fn sum(input: &mut Input<'_>) -> Parsed<Expression> {
    chain(input, product, |input| {
        one_of(input, &[("+", Operator::Add), ("-", Operator::Subtract)])
    })
}

fn product(input: &mut Input<'_>) -> Parsed<Expression> {
    chain(input, factor, |input| {
        one_of(input, &[("*", Operator::Multiply), ("/", Operator::Divide)])
    })
}

fn one_of(input: &mut Input<'_>, symbols: &[(&'static str, Operator)]) -> Parsed<Option<Operator>> {
    for &(symbol, operator) in symbols {
        if eat(input, symbol)? {
            return Ok(Some(operator));
        }
    }
    Ok(None)
}

fn chain(
    input: &mut Input<'_>,
    operand: fn(&mut Input<'_>) -> Parsed<Expression>,
    operator: impl Fn(&mut Input<'_>) -> Parsed<Option<Operator>>,
) -> Parsed<Expression> {
    let first = operand(input)?;
    let mut rest = Vec::new();
    while let Some(operator) = operator(input)? {
        rest.push((operator, operand(input)?));
    }
    Ok(if rest.is_empty() {
        first
    } else {
        Expression::Chain(Box::new(first), rest)
    })
}

const OPERAND: &str = "a number, an id, a function, a bracket or a parenthesis";

fn factor(input: &mut Input<'_>) -> Parsed<Expression> {
    match look(input)? {
        Some('-') => {
            eat(input, "-")?;
            let negated = nested(input, factor)?;
            Ok(Expression::Negate(Box::new(negated)))
        }
        Some('(') => {
            eat(input, "(")?;
            let inner = nested(input, expression)?;
            require(input, ")", "an operator or a closing parenthesis")?;
            Ok(inner)
        }
        Some('[') => {
            eat(input, "[")?;
            let items = list(input, "]", "a comma or a closing bracket")?;
            Ok(Expression::Array(items))
        }
        Some('0'..='9' | '.') => number(input),
        Some('a'..='z') => {
            let id = word(input)?.unwrap_or_default();
            Ok(Expression::Id(id.to_owned()))
        }
        Some('A'..='Z') => call(input),
        _ => fail(input, OPERAND),
    }
}

fn number(input: &mut Input<'_>) -> Parsed<Expression> {
    let place = *input;
    let digits = take_while(1.., |c: char| c.is_ascii_digit() || c == '.').parse_next(input)?;
    match digits.parse() {
        Ok(number) => Ok(Expression::Number(number)),
        Err(_) => {
            *input = place;
            fail(input, "a number such as 0.5")
        }
    }
}

/// Operands until the closing symbol, at least one.
fn list(
    input: &mut Input<'_>,
    close: &'static str,
    expected: &'static str,
) -> Parsed<Vec<Expression>> {
    let mut items = vec![nested(input, expression)?];
    while eat(input, ",")? {
        items.push(nested(input, expression)?);
    }
    require(input, close, expected)?;
    Ok(items)
}

const FUNCTION: &str = "one of SUM, AVG, MIN, MAX, FILL, IF, ABS, CEIL, FLOOR, PERIOD, METRICS and INSIGHT_RULE_METRIC (the embedded Region has no other function)";

fn call(input: &mut Input<'_>) -> Parsed<Expression> {
    let place = *input;
    let function = match word(input)?.unwrap_or_default() {
        "METRICS" => return metrics(input),
        "INSIGHT_RULE_METRIC" => return insight(input),
        "SUM" => Function::Sum,
        "AVG" => Function::Average,
        "MIN" => Function::Minimum,
        "MAX" => Function::Maximum,
        "FILL" => Function::Fill,
        "IF" => Function::If,
        "ABS" => Function::Absolute,
        "CEIL" => Function::Ceiling,
        "FLOOR" => Function::Floor,
        "PERIOD" => Function::Period,
        _ => {
            *input = place;
            return fail(input, FUNCTION);
        }
    };
    require(input, "(", "an opening parenthesis")?;
    let mut arguments = vec![nested(input, expression)?];
    while eat(input, ",")? {
        if function == Function::Fill {
            let place = *input;
            if matches!(word(input)?, Some("REPEAT" | "LINEAR")) {
                *input = place;
                return fail(
                    input,
                    "a number or a series to fill with (the embedded Region neither repeats nor interpolates)",
                );
            }
            *input = place;
        }
        arguments.push(nested(input, expression)?);
    }
    let (fewest, most, expected) = arity(function);
    if arguments.len() < fewest {
        return fail(input, expected);
    }
    if arguments.len() > most {
        *input = place;
        return fail(input, expected);
    }
    require(input, ")", "a comma or a closing parenthesis")?;
    Ok(Expression::Call(function, arguments))
}

fn arity(function: Function) -> (usize, usize, &'static str) {
    match function {
        Function::If => (2, 3, "IF with a condition and one or two values"),
        Function::Fill => (2, 2, "FILL with a series and what to fill it with"),
        Function::Sum
        | Function::Average
        | Function::Minimum
        | Function::Maximum
        | Function::Absolute
        | Function::Ceiling
        | Function::Floor
        | Function::Period => (1, 1, "a function of one argument, such as SUM([m1, m2])"),
    }
}

fn metrics(input: &mut Input<'_>) -> Parsed<Expression> {
    require(input, "(", "an opening parenthesis")?;
    let text = quoted(input)?.map(ToOwned::to_owned);
    require(input, ")", "a quoted text or a closing parenthesis")?;
    Ok(Expression::Metrics(text))
}

/// The name of the metric may go without its quotes.
fn insight(input: &mut Input<'_>) -> Parsed<Expression> {
    require(input, "(", "an opening parenthesis")?;
    let Some(rule) = quoted(input)? else {
        return fail(input, "the name of a Contributor Insights rule in quotes");
    };
    require(input, ",", "a comma")?;
    let place = *input;
    let metric = match quoted(input)? {
        Some(metric) => metric,
        None => word(input)?.unwrap_or_default(),
    };
    let Ok(metric) = metric.parse() else {
        *input = place;
        return fail(input, "UniqueContributors, MaxContributorValue or Sum");
    };
    require(input, ")", "a closing parenthesis")?;
    Ok(Expression::Insight {
        rule: rule.to_owned(),
        metric,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Expression {
        Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        for (text, same) in [
            ("a + b * c", "a + (b * c)"),
            ("a - b - c", "(a - b) - c"),
            ("-a * b", "(-a) * b"),
            ("a + 1 > b * 2", "(a + 1) > (b * 2)"),
            ("a > 1 AND b > 2 OR c", "((a > 1) AND (b > 2)) OR c"),
            ("a && b || c", "a AND b OR c"),
        ] {
            let (left, right) = (parse(text), parse(same));
            assert_eq!(flat(&left), flat(&right), "{text}");
        }
    }

    /// The operations in the order in which they are done.
    fn flat(expression: &Expression) -> String {
        match expression {
            Expression::Chain(first, rest) => {
                rest.iter().fold(flat(first), |left, (operator, right)| {
                    format!("({left} {operator:?} {})", flat(right))
                })
            }
            Expression::Negate(inner) => format!("(- {})", flat(inner)),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn functions_take_their_arguments() {
        assert_eq!(
            parse("IF(m1 > 0, 1)"),
            Expression::Call(
                Function::If,
                vec![
                    Expression::Chain(
                        Box::new(Expression::Id("m1".into())),
                        vec![(Operator::Greater, Expression::Number(0.0))],
                    ),
                    Expression::Number(1.0),
                ]
            )
        );
        assert_eq!(
            parse("SUM([m1,m2])"),
            Expression::Call(
                Function::Sum,
                vec![Expression::Array(vec![
                    Expression::Id("m1".into()),
                    Expression::Id("m2".into())
                ])]
            )
        );
        assert_eq!(parse(" METRICS( ) "), Expression::Metrics(None));
        assert_eq!(
            parse("METRICS('req')"),
            Expression::Metrics(Some("req".into()))
        );
    }

    #[test]
    fn an_insight_rule_is_named_in_quotes_of_either_kind() {
        for text in [
            r#"INSIGHT_RULE_METRIC("az1 errors", "UniqueContributors")"#,
            "INSIGHT_RULE_METRIC('az1 errors', 'UniqueContributors')",
            r#"INSIGHT_RULE_METRIC("az1 errors", UniqueContributors)"#,
        ] {
            let Expression::Insight { rule, metric } = parse(text) else {
                panic!("{text}");
            };
            assert_eq!(rule, "az1 errors");
            assert_eq!(metric, "UniqueContributors".parse().unwrap());
        }
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(Expression::parse(text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn errors_name_the_place_and_what_was_expected() {
        let operand = "expected a number, an id, a function, a bracket or a parenthesis";
        refused("", &format!("at character 1: {operand}, found the end"));
        refused("m1 +", &format!("at character 5: {operand}, found the end"));
        refused(
            "m1 + * 2",
            &format!("at character 6: {operand}, found \"* 2\""),
        );
        refused(
            "(m1 + 2",
            "at character 8: expected an operator or a closing parenthesis, found the end",
        );
        refused(
            "m1 m2",
            "at character 4: expected an operator or the end, found \"m2\"",
        );
        refused(
            "m1 ^ 2",
            "at character 4: expected an operator or the end, found \"^ 2\"",
        );
        refused(
            "1.2.3",
            "at character 1: expected a number such as 0.5, found \"1.2.3\"",
        );
        refused("é", &format!("at character 1: {operand}, found \"é\""));
        refused(
            "METRICS(\"m)",
            "at character 12: expected the closing quote, found the end",
        );
        refused(
            "INSIGHT_RULE_METRIC(\"r\", \"Average\")",
            "at character 26: expected UniqueContributors, MaxContributorValue or Sum, found \"\"Average\")\"",
        );
    }

    #[test]
    fn functions_that_the_region_lacks_are_refused_by_name() {
        refused(
            "2 * RATE(m1)",
            "at character 5: expected one of SUM, AVG, MIN, MAX, FILL, IF, ABS, CEIL, FLOOR, PERIOD, METRICS and INSIGHT_RULE_METRIC (the embedded Region has no other function), found \"RATE(m1)\"",
        );
        refused(
            "FILL(m1, REPEAT)",
            "at character 10: expected a number or a series to fill with (the embedded Region neither repeats nor interpolates), found \"REPEAT)\"",
        );
        refused(
            "IF(m1)",
            "at character 6: expected IF with a condition and one or two values, found \")\"",
        );
        refused(
            "SUM(m1, m2)",
            "at character 1: expected a function of one argument, such as SUM([m1, m2]), found \"SUM(m1, m2)\"",
        );
    }

    #[test]
    fn hostile_nesting_is_refused_and_does_not_exhaust_the_stack() {
        for (open, close) in [("(", ")"), ("-", ""), ("SUM(", ")"), ("[", "]")] {
            let text = format!("{}m1{}", open.repeat(10_000), close.repeat(10_000));
            let error = Expression::parse(&text).unwrap_err();
            assert_eq!(error.expected, "at most 48 levels of nesting", "{open}");
        }
        assert!(Expression::parse(&format!("m1{}", " + m1".repeat(100_000))).is_ok());
    }
}
