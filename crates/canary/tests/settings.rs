//! What is wrong with the canary's settings is told with the field and what to write instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

use canary::Plan;
use runtime::settings::{Reader, Variables};

/// What is wrong with a value of `EVAC_CANARY`.
fn refusal(json: &str) -> String {
    let variables = Variables::from([("EVAC_CANARY".to_owned(), json.to_owned())]);
    let mut reader = Reader::new(&variables);
    let plan = Plan::read(&mut reader);
    match reader.finish(plan) {
        Ok(plan) => format!("accepted: {}", plan.is_some()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_zonal_canary_writes_is_taken() {
    let template = include_str!("../../../infra/synthesized/wildrydes.template.json");
    let template: serde_json::Value = serde_json::from_str(template).unwrap();
    let functions = template["Resources"].as_object().unwrap().values();
    let written: Vec<&str> = functions
        .filter_map(|made| made["Properties"]["Environment"]["Variables"]["EVAC_CANARY"].as_str())
        .collect();
    assert_eq!(written.len(), 1);
    assert_eq!(refusal(written[0]), "accepted: true");
}

#[test]
fn every_problem_names_its_field_and_what_to_write() {
    for (json, told) in [
        (
            "",
            "is not set, expected a JSON object with workload, url, zones and slowAfterMs, as ZonalCanary writes it",
        ),
        ("{}", "missing field `workload` at line 1 column 2"),
        (
            r#"{"workload": "w", "url": "http://x/", "zones": {"us-east-1a": "x"}, "slowAfterMs": 1}"#,
            "zones.us-east-1a: \"us-east-1a\" is an AZ name, expected an AZ ID such as use1-az1 at line 1 column 60",
        ),
        (
            r#"{"workload": "w", "url": "http://x/", "zones": {"use1-az1": "http://x/"}, "slowAfterMs": 1}"#,
            "zones.use1-az1: \"http://x/\" is not an endpoint, expected a host name, with a port if it is not the page's",
        ),
    ] {
        assert_eq!(
            refusal(json),
            format!("environment variable EVAC_CANARY: {told}"),
            "{json}"
        );
    }
}

#[test]
fn all_that_is_out_of_range_is_told_at_once() {
    let told = refusal(
        r#"{"workload": "w", "url": "ftp://x", "zones": {}, "slowAfterMs": 0, "requests": 500, "spreadSeconds": 60}"#,
    );
    let problems: Vec<&str> = told.split("; ").collect();
    assert_eq!(
        problems,
        [
            "url: \"ftp://x\" is not a page, expected http://<host>/<path> or https://<host>/<path>",
            "zones: none, expected each zone's own endpoint by AZ ID, such as {\"use1-az1\": \"us-east-1a.front-123.us-east-1.elb.amazonaws.com\"}",
            "requests: 500 is out of range, expected 1 to 120",
            "slowAfterMs: 0 is out of range, expected 1 to 20000",
            "spreadSeconds: 60 is out of range, expected 0 to 50",
        ]
        .map(|problem| format!("environment variable EVAC_CANARY: {problem}"))
    );
}
