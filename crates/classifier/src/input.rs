//! The door of the function: the three shapes of a payload, told apart without guessing.
//!
//! `{workload, event}` and `{workload, command}` carry the configuration with them. A bare alarm
//! event, from EventBridge or straight from CloudWatch, must name its load balancer and its zone in
//! the alarm's description. Everything else is refused before anything is called.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use domain::AccountId;
use domain::definition;
use domain::event::{Change, Envelope, read_direct, read_envelope};
use domain::problem::{Problems, field_at};
use domain::signal::{BareDefaults, Signal, Trigger, read_bare, read_change, read_command};
use jiff::Timestamp;
use serde_json::Value;

const SHAPES: &str = r#"expected {"workload": …, "event": …}, {"workload": …, "command": …}, or an alarm's event by itself"#;

/// Reads a payload. `own` is the account that the function runs in; without it, as when a file is
/// explained, resources of any account are accepted.
///
/// # Errors
/// The fields that do not fit, with what was expected.
pub fn read(
    payload: &Value,
    bare: &BareDefaults,
    own: Option<&AccountId>,
) -> Result<Signal, Problems> {
    let Value::Object(fields) = payload else {
        return Err(Problems::one(
            "payload",
            format!("not a JSON object, {SHAPES}"),
        ));
    };
    let signal = match (
        fields.get("workload"),
        fields.get("event"),
        fields.get("command"),
    ) {
        (Some(workload), Some(event), None) => {
            let workload = definition::read("workload", workload)?;
            let change = read_event("event", event, own)?;
            read_change("event", change, workload)?
        }
        (Some(workload), None, Some(command)) => {
            let workload = definition::read("workload", workload)?;
            let command = read_command("command", command, &workload)?;
            Signal {
                workload,
                trigger: Trigger::Command(command),
            }
        }
        (Some(_), Some(_), Some(_)) => {
            return Err(Problems::one(
                "command",
                "stands beside event, expected one of the two",
            ));
        }
        (Some(_), None, None) => {
            return Err(Problems::one(
                "event",
                format!("missing beside workload, and so is command, {SHAPES}"),
            ));
        }
        (None, Some(_), _) | (None, _, Some(_)) => {
            return Err(Problems::one("workload", format!("missing, {SHAPES}")));
        }
        (None, None, None) => {
            if !is_event(payload) {
                return Err(Problems::one(
                    "payload",
                    format!("neither workload nor an alarm's event, {SHAPES}"),
                ));
            }
            match read_event("event", payload, own)? {
                Change::Alarm(change) => {
                    let detail = ["detail", "alarmData"]
                        .into_iter()
                        .find(|name| fields.contains_key(*name));
                    read_bare(
                        &format!("event.{}", detail.unwrap_or("detail")),
                        change,
                        bare,
                    )?
                }
                Change::Arc(_) => {
                    return Err(Problems::one(
                        "workload",
                        "missing beside an event of ARC, expected the workload that it concerns",
                    ));
                }
            }
        }
    };
    if let Some(own) = own {
        definition::check_account("workload", &signal.workload, own)?;
    }
    Ok(signal)
}

fn is_event(payload: &Value) -> bool {
    payload.get("detail-type").is_some() || payload.get("alarmData").is_some()
}

/// Reads an event in either of its shapes.
fn read_event(field: &str, event: &Value, own: Option<&AccountId>) -> Result<Change, Problems> {
    if event.get("alarmData").is_some() {
        check_sender(
            &format!("{field}.accountId"),
            event.get("accountId").and_then(Value::as_str),
            own,
        )?;
        return read_direct(field, event).map(Change::Alarm);
    }
    let envelope: EventBridgeEvent<Value> =
        serde_path_to_error::deserialize(event).map_err(|error| {
            let at = field_at(field, error.path());
            Problems::one(
                at,
                format!(
                    "{}, expected an event as EventBridge delivers it",
                    error.into_inner()
                ),
            )
        })?;
    check_sender(
        &format!("{field}.account"),
        envelope.account.as_deref(),
        own,
    )?;
    let time = envelope
        .time
        .and_then(|time| Timestamp::from_millisecond(time.timestamp_millis()).ok());
    let envelope = Envelope {
        source: envelope.source,
        detail_type: envelope.detail_type,
        time,
        resources: envelope.resources.unwrap_or_default(),
        detail: envelope.detail,
    };
    read_envelope(field, &envelope)
}

/// An event of another account speaks of alarms that this function cannot read.
fn check_sender(
    field: &str,
    sender: Option<&str>,
    own: Option<&AccountId>,
) -> Result<(), Problems> {
    match (sender, own) {
        (Some(sender), Some(own)) if sender != own.as_str() => Err(Problems::one(
            field,
            format!("{sender} is another account, expected this function's own account {own}"),
        )),
        _ => Ok(()),
    }
}
