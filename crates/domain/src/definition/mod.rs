//! The workload definition as people write it, and the check that makes a [`Workload`] of it.
//!
//! The definition travels with every event, so a mistake in it is found at the first event at the
//! latest; it must never be found half-way through an evacuation. So everything is checked before
//! anything is called, and every problem is reported at once, each with its field, what was found
//! and what to write instead. Unknown fields are refused: a misspelt `minZones` must not silently
//! become the default.

mod check;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::arn::AccountId;
use crate::judge::CriteriaDefinition;
use crate::problem::{Problem, Problems, field_at};
use crate::workload::Workload;

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a workload definition"
)]
struct Definition {
    name: String,
    #[serde(default)]
    zones: BTreeMap<String, ZoneDefinition>,
    #[serde(default)]
    resources: Vec<String>,
    auto_scaling_groups: Option<SelectorDefinition>,
    #[serde(default)]
    alarms: AlarmsDefinition,
    evidence: Option<serde_json::Map<String, serde_json::Value>>,
    canary: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    policy: PolicyDefinition,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a zone with name and subnets"
)]
struct ZoneDefinition {
    name: String,
    #[serde(default)]
    subnets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a selector of groups"
)]
struct SelectorDefinition {
    tag: Option<TagDefinition>,
    names: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a tag with key and value"
)]
struct TagDefinition {
    key: String,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "zonal and regional alarms"
)]
struct AlarmsDefinition {
    #[serde(default)]
    zonal: BTreeMap<String, String>,
    #[serde(default)]
    regional: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "a policy")]
struct PolicyDefinition {
    mode: Option<String>,
    expires_in: Option<String>,
    min_zones: Option<i64>,
    fail_back: Option<String>,
    stable_for: Option<String>,
    flap_window: Option<String>,
    max_flaps: Option<u16>,
    without_evidence: Option<String>,
    without_alarms: Option<String>,
    without_capacity: Option<String>,
    host_requests_per_minute: Option<u64>,
    max_growth: Option<f64>,
    stale_after: Option<String>,
    #[serde(default)]
    nothing_to_shift: bool,
    #[serde(default)]
    criteria: CriteriaDefinition,
}

/// Reads a workload definition.
///
/// # Errors
/// Every [`Problem`] at once, with paths below `field`; but where the JSON has another shape than a
/// definition, only the first place that does not fit.
pub fn read(field: &str, definition: &serde_json::Value) -> Result<Workload, Problems> {
    let definition: Definition = serde_path_to_error::deserialize(definition).map_err(|error| {
        let at = field_at(field, error.path());
        Problems::one(at, error.into_inner().to_string())
    })?;
    check::check(field, definition)
}

/// Refuses a workload of another account: its function's role could not shift it, and an event that
/// asks for it is forged or misdirected.
///
/// # Errors
/// One problem for each resource that belongs to another account than `own`.
pub fn check_account(field: &str, workload: &Workload, own: &AccountId) -> Result<(), Problems> {
    let foreign: Vec<Problem> = workload
        .resources
        .iter()
        .enumerate()
        .filter(|(_, resource)| resource.account() != *own)
        .map(|(index, resource)| Problem {
            field: format!("{field}.resources[{index}]"),
            message: format!(
                "{resource} belongs to account {}, expected this function's own account {own}: deploy Evac in the account that owns the resource",
                resource.account()
            ),
        })
        .collect();
    Problems::all(foreign).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
