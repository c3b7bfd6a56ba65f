//! The door of the function: a payload is a request of this version, or nothing is called.

use domain::problem::Problems;
use domain::prune::{PruneRequest, REQUEST_SCHEMA};
use domain::workload::GroupSelector;
use serde_json::Value;

/// Reads a request.
///
/// # Errors
/// The first field that does not fit, with what was expected.
pub fn read(payload: &Value) -> Result<PruneRequest, Problems> {
    let schema = payload.get("schema").and_then(Value::as_str);
    if schema != Some(REQUEST_SCHEMA) {
        let found = schema.unwrap_or("nothing");
        return Err(Problems::one(
            "schema",
            format!("found {found}, expected \"{REQUEST_SCHEMA}\""),
        ));
    }
    let request: PruneRequest = serde_path_to_error::deserialize(payload).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." {
            "request".to_owned()
        } else {
            path
        };
        Problems::one(field, error.into_inner().to_string())
    })?;
    if request.min_zones == 0 {
        return Err(Problems::one(
            "minZones",
            "0, expected at least 1: a group is never left without a zone",
        ));
    }
    if matches!(&request.groups, GroupSelector::Names(names) if names.is_empty()) {
        return Err(Problems::one(
            "groups.names",
            "empty, expected at least one name",
        ));
    }
    let Some(incident) = request.action.incident() else {
        return Ok(request);
    };
    if *incident.workload() != request.workload {
        return Err(Problems::one(
            "incident",
            format!(
                "{incident} is of workload {}, expected one of {}",
                incident.workload(),
                request.workload
            ),
        ));
    }
    if request.zones.get(incident.zone()).is_none() {
        let known: Vec<&str> = request
            .zones
            .ids()
            .iter()
            .map(|zone| zone.as_str())
            .collect();
        return Err(Problems::one(
            "zones",
            format!(
                "{} of {incident} is missing, expected it beside {}",
                incident.zone(),
                known.join(", ")
            ),
        ));
    }
    Ok(request)
}
