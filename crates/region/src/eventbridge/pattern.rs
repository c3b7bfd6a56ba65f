//! Event patterns: which events a rule is for.
//!
//! A pattern has the shape of the event. Every field in it must match; of the tests in a field's array,
//! one is enough; of the patterns under `$or`, one is enough. If the event has an array, one of its
//! items is enough: that is also true of `anything-but`, which therefore matches an array that has
//! anything else in it.
//!
//! Supported tests: exact values, `prefix`, `suffix`, `equals-ignore-case`, `wildcard`, `numeric`,
//! `exists`, and `anything-but` with values or a prefix. A pattern with anything else is refused: a test
//! that is passed over would let through what it was meant to stop.
//!
//! As an exact value, the number `300` does not match `300.0`, as in EventBridge; `numeric` compares what
//! they mean.

use serde_json::{Map, Number, Value};

/// The deepest pattern that is accepted.
const DEEPEST: usize = 50;

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    root: Node,
    /// As it was written.
    text: String,
}

/// Why a pattern was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event pattern, {field}: expected {expected}")]
pub struct PatternError {
    /// The field, such as `detail.state.value`.
    pub field: String,
    /// What would make sense there.
    pub expected: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
struct Node {
    fields: Vec<(String, Field)>,
    alternatives: Vec<Vec<Node>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Inside(Node),
    Value(Vec<Test>),
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equals(Value),
    Prefix(String),
    Suffix(String),
    /// In lower case.
    IgnoringCase(String),
    AnythingBut(Vec<Value>),
    AnythingButPrefix(String),
    Exists(bool),
    Numeric(Vec<(Comparison, f64)>),
    /// The texts between the stars.
    Wildcard(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Pattern {
    /// Understands a pattern.
    ///
    /// # Errors
    /// Names the field that cannot be understood.
    pub fn parse(pattern: &Value) -> Result<Self, PatternError> {
        let root = node(pattern, &mut Vec::new())?;
        let text = pattern.to_string();
        Ok(Self { root, text })
    }

    /// Understands a pattern that is written as JSON.
    ///
    /// # Errors
    /// Names the field that cannot be understood, or says that it is not JSON.
    pub(super) fn read(text: &str) -> Result<Self, PatternError> {
        let pattern = serde_json::from_str(text);
        let pattern: Value = pattern.or_else(|_| refuse(&[], "JSON"))?;
        let text = text.to_owned();
        Ok(Self {
            text,
            ..Self::parse(&pattern)?
        })
    }

    /// The pattern as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether an event matches.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.root.matches(event)
    }
}

const FIELD: &str = "an object, or an array of values and tests";
const TEST: &str = "a string, a number, true, false, null, or one of the tests prefix, suffix, equals-ignore-case, wildcard, numeric, exists and anything-but (the embedded Region has no other)";

fn refuse<T>(path: &[String], expected: &'static str) -> Result<T, PatternError> {
    let field = if path.is_empty() {
        "as a whole".to_owned()
    } else {
        format!("field {}", path.join("."))
    };
    Err(PatternError { field, expected })
}

fn node(pattern: &Value, path: &mut Vec<String>) -> Result<Node, PatternError> {
    let Value::Object(members) = pattern else {
        return refuse(path, "an object");
    };
    if members.is_empty() {
        return refuse(path, "an object that is not empty");
    }
    if path.len() >= DEEPEST {
        return refuse(path, "at most 50 levels of nesting");
    }
    let mut node = Node {
        fields: Vec::new(),
        alternatives: Vec::new(),
    };
    for (name, value) in members {
        path.push(name.clone());
        if name == "$or" {
            node.alternatives.push(alternatives(value, path)?);
        } else {
            node.fields.push((name.clone(), field(value, path)?));
        }
        path.pop();
    }
    Ok(node)
}

fn alternatives(value: &Value, path: &mut Vec<String>) -> Result<Vec<Node>, PatternError> {
    match value {
        Value::Array(patterns) if patterns.len() >= 2 => {
            patterns.iter().map(|pattern| node(pattern, path)).collect()
        }
        _ => refuse(path, "an array of at least two patterns"),
    }
}

fn field(value: &Value, path: &mut Vec<String>) -> Result<Field, PatternError> {
    match value {
        Value::Object(_) => Ok(Field::Inside(node(value, path)?)),
        Value::Array(tests) if !tests.is_empty() => {
            let tests = tests.iter().map(|each| test(each, path));
            Ok(Field::Value(tests.collect::<Result<_, _>>()?))
        }
        _ => refuse(path, FIELD),
    }
}

fn test(value: &Value, path: &[String]) -> Result<Test, PatternError> {
    let object = match value {
        Value::Object(object) => object,
        Value::Array(_) => return refuse(path, TEST),
        exact => return Ok(Test::Equals(exact.clone())),
    };
    let (name, value) = only(object, path, TEST)?;
    let text = |expected| match value {
        Value::String(text) => Ok(text.clone()),
        _ => refuse(path, expected),
    };
    match name {
        "prefix" => text("a string after prefix").map(Test::Prefix),
        "suffix" => text("a string after suffix").map(Test::Suffix),
        "equals-ignore-case" => {
            let text = text("a string after equals-ignore-case")?;
            Ok(Test::IgnoringCase(text.to_lowercase()))
        }
        "wildcard" => {
            let expected = "a string after wildcard, without ** and with \\ only before * and \\";
            match wildcard(&text(expected)?) {
                Some(parts) => Ok(Test::Wildcard(parts)),
                None => refuse(path, expected),
            }
        }
        "exists" => match value {
            Value::Bool(exists) => Ok(Test::Exists(*exists)),
            _ => refuse(path, "true or false after exists"),
        },
        "numeric" => numeric(value, path),
        "anything-but" => anything_but(value, path),
        _ => refuse(path, TEST),
    }
}

fn only<'a>(
    object: &'a Map<String, Value>,
    path: &[String],
    expected: &'static str,
) -> Result<(&'a str, &'a Value), PatternError> {
    let mut members = object.iter();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => refuse(path, expected),
    }
}

fn anything_but(value: &Value, path: &[String]) -> Result<Test, PatternError> {
    const EXPECTED: &str = "a string, a number, an array of them, or a prefix after anything-but";
    let simple = |value: &Value| matches!(value, Value::String(_) | Value::Number(_));
    match value {
        Value::Array(values) if !values.is_empty() && values.iter().all(simple) => {
            Ok(Test::AnythingBut(values.clone()))
        }
        one if simple(one) => Ok(Test::AnythingBut(vec![one.clone()])),
        Value::Object(object) => match only(object, path, EXPECTED)? {
            ("prefix", Value::String(prefix)) => Ok(Test::AnythingButPrefix(prefix.clone())),
            _ => refuse(path, EXPECTED),
        },
        _ => refuse(path, EXPECTED),
    }
}

fn numeric(value: &Value, path: &[String]) -> Result<Test, PatternError> {
    const EXPECTED: &str = "one or two comparisons after numeric, such as [\">\", 0, \"<=\", 100]";
    let Value::Array(parts) = value else {
        return refuse(path, EXPECTED);
    };
    let mut comparisons = Vec::new();
    for pair in parts.chunks(2) {
        let [Value::String(symbol), Value::Number(number)] = pair else {
            return refuse(path, EXPECTED);
        };
        let comparison = match symbol.as_str() {
            "=" => Comparison::Equal,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return refuse(path, EXPECTED),
        };
        match number.as_f64() {
            Some(number) => comparisons.push((comparison, number)),
            None => return refuse(path, EXPECTED),
        }
    }
    if matches!(comparisons.len(), 1 | 2) {
        Ok(Test::Numeric(comparisons))
    } else {
        refuse(path, EXPECTED)
    }
}

/// The texts between the stars: `a*b` has two, `*` has two empty ones, `a` has one.
fn wildcard(text: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    let mut after_star = false;
    while let Some(character) = characters.next() {
        let star = character == '*';
        if star && after_star {
            return None;
        }
        after_star = star;
        let literal = match character {
            '*' => {
                parts.push(String::new());
                continue;
            }
            '\\' => characters.next().filter(|c| matches!(c, '*' | '\\'))?,
            other => other,
        };
        if let Some(part) = parts.last_mut() {
            part.push(literal);
        }
    }
    Some(parts)
}

impl Node {
    /// A field that is not there is matched like one without values, for the sake of `exists`.
    fn matches(&self, value: &Value) -> bool {
        let fields = self
            .fields
            .iter()
            .all(|(name, field)| match (field, value.get(name)) {
                (Field::Inside(node), Some(Value::Array(items))) => {
                    items.iter().any(|item| node.matches(item))
                }
                (Field::Inside(node), value) => node.matches(value.unwrap_or(&Value::Null)),
                (Field::Value(tests), value) => {
                    let mut values = Vec::new();
                    if let Some(value) = value {
                        leaves(value, &mut values);
                    }
                    tests.iter().any(|test| test.holds(&values))
                }
            });
        let alternatives = &self.alternatives;
        fields
            && alternatives
                .iter()
                .all(|nodes| nodes.iter().any(|node| node.matches(value)))
    }
}

/// The values of a field. An object is none: only what is inside of it can be tested.
fn leaves<'a>(value: &'a Value, values: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, values)),
        Value::Object(_) => {}
        leaf => values.push(leaf),
    }
}

impl Test {
    fn holds(&self, values: &[&Value]) -> bool {
        match self {
            Self::Exists(exists) => *exists != values.is_empty(),
            _ => values.iter().any(|value| self.holds_for(value)),
        }
    }

    fn holds_for(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Exists(_) => false,
            Self::Equals(exact) => exact == value,
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::IgnoringCase(lower) => text.is_some_and(|text| text.to_lowercase() == *lower),
            Self::AnythingBut(values) => !values.contains(value),
            Self::AnythingButPrefix(prefix) => text.is_some_and(|text| !text.starts_with(prefix)),
            Self::Wildcard(parts) => text.is_some_and(|text| fits(parts, text)),
            Self::Numeric(comparisons) => {
                value.as_number().and_then(Number::as_f64).is_some_and(|n| {
                    let mut all = comparisons.iter();
                    all.all(|(comparison, bound)| comparison.holds(n, *bound))
                })
            }
        }
    }
}

/// The first part begins the text, the last one ends it, and those between follow each other. The
/// leftmost place is always good enough, so there is nothing to try twice.
fn fits(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else {
        return parts.iter().any(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

impl Comparison {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Equal => value.total_cmp(&bound).is_eq(),
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({
            "source": "aws.cloudwatch",
            "detail-type": "CloudWatch Alarm State Change",
            "resources": ["arn:one", "arn:two"],
            "detail": {
                "alarmName": "use1-az1-shop-isolated-impact-aggregate-alarm",
                "state": {"value": "ALARM"},
                "count": 300,
                "share": 0.5,
                "nothing": null,
                "empty": [],
                "metrics": [{"id": "m1"}, {"id": "m2", "unit": "Count"}],
            },
        })
    }

    #[track_caller]
    fn check(pattern: &Value, expected: bool) {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(parsed.matches(&event()), expected, "{pattern}");
    }

    #[track_caller]
    fn detail(field: &str, tests: &Value, expected: bool) {
        check(&json!({"detail": {field: tests}}), expected);
    }

    #[test]
    fn every_field_must_match_and_one_value_of_it_is_enough() {
        check(&json!({"source": ["aws.cloudwatch"]}), true);
        check(&json!({"source": ["aws.ec2", "aws.cloudwatch"]}), true);
        check(
            &json!({"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}),
            true,
        );
        check(
            &json!({"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["OK"]}}}),
            false,
        );
        check(&json!({"region": ["us-east-1"]}), false);
        detail("nothing", &json!([null]), true);
    }

    #[test]
    fn an_array_in_the_event_matches_by_one_of_its_items() {
        check(&json!({"resources": ["arn:two"]}), true);
        check(&json!({"resources": ["arn:three"]}), false);
        check(&json!({"detail": {"metrics": {"id": ["m2"]}}}), true);
        check(
            &json!({"detail": {"metrics": {"id": ["m1"], "unit": ["Count"]}}}),
            false,
        );
        check(&json!({"resources": [{"anything-but": "arn:one"}]}), true);
    }

    #[test]
    fn texts_are_tested_by_their_ends_and_regardless_of_case() {
        detail("alarmName", &json!([{"prefix": "use1-az1-"}]), true);
        detail("alarmName", &json!([{"prefix": "use1-az2-"}]), false);
        detail("alarmName", &json!([{"suffix": "-aggregate-alarm"}]), true);
        detail("alarmName", &json!([{"suffix": "-aggregate"}]), false);
        check(
            &json!({"source": [{"equals-ignore-case": "AWS.CloudWatch"}]}),
            true,
        );
        check(
            &json!({"source": [{"equals-ignore-case": "AWS.CloudWatc"}]}),
            false,
        );
        detail("count", &json!([{"prefix": "3"}]), false);
    }

    #[test]
    fn a_wildcard_stands_for_any_text() {
        for (pattern, expected) in [
            ("use1-*-aggregate-alarm", true),
            ("*isolated*", true),
            ("*", true),
            ("use1-az1-shop*shop*", false),
            ("*alarm*alarm", false),
            ("use1-az1-shop-isolated-impact-aggregate-alarm", true),
            ("use1", false),
            ("use1*x", false),
            ("*use1*-az1*-*alarm", true),
        ] {
            detail("alarmName", &json!([{"wildcard": pattern}]), expected);
        }
        let literal = Pattern::parse(&json!({"a": [{"wildcard": "1\\*2*"}]})).unwrap();
        assert!(literal.matches(&json!({"a": "1*23"})));
        assert!(!literal.matches(&json!({"a": "1123"})));
    }

    #[test]
    fn anything_but_wants_a_value_that_is_another() {
        check(&json!({"source": [{"anything-but": "aws.ec2"}]}), true);
        check(
            &json!({"source": [{"anything-but": ["aws.ec2", "aws.cloudwatch"]}]}),
            false,
        );
        detail("count", &json!([{"anything-but": 300}]), false);
        detail("count", &json!([{"anything-but": [1, 2]}]), true);
        detail(
            "alarmName",
            &json!([{"anything-but": {"prefix": "use1-az1"}}]),
            false,
        );
        detail(
            "alarmName",
            &json!([{"anything-but": {"prefix": "use1-az2"}}]),
            true,
        );
        detail("missing", &json!([{"anything-but": "x"}]), false);
    }

    #[test]
    fn exists_looks_for_values_and_not_for_objects() {
        detail("alarmName", &json!([{"exists": true}]), true);
        detail("alarmName", &json!([{"exists": false}]), false);
        detail("muteDetail", &json!([{"exists": false}]), true);
        detail("nothing", &json!([{"exists": true}]), true);
        detail("empty", &json!([{"exists": true}]), false);
        detail("state", &json!([{"exists": true}]), false);
        check(
            &json!({"detail": {"muteDetail": {"mutedByArn": [{"exists": false}]}}}),
            true,
        );
        check(
            &json!({"detail": {"state": {"actionsSuppressedBy": [{"exists": true}]}}}),
            false,
        );
    }

    #[test]
    fn numbers_are_compared() {
        detail("count", &json!([{"numeric": [">", 0, "<=", 300]}]), true);
        detail("count", &json!([{"numeric": ["<", 300]}]), false);
        detail("count", &json!([{"numeric": ["=", 300.0]}]), true);
        detail("share", &json!([{"numeric": [">=", 0.5]}]), true);
        detail("alarmName", &json!([{"numeric": [">", 0]}]), false);
        detail("count", &json!([300]), true);
        detail("count", &json!([300.0]), false);
    }

    #[test]
    fn one_of_the_alternatives_is_enough() {
        let pattern = |value: &str| {
            json!({
                "source": ["aws.cloudwatch"],
                "$or": [
                    {"detail": {"count": [1]}},
                    {"detail": {"state": {"value": [value]}}},
                ],
            })
        };
        check(&pattern("ALARM"), true);
        check(&pattern("OK"), false);
        check(
            &json!({"detail": {"$or": [{"count": [300]}, {"share": [1]}], "alarmName": ["x"]}}),
            false,
        );
    }

    #[track_caller]
    fn refused(pattern: &Value, expected: &str) {
        assert_eq!(Pattern::parse(pattern).unwrap_err().to_string(), expected);
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_its_field() {
        refused(&json!("x"), "event pattern, as a whole: expected an object");
        refused(
            &json!({}),
            "event pattern, as a whole: expected an object that is not empty",
        );
        refused(
            &json!({"source": "aws.cloudwatch"}),
            "event pattern, field source: expected an object, or an array of values and tests",
        );
        refused(
            &json!({"detail": {"state": {"value": []}}}),
            "event pattern, field detail.state.value: expected an object, or an array of values and tests",
        );
        let tests = "expected a string, a number, true, false, null, or one of the tests prefix, suffix, equals-ignore-case, wildcard, numeric, exists and anything-but (the embedded Region has no other)";
        for test in [
            json!({"cidr": "10.0.0.0/24"}),
            json!({"prefix": "a", "suffix": "b"}),
            json!({}),
            json!(["a"]),
        ] {
            refused(
                &json!({"detail": {"ip": [test]}}),
                &format!("event pattern, field detail.ip: {tests}"),
            );
        }
        for (test, expected) in [
            (
                json!({"prefix": {"equals-ignore-case": "a"}}),
                "a string after prefix",
            ),
            (json!({"suffix": 1}), "a string after suffix"),
            (json!({"exists": "true"}), "true or false after exists"),
            (
                json!({"wildcard": "a**b"}),
                "a string after wildcard, without ** and with \\ only before * and \\",
            ),
            (
                json!({"wildcard": "a\\b"}),
                "a string after wildcard, without ** and with \\ only before * and \\",
            ),
            (
                json!({"anything-but": {"suffix": "a"}}),
                "a string, a number, an array of them, or a prefix after anything-but",
            ),
            (
                json!({"anything-but": []}),
                "a string, a number, an array of them, or a prefix after anything-but",
            ),
            (
                json!({"numeric": [">"]}),
                "one or two comparisons after numeric, such as [\">\", 0, \"<=\", 100]",
            ),
            (
                json!({"numeric": ["!=", 1]}),
                "one or two comparisons after numeric, such as [\">\", 0, \"<=\", 100]",
            ),
        ] {
            refused(
                &json!({"detail": {"x": [test]}}),
                &format!("event pattern, field detail.x: expected {expected}"),
            );
        }
        refused(
            &json!({"$or": [{"a": [1]}]}),
            "event pattern, field $or: expected an array of at least two patterns",
        );
    }

    #[test]
    fn hostile_nesting_is_refused() {
        let mut pattern = json!(["x"]);
        for _ in 0..60 {
            pattern = json!({"a": pattern});
        }
        let error = Pattern::parse(&pattern).unwrap_err();
        assert_eq!(error.expected, "at most 50 levels of nesting");
    }
}
