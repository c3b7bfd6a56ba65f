//! What can go wrong, as a closed list: each failure has a class, and each class one disposition.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The class of a failure: the error type of a Lambda function error, the dimension of the failure
/// metric, and what alarms match on. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The payload is not one that the function understands.
    BadInput,
    /// The function's own configuration is wrong or missing.
    BadConfiguration,
    /// A drill's executable met a real account, or a deployed one the drill's.
    WrongAccount,
    /// The service said that it is called too often.
    Throttled,
    /// No answer in time; whether the call had an effect is not known.
    Timeout,
    /// No connection, or the service failed (5xx).
    Unavailable,
    /// Somebody else changed the same thing at the same time.
    Conflict,
    /// The service does not know what was named.
    NotFound,
    /// The function's role does not allow the call.
    AccessDenied,
    /// The service understood the call and refused it.
    Rejected,
    /// The service accepted the call, but reading back does not show its effect.
    NotApplied,
    /// A function that was invoked ended with an error.
    FunctionFailed,
    /// An answer that cannot be understood.
    BadAnswer,
    /// Time ran out before everything was reached.
    OutOfTime,
}

/// What is to be done about a failure. Every failure is an error of the function either way, so
/// that nothing is lost: the two differ in who can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Trying again may help: Lambda's retry does, and then the tick.
    Retry,
    /// Trying again cannot help: a person has to change something.
    Escalate,
}

impl Disposition {
    /// The stable name, as in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Escalate => "escalate",
        }
    }
}

impl Class {
    /// What is to be done about failures of this class.
    #[must_use]
    pub fn disposition(self) -> Disposition {
        match self {
            Self::Throttled
            | Self::Timeout
            | Self::Unavailable
            | Self::Conflict
            | Self::NotApplied
            | Self::FunctionFailed
            | Self::BadAnswer
            | Self::OutOfTime => Disposition::Retry,
            Self::BadInput
            | Self::BadConfiguration
            | Self::WrongAccount
            | Self::NotFound
            | Self::AccessDenied
            | Self::Rejected => Disposition::Escalate,
        }
    }

    /// The stable name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::BadConfiguration => "bad-configuration",
            Self::WrongAccount => "wrong-account",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Conflict => "conflict",
            Self::NotFound => "not-found",
            Self::AccessDenied => "access-denied",
            Self::Rejected => "rejected",
            Self::NotApplied => "not-applied",
            Self::FunctionFailed => "function-failed",
            Self::BadAnswer => "bad-answer",
            Self::OutOfTime => "out-of-time",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failure as it travels in answers and messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its class.
    pub class: Class,
    /// What failed, with the values and, where there is one, the remedy.
    pub message: String,
}

impl Failure {
    /// A failure of a class.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
        }
    }

    /// The same failure, with what it is about in front of its message.
    #[must_use]
    pub fn of(self, subject: &str) -> Self {
        Self::new(self.class, format!("{subject}: {}", self.message))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_json_is_the_name_in_metrics() {
        for class in [
            Class::BadInput,
            Class::BadConfiguration,
            Class::WrongAccount,
            Class::Throttled,
            Class::Timeout,
            Class::Unavailable,
            Class::Conflict,
            Class::NotFound,
            Class::AccessDenied,
            Class::Rejected,
            Class::NotApplied,
            Class::FunctionFailed,
            Class::BadAnswer,
            Class::OutOfTime,
        ] {
            assert_eq!(
                serde_json::to_value(class).unwrap(),
                serde_json::json!(class.name())
            );
        }
    }
}
