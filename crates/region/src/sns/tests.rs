//! What SNS takes, and who gets it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

fn sns() -> (Sns, Publish) {
    let mut sns = Sns::new(AccountId::embedded(), "us-east-1");
    let topic = sns.create_topic("evac");
    let publish = Publish {
        topic,
        subject: Some("subject".into()),
        message: "text".into(),
        ..Publish::default()
    };
    (sns, publish)
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn subscribe(
    sns: &mut Sns,
    protocol: &str,
    endpoint: &str,
    attributes: &[(&str, &str)],
) -> Result<String, ServiceError> {
    let request = Subscribe {
        topic: sns.topics().next().unwrap().to_owned(),
        protocol: protocol.into(),
        endpoint: endpoint.into(),
        attributes: map(attributes),
    };
    sns.subscribe(request, NOW)
}

fn attribute(publish: &Publish, name: &str, kind: &str, value: &str) -> Publish {
    let mut publish = publish.clone();
    publish
        .attributes
        .insert(name.to_owned(), (kind.to_owned(), value.to_owned()));
    publish
}

fn texts(sns: &Sns, arn: &str) -> Vec<String> {
    let deliveries = sns.subscription(arn).unwrap().deliveries().iter();
    deliveries.map(|one| one.text.clone()).collect()
}

#[test]
fn a_message_arrives_as_it_was_published_and_in_order() {
    let (mut sns, publish) = sns();
    let other = sns.create_topic("a");
    for topic in [&publish.topic, &other, &publish.topic] {
        let topic = topic.clone();
        sns.publish(
            Publish {
                topic,
                ..publish.clone()
            },
            NOW,
        )
        .unwrap();
    }
    let topics: Vec<_> = sns.inbox().iter().map(|one| &one.published.topic).collect();
    assert_eq!(topics, [&publish.topic, &other, &publish.topic]);
    assert_eq!(sns.inbox()[0].published, publish);
}

#[test]
fn what_sns_does_not_take_is_refused_and_arrives_nowhere() {
    let (mut sns, good) = sns();
    let with = |change: fn(&mut Publish)| {
        let mut publish = good.clone();
        change(&mut publish);
        publish
    };
    for (bad, code) in [
        (
            with(|p| p.topic = "arn:aws:sns:us-east-1:000000000000:other".into()),
            "NotFound",
        ),
        (with(|p| p.topic = "evac".into()), "InvalidParameter"),
        (with(|p| p.message.clear()), "InvalidParameter"),
        (
            with(|p| p.subject = Some("x".repeat(100))),
            "InvalidParameter",
        ),
        (
            with(|p| p.subject = Some(String::new())),
            "InvalidParameter",
        ),
        (
            with(|p| p.subject = Some("two\nlines".into())),
            "InvalidParameter",
        ),
        (
            with(|p| p.message = "x".repeat(262_145)),
            "InvalidParameter",
        ),
        (with(|p| p.per_protocol = true), "InvalidParameter"),
        (
            attribute(&good, "AWS.x", "String", "v"),
            "ParameterValueInvalid",
        ),
        (
            attribute(&good, "a b", "String", "v"),
            "ParameterValueInvalid",
        ),
        (
            attribute(&good, "a..b", "String", "v"),
            "ParameterValueInvalid",
        ),
        (attribute(&good, "a", "Text", "v"), "ParameterValueInvalid"),
        (attribute(&good, "a", "String", ""), "ParameterValueInvalid"),
        (
            attribute(&good, "a", "Number", "ten"),
            "ParameterValueInvalid",
        ),
        (
            attribute(&good, "a", "String.Array", "x"),
            "ParameterValueInvalid",
        ),
    ] {
        assert_eq!(
            sns.publish(bad.clone(), NOW).unwrap_err().code,
            code,
            "{bad:?}"
        );
    }
    assert_eq!(sns.inbox(), []);
    for fine in [
        with(|p| p.subject = Some("x".repeat(99))),
        with(|p| p.message = "x".repeat(262_144)),
        attribute(&good, "a", "Number.int", "-1.5e3"),
        attribute(&good, "a", "String.Array", "[1]"),
    ] {
        sns.publish(fine, NOW).unwrap();
    }
}

#[test]
fn a_topic_says_how_large_its_messages_may_be() {
    let (mut sns, mut publish) = sns();
    publish.message = "x".repeat(1025);
    sns.set_topic_attribute(&publish.topic, "MaximumMessageSize", "1024")
        .unwrap();
    sns.publish(publish.clone(), NOW).unwrap_err();
    subscribe(&mut sns, "email", "a@b.c", &[]).unwrap();
    let refused = sns.set_topic_attribute(&publish.topic, "MaximumMessageSize", "1048576");
    assert_eq!(refused.unwrap_err().code, "InvalidParameter");
    let large = sns
        .create_topic_with("large", map(&[("MaximumMessageSize", "1048576")]))
        .unwrap();
    publish.topic = large.clone();
    publish.message = "x".repeat(1_048_576);
    sns.publish(publish, NOW).unwrap();
    let mail = Subscribe {
        topic: large,
        protocol: "email".into(),
        endpoint: "a@b.c".into(),
        ..Subscribe::default()
    };
    assert_eq!(
        sns.subscribe(mail, NOW).unwrap_err().code,
        "InvalidParameter"
    );
}

#[test]
fn a_topic_is_created_once_and_not_with_other_attributes() {
    let (mut sns, _) = sns();
    let named = [("DisplayName", "Evac")];
    let arn = sns.create_topic_with("t", map(&named)).unwrap();
    assert_eq!(sns.create_topic_with("t", map(&named)), Ok(arn.clone()));
    assert_eq!(sns.create_topic_with("t", map(&[])), Ok(arn));
    let error = sns
        .create_topic_with("t", map(&[("DisplayName", "Other")]))
        .unwrap_err();
    assert_eq!(
        error.message,
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    );
    for (name, attributes) in [
        ("", map(&[])),
        ("a.b", map(&[])),
        ("x.fifo", map(&[("FifoTopic", "true")])),
        ("x", map(&[("Color", "red")])),
        ("x", map(&[("Policy", "{")])),
        ("x", map(&[("MaximumMessageSize", "1023")])),
        ("x", map(&[("SignatureVersion", "3")])),
    ] {
        let refused = sns.create_topic_with(name, attributes.clone()).unwrap_err();
        assert_eq!(refused.code, "InvalidParameter", "{name} {attributes:?}");
    }
}

#[test]
fn who_has_to_agree_gets_nothing_before() {
    let (mut sns, publish) = sns();
    let topic = publish.topic.clone();
    let mail = subscribe(&mut sns, "email", "a@b.c", &[]).unwrap();
    let queue = subscribe(&mut sns, "sqs", QUEUE, &[]).unwrap();
    sns.publish(publish.clone(), NOW).unwrap();
    assert_eq!(texts(&sns, &mail), [""; 0]);
    assert_eq!(texts(&sns, &queue), ["text"]);
    let (token, until) = sns.subscription(&mail).unwrap().token.clone();
    let later = until + SignedDuration::from_secs(1);
    sns.confirm_subscription(&topic, "guessed", NOW)
        .unwrap_err();
    sns.confirm_subscription(&topic, &token, later).unwrap_err();
    assert!(sns.unsubscribe(&mail).is_err(), "it is pending");
    assert_eq!(
        sns.confirm_subscription(&topic, &token, until),
        Ok(mail.clone())
    );
    sns.publish(publish, NOW).unwrap();
    assert_eq!(texts(&sns, &mail), ["text"]);
    assert_eq!(
        sns.topic_attributes(&topic).unwrap()["SubscriptionsConfirmed"],
        "2"
    );
    sns.unsubscribe(&mail).unwrap();
    sns.unsubscribe(&mail).unwrap();
    assert_eq!(
        sns.topic_attributes(&topic).unwrap()["SubscriptionsDeleted"],
        "1"
    );
}

#[test]
fn endpoints_and_attributes_are_those_of_their_protocol() {
    let (mut sns, _) = sns();
    for (protocol, endpoint, attributes) in [
        ("pigeon", "coop", &[][..]),
        (
            "firehose",
            "arn:aws:firehose:us-east-1:000000000000:deliverystream/x",
            &[],
        ),
        ("http", "https://a.b", &[]),
        ("https", "http://a.b", &[]),
        ("email", "nobody", &[]),
        ("sms", "5550100", &[]),
        ("sqs", "https://queue", &[]),
        ("lambda", QUEUE, &[]),
        ("email", "a@b.c", &[("RawMessageDelivery", "true")]),
        ("sqs", QUEUE, &[("RawMessageDelivery", "yes")]),
        ("sqs", QUEUE, &[("Color", "red")]),
        ("sqs", QUEUE, &[("RedrivePolicy", "x")]),
        ("sqs", QUEUE, &[("FilterPolicyScope", "Subject")]),
        ("sqs", QUEUE, &[("FilterPolicy", "{")]),
        ("sqs", QUEUE, &[("FilterPolicy", "[]")]),
        ("sqs", QUEUE, &[("FilterPolicy", r#"{"a": {"b": ["c"]}}"#)]),
        (
            "sqs",
            QUEUE,
            &[("FilterPolicy", r#"{"a": [{"cidr": "10.0.0.0/8"}]}"#)],
        ),
        (
            "sqs",
            QUEUE,
            &[(
                "FilterPolicy",
                r#"{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}"#,
            )],
        ),
    ] {
        let refused = subscribe(&mut sns, protocol, endpoint, attributes).unwrap_err();
        assert_eq!(
            refused.code, "InvalidParameter",
            "{protocol} {endpoint} {attributes:?}"
        );
    }
    assert_eq!(sns.subscriptions(), []);
    let arn = subscribe(&mut sns, "sqs", QUEUE, &[("RawMessageDelivery", "true")]).unwrap();
    assert_eq!(subscribe(&mut sns, "sqs", QUEUE, &[]), Ok(arn.clone()));
    let error = subscribe(&mut sns, "sqs", QUEUE, &[("RawMessageDelivery", "false")]).unwrap_err();
    assert_eq!(error.code, "InvalidParameter");
    sns.set_subscription_attribute(&arn, "RawMessageDelivery", "false")
        .unwrap();
    assert_eq!(
        sns.subscription_attributes(&arn).unwrap()["RawMessageDelivery"],
        "false"
    );
    sns.set_subscription_attribute(&arn, "Endpoint", "x")
        .unwrap_err();
}

#[track_caller]
fn filtered(scope: &str, policy: &Value, publish: Publish, expected: bool) {
    let (mut sns, good) = sns();
    let policy = policy.to_string();
    let attributes = [("FilterPolicyScope", scope), ("FilterPolicy", &policy)];
    let arn = subscribe(&mut sns, "sqs", QUEUE, &attributes).unwrap();
    let publish = Publish {
        topic: good.topic,
        ..publish
    };
    sns.publish(publish.clone(), NOW).unwrap();
    let got = !texts(&sns, &arn).is_empty();
    assert_eq!(got, expected, "{policy} {publish:?}");
    assert_eq!(sns.inbox().len(), 1, "the topic took it");
}

#[test]
fn a_filter_policy_looks_at_the_attributes() {
    let (_, plain) = sns();
    let phase = |value: &str| attribute(&plain, "phase", "String", value);
    let severity = |value: &str| attribute(&plain, "severity", "Number", value);
    let zones = |value: &str| attribute(&plain, "zones", "String.Array", value);
    for (policy, publish, expected) in [
        (json!({"phase": ["shifted"]}), phase("shifted"), true),
        (json!({"phase": ["shifted"]}), phase("held"), false),
        (json!({"phase": ["shifted"]}), plain.clone(), false),
        (
            json!({"phase": [{"anything-but": ["held"]}]}),
            phase("shifted"),
            true,
        ),
        (json!({"phase": [{"prefix": "sh"}]}), phase("held"), false),
        (json!({"phase": [{"exists": false}]}), plain.clone(), true),
        (json!({"severity": [3]}), severity("3.0"), true),
        (json!({"severity": ["3"]}), severity("3"), false),
        (
            json!({"severity": [{"numeric": [">", 2]}]}),
            severity("2"),
            false,
        ),
        (
            json!({"severity": [{"numeric": [">", 2]}]}),
            severity("2.5"),
            true,
        ),
        (
            json!({"zones": ["use1-az2"]}),
            zones(r#"["use1-az1", "use1-az2"]"#),
            true,
        ),
        (
            json!({"zones": ["use1-az3"]}),
            zones(r#"["use1-az1", "use1-az2"]"#),
            false,
        ),
        (json!({"phase": ["a"], "severity": [1]}), phase("a"), false),
        (json!({}), plain.clone(), true),
    ] {
        filtered("MessageAttributes", &policy, publish, expected);
    }
}

#[test]
fn a_filter_policy_looks_at_the_body_where_it_is_told_to() {
    let (_, plain) = sns();
    let body = |text: &str| Publish {
        message: text.into(),
        ..plain.clone()
    };
    let policy = json!({"zone": {"id": ["use1-az1"]}});
    for (publish, expected) in [
        (body(r#"{"zone": {"id": "use1-az1"}}"#), true),
        (body(r#"{"zone": {"id": "use1-az2"}}"#), false),
        (body("no JSON"), false),
        (body("[1]"), false),
    ] {
        filtered("MessageBody", &policy, publish, expected);
    }
}

#[test]
fn a_policy_can_be_too_complex() {
    let (mut sns, _) = sns();
    let values = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>();
    let policy = |a: usize, b: usize| json!({"a": values(a), "b": values(b)}).to_string();
    subscribe(&mut sns, "sqs", QUEUE, &[("FilterPolicy", &policy(10, 15))]).unwrap();
    let other = format!("{QUEUE}2");
    let error = subscribe(
        &mut sns,
        "sqs",
        &other,
        &[("FilterPolicy", &policy(10, 16))],
    )
    .unwrap_err();
    assert_eq!(
        error.message,
        "Invalid parameter: Attributes Reason: FilterPolicy: Filter policy is too complex"
    );
}

#[test]
fn every_protocol_gets_its_own_text_and_form() {
    let (mut sns, good) = sns();
    let arns: Vec<String> = [
        ("sqs", QUEUE, &[][..]),
        (
            "sqs",
            "arn:aws:sqs:us-east-1:000000000000:raw",
            &[("RawMessageDelivery", "true")],
        ),
        ("sms", "+15555550100", &[]),
        ("lambda", FUNCTION, &[]),
    ]
    .map(|(protocol, endpoint, attributes)| {
        subscribe(&mut sns, protocol, endpoint, attributes).unwrap()
    })
    .to_vec();
    let plain = attribute(&good, "phase", "String", "held");
    sns.publish(plain, NOW).unwrap();
    let message = r#"{"default": "to all", "sms": "short", "http": 5}"#.to_owned();
    sns.publish(
        Publish {
            message,
            per_protocol: true,
            ..good.clone()
        },
        NOW,
    )
    .unwrap();
    let got: Vec<_> = arns.iter().map(|arn| texts(&sns, arn)).collect();
    let for_all = ["text".to_owned(), "to all".to_owned()];
    assert_eq!(got[0], for_all);
    assert_eq!(got[2], ["text", "short"]);
    assert_eq!(got[3], for_all);

    let body = |index: usize| {
        sns.subscription(&arns[index]).unwrap().deliveries()[0]
            .body
            .clone()
    };
    assert_eq!(body(1), "text");
    let enveloped: Value = serde_json::from_str(&body(0)).unwrap();
    assert_eq!(enveloped["Type"], "Notification");
    assert_eq!(enveloped["Message"], "text");
    assert_eq!(enveloped["Timestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!(
        enveloped["MessageAttributes"],
        json!({"phase": {"Type": "String", "Value": "held"}})
    );
    let deliveries = sns.take_function_deliveries();
    assert_eq!(deliveries.len(), 2);
    assert_eq!(deliveries[0].function, FUNCTION);
    assert_eq!(
        deliveries[0].payload["Records"][0]["Sns"]["Message"],
        "text"
    );
    assert_eq!(sns.take_function_deliveries(), []);

    let twice = r#"{"default": "a", "default": "b"}"#.to_owned();
    sns.publish(
        Publish {
            message: twice,
            per_protocol: true,
            ..good
        },
        NOW,
    )
    .unwrap_err();
}

#[test]
fn a_text_message_goes_to_a_phone_number() {
    let (mut sns, publish) = sns();
    sns.publish_text("+15555550100", &publish, NOW).unwrap();
    assert_eq!(sns.texts()[0].phone_number, "+15555550100");
    for number in ["15555550100", "+1", "+1555x550100"] {
        sns.publish_text(number, &publish, NOW).unwrap_err();
    }
    let long = Publish {
        message: "x".repeat(1601),
        ..publish
    };
    sns.publish_text("+15555550100", &long, NOW).unwrap_err();
}
