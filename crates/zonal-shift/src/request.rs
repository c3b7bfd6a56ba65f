//! The door of the function: a payload is a request of this version, or nothing is called.

use domain::AccountId;
use domain::problem::Problems;
use domain::shift::{REQUEST_SCHEMA, ShiftRequest};
use serde_json::Value;

/// Reads a request to the function of the account `own`.
///
/// # Errors
/// The first field that does not fit, with what was expected.
pub fn read(payload: &Value, own: &AccountId) -> Result<ShiftRequest, Problems> {
    let schema = payload.get("schema").and_then(Value::as_str);
    if schema != Some(REQUEST_SCHEMA) {
        let found = schema.unwrap_or("nothing");
        return Err(Problems::one(
            "schema",
            format!("found {found}, expected \"{REQUEST_SCHEMA}\""),
        ));
    }
    let request: ShiftRequest = serde_path_to_error::deserialize(payload).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." {
            "request".to_owned()
        } else {
            path
        };
        Problems::one(field, error.into_inner().to_string())
    })?;
    if request.resources.is_empty() {
        return Err(Problems::one(
            "resources",
            "empty, expected the ARN of at least one resource, the lead first",
        ));
    }
    for (index, resource) in request.resources.iter().enumerate() {
        if resource.account() != *own {
            return Err(Problems::one(
                format!("resources[{index}]"),
                format!(
                    "{resource} belongs to account {}, expected this function's own account {own}",
                    resource.account()
                ),
            ));
        }
        if request.resources[..index].contains(resource) {
            return Err(Problems::one(
                format!("resources[{index}]"),
                format!("{resource} is listed twice, expected once"),
            ));
        }
    }
    if let Some(incident) = request.action.incident()
        && *incident.workload() != request.workload
    {
        return Err(Problems::one(
            "incident",
            format!(
                "{incident} is of workload {}, expected one of {}",
                incident.workload(),
                request.workload
            ),
        ));
    }
    Ok(request)
}
