//! The schemas in docs/schema, derived from the types that are read and written.
//!
//! They are made by a test, and compared: `make schemas` writes them anew.

use std::path::PathBuf;

use domain::judge::{Finding, Knowledge};
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

fn by_zone(value: &Schema) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": ZONE_ID, "maxLength": 20 },
        "additionalProperties": value,
    })
}

pub(super) fn zones(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = by_zone(&generator.subschema_for::<ZonePart>());
    schema.insert("minProperties".to_owned(), 1.into());
    schema
}

pub(super) fn zonal_alarms(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = by_zone(&generator.subschema_for::<ZonalState>());
    schema.insert("type".to_owned(), serde_json::json!(["object", "null"]));
    schema
}

pub(super) fn numbers(generator: &mut SchemaGenerator) -> Schema {
    by_zone(&generator.subschema_for::<Numbers>())
}

pub(super) fn min_zones(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "null"], "minimum": 1, "maximum": 20, "default": 1 })
}

pub(super) fn without(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["act", "hold", null], "default": "hold" })
}

/// A field of the criteria: its name, whether it is a count, its range, and its default.
type Criterion = (&'static str, bool, f64, Option<f64>, f64);

/// The criteria's fields. Their types are the judgement's own; a test holds this against them.
const CRITERIA: [Criterion; 13] = [
    ("windowMinutes", true, 1.0, Some(60.0), 7.0),
    ("sustainedMinutes", true, 1.0, Some(60.0), 2.0),
    ("tolerated", false, 0.0, Some(1.0), 0.01),
    ("factor", false, 1.0, None, 3.0),
    ("difference", false, 0.0, Some(1.0), 0.005),
    ("regionalAbove", false, 0.0, Some(1.0), 0.01),
    ("regionalFactor", false, 1.0, None, 5.0),
    ("confidence", false, 0.5, Some(1.0), 0.98),
    ("robustConfidence", false, 0.5, Some(1.0), 0.9),
    ("doubt", false, 0.0, Some(0.5), 0.002),
    ("falseAlarmsPerDay", false, 1e-12, Some(1.0), 0.01),
    ("minRequests", true, 1.0, None, 300.0),
    ("outage", false, 0.5, Some(1.0), 0.98),
];

/// A number as people write it: 3 and not 3.0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers of the table are cast"
)]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 {
        (value as i64).into()
    } else {
        value.into()
    }
}

pub(super) fn criteria(_: &mut SchemaGenerator) -> Schema {
    let field = |(name, whole, low, high, usual): Criterion| {
        let mut schema = json_schema!({
            "type": [if whole { "integer" } else { "number" }, "null"],
            "minimum": number(low),
            "default": number(usual),
        });
        if let Some(high) = high {
            schema.insert("maximum".to_owned(), number(high));
        }
        (name.to_owned(), schema.to_value())
    };
    let properties: serde_json::Map<String, Value> = CRITERIA.into_iter().map(field).collect();
    json_schema!({
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    })
}

pub(super) fn reason(_: &mut SchemaGenerator) -> Schema {
    let each = REASONS
        .iter()
        .map(|reason| serde_json::json!({ "const": reason.code, "description": reason.meaning }));
    json_schema!({ "oneOf": each.collect::<Vec<_>>() })
}

pub(super) fn shortage(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["noHealthyHosts", "tooFewHosts", "tooMuchGrowth"] })
}

pub(super) fn knowledge(_: &mut SchemaGenerator) -> Schema {
    use Knowledge::{Judged, Late, NoData, NoTraffic, TooFewRequests};
    let all = [Judged, TooFewRequests, NoTraffic, Late, NoData];
    // A new one does not compile until it is above as well.
    for one in all {
        match one {
            Judged | TooFewRequests | NoTraffic | Late | NoData => {}
        }
    }
    json_schema!({ "enum": all.map(Knowledge::code) })
}

pub(super) fn finding(_: &mut SchemaGenerator) -> Schema {
    use Finding::{Impaired, NotBroad, NotCertain, NotIsolated, NotSustained, Well};
    let all = [
        Well,
        NotIsolated,
        NotCertain,
        NotSustained,
        NotBroad,
        Impaired,
    ];
    // A new one does not compile until it is above as well.
    for one in all {
        match one {
            Well | NotIsolated | NotCertain | NotSustained | NotBroad | Impaired => {}
        }
    }
    json_schema!({ "enum": all.map(Finding::code) })
}

/// A schema with a title, as it stands in its file.
fn titled<T: JsonSchema>(generator: SchemaGenerator, title: &str) -> Value {
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

fn observation_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_deserialize();
    let title = "What evac classify reads: an observation, one a line";
    titled::<Observation<'static>>(settings.into_generator(), title)
}

fn verdict_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let title = "What evac classify writes: a verdict or a refusal, one a line";
    titled::<Answer<'static>>(settings.into_generator(), title)
}

fn in_docs(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../docs", file]
        .iter()
        .collect()
}

#[test]
fn the_schemas_in_docs_are_those_of_the_types() {
    for (file, schema) in [
        ("schema/classify-observation.json", observation_schema()),
        ("schema/classify-verdict.json", verdict_schema()),
    ] {
        let path = in_docs(file);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "docs/{file} is out of date: make schemas");
    }
}

/// The names that serde knows of a type, from what it says of one that it does not know.
pub(super) fn known_fields(error: &str) -> Vec<&str> {
    let (_, expected) = error.split_once("expected").unwrap();
    expected.split('`').skip(1).step_by(2).collect()
}

fn criteria_of(field: &str, value: &Value) -> Result<(), String> {
    let line = serde_json::json!({
        "id": "a",
        "policy": { "criteria": { "windowMinutes": 60, "sustainedMinutes": 1, field: value } },
        "zones": { "use1-az1": { "name": "us-east-1a", "minutes": [null] } },
    });
    super::read(&line.to_string()).map(|_| ())
}

#[test]
fn the_schema_knows_every_criterion_with_its_range() {
    let error = criteria_of("nonsense", &Value::Null).unwrap_err();
    let names: Vec<&str> = CRITERIA.iter().map(|(name, ..)| *name).collect();
    assert_eq!(known_fields(&error), names);
    for (name, _, low, high, usual) in CRITERIA {
        for value in [Some(low), high, Some(usual)].into_iter().flatten() {
            assert_eq!(criteria_of(name, &number(value)), Ok(()), "{name}");
        }
        let below = if low > 1e-6 { low / 2.0 } else { -1.0 };
        let outside = [Some(below), high.map(|high| high + 1.0)];
        for value in outside.into_iter().flatten() {
            let refused = criteria_of(name, &number(value));
            assert!(refused.is_err(), "{name}: {value}");
        }
    }
}

#[test]
fn the_defaults_of_the_schema_are_the_judgements() {
    let usual = serde_json::Map::from_iter(
        CRITERIA.map(|(name, _, _, _, usual)| (name.to_owned(), number(usual))),
    );
    let usual: domain::judge::CriteriaDefinition = serde_json::from_value(usual.into()).unwrap();
    assert_eq!(
        usual.check("criteria"),
        Ok(domain::judge::Criteria::default())
    );
}

#[test]
fn zones_are_as_the_schema_says() {
    let schema = |pattern: &str| {
        jsonschema::validator_for(&serde_json::json!({ "pattern": pattern })).unwrap()
    };
    let (id, name) = (schema(ZONE_ID), schema(ZONE_NAME));
    for text in [
        "use1-az1",
        "usw2-lax1-az1",
        "use1-wl1-bos-wlz1",
        "us-east-1a",
        "us-west-2-lax-1a",
        "us-gov-west-1b",
        "az1",
        "use1-az",
        "USE1-az1",
        "us-east-1",
        "use1-az1 ",
        "",
    ] {
        let value = Value::from(text);
        assert_eq!(
            id.is_valid(&value),
            text.parse::<ZoneId>().is_ok(),
            "{text}"
        );
        assert_eq!(
            name.is_valid(&value),
            text.parse::<ZoneName>().is_ok(),
            "{text}"
        );
    }
}

#[test]
fn lines_are_as_their_schemas_say() {
    let observation = jsonschema::validator_for(&observation_schema()).unwrap();
    let verdict = jsonschema::validator_for(&verdict_schema()).unwrap();
    let input = std::fs::read_to_string(in_docs("classify/observations.jsonl")).unwrap();
    let mut output = Vec::new();
    super::judge_lines(input.as_bytes(), &mut output).unwrap();
    let output = String::from_utf8(output).unwrap();
    assert_eq!(input.lines().count(), output.lines().count());
    for (line, answer) in input.lines().zip(output.lines()) {
        let answer: Value = serde_json::from_str(answer).unwrap();
        if let Err(error) = verdict.validate(&answer) {
            panic!("{answer}: {error}");
        }
        let line: Value = serde_json::from_str(line).unwrap();
        if let Err(error) = observation.validate(&line) {
            panic!("{line}: {error}");
        }
        assert!(
            answer.get("error").is_none() || line["id"] == "2026-03-07 misspelt",
            "{answer}"
        );
    }
}

#[test]
fn a_verdict_with_anything_more_or_less_is_not_as_the_schema_says() {
    let verdict = jsonschema::validator_for(&verdict_schema()).unwrap();
    let good = serde_json::json!({
        "id": "a", "verdict": "hold", "reason": "well", "sentence": "hold: all is well", "zones": {}
    });
    assert!(verdict.is_valid(&good));
    for (field, value) in [
        ("more", Value::from(1)),
        ("reason", Value::from("because")),
        ("verdict", Value::from("maybe")),
        ("zone", Value::from("us-east-1a")),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(!verdict.is_valid(&bad), "{bad}");
    }
}

/// What the schema can say is said as the reader does; that an alarm's zone is there, it cannot.
#[test]
fn the_schema_refuses_what_is_refused() {
    let schema = jsonschema::validator_for(&observation_schema()).unwrap();
    let good = serde_json::json!({
        "id": "a",
        "policy": { "minZones": 2, "mode": "shift", "withoutEvidence": "act", "withoutCapacity": "act",
            "hostRequestsPerMinute": 500, "maxGrowth": 2.5, "criteria": { "factor": 2 } },
        "regionalAlarm": "OK",
        "zonalAlarms": { "use1-az1": "ALARM" },
        "shiftedAwayFrom": "use1-az1",
        "zones": { "use1-az1": { "name": "us-east-1a", "minutes": [null, {
            "requests": 3, "faults": 1.0, "slow": 0, "healthyHosts": 2,
            "instances": [{ "id": "i-0a", "requests": 3, "faults": 1, "slow": 0 }],
        }] } },
    });
    let check = |line: &Value, good: bool| {
        let text = line.to_string();
        let read = super::read(&text);
        assert_eq!(read.is_ok(), good, "{line}: {read:?}");
        assert_eq!(schema.is_valid(line), good, "{line}");
    };
    check(&good, true);
    for (path, value) in [
        ("/id", serde_json::json!(1)),
        ("/policy/minZones", serde_json::json!(0)),
        ("/policy/minZones", serde_json::json!(21)),
        ("/policy/mode", serde_json::json!(1)),
        ("/policy/withoutEvidence", serde_json::json!("maybe")),
        ("/policy/withoutCapacity", serde_json::json!("maybe")),
        ("/policy/hostRequestsPerMinute", serde_json::json!(0)),
        ("/policy/maxGrowth", serde_json::json!(0.5)),
        ("/policy/criteria/factor", serde_json::json!(0.5)),
        ("/policy", serde_json::json!({ "minZone": 1 })),
        ("/regionalAlarm", serde_json::json!("INSUFFICIENT_DATA")),
        ("/zonalAlarms", serde_json::json!({ "us-east-1a": "OK" })),
        ("/zonalAlarms/use1-az1", serde_json::json!("FINE")),
        ("/shiftedAwayFrom", serde_json::json!("us-east-1a")),
        ("/zones", serde_json::json!({})),
        (
            "/zones",
            serde_json::json!({ "us-east-1a": { "name": "us-east-1a", "minutes": [] } }),
        ),
        ("/zones/use1-az1/name", serde_json::json!("use1-az1")),
        ("/zones/use1-az1/minutes", Value::Null),
        ("/zones/use1-az1/minutes/1/requests", serde_json::json!(-1)),
        ("/zones/use1-az1/minutes/1/requests", Value::Null),
        ("/zones/use1-az1/minutes/1/faults", serde_json::json!(1.5)),
        (
            "/zones/use1-az1/minutes/1/healthyHosts",
            serde_json::json!("2"),
        ),
        (
            "/zones/use1-az1/minutes/1/instances",
            serde_json::json!([{ "id": "i" }]),
        ),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        check(&bad, false);
    }
    let mut more = good.clone();
    more["zones"]["use1-az1"]["minutes"][1]["more"] = 1.into();
    check(&more, false);
}
