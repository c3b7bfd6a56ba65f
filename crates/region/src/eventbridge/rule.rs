//! Rules: what makes the bus send something, and where to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::ServiceError;

use super::pattern::Pattern;
use super::transform::{EventPath, Transformer};

/// What makes a rule send something.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// An event that matches.
    Pattern(Pattern),
    /// Time.
    Rate {
        /// How many seconds from one event to the next: whole minutes, as in AWS.
        seconds: u32,
    },
}

/// What a target gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The event.
    Event,
    /// A part of the event; `null` where the event does not have it.
    Part(EventPath),
    /// Always the same.
    Constant(Value),
    /// Something made of the event.
    Transformed(Transformer),
}

/// Where a rule sends to.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The id, one in the rule.
    pub id: String,
    /// The function's name.
    pub function: String,
    /// What it gets.
    pub input: Input,
}

/// A rule of the default bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The name, one on the bus.
    pub name: String,
    /// What makes it send something.
    pub trigger: Trigger,
    /// Whether it does.
    pub enabled: bool,
    /// Where to, at most 5.
    pub targets: Vec<Target>,
}

/// What EventBridge keeps of a rule besides what it does, as the client wrote it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct About {
    pub(super) description: Option<String>,
    pub(super) role_arn: Option<String>,
    /// The state, where it says more than whether the rule is enabled.
    pub(super) state: Option<String>,
    pub(super) schedule: Option<String>,
    /// The targets that came over the wire, by their ids.
    pub(super) targets: BTreeMap<String, Value>,
}

/// EventBridge's limits. Source: API reference, `PutRule` and `PutTargets`.
pub(super) const LONGEST_NAME: usize = 64;
pub(super) const MOST_TARGETS: usize = 5;

/// Whether a text can be the name of a rule, or the id of a target.
pub(super) fn is_name(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(known)
}

impl Rule {
    /// Whether EventBridge would take the rule.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        if !is_name(&self.name) {
            return Err(invalid(format!(
                "rule \"{}\": expected a name of 1 to {LONGEST_NAME} letters, digits, dots, hyphens and underscores",
                self.name
            )));
        }
        if let Trigger::Rate { seconds } = self.trigger
            && (seconds == 0 || !seconds.is_multiple_of(60))
        {
            return Err(invalid(format!(
                "rule \"{}\": a rate of {seconds} s, expected whole minutes",
                self.name
            )));
        }
        let n = self.targets.len();
        if n > MOST_TARGETS {
            return Err(invalid(format!(
                "rule \"{}\": {n} targets, expected at most {MOST_TARGETS}",
                self.name
            )));
        }
        for (index, target) in self.targets.iter().enumerate() {
            let mut before = self.targets.iter().take(index);
            if !is_name(&target.id) || before.any(|other| other.id == target.id) {
                return Err(invalid(format!(
                    "rule \"{}\": target \"{}\": expected an id of its own, of 1 to {LONGEST_NAME} letters, digits, dots, hyphens and underscores",
                    self.name, target.id
                )));
            }
        }
        Ok(())
    }
}

/// A refusal of a request that breaks the constraints of an operation.
pub(super) fn invalid(message: String) -> ServiceError {
    ServiceError::new(400, "ValidationException", message)
}
