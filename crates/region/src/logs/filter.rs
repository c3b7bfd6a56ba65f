//! Filter patterns: terms, and one field of lines that are JSON.
//!
//! Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters, subscription filters,
//! filter log events, and Live Tail". Any other pattern is refused: passed over, it would find lines that
//! nobody asked for.

use serde_json::Value;

use super::invalid;
use crate::error::ServiceError;

/// The longest pattern, in characters. Source: API reference, `FilterLogEvents`.
const LONGEST: usize = 1024;

/// Which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those that hold each of these texts.
    Terms(Vec<String>),
    /// Those that are JSON with this text at this path.
    Field {
        /// The names of the members, from the outside in.
        path: Vec<String>,
        /// The text.
        value: String,
    },
}

impl Filter {
    /// Reads a pattern.
    ///
    /// # Errors
    /// `InvalidParameterException` for what is no pattern, and for kinds that are not simulated.
    pub fn read(pattern: &str) -> Result<Self, ServiceError> {
        let text = pattern.trim();
        if text.chars().count() > LONGEST {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to {LONGEST}"
            )));
        }
        if text.is_empty() {
            return Ok(Self::All);
        }
        let read = match text.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}').and_then(field),
            None => terms(text).map(Self::Terms),
        };
        read.ok_or_else(|| {
            invalid(format!(
                "Invalid filter pattern {pattern}: the embedded Region has terms, such as ERROR \"out of time\", and one field of JSON, such as {{ $.workload = \"wildrydes\" }}"
            ))
        })
    }

    /// Whether a line is wanted.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        match self {
            Self::All => true,
            Self::Terms(terms) => terms.iter().all(|term| line.contains(term)),
            Self::Field { path, value } => {
                let line: Option<Value> = serde_json::from_str(line).ok();
                let found = line
                    .as_ref()
                    .and_then(|line| path.iter().try_fold(line, |value, name| value.get(name)));
                found.and_then(Value::as_str) == Some(value)
            }
        }
    }
}

/// `$.name.name = "text"`, without an asterisk, which would stand for any text.
fn field(text: &str) -> Option<Filter> {
    let (path, value) = text.split_once('=')?;
    let path = path.trim().strip_prefix("$.")?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(is_plain);
    let names: Vec<&str> = path.split('.').collect();
    if !names.iter().all(is_name) || value.contains(['"', '\\', '*']) {
        return None;
    }
    Some(Filter::Field {
        path: names.into_iter().map(str::to_owned).collect(),
        value: value.to_owned(),
    })
}

/// Words of letters, digits and underscores; anything else stands in quotes.
fn terms(text: &str) -> Option<Vec<String>> {
    let mut terms = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (term, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let end = rest.find(|letter| !is_plain(letter)).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        let next = after.trim_start();
        let apart = after.is_empty() || next.len() < after.len();
        if term.is_empty() || term.contains('\\') || !apart {
            return None;
        }
        terms.push(term.to_owned());
        rest = next;
    }
    Some(terms)
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
