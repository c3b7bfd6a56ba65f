//! EventBridge through the Region's door.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::bare::{self, JsonCaller};
use crate::fault::{ApiFault, FaultKind};
use crate::operation::Service;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

impl JsonCaller {
    /// A Region with a function, and whoever calls its EventBridge.
    fn of_events() -> Self {
        let region = bare::region();
        let handler: crate::lambda::Handler = Arc::new(|_| Box::pin(async { Ok(json!(null)) }));
        region
            .state()
            .lambda
            .put_function("f", Duration::from_secs(3), handler);
        Self {
            region,
            scope: "events",
            prefix: "AWSEvents.",
        }
    }

    async fn put_rule(&self, name: &str) -> Value {
        let pattern = json!({"source": ["shop"]}).to_string();
        self.done("PutRule", json!({"Name": name, "EventPattern": pattern}))
            .await
    }

    async fn put_events(&self, n: usize) -> Value {
        let entry = json!({"Source": "shop", "DetailType": "Order", "Detail": "{\"n\": 1}"});
        self.done("PutEvents", json!({"Entries": vec![entry; n]}))
            .await
    }

    async fn payloads(&self) -> Vec<Value> {
        self.region.advance(SignedDuration::from_secs(1)).await;
        let state = self.region.state();
        state
            .lambda
            .invocations()
            .map(|one| one.payload.clone())
            .collect()
    }
}

#[tokio::test]
async fn an_event_reaches_the_function_behind_a_rule_until_the_rule_ends() {
    let caller = JsonCaller::of_events();
    let arn = "arn:aws:events:us-east-1:000000000000:rule/orders";
    assert_eq!(caller.put_rule("orders").await, json!({"RuleArn": arn}));
    let transformer = json!({
        "InputPathsMap": {"n": "$.detail.n"},
        "InputTemplate": "{\"order\": <n>, \"rule\": \"<aws.events.rule-name>\"}",
    });
    let targets = json!([
        {"Id": "whole", "Arn": FUNCTION},
        {"Id": "part", "Arn": FUNCTION, "InputPath": "$.detail"},
        {"Id": "same", "Arn": FUNCTION, "Input": "[1]"},
        {"Id": "made", "Arn": FUNCTION, "InputTransformer": transformer},
    ]);
    let put = json!({"Rule": "orders", "Targets": targets});
    let answer = caller.done("PutTargets", put).await;
    assert_eq!(answer, json!({"FailedEntryCount": 0, "FailedEntries": []}));
    let listed = caller
        .done("ListTargetsByRule", json!({"Rule": "orders"}))
        .await;
    assert_eq!(listed, json!({"Targets": targets}));

    let answer = caller.put_events(1).await;
    assert_eq!(answer["FailedEntryCount"], 0);
    let payloads = caller.payloads().await;
    assert_eq!(payloads.len(), 4);
    assert_eq!(payloads[0]["id"], answer["Entries"][0]["EventId"]);
    assert_eq!(
        payloads[1..],
        [
            json!({"n": 1}),
            json!([1]),
            json!({"order": 1, "rule": "orders"})
        ]
    );

    caller.done("DisableRule", json!({"Name": "orders"})).await;
    caller.put_events(1).await;
    assert_eq!(caller.payloads().await.len(), 4);
    caller.done("EnableRule", json!({"Name": "orders"})).await;
    let ids = json!({"Rule": "orders", "Ids": ["whole", "part", "same", "gone"]});
    caller.done("RemoveTargets", ids).await;
    caller.put_events(1).await;
    assert_eq!(caller.payloads().await.len(), 5);

    let delete = json!({"Name": "orders"});
    assert_eq!(
        caller.refused("DeleteRule", delete.clone()).await,
        "ValidationException"
    );
    caller
        .done("RemoveTargets", json!({"Rule": "orders", "Ids": ["made"]}))
        .await;
    caller.done("DeleteRule", delete.clone()).await;
    caller.done("DeleteRule", delete.clone()).await;
    assert_eq!(
        caller.refused("DescribeRule", delete).await,
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn a_rule_is_described_as_it_was_put_and_keeps_its_targets() {
    let caller = JsonCaller::of_events();
    let put = json!({
        "Name": "tick", "ScheduleExpression": "rate(60 minutes)", "Description": "each hour",
        "State": "DISABLED", "EventBusName": "default",
    });
    caller.done("PutRule", put).await;
    let targets = json!([{"Id": "a", "Arn": FUNCTION}]);
    caller
        .done("PutTargets", json!({"Rule": "tick", "Targets": targets}))
        .await;
    let described = caller.done("DescribeRule", json!({"Name": "tick"})).await;
    assert_eq!(
        described,
        json!({
            "Name": "tick",
            "Arn": "arn:aws:events:us-east-1:000000000000:rule/tick",
            "State": "DISABLED",
            "EventBusName": "default",
            "ScheduleExpression": "rate(60 minutes)",
            "Description": "each hour",
            "CreatedBy": "000000000000",
        })
    );
    let again = json!({"Name": "tick", "ScheduleExpression": "rate(1 minute)"});
    caller.done("PutRule", again).await;
    let described = caller.done("DescribeRule", json!({"Name": "tick"})).await;
    assert_eq!(
        (&described["State"], &described["Description"]),
        (&json!("ENABLED"), &Value::Null)
    );
    caller.region.advance(SignedDuration::from_secs(62)).await;
    assert_eq!(caller.payloads().await.len(), 1);
}

#[tokio::test]
async fn a_rate_that_is_enabled_late_makes_up_for_nothing() {
    let caller = JsonCaller::of_events();
    let put = json!({"Name": "tick", "ScheduleExpression": "rate(1 minute)", "State": "DISABLED"});
    caller.done("PutRule", put).await;
    let targets = json!([{"Id": "a", "Arn": FUNCTION}]);
    caller
        .done("PutTargets", json!({"Rule": "tick", "Targets": targets}))
        .await;
    caller.region.advance(SignedDuration::from_mins(10)).await;
    caller.done("EnableRule", json!({"Name": "tick"})).await;
    caller.region.advance(SignedDuration::from_secs(59)).await;
    assert_eq!(caller.payloads().await.len(), 0);
    assert_eq!(caller.payloads().await.len(), 1);
}

#[tokio::test]
async fn lists_have_pages() {
    let caller = JsonCaller::of_events();
    for name in ["a1", "a2", "a3", "b1"] {
        caller.put_rule(name).await;
        let targets = json!([{"Id": "t", "Arn": FUNCTION}]);
        caller
            .done("PutTargets", json!({"Rule": name, "Targets": targets}))
            .await;
    }
    let names = |page: &Value| -> Vec<String> {
        let rules = page["Rules"].as_array().unwrap().iter();
        rules
            .map(|rule| rule["Name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = caller
        .done("ListRules", json!({"NamePrefix": "a", "Limit": 2}))
        .await;
    assert_eq!(names(&first), ["a1", "a2"]);
    let token = &first["NextToken"];
    let input = json!({"NamePrefix": "a", "Limit": 2, "NextToken": token});
    let second = caller.done("ListRules", input).await;
    assert_eq!(names(&second), ["a3"]);
    assert_eq!(second.get("NextToken"), None);
    let by_target = json!({"TargetArn": FUNCTION, "Limit": 3});
    let page = caller.done("ListRuleNamesByTarget", by_target).await;
    assert_eq!(page["RuleNames"], json!(["a1", "a2", "a3"]));
    assert!(page["NextToken"].is_string());
    let others = json!({"TargetArn": format!("{FUNCTION}2")});
    let none = caller.done("ListRuleNamesByTarget", others).await;
    assert_eq!(none, json!({"RuleNames": []}));
    for input in [
        json!({"Limit": 0}),
        json!({"Limit": 101}),
        json!({"NextToken": "x"}),
    ] {
        assert_eq!(
            caller.refused("ListRules", input).await,
            "ValidationException"
        );
    }
}

#[tokio::test]
async fn entries_fail_one_by_one_and_too_many_of_them_together() {
    let caller = JsonCaller::of_events();
    let entry = |source: &str, detail: &str| json!({"Source": source, "DetailType": "Order", "Detail": detail});
    let entries = json!([
        entry("aws.ec2", "{}"),
        entry("shop", "{}"),
        {"Source": "shop", "DetailType": "Order"},
        entry("shop", "[]"),
        {"Source": "shop", "DetailType": "x".repeat(129), "Detail": "{}"},
    ]);
    let answer = caller.done("PutEvents", json!({"Entries": entries})).await;
    assert_eq!(answer["FailedEntryCount"], 4);
    let codes: Vec<&Value> = answer["Entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["ErrorCode"])
        .collect();
    assert_eq!(
        codes,
        [
            &json!("NotAuthorizedForSourceException"),
            &Value::Null,
            &json!("InvalidArgument"),
            &json!("MalformedDetail"),
            &json!("InvalidArgument"),
        ]
    );
    let detail = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes));
    // A source of 4, a detail type of 5, and 8 bytes around the text.
    let fits = json!({"Entries": [entry("shop", &detail(1_048_576 - 4 - 5 - 8))]});
    caller.done("PutEvents", fits).await;
    for entries in [
        json!([]),
        json!(vec![entry("shop", "{}"); 11]),
        json!([{"Source": "shop"}]),
        json!([entry("shop", &detail(1_048_576 - 4 - 5 - 7))]),
    ] {
        let code = caller
            .refused("PutEvents", json!({"Entries": entries}))
            .await;
        assert_eq!(code, "ValidationException");
    }
}

#[tokio::test]
async fn what_eventbridge_does_not_take_is_refused() {
    let caller = JsonCaller::of_events();
    caller.put_rule("known").await;
    let target = |more: Value| {
        let mut target = json!({"Id": "a", "Arn": FUNCTION});
        target
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"Rule": "known", "Targets": [target]})
    };
    let six: Vec<Value> = (0..6)
        .map(|n| json!({"Id": n.to_string(), "Arn": FUNCTION}))
        .collect();
    let pattern = r#"{"source":["shop"]}"#;
    for (operation, input, code) in [
        ("PutRule", json!({"Name": "x"}), "ValidationException"),
        (
            "PutRule",
            json!({"EventPattern": pattern}),
            "ValidationException",
        ),
        (
            "PutRule",
            json!({"Name": "a b", "EventPattern": pattern}),
            "ValidationException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "EventPattern": "{"}),
            "InvalidEventPatternException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "EventPattern": r#"{"source":"shop"}"#}),
            "InvalidEventPatternException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "EventPattern": format!(r#"{{"source":["{}"]}}"#, "x".repeat(4096))}),
            "ValidationException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "EventPattern": pattern, "State": "ON"}),
            "ValidationException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "EventPattern": pattern, "EventBusName": "mine"}),
            "ResourceNotFoundException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "ScheduleExpression": "rate(1 minutes)"}),
            "ValidationException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "ScheduleExpression": "rate(0 minutes)"}),
            "ValidationException",
        ),
        (
            "PutRule",
            json!({"Name": "x", "ScheduleExpression": "cron(0 1 * * ? *)"}),
            "ValidationException",
        ),
        (
            "PutTargets",
            json!({"Rule": "none", "Targets": [{"Id": "a", "Arn": FUNCTION}]}),
            "ResourceNotFoundException",
        ),
        (
            "PutTargets",
            json!({"Rule": "known", "Targets": []}),
            "ValidationException",
        ),
        (
            "PutTargets",
            json!({"Rule": "known", "Targets": six}),
            "LimitExceededException",
        ),
        (
            "PutTargets",
            target(json!({"Input": "{"})),
            "ValidationException",
        ),
        (
            "PutTargets",
            target(json!({"Input": "{}", "InputPath": "$"})),
            "ValidationException",
        ),
        (
            "PutTargets",
            target(json!({"InputPath": "detail"})),
            "ValidationException",
        ),
        (
            "PutTargets",
            target(json!({"InputTransformer": {"InputTemplate": "<x>"}})),
            "ValidationException",
        ),
        (
            "EnableRule",
            json!({"Name": "none"}),
            "ResourceNotFoundException",
        ),
        (
            "ListTargetsByRule",
            json!({"Rule": "none"}),
            "ResourceNotFoundException",
        ),
        (
            "DescribeEventBus",
            json!({"Name": "mine"}),
            "ResourceNotFoundException",
        ),
        ("PutRule", json!({"Name": 5}), "SerializationException"),
    ] {
        assert_eq!(
            caller.refused(operation, input.clone()).await,
            code,
            "{operation} {input}"
        );
    }
    let (status, body) = caller.call("CreateEventBus", json!({"Name": "mine"})).await;
    assert_eq!(
        (status, &body["__type"]),
        (404, &json!("UnknownOperationException"))
    );
    let none = caller
        .done("ListTargetsByRule", json!({"Rule": "known"}))
        .await;
    assert_eq!(none, json!({"Targets": []}));
}

#[tokio::test]
async fn a_target_that_nothing_would_reach_fails_by_itself() {
    let caller = JsonCaller::of_events();
    caller.put_rule("known").await;
    let targets = json!([
        {"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"},
        {"Id": "shard", "Arn": FUNCTION, "KinesisParameters": {"PartitionKeyPath": "$.id"}},
        {"Id": "text", "Arn": "f"},
        {"Id": "good", "Arn": format!("{FUNCTION}:$LATEST"), "RetryPolicy": {"MaximumRetryAttempts": 1}},
        {"Id": "gone", "Arn": format!("{FUNCTION}2")},
    ]);
    let answer = caller
        .done("PutTargets", json!({"Rule": "known", "Targets": targets}))
        .await;
    let failed: Vec<&str> = answer["FailedEntries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["TargetId"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["queue", "shard", "text"]);
    assert_eq!(answer["FailedEntryCount"], 3);
    caller.put_events(1).await;
    assert_eq!(caller.payloads().await.len(), 1);
    let state = caller.region.state();
    let [failure] = state.events.failures() else {
        panic!("{:?}", state.events.failures());
    };
    assert_eq!(
        (failure.target.as_str(), failure.reason.as_str()),
        ("gone", "there is no function f2")
    );
}

#[tokio::test]
async fn a_pattern_is_tested_with_a_whole_event() {
    let caller = JsonCaller::of_events();
    let event = json!({
        "id": "1", "account": "000000000000", "source": "shop", "time": "2031-01-01T00:00:00Z",
        "region": "us-east-1", "resources": [], "detail-type": "Order",
    });
    let test =
        |pattern: &str, event: &Value| json!({"EventPattern": pattern, "Event": event.to_string()});
    for (pattern, result) in [
        (r#"{"source":["shop"]}"#, true),
        (r#"{"source":["other"]}"#, false),
    ] {
        let answer = caller.done("TestEventPattern", test(pattern, &event)).await;
        assert_eq!(answer, json!({"Result": result}));
    }
    let mut part = event.clone();
    part.as_object_mut().unwrap().remove("time");
    let refused = caller
        .refused("TestEventPattern", test(r#"{"source":["shop"]}"#, &part))
        .await;
    assert_eq!(refused, "ValidationException");
    let refused = caller
        .refused(
            "TestEventPattern",
            test(r#"{"source":[{"like":"a"}]}"#, &event),
        )
        .await;
    assert_eq!(refused, "InvalidEventPatternException");
}

#[tokio::test]
async fn a_service_that_fails_says_so_in_its_own_words() {
    let caller = JsonCaller::of_events();
    for (kind, status, code) in [
        (FaultKind::Throttle, 400, "ThrottlingException"),
        (FaultKind::Internal, 500, "InternalException"),
        (FaultKind::AccessDenied, 400, "AccessDeniedException"),
    ] {
        caller.region.inject(
            ApiFault::of(Service::EventBridge, kind)
                .on("ListRules")
                .times(1),
        );
        let (was, body) = caller.call("ListRules", json!({})).await;
        assert_eq!((was, &body["__type"]), (status, &json!(code)));
    }
}

#[tokio::test]
async fn there_is_one_bus() {
    let caller = JsonCaller::of_events();
    let arn = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    let bus = json!({"Name": "default", "Arn": arn});
    assert_eq!(
        caller.done("DescribeEventBus", json!({"Name": arn})).await,
        bus
    );
    assert_eq!(
        caller.done("ListEventBuses", json!({})).await,
        json!({"EventBuses": [bus]})
    );
    let none = caller
        .done("ListEventBuses", json!({"NamePrefix": "x"}))
        .await;
    assert_eq!(none, json!({"EventBuses": []}));
}

/// Rules of a scenario have no text from the wire.
#[tokio::test]
async fn the_rules_of_a_scenario_can_be_described() {
    use crate::eventbridge::{Input, Rule, Target, Transformer, Trigger};
    let caller = JsonCaller::of_events();
    let template = r#"{"event": <aws.events.event.json>}"#;
    let input = Input::Transformed(Transformer::new(&Default::default(), template).unwrap());
    let targets = vec![Target {
        id: "t".into(),
        function: "f".into(),
        input,
    }];
    let rule = Rule {
        name: "tick".into(),
        trigger: Trigger::Rate { seconds: 7200 },
        enabled: true,
        targets,
    };
    {
        let mut state = caller.region.state();
        let now = state.now();
        state.events.put_rule(rule, now).unwrap();
    }
    let described = caller.done("DescribeRule", json!({"Name": "tick"})).await;
    assert_eq!(described["ScheduleExpression"], "rate(2 hours)");
    let listed = caller
        .done("ListTargetsByRule", json!({"Rule": "tick"}))
        .await;
    let transformer = json!({"InputPathsMap": {}, "InputTemplate": template});
    assert_eq!(
        listed,
        json!({"Targets": [{"Id": "t", "Arn": FUNCTION, "InputTransformer": transformer}]})
    );
}
