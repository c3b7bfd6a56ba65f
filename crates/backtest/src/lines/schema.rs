//! The schemas in docs/schema, derived from the types that are read and written.
//!
//! They are made by a test, and compared: `make schemas` writes them anew.

use std::path::PathBuf;

use domain::{ZoneId, ZoneName};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::observation::{Observation, ZonalState, ZonePart};
use super::verdict::{Answer, Numbers};
use crate::reason::REASONS;

/// [`ZoneId`] as a pattern.
const ZONE_ID: &str = "^[a-z0-9]+(-[a-z0-9]+)*-(az|wlz)[0-9]+$";
/// [`ZoneName`] as a pattern.
const ZONE_NAME: &str = "^[a-z0-9]+(-[a-z0-9]+)*-[0-9]+[a-z]$";

pub(super) fn zone_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": ZONE_ID, "maxLength": 20 })
}

pub(super) fn zone_id_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "pattern": ZONE_ID, "maxLength": 20 })
}

pub(super) fn zone_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": ZONE_NAME, "maxLength": 40 })
}

fn by_zone(value: Schema) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": ZONE_ID, "maxLength": 20 },
        "additionalProperties": value,
    })
}

pub(super) fn zones(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = by_zone(generator.subschema_for::<ZonePart>());
    schema.insert("minProperties".to_owned(), 1.into());
    schema
}

pub(super) fn zonal_alarms(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = by_zone(generator.subschema_for::<ZonalState>());
    schema.insert("type".to_owned(), serde_json::json!(["object", "null"]));
    schema
}

pub(super) fn numbers(generator: &mut SchemaGenerator) -> Schema {
    by_zone(generator.subschema_for::<Numbers>())
}
