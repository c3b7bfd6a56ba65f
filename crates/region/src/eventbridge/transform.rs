//! Input transformers: what of an event, and what besides it, a target gets.
//!
//! A transformer takes values out of the event by JSON path and puts them into a template in the place
//! of `<name>`. Evac's rules send the workload's definition that way, together with
//! `<aws.events.event.json>`: what recovery needs is in the rule before anything fails.
//!
//! The template is JSON. A placeholder within quotes becomes escaped text; one outside of quotes becomes
//! the JSON value. A path that the event does not have becomes `null`, or no text within quotes. So a
//! template that is JSON once is JSON for every event, and one that is not is refused when the rule is
//! put.
//!
//! Reserved: `<aws.events.event.json>` (the event), `<aws.events.event>` (the event without its
//! `detail`), `<aws.events.rule-arn>`, `<aws.events.rule-name>`, `<aws.events.event.ingestion-time>`.
//!
//! Simplifications: no wildcards in paths, and no templates of several quoted lines.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// How many paths a transformer may have. Source: EventBridge API reference, `InputTransformer`.
pub const MOST_PATHS: usize = 100;
/// How many characters a template may have. Source: EventBridge API reference, `InputTransformer`. The
/// definition of a workload has to fit.
pub const LONGEST_TEMPLATE: usize = 8192;

/// An input transformer that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer {
    paths: BTreeMap<String, EventPath>,
    template: Vec<Piece>,
    source: (BTreeMap<String, String>, String),
}

/// Why an input transformer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// Too many paths.
    #[error("InputPathsMap has {0} paths, expected at most {MOST_PATHS}")]
    Paths(usize),
    /// A name that cannot be a placeholder, or that EventBridge has reserved.
    #[error(
        "InputPathsMap: \"{0}\" is not a name, expected letters, digits, _ and - and no beginning with aws."
    )]
    Name(String),
    /// A path that cannot be followed.
    #[error(
        "InputPathsMap: \"{1}\" of \"{0}\" is not a path of the embedded Region, expected one such as $.detail.state.value or $.resources[0]"
    )]
    Path(String, String),
    /// Too long a template.
    #[error(
        "InputTemplate has {0} characters, expected at most {LONGEST_TEMPLATE}; put fewer zones or subnets into one rule"
    )]
    Template(usize),
    /// A placeholder that nothing is known about.
    #[error("InputTemplate: placeholder <{0}> is not in InputPathsMap")]
    Unknown(String),
    /// A template that does not become JSON.
    #[error("InputTemplate does not become JSON: {0}")]
    NotJson(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Placeholder { variable: Variable, quoted: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    Path(String),
    EventJson,
    EventWithoutDetail,
    RuleArn,
    RuleName,
    IngestionTime,
}

/// A path from the event to a value in it, such as `$.detail.state.value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPath {
    steps: Vec<Step>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
}

/// What a template is filled from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) event: &'a Value,
    pub(super) rule_arn: &'a str,
    pub(super) rule_name: &'a str,
    pub(super) ingested: Timestamp,
}

impl Transformer {
    /// Understands a transformer.
    ///
    /// # Errors
    /// Names the path, the placeholder or the limit.
    pub fn new(paths: &BTreeMap<String, String>, template: &str) -> Result<Self, TransformError> {
        if paths.len() > MOST_PATHS {
            return Err(TransformError::Paths(paths.len()));
        }
        let length = template.chars().count();
        if length > LONGEST_TEMPLATE {
            return Err(TransformError::Template(length));
        }
        let mut parsed = BTreeMap::new();
        for (name, path) in paths {
            if !is_name(name) || name.contains('.') {
                return Err(TransformError::Name(name.clone()));
            }
            let steps = EventPath::parse(path);
            let steps = steps.ok_or_else(|| TransformError::Path(name.clone(), path.clone()))?;
            parsed.insert(name.clone(), steps);
        }
        let source = (paths.clone(), template.to_owned());
        let template = pieces(template, &parsed)?;
        let transformer = Self {
            paths: parsed,
            template,
            source,
        };
        // Any event will do: which values it has does not matter for whether the result is JSON.
        transformer.fill(Occasion {
            event: &Value::Null,
            rule_arn: "",
            rule_name: "",
            ingested: Timestamp::UNIX_EPOCH,
        })?;
        Ok(transformer)
    }

    /// The paths and the template, as they were written.
    pub(super) fn source(&self) -> (&BTreeMap<String, String>, &str) {
        (&self.source.0, &self.source.1)
    }

    /// Fills the template.
    pub(super) fn fill(&self, occasion: Occasion<'_>) -> Result<Value, TransformError> {
        let mut filled = String::new();
        for piece in &self.template {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Placeholder { variable, quoted } => {
                    let value = self.value(variable, occasion);
                    filled.push_str(&match (quoted, value) {
                        (false, value) => value.unwrap_or(Value::Null).to_string(),
                        (true, None) => String::new(),
                        (true, Some(Value::String(text))) => escaped(&text),
                        (true, Some(value)) => escaped(&value.to_string()),
                    });
                }
            }
        }
        serde_json::from_str(&filled).map_err(|error| TransformError::NotJson(error.to_string()))
    }

    fn value(&self, variable: &Variable, occasion: Occasion<'_>) -> Option<Value> {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        match variable {
            Variable::Path(name) => self.paths.get(name)?.follow(occasion.event).cloned(),
            Variable::EventJson => Some(occasion.event.clone()),
            Variable::EventWithoutDetail => {
                let mut event = occasion.event.clone();
                if let Value::Object(members) = &mut event {
                    members.remove("detail");
                }
                Some(event)
            }
            Variable::RuleArn => text(occasion.rule_arn),
            Variable::RuleName => text(occasion.rule_name),
            Variable::IngestionTime => text(&occasion.ingested.to_string()),
        }
    }
}

fn is_name(text: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.chars().all(name)
}

/// A text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// Takes a template apart. What looks like a placeholder is one: EventBridge has no escape for `<`.
fn pieces(
    template: &str,
    paths: &BTreeMap<String, EventPath>,
) -> Result<Vec<Piece>, TransformError> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut quoted = false;
    let mut rest = template;
    while let Some(character) = rest.chars().next() {
        let placeholder = rest.strip_prefix('<').and_then(|after| {
            let (name, after) = after.split_once('>')?;
            is_name(name).then_some((name, after))
        });
        if let Some((name, after)) = placeholder {
            let variable = match name {
                "aws.events.event.json" => Variable::EventJson,
                "aws.events.event" => Variable::EventWithoutDetail,
                "aws.events.rule-arn" => Variable::RuleArn,
                "aws.events.rule-name" => Variable::RuleName,
                "aws.events.event.ingestion-time" => Variable::IngestionTime,
                name if paths.contains_key(name) => Variable::Path(name.to_owned()),
                name => return Err(TransformError::Unknown(name.to_owned())),
            };
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Placeholder { variable, quoted });
            rest = after;
            continue;
        }
        // An escaped character within a string can be a quote that does not end it.
        let escape = quoted && character == '\\';
        let taken: usize = rest
            .chars()
            .take(if escape { 2 } else { 1 })
            .map(char::len_utf8)
            .sum();
        if character == '"' {
            quoted = !quoted;
        }
        text.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

impl EventPath {
    /// Understands a path; `None` for one that the Region cannot follow.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (member, after) = after.split_at(end);
                let member = Some(member).filter(|member| is_name(member))?;
                steps.push(Step::Member(member.to_owned()));
                rest = after;
            } else {
                let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
                let digits = index.bytes().all(|b| b.is_ascii_digit());
                let index = Some(index).filter(|_| digits)?;
                steps.push(Step::Item(index.parse().ok()?));
                rest = after;
            }
        }
        let text = text.to_owned();
        Some(Self { steps, text })
    }

    /// The path as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn follow<'a>(&self, event: &'a Value) -> Option<&'a Value> {
        self.steps.iter().try_fold(event, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Item(index) => value.get(index),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({
            "id": "1",
            "resources": ["arn:a", "arn:b"],
            "detail": {
                "alarmName": "the \"zone\" alarm",
                "state": {"value": "ALARM", "count": 3},
            },
        })
    }

    fn transform(paths: &[(&str, &str)], template: &str) -> Result<Value, TransformError> {
        let paths = paths.iter();
        let paths = paths.map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
        Transformer::new(&paths.collect(), template)?.fill(Occasion {
            event: &event(),
            rule_arn: "arn:aws:events:us-east-1:000000000000:rule/shop",
            rule_name: "shop",
            ingested: "2026-01-02T03:04:05Z".parse().unwrap(),
        })
    }

    #[test]
    fn a_workload_travels_with_its_event() {
        let template =
            r#"{"workload": {"name": "shop", "zones": {}}, "event": <aws.events.event.json>}"#;
        assert_eq!(
            transform(&[], template),
            Ok(json!({"workload": {"name": "shop", "zones": {}}, "event": event()}))
        );
    }

    #[test]
    fn a_placeholder_outside_of_quotes_is_a_value_and_within_quotes_text() {
        let paths = [
            ("name", "$.detail.alarmName"),
            ("state", "$.detail.state"),
            ("count", "$.detail.state.count"),
            ("second", "$.resources[1]"),
        ];
        assert_eq!(
            transform(
                &paths,
                r#"{"name": <name>, "state": <state>, "count": <count>, "second": <second>}"#
            ),
            Ok(json!({
                "name": "the \"zone\" alarm",
                "state": {"value": "ALARM", "count": 3},
                "count": 3,
                "second": "arn:b",
            }))
        );
        assert_eq!(
            transform(
                &paths,
                r#"{"text": "<name> has <count> of <state> and \"<second>\""}"#
            ),
            Ok(json!({
                "text": r#"the "zone" alarm has 3 of {"count":3,"value":"ALARM"} and "arn:b""#
            }))
        );
        assert_eq!(
            transform(&paths, r#""<name>""#),
            Ok(json!("the \"zone\" alarm"))
        );
    }

    #[test]
    fn a_path_that_the_event_does_not_have_is_null_or_no_text() {
        let paths = [
            ("mute", "$.detail.muteDetail.mutedByArn"),
            ("far", "$.resources[9]"),
        ];
        assert_eq!(
            transform(
                &paths,
                r#"{"mute": <mute>, "text": "[<mute>]", "far": <far>}"#
            ),
            Ok(json!({"mute": null, "text": "[]", "far": null}))
        );
    }

    #[test]
    fn reserved_names_tell_of_the_rule_and_the_event() {
        let template = r#"{
            "arn": <aws.events.rule-arn>,
            "rule": "<aws.events.rule-name>",
            "at": <aws.events.event.ingestion-time>,
            "event": <aws.events.event>
        }"#;
        assert_eq!(
            transform(&[], template),
            Ok(json!({
                "arn": "arn:aws:events:us-east-1:000000000000:rule/shop",
                "rule": "shop",
                "at": "2026-01-02T03:04:05Z",
                "event": {"id": "1", "resources": ["arn:a", "arn:b"]},
            }))
        );
    }

    #[test]
    fn what_is_no_placeholder_is_text() {
        assert_eq!(
            transform(&[], r#"{"text": "1 < 2 and <b c> and a>b\\"}"#),
            Ok(json!({"text": "1 < 2 and <b c> and a>b\\"}))
        );
    }

    #[track_caller]
    fn refused(paths: &[(&str, &str)], template: &str, expected: &str) {
        assert_eq!(
            transform(paths, template).unwrap_err().to_string(),
            expected
        );
    }

    #[test]
    fn what_cannot_work_is_refused_before_there_is_an_event() {
        refused(
            &[],
            r#"{"a": <b>}"#,
            "InputTemplate: placeholder <b> is not in InputPathsMap",
        );
        refused(
            &[],
            r#"{"a": <aws.events.other>}"#,
            "InputTemplate: placeholder <aws.events.other> is not in InputPathsMap",
        );
        refused(
            &[("a", "$.id")],
            "<a> and more",
            "InputTemplate does not become JSON: trailing characters at line 1 column 6",
        );
        refused(
            &[("aws.a", "$.id")],
            "{}",
            "InputPathsMap: \"aws.a\" is not a name, expected letters, digits, _ and - and no beginning with aws.",
        );
        for path in [
            "detail", "$detail", "$.", "$.a..b", "$.a[", "$.a[x]", "$.a[+1]", "$.*", "$.a[*]",
            "$.a b",
        ] {
            refused(
                &[("a", path)],
                "{}",
                &format!(
                    "InputPathsMap: \"{path}\" of \"a\" is not a path of the embedded Region, expected one such as $.detail.state.value or $.resources[0]"
                ),
            );
        }
    }

    #[test]
    fn the_limits_of_eventbridge_hold() {
        let text = "a".repeat(LONGEST_TEMPLATE - 2);
        assert!(transform(&[], &format!("\"{text}\"")).is_ok());
        refused(
            &[],
            &format!("\"{text}a\""),
            "InputTemplate has 8193 characters, expected at most 8192; put fewer zones or subnets into one rule",
        );
        let paths = (0..101).map(|n| (format!("p{n}"), "$.id".to_owned()));
        let error = Transformer::new(&paths.collect(), "{}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "InputPathsMap has 101 paths, expected at most 100"
        );
    }
}
