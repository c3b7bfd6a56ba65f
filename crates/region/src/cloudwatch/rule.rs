//! The rule of a composite alarm: a condition over the states of other alarms.
//!
//! ```text
//! rule  = all *("OR" all)
//! all   = each *("AND" each)
//! each  = "NOT" each / "(" rule ")" / "TRUE" / "FALSE" / state "(" alarm ")"
//! state = "ALARM" / "OK" / "INSUFFICIENT_DATA"
//! alarm = a name or an ARN, in quotes or, without blanks, commas and parentheses, bare
//! ```
//!
//! `NOT` binds tighter than `AND`, and `AND` tighter than `OR`. `AT_LEAST` is refused.

use std::collections::BTreeSet;

use winnow::Parser as _;
use winnow::ascii::multispace0;
use winnow::combinator::{opt, preceded};
use winnow::token::take_while;

use super::grammar::{
    self, Input, Parsed, SyntaxError, eat, fail, keyword, nested, quoted, require,
};
use super::state::StateValue;

/// CloudWatch's limits. Source: API reference, `PutCompositeAlarm`.
const LONGEST: usize = 10_240;
const MOST_CHILDREN: usize = 100;
const MOST_ELEMENTS: usize = 500;

/// A parsed rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AlarmRule {
    root: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Constant(bool),
    /// An alarm, by its name or its ARN, is in a state.
    Is(StateValue, String),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// Why a text is not an alarm rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Empty, or too long.
    #[error("AlarmRule has {0} characters, expected 1 to 10240")]
    Length(usize),
    /// Not a rule.
    #[error("AlarmRule {0}")]
    Syntax(#[source] SyntaxError),
    /// Too many alarms.
    #[error("AlarmRule refers to {0} alarms, expected at most 100")]
    Children(usize),
    /// Too many conditions.
    #[error("AlarmRule has {0} elements, expected at most 500")]
    Elements(usize),
}

impl AlarmRule {
    /// Parses a rule.
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let length = text.chars().count();
        if length == 0 || length > LONGEST {
            return Err(RuleError::Length(length));
        }
        let root = grammar::parse(text, rule).map_err(RuleError::Syntax)?;
        let rule = Self { root };
        let mut elements = 0;
        rule.root.leaves(&mut |_| elements += 1);
        if elements > MOST_ELEMENTS {
            return Err(RuleError::Elements(elements));
        }
        let children = rule.children().len();
        if children > MOST_CHILDREN {
            return Err(RuleError::Children(children));
        }
        Ok(rule)
    }

    /// The alarms that the rule refers to, each once.
    pub(super) fn children(&self) -> BTreeSet<&str> {
        let mut children = BTreeSet::new();
        self.root.leaves(&mut |leaf| {
            if let Node::Is(_, alarm) = leaf {
                children.insert(alarm.as_str());
            }
        });
        children
    }

    /// Whether the rule holds, given the states of its alarms.
    pub(super) fn holds(&self, state: &impl Fn(&str) -> StateValue) -> bool {
        self.root.holds(state)
    }
}

impl Node {
    fn leaves<'a>(&'a self, visitor: &mut impl FnMut(&'a Self)) {
        match self {
            Self::Constant(_) | Self::Is(..) => visitor(self),
            Self::Not(inner) => inner.leaves(visitor),
            Self::All(nodes) | Self::Any(nodes) => {
                for node in nodes {
                    node.leaves(visitor);
                }
            }
        }
    }

    fn holds(&self, state: &impl Fn(&str) -> StateValue) -> bool {
        match self {
            Self::Constant(truth) => *truth,
            Self::Is(value, alarm) => state(alarm) == *value,
            Self::Not(inner) => !inner.holds(state),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(state)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(state)),
        }
    }
}

fn rule(input: &mut Input<'_>) -> Parsed<Node> {
    let mut nodes = vec![all(input)?];
    while keyword(input, "OR")? {
        nodes.push(all(input)?);
    }
    Ok(group(nodes, Node::Any))
}

fn all(input: &mut Input<'_>) -> Parsed<Node> {
    let mut nodes = vec![each(input)?];
    while keyword(input, "AND")? {
        nodes.push(each(input)?);
    }
    Ok(group(nodes, Node::All))
}

fn group(mut nodes: Vec<Node>, several: fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        Some(last) => {
            nodes.push(last);
            several(nodes)
        }
        None => several(nodes),
    }
}

fn each(input: &mut Input<'_>) -> Parsed<Node> {
    if keyword(input, "NOT")? {
        return Ok(Node::Not(Box::new(nested(input, each)?)));
    }
    if eat(input, "(")? {
        let inner = nested(input, rule)?;
        require(input, ")", "AND, OR or a closing parenthesis")?;
        return Ok(inner);
    }
    if keyword(input, "TRUE")? {
        return Ok(Node::Constant(true));
    }
    if keyword(input, "FALSE")? {
        return Ok(Node::Constant(false));
    }
    for state in [
        StateValue::Alarm,
        StateValue::Ok,
        StateValue::InsufficientData,
    ] {
        if keyword(input, state.as_str())? {
            require(input, "(", "an opening parenthesis")?;
            let alarm = alarm(input)?;
            require(
                input,
                ")",
                "a closing parenthesis after the name of one alarm",
            )?;
            return Ok(Node::Is(state, alarm));
        }
    }
    fail(
        input,
        "ALARM(…), OK(…), INSUFFICIENT_DATA(…), TRUE, FALSE, NOT or a parenthesis",
    )
}

fn alarm(input: &mut Input<'_>) -> Parsed<String> {
    let bare = |c: char| !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '"' | '\'');
    let name = match quoted(input)? {
        Some(name) => Some(name),
        None => opt(preceded(multispace0, take_while(1.., bare))).parse_next(input)?,
    };
    match name {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => fail(input, "the name or the ARN of an alarm"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a` is in ALARM, `o` is OK, everything else has insufficient data.
    fn holds(text: &str) -> bool {
        let rule = AlarmRule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        rule.holds(&|name| match name {
            "a" => StateValue::Alarm,
            "o" => StateValue::Ok,
            _ => StateValue::InsufficientData,
        })
    }

    #[test]
    fn a_rule_asks_for_states() {
        for (text, expected) in [
            ("ALARM(a)", true),
            ("ALARM(o)", false),
            ("OK(o)", true),
            ("INSUFFICIENT_DATA(x)", true),
            ("TRUE", true),
            ("FALSE", false),
            ("NOT ALARM(a)", false),
            ("NOT NOT ALARM(a)", true),
            ("ALARM(a) AND OK(o)", true),
            ("ALARM(a) AND ALARM(o)", false),
            ("ALARM(o) OR ALARM(a)", true),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn not_binds_tighter_than_and_and_and_tighter_than_or() {
        assert!(holds("TRUE OR FALSE AND FALSE"));
        assert!(!holds("(TRUE OR FALSE) AND FALSE"));
        assert!(!holds("NOT TRUE AND FALSE"));
        assert!(holds("NOT (TRUE AND FALSE)"));
        assert!(holds("NOT FALSE OR TRUE"));
    }

    #[test]
    fn names_are_bare_or_quoted_and_may_be_arns() {
        let text = concat!(
            "ALARM(use1-az1-faults) OR\n ALARM( \"with (blanks), and more\" )",
            " OR OK('arn:aws:cloudwatch:us-east-1:000000000000:alarm:b c')",
            " OR OK(arn:aws:cloudwatch:us-east-1:000000000000:alarm:d)",
            " OR ALARM(use1-az1-faults)",
        );
        let rule = AlarmRule::parse(text).unwrap();
        assert_eq!(
            rule.children().into_iter().collect::<Vec<_>>(),
            [
                "arn:aws:cloudwatch:us-east-1:000000000000:alarm:b c",
                "arn:aws:cloudwatch:us-east-1:000000000000:alarm:d",
                "use1-az1-faults",
                "with (blanks), and more",
            ]
        );
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(AlarmRule::parse(text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn errors_name_the_place_and_what_was_expected() {
        let condition =
            "expected ALARM(…), OK(…), INSUFFICIENT_DATA(…), TRUE, FALSE, NOT or a parenthesis";
        refused("", "AlarmRule has 0 characters, expected 1 to 10240");
        refused(
            " ",
            &format!("AlarmRule at character 2: {condition}, found the end"),
        );
        refused(
            "ALARM(a) OR",
            &format!("AlarmRule at character 12: {condition}, found the end"),
        );
        refused(
            "ALARM(a) ALARM(b)",
            "AlarmRule at character 10: expected an operator or the end, found \"ALARM(b)\"",
        );
        refused(
            "ALARM(a, b)",
            "AlarmRule at character 8: expected a closing parenthesis after the name of one alarm, found \", b)\"",
        );
        refused(
            "ALARM()",
            "AlarmRule at character 7: expected the name or the ARN of an alarm, found \")\"",
        );
        refused(
            "(ALARM(a)",
            "AlarmRule at character 10: expected AND, OR or a closing parenthesis, found the end",
        );
        refused(
            "AT_LEAST(2, ALARM, (a, b))",
            &format!("AlarmRule at character 1: {condition}, found \"AT_LEAST(2, ALARM, (\""),
        );
        refused(
            "ALARMS(a)",
            &format!("AlarmRule at character 1: {condition}, found \"ALARMS(a)\""),
        );
    }

    #[test]
    fn the_limits_of_cloudwatch_hold() {
        let join =
            |n: usize, each: fn(usize) -> String| (0..n).map(each).collect::<Vec<_>>().join(" OR ");
        let children = |n| join(n, |i| format!("ALARM(a{i})"));
        assert!(AlarmRule::parse(&children(100)).is_ok());
        refused(
            &children(101),
            "AlarmRule refers to 101 alarms, expected at most 100",
        );

        let elements = |n| join(n, |_| "ALARM(a)".into());
        assert!(AlarmRule::parse(&elements(500)).is_ok());
        refused(
            &elements(501),
            "AlarmRule has 501 elements, expected at most 500",
        );

        let long = format!("ALARM({})", "a".repeat(10_234));
        refused(&long, "AlarmRule has 10241 characters, expected 1 to 10240");
    }

    #[test]
    fn hostile_nesting_is_refused_and_does_not_exhaust_the_stack() {
        for open in ["(", "NOT "] {
            let text = format!("{}TRUE", open.repeat(2000));
            let error = AlarmRule::parse(&text).unwrap_err().to_string();
            assert!(error.contains("at most 48 levels"), "{error}");
        }
    }
}
