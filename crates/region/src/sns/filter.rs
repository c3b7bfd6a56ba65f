//! Filter policies: which messages of a topic a subscription gets.
//!
//! A policy has the shape of an event pattern of EventBridge, and the same tests, on the message's
//! attributes or on its body (SNS developer guide, "Amazon SNS subscription filter policies"). A
//! test that the Region does not know (`cidr`, and `anything-but` with `suffix` or `wildcard`) is
//! refused: a test that is passed over would let through what it was meant to stop.

use serde_json::{Map, Number, Value};

use super::Publish;
use crate::eventbridge::Pattern;

/// Limits of a policy: bytes, keys, and combinations of values. Source: SNS developer guide, "Filter
/// policy constraints".
const LONGEST: usize = 256 * 1024;
const MOST_KEYS: usize = 5;
const MOST_COMBINATIONS: usize = 150;

/// What a filter policy looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FilterScope {
    /// The message's attributes.
    #[default]
    MessageAttributes,
    /// The message's text, where it is a JSON object.
    MessageBody,
}

impl std::str::FromStr for FilterScope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "MessageAttributes" => Ok(Self::MessageAttributes),
            "MessageBody" => Ok(Self::MessageBody),
            other => Err(format!(
                "FilterPolicyScope: Invalid value [{other}]. Please use either MessageBody or MessageAttributes"
            )),
        }
    }
}

/// A filter policy that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FilterPolicy {
    scope: FilterScope,
    pattern: Pattern,
}

impl FilterPolicy {
    /// Understands a policy; an empty one filters nothing.
    pub(super) fn parse(text: &str, scope: FilterScope) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > LONGEST {
            return Err("FilterPolicy: Filter policy is larger than 256 KB".to_owned());
        }
        let policy: Value = serde_json::from_str(text)
            .map_err(|_| "FilterPolicy: failed to parse JSON.".to_owned())?;
        let Value::Object(members) = &policy else {
            return Err("FilterPolicy: Filter policy is not a JSON object".to_owned());
        };
        if members.is_empty() {
            return Ok(None);
        }
        let nested = |(name, value): (&String, &Value)| name != "$or" && value.is_object();
        if scope == FilterScope::MessageAttributes && members.iter().any(nested) {
            return Err("FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy".to_owned());
        }
        let mut leaves = Vec::new();
        count(&policy, 1, &mut leaves);
        if leaves.len() > MOST_KEYS {
            return Err(format!(
                "FilterPolicy: Filter policy can not have more than {MOST_KEYS} keys"
            ));
        }
        let combinations = leaves.iter().copied().fold(1, usize::saturating_mul);
        if combinations > MOST_COMBINATIONS {
            return Err("FilterPolicy: Filter policy is too complex".to_owned());
        }
        let pattern = Pattern::parse(&with_plain_numbers(policy))
            .map_err(|error| format!("FilterPolicy: {error}"))?;
        Ok(Some(Self { scope, pattern }))
    }

    /// Whether the subscription gets a message whose text is this.
    pub(super) fn accepts(&self, publish: &Publish, text: &str) -> bool {
        let document = match self.scope {
            FilterScope::MessageAttributes => attributes(publish),
            FilterScope::MessageBody => match serde_json::from_str(text) {
                Ok(body @ Value::Object(_)) => body,
                _ => return false,
            },
        };
        self.pattern.matches(&with_plain_numbers(document))
    }
}

/// The number of values of each key, times how deep it is.
fn count(policy: &Value, depth: usize, leaves: &mut Vec<usize>) {
    let Value::Object(members) = policy else {
        return;
    };
    for (name, value) in members {
        match value {
            Value::Array(alternatives) if name == "$or" => {
                for alternative in alternatives {
                    count(alternative, depth, leaves);
                }
            }
            Value::Array(values) => leaves.push(values.len().saturating_mul(depth)),
            inside => count(inside, depth + 1, leaves),
        }
    }
}

/// The attributes as a document. A binary one cannot be filtered by.
fn attributes(publish: &Publish) -> Value {
    let value = |kind: &str, value: &str| match kind.split('.').next() {
        Some("Number") => serde_json::from_str(value).ok().filter(Value::is_number),
        Some("String") if kind == "String.Array" => {
            serde_json::from_str(value).ok().filter(Value::is_array)
        }
        Some("String") => Some(Value::String(value.to_owned())),
        _ => None,
    };
    let attributes = publish.attributes.iter();
    Value::Object(Map::from_iter(attributes.filter_map(
        |(name, (kind, text))| Some((name.clone(), value(kind, text)?)),
    )))
}

/// A pattern tells `300` and `300.0` apart; a filter policy does not.
fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            // A whole number is written without a fraction.
            let whole = number.as_f64().map(|n| n.to_string().parse::<i64>());
            match whole {
                Some(Ok(whole)) if !number.is_i64() => Value::Number(Number::from(whole)),
                _ => Value::Number(number),
            }
        }
        Value::Array(items) => items.into_iter().map(with_plain_numbers).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, with_plain_numbers(value)))
            .collect(),
        other => other,
    }
}
