//! What is wrong with a payload: every problem with its field, what was found, what was expected, and
//! the remedy.

use std::fmt;

/// One thing that is wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The path of the field, such as `workload.policy.expiresIn`.
    pub field: String,
    /// What was found, what was expected, and the remedy.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Everything that is wrong with a payload; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// A single problem.
    #[must_use]
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![Problem {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// These problems; `None` where there is none.
    #[must_use]
    pub fn all(problems: Vec<Problem>) -> Option<Self> {
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// The problems, in the order of the definition.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

/// The field below `field` that a deserializer stopped at.
#[must_use]
pub fn field_at(field: &str, path: &serde_path_to_error::Path) -> String {
    match path.to_string().as_str() {
        "." => field.to_owned(),
        path => format!("{field}.{path}"),
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
