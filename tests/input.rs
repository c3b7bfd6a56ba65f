//! Bad input gets an error that names the field and the remedy, and nothing is called.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use pipeline_tests::Pipeline;
use region::stage::{ASG_PRUNING, ZONAL_SHIFT};
use serde_json::{Value, json};

/// The classifier's refusal of a payload, after which nothing has been called.
async fn refusal(pipeline: &Pipeline, payload: Value) -> String {
    let error = pipeline.classify(payload).await.unwrap_err();
    assert_eq!(error.error_type, "bad-input", "{}", error.error_message);
    assert!(
        pipeline.region().state().calls.is_empty(),
        "{}",
        error.error_message
    );
    error.error_message
}

#[tokio::test(start_paused = true)]
async fn nothing_is_called_for_a_payload_that_is_not_understood() {
    let pipeline = Pipeline::at_peace();
    let event = pipeline.alarm_event("use1-az1");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut payload = event.clone();
        change(&mut payload);
        payload
    };
    let foreign = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188";
    let subnet = event["workload"]["zones"]["use1-az1"]["subnets"][0].clone();
    let cases: Vec<(Value, &str, &str)> = vec![
        (json!("not an object"), "payload", "expected"),
        (json!({"unknown": "shape"}), "payload", "expected"),
        (
            changed(&|payload| {
                let zone = payload["workload"]["zones"]["use1-az1"].take();
                payload["workload"]["zones"]
                    .as_object_mut()
                    .unwrap()
                    .remove("use1-az1");
                payload["workload"]["zones"]["us-east-1c"] = zone;
            }),
            "workload.zones.us-east-1c",
            "expected an AZ ID such as use1-az1",
        ),
        (
            changed(&|payload| payload["workload"]["alarms"]["zonal"]["use1-az9"] = json!("x")),
            "workload.alarms.zonal.use1-az9",
            "expected one of use1-az1",
        ),
        (
            changed(&|payload| payload["workload"]["zones"] = json!({})),
            "workload.zones",
            "no zones, expected",
        ),
        (
            changed(&|payload| {
                payload["workload"]["resources"] = json!([]);
                payload["workload"]["policy"]["mode"] = json!("shift");
            }),
            "workload.resources",
            "expected the ARN of at least one load balancer",
        ),
        (
            changed(&|payload| payload["workload"]["resources"] = json!(["front"])),
            "workload.resources[0]",
            "is not an ARN, expected",
        ),
        (
            changed(&|payload| payload["workload"]["resources"] = json!([foreign])),
            "workload.resources[0]",
            "expected this function's own account 000000000000",
        ),
        (
            changed(&|payload| payload["workload"]["policy"]["expiresIn"] = json!("73h")),
            "workload.policy.expiresIn",
            "expected 1m to 72h",
        ),
        (
            changed(&|payload| payload["workload"]["policy"]["expiresIn"] = json!("59s")),
            "workload.policy.expiresIn",
            "expected 1m to 72h",
        ),
        (
            changed(&|payload| {
                payload["workload"]["zones"]["use1-az2"]["subnets"] = json!([subnet]);
            }),
            "workload.zones.use1-az2.subnets[0]",
            "expected it in one zone only",
        ),
        (
            json!({"workload": event["workload"], "command": {"action": "evacuate", "zone": "use1-az9", "reason": "x"}}),
            "command.zone",
            "expected one of use1-az1, use1-az2, use1-az3",
        ),
    ];
    for (payload, field, remedy) in cases {
        let told = refusal(&pipeline, payload).await;
        assert!(
            told.contains(&format!("{field}: ")) && told.contains(remedy),
            "{field}: {told}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_functions_refuse_what_they_do_not_understand_and_call_nothing() {
    let pipeline = Pipeline::at_peace();
    let arn = &pipeline.stage.workload["resources"][0];
    let shift = |change: Value| {
        let mut request = json!({
            "schema": "evac.zonal-shift.request/1",
            "workload": "wildrydes",
            "resources": [arn],
            "action": "shift",
            "incident": "wildrydes/use1-az1/20261124T092000Z",
            "expiresIn": "6h",
        });
        request
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        request
    };
    let prune = |change: Value| {
        let mut request = json!({
            "schema": "evac.asg-pruning.request/1",
            "workload": "wildrydes",
            "zones": pipeline.stage.workload["zones"],
            "groups": {"names": ["web"]},
            "minZones": 2,
            "action": "prune",
            "incident": "wildrydes/use1-az1/20261124T092000Z",
        });
        request
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        request
    };
    let cases = [
        (ZONAL_SHIFT, json!({}), "schema"),
        (
            ZONAL_SHIFT,
            shift(json!({"schema": "evac.zonal-shift.request/2"})),
            "schema",
        ),
        (ZONAL_SHIFT, shift(json!({"resources": []})), "resources"),
        (
            ZONAL_SHIFT,
            shift(
                json!({"resources": ["arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188"]}),
            ),
            "own account 000000000000",
        ),
        (
            ZONAL_SHIFT,
            shift(json!({"expiresIn": "99h"})),
            "expected 1m to 72h",
        ),
        (
            ZONAL_SHIFT,
            shift(json!({"incident": "wildrydes/us-east-1a/20261124T092000Z"})),
            "incident id",
        ),
        (
            ZONAL_SHIFT,
            shift(json!({"incident": "other/use1-az1/20261124T092000Z"})),
            "incident",
        ),
        (ASG_PRUNING, json!([]), "schema"),
        (ASG_PRUNING, prune(json!({"minZones": 0})), "minZones"),
        (
            ASG_PRUNING,
            prune(json!({"groups": {"names": []}})),
            "groups.names",
        ),
        (
            ASG_PRUNING,
            prune(json!({"incident": "wildrydes/use1-az9/20261124T092000Z"})),
            "zones",
        ),
        (
            ASG_PRUNING,
            prune(json!({"zones": {"us-east-1a": {"name": "us-east-1a"}}})),
            "expected an AZ ID",
        ),
    ];
    for (function, payload, expected) in cases {
        let error = pipeline
            .region()
            .invoke_function(function, payload)
            .await
            .unwrap_err();
        assert_eq!(error.error_type, "bad-input", "{}", error.error_message);
        assert!(
            error.error_message.contains(expected),
            "{expected}: {}",
            error.error_message
        );
    }
    assert!(pipeline.region().state().calls.is_empty());
}
