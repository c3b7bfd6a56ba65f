//! Definitions, and what is said about wrong ones.

use super::*;
use crate::capacity::Limits;
use crate::judge::Criteria;
use crate::policy::{FailBackMode, Mode, Without};
use serde_json::{Value, json};

fn good() -> Value {
    json!({
        "name": "wildrydes",
        "zones": {
            "use1-az1": {"name": "us-east-1a", "subnets": ["subnet-0a000001", "subnet-0a000002"]},
            "use1-az2": {"name": "us-east-1b", "subnets": ["subnet-0b000001"]},
            "use1-az3": {"name": "us-east-1c", "subnets": ["subnet-0c000001"]},
        },
        "resources": ["arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188"],
        "autoScalingGroups": {"tag": {"key": "evac:workload", "value": "wildrydes"}},
        "alarms": {
            "zonal": {"use1-az1": "az1-impact", "use1-az2": "az2-impact", "use1-az3": "az3-impact"},
            "regional": ["regional-impact"],
        },
        "evidence": {"source": "alb", "loadBalancer": "app/front/50dc6c495c0c9188", "slowAfterMs": 350},
        "policy": {"mode": "evacuate", "expiresIn": "6h", "minZones": 2, "failBack": "manual", "stableFor": "15m"},
    })
}

/// The problems of a definition with one place changed; the place is a JSON pointer.
fn problems(pointer: &str, value: Value) -> String {
    let mut definition = good();
    set(&mut definition, pointer, value);
    read("workload", &definition).map_or_else(
        |problems| {
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        },
        |_| "accepted".to_owned(),
    )
}

fn set(definition: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = definition.pointer_mut(parent).unwrap();
    match value {
        Value::Null => {
            parent.as_object_mut().unwrap().remove(key);
        }
        value => parent[key] = value,
    }
}

#[test]
fn a_sound_definition_is_accepted_and_what_it_leaves_out_has_a_safe_default() {
    let workload = read("workload", &good()).unwrap();
    assert_eq!(workload.policy.without_evidence, Without::Hold);
    let mut least = good();
    set(&mut least, "/policy", Value::Null);
    let policy = read("workload", &least).unwrap().policy;
    assert_eq!(
        (policy.mode, policy.min_zones, policy.fail_back),
        (Mode::Observe, 2, FailBackMode::Manual)
    );
    assert_eq!(
        policy.expires_in, None,
        "nothing that moves traffic has a default"
    );
}

#[test]
fn an_az_name_where_an_az_id_belongs() {
    let mut definition = good();
    let zone = definition["zones"]["use1-az1"].clone();
    definition["zones"] = json!({"us-east-1a": zone, "use1-az2": definition["zones"]["use1-az2"], "use1-az3": definition["zones"]["use1-az3"]});
    let problems = read("workload", &definition).unwrap_err();
    assert_eq!(
        problems.iter().next().unwrap().to_string(),
        "workload.zones.us-east-1a: \"us-east-1a\" is an AZ name, expected an AZ ID such as use1-az1"
    );
}

#[test]
fn every_wrong_field_is_named_with_its_remedy() {
    let arn = |change: &str, to: &str| {
        json!(["arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188".replace(change, to)])
    };
    let cases = [
        ("/name", json!("wild rydes")),
        ("/zones", json!({})),
        ("/zones/use1-az1/name", json!("use1-az1")),
        ("/zones/use1-az1/name", json!("us-east-1b")),
        ("/zones/use1-az1/name", json!("eu-west-1a")),
        ("/zones/use1-az1/subnets", json!(["subnet-1"])),
        ("/zones/use1-az2/subnets", json!(["subnet-0a000001"])),
        ("/resources", json!([])),
        ("/resources", json!(["front"])),
        ("/resources", arn("app/front", "targetgroup")),
        (
            "/resources",
            json!([good()["resources"][0], good()["resources"][0]]),
        ),
        ("/autoScalingGroups", json!({})),
        ("/autoScalingGroups", json!({"names": []})),
        ("/autoScalingGroups", Value::Null),
        (
            "/alarms/zonal",
            json!({"use1-az1": "a", "use1-az2": "b", "use1-az4": "c"}),
        ),
        ("/alarms/zonal/use1-az2", json!("az1-impact")),
        (
            "/alarms/regional",
            json!(["arn:aws:cloudwatch:us-east-1:111122223333:alarm:regional-impact"]),
        ),
        ("/evidence", json!({"source": "logs"})),
        ("/policy/mode", json!("auto")),
        ("/policy/expiresIn", json!("73h")),
        ("/policy/expiresIn", json!("30s")),
        ("/policy/expiresIn", Value::Null),
        ("/policy/minZones", json!(0)),
        ("/policy/stableFor", json!("soon")),
        ("/policy/nothingToShift", json!(true)),
        ("/policy/hostRequestsPerMinute", json!(0)),
        ("/policy/hostRequestsPerMinute", json!(-1)),
        ("/policy/maxGrowth", json!(0.5)),
        ("/policy/withoutCapacity", json!("warn")),
        (
            "/policy/criteria",
            json!({"tolerated": 2, "sustainedMinutes": 9}),
        ),
        ("/policy/criteria", json!({"tolerate": 0.02})),
        ("/policy/minzones", json!(3)),
        ("/policy/minZones", json!("2")),
        ("/zone", json!({})),
    ];
    let told: Vec<String> = cases
        .into_iter()
        .map(|(pointer, value)| problems(pointer, value))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn names_may_be_as_long_as_aws_takes_them_and_no_longer() {
    for (pointer, longest) in [
        ("/autoScalingGroups", 128),
        ("/autoScalingGroups/names", 255),
        ("/alarms/zonal/use1-az1", 255),
    ] {
        for (length, good) in [
            (0, false),
            (1, true),
            (longest, true),
            (longest + 1, false),
            (longest + 2, false),
        ] {
            let name = "n".repeat(length);
            let told = match pointer {
                "/autoScalingGroups" => {
                    problems(pointer, json!({"tag": {"key": name, "value": ""}}))
                }
                "/autoScalingGroups/names" => {
                    problems("/autoScalingGroups", json!({"names": ["web", name]}))
                }
                _ => problems(pointer, json!(name)),
            };
            assert_eq!(told == "accepted", good, "{pointer} of {length}: {told}");
        }
    }
}

#[test]
fn a_subnet_that_is_listed_twice_in_its_own_zone_is_one_subnet() {
    let twice = json!(["subnet-0a000001", "subnet-0a000001"]);
    assert_eq!(problems("/zones/use1-az1/subnets", twice), "accepted");
}

#[test]
fn a_workload_knows_its_zones_and_whose_alarm_is_whose() {
    let workload = read("workload", &good()).unwrap();
    assert!(!workload.zones.is_empty());
    let (az1, az4) = ("use1-az1".parse().unwrap(), "use1-az4".parse().unwrap());
    assert!(workload.has_zone(&az1) && !workload.has_zone(&az4));
    assert_eq!(workload.zone_of_alarm("az1-impact"), Some(&az1));
    assert_eq!(workload.zone_of_alarm("regional-impact"), None);
    // A workload that only an alarm names has no zones but that one's.
    let bare = crate::workload::Workload {
        zones: crate::workload::ZoneMap::new([].into()),
        origin: crate::workload::Origin::BareAlarm,
        ..workload
    };
    assert!(bare.zones.is_empty());
    assert!(bare.has_zone(&az1) && !bare.has_zone(&az4));
}

#[test]
fn every_problem_is_told_at_once() {
    let mut definition = good();
    definition["policy"] = json!({"mode": "auto", "expiresIn": "forever", "minZones": 99});
    definition["resources"] = json!(["x", "y"]);
    assert_eq!(read("workload", &definition).unwrap_err().iter().count(), 5);
}

#[test]
fn a_workload_that_reads_a_queue_says_that_it_has_nothing_to_shift() {
    let mut definition = good();
    definition["resources"] = json!([]);
    definition["policy"] = json!({"mode": "evacuate", "nothingToShift": true});
    assert!(read("workload", &definition).is_ok());
    definition["policy"] = json!({"mode": "shift", "nothingToShift": true});
    assert!(
        read("workload", &definition)
            .unwrap_err()
            .to_string()
            .contains("workload.policy.mode: shift with nothingToShift")
    );
}

#[test]
fn another_accounts_resource_is_refused() {
    let workload = read("workload", &good()).unwrap();
    assert_eq!(
        check_account("workload", &workload, &"111122223333".parse().unwrap()),
        Ok(())
    );
    let problems =
        check_account("workload", &workload, &"999988887777".parse().unwrap()).unwrap_err();
    insta::assert_snapshot!(problems, @"workload.resources[0]: arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188 belongs to account 111122223333, expected this function's own account 999988887777: deploy Evac in the account that owns the resource");
}

/// The fields that this version knows of an object, from its own refusal of another.
fn fields_at(pointer: &str) -> Vec<String> {
    let refusal = problems(pointer, json!({"no such field": 1}));
    let (_, fields) = refusal.split_once("expected one of ").unwrap();
    fields
        .split(", ")
        .map(|field| field.trim_matches('`').to_owned())
        .collect()
}

/// The cells of a table's row in docs/CONFIGURATION.md, by the field in its first one.
fn documented(field: &str) -> Option<Vec<&'static str>> {
    include_str!("../../../../docs/CONFIGURATION.md")
        .lines()
        .map(|line| {
            line.split(" | ")
                .map(|cell| cell.trim_matches(['|', ' ']))
                .collect::<Vec<_>>()
        })
        .find(|cells| cells.len() == 4 && cells[0] == format!("`{field}`"))
}

#[test]
fn every_field_of_a_policy_is_documented_with_default_range_and_what_it_trades() {
    let policy = fields_at("/policy");
    let criteria = fields_at("/policy/criteria");
    assert!(
        policy.len() > 10 && criteria.len() > 10,
        "{policy:?} {criteria:?}"
    );
    for field in policy.iter().chain(&criteria) {
        let cells = documented(field).unwrap_or_else(|| panic!("{field} is not documented"));
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{field}");
    }
}

#[test]
fn the_documented_defaults_are_those_of_the_code() {
    let mut definition = good();
    for field in fields_at("/policy/criteria") {
        let default = documented(&field).unwrap()[1];
        definition["policy"]["criteria"][&field] = serde_json::from_str(default).unwrap();
    }
    let growth = documented("maxGrowth").unwrap()[1];
    definition["policy"]["maxGrowth"] = serde_json::from_str(growth).unwrap();
    let policy = read("workload", &definition).unwrap().policy;
    assert_eq!(policy.criteria, Criteria::default());
    assert_eq!(policy.capacity, Limits::default());
}
