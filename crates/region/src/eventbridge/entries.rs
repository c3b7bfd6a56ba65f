//! Events of clients: what EventBridge takes of them, entry by entry.

use jiff::Timestamp;
use serde_json::Value;

use super::rule::invalid;
use super::{EventBridge, event_id};
use crate::error::ServiceError;

/// An event that a client publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutEventsEntry {
    /// The name or ARN of the bus: the default one, if it is not said.
    pub bus: Option<String>,
    /// Who publishes it. `aws.` belongs to AWS services.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// A JSON object, as text.
    pub detail: String,
    /// ARNs of what it is about.
    pub resources: Vec<String>,
    /// When it happened: now, if it is not said.
    pub time: Option<Timestamp>,
}

/// Why one entry of several was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct EntryError {
    /// The code in the API.
    pub code: &'static str,
    /// The text for people.
    pub message: String,
}

/// EventBridge's limits: entries, the bytes of all of them, and the characters of a detail type. Source:
/// API reference, `PutEvents`.
pub(super) const MOST_ENTRIES: usize = 10;
const LARGEST_ENTRIES: usize = 1_048_576;
const LONGEST_DETAIL_TYPE: usize = 128;
/// What a time counts for, in bytes. Source: user guide, "Calculating PutEvents event entry size".
const TIME_SIZE: usize = 14;

impl EventBridge {
    /// Publishes events of a client. Each entry is accepted, and has an id, or refused by itself.
    ///
    /// # Errors
    /// `ValidationException` for no entries or more than ten, for more than 1 MB, and where every entry
    /// lacks something.
    pub fn put_events(
        &mut self,
        entries: Vec<PutEventsEntry>,
        now: Timestamp,
    ) -> Result<Vec<Result<String, EntryError>>, ServiceError> {
        let n = entries.len();
        if n == 0 || n > MOST_ENTRIES {
            return Err(invalid(format!(
                "Entries has {n} members, expected 1 to {MOST_ENTRIES}"
            )));
        }
        if entries.iter().map(size).sum::<usize>() > LARGEST_ENTRIES {
            return Err(invalid(
                "Total size of the entries in the request is over the limit.".to_owned(),
            ));
        }
        if entries.iter().all(|entry| missing(entry).is_some()) {
            return Err(invalid(
                "no entry has all of Source, DetailType and Detail".to_owned(),
            ));
        }
        let put = |entry: PutEventsEntry| {
            let detail = check_entry(&entry)?;
            let at = entry.time.unwrap_or(now);
            let event = self.event(
                &entry.source,
                &entry.detail_type,
                at,
                &entry.resources,
                &detail,
            );
            let id = event_id(&event);
            // An entry for a bus that does not exist is accepted, and reaches nothing.
            if self.is_default(entry.bus.as_deref()) {
                self.accept(&event, now);
            }
            Ok(id)
        };
        Ok(entries.into_iter().map(put).collect())
    }
}

/// The bytes that an entry counts for.
fn size(entry: &PutEventsEntry) -> usize {
    let resources: usize = entry.resources.iter().map(String::len).sum();
    let time = if entry.time.is_some() { TIME_SIZE } else { 0 };
    time + entry.source.len() + entry.detail_type.len() + entry.detail.len() + resources
}

/// What an entry lacks, if anything.
fn missing(entry: &PutEventsEntry) -> Option<&'static str> {
    let members = [
        ("Source", &entry.source),
        ("DetailType", &entry.detail_type),
        ("Detail", &entry.detail),
    ];
    let mut missing = members.into_iter().filter(|(_, text)| text.is_empty());
    missing.next().map(|(name, _)| name)
}

fn check_entry(entry: &PutEventsEntry) -> Result<Value, EntryError> {
    let refuse = |code, message: String| Err(EntryError { code, message });
    if let Some(name) = missing(entry) {
        let message =
            format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        return refuse("InvalidArgument", message);
    }
    if entry.detail_type.chars().count() > LONGEST_DETAIL_TYPE {
        let message = format!(
            "Parameter DetailType is not valid. Reason: it has more than {LONGEST_DETAIL_TYPE} characters."
        );
        return refuse("InvalidArgument", message);
    }
    if entry.source.starts_with("aws.") {
        return refuse(
            "NotAuthorizedForSourceException",
            "Not authorized for the source.".to_owned(),
        );
    }
    match serde_json::from_str(&entry.detail) {
        Ok(detail @ Value::Object(_)) => Ok(detail),
        _ => refuse("MalformedDetail", "Detail is malformed.".to_owned()),
    }
}
