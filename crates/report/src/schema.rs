//! The schema of the document, as it stands in docs/schema/incident.json.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::Incident;

#[path = "../tests/made_up/mod.rs"]
#[allow(dead_code, reason = "the hostile one is for the page's tests")]
mod made_up;

fn schema() -> Value {
    let schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Incident>();
    let mut schema = serde_json::to_value(schema).unwrap();
    schema["title"] = json!("An incident, or a drill of one");
    schema["properties"]["schema"]["const"] = json!(crate::incident::SCHEMA);
    schema
}

#[test]
fn the_schema_in_docs_is_the_documents() {
    let expected = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/schema/incident.json"
    );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/schema/incident.json is out of date: make schemas"
    );
}

#[test]
fn an_incident_is_what_the_schema_describes() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let document = serde_json::to_value(made_up::incident(30, 3)).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(problems, [""; 0]);
    let mut wrong = document;
    wrong["customers"]["zones"][0]["requests"] = json!("many");
    assert!(!validator.is_valid(&wrong));
}
