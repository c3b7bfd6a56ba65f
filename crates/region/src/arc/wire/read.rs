//! What a request says.
//!
//! The codec's requests are not used: they read a member that is missing as one that is empty, and a
//! comment may be empty and not missing.

use serde_json::{Map, Value};
use winterbaume_core::MockRequest;

use crate::arc::{PracticeRunUpdate, validate};
use crate::error::ServiceError;

/// The members of a request's body.
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// # Errors
    /// `SerializationException` for what is no JSON object.
    pub(super) fn of(request: &MockRequest) -> Result<Self, ServiceError> {
        if request.body.is_empty() {
            return Ok(Self(Map::new()));
        }
        serde_json::from_slice(&request.body)
            .map(Self)
            .map_err(|error| validate::malformed(error.to_string()))
    }

    /// A text; `null` is none.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ServiceError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(validate::malformed(format!("{name}: not a text"))),
        }
    }

    /// A text that must be there. It may be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, ServiceError> {
        self.text(name)?.ok_or_else(|| validate::missing(name))
    }

    /// What `CreatePracticeRunConfiguration` and `UpdatePracticeRunConfiguration` set.
    pub(super) fn configuration(&self) -> Result<PracticeRunUpdate, ServiceError> {
        Ok(PracticeRunUpdate {
            outcome_alarms: self.list("outcomeAlarms", condition)?,
            blocking_alarms: self.list("blockingAlarms", condition)?,
            blocked_dates: self.list("blockedDates", text)?,
            blocked_windows: self.list("blockedWindows", text)?,
            allowed_windows: self.list("allowedWindows", text)?,
        })
    }

    fn list<T>(
        &self,
        name: &str,
        item: impl Fn(&str, &Value) -> Result<T, ServiceError>,
    ) -> Result<Option<Vec<T>>, ServiceError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|value| item(name, value))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(validate::malformed(format!("{name}: not a list"))),
        }
    }
}

fn text(name: &str, value: &Value) -> Result<String, ServiceError> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| validate::malformed(format!("{name}: not a list of texts")))
}

/// The type and the alarm of a control condition.
fn condition(name: &str, value: &Value) -> Result<(String, String), ServiceError> {
    let member = |member: &str| match value.get(member) {
        None => Err(validate::missing(&format!("{name}.{member}"))),
        Some(value) => text(name, value),
    };
    Ok((member("type")?, member("alarmIdentifier")?))
}
