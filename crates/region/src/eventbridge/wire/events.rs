//! PutEvents and TestEventPattern.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::entries::MOST_ENTRIES;
use super::super::rule::invalid;
use super::super::{EntryError, EventBridge, Pattern, PatternError, PutEventsEntry};
use super::{Input, Output, serialization};
use crate::error::ServiceError;

/// The longest pattern, in characters. Source: API reference, `PutRule`.
pub(super) const LONGEST_PATTERN: usize = 4096;

/// What an event must have for a pattern to be tested with it. Source: API reference,
/// `TestEventPattern`.
const MANDATORY: [&str; 7] = [
    "id",
    "account",
    "source",
    "time",
    "region",
    "resources",
    "detail-type",
];

pub(super) fn put(bus: &mut EventBridge, input: &Input, now: Timestamp) -> Output {
    if input.get("EndpointId").is_some() {
        return Err(invalid(
            "the embedded Region does not simulate EndpointId of PutEvents".to_owned(),
        ));
    }
    let entries = input.list("Entries", MOST_ENTRIES)?.iter().map(entry);
    let answers = bus.put_events(entries.collect::<Result<_, _>>()?, now)?;
    let failed = answers.iter().filter(|answer| answer.is_err()).count();
    let write = |answer: &Result<String, EntryError>| match answer {
        Ok(id) => json!({"EventId": id}),
        Err(error) => json!({"ErrorCode": error.code, "ErrorMessage": error.message}),
    };
    let entries: Vec<Value> = answers.iter().map(write).collect();
    Ok(Some(
        json!({"FailedEntryCount": failed, "Entries": entries}),
    ))
}

/// An entry. What is missing is empty, and refused by itself.
fn entry(value: &Value) -> Result<PutEventsEntry, ServiceError> {
    let input = Input::of(value)?;
    let text = |member: &str| Ok(input.text(member)?.unwrap_or_default().to_owned());
    let resources = match input.get("Resources") {
        None => Vec::new(),
        Some(list) => serde_json::from_value(list.clone())
            .map_err(|_| serialization("Resources is not a list of strings"))?,
    };
    Ok(PutEventsEntry {
        bus: input.text("EventBusName")?.map(str::to_owned),
        source: text("Source")?,
        detail_type: text("DetailType")?,
        detail: text("Detail")?,
        resources,
        time: input.get("Time").map(time).transpose()?,
    })
}

/// A time: in awsJson the seconds since 1970.
fn time(value: &Value) -> Result<Timestamp, ServiceError> {
    let seconds = value.as_f64();
    let since = seconds.and_then(|n| jiff::SignedDuration::try_from_secs_f64(n).ok());
    since
        .and_then(|since| Timestamp::from_duration(since).ok())
        .ok_or_else(|| serialization("Time is not the seconds since 1970"))
}

pub(super) fn test_pattern(input: &Input) -> Output {
    input.short("EventPattern", LONGEST_PATTERN)?;
    let pattern = Pattern::read(input.required("EventPattern")?).map_err(|error| bad(&error))?;
    let event: Option<Value> = serde_json::from_str(input.required("Event")?).ok();
    let event = event.filter(|event| MANDATORY.iter().all(|member| event.get(member).is_some()));
    let event = event.ok_or_else(|| {
        invalid(format!(
            "Parameter Event is not valid. Reason: expected a JSON object with {}.",
            MANDATORY.join(", ")
        ))
    })?;
    Ok(Some(json!({"Result": pattern.matches(&event)})))
}

/// A pattern that is not understood.
pub(super) fn bad(error: &PatternError) -> ServiceError {
    ServiceError::new(
        400,
        "InvalidEventPatternException",
        format!("Event pattern is not valid. Reason: {error}"),
    )
}
