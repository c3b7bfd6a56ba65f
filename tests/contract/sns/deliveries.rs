//! What subscribers get.

use anyhow::{Context, Result};
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::Value;

use super::{subscribe, topic};
use crate::contract::Outcome;
use crate::refusal::{accepted, same};
use crate::subject::{Sink, Subject};

contracts!(
    "sns",
    [region, moto, ministack],
    [
        a_message_arrives_in_its_envelope,
        a_raw_message_arrives_as_it_was_published,
        a_json_message_arrives_as_the_text_of_the_protocol,
        a_filter_policy_lets_pass_the_attributes_that_it_names,
        a_filter_policy_knows_prefixes_numbers_and_exclusions,
        a_filter_policy_may_look_at_the_body,
        a_subscription_that_was_ended_gets_nothing_more,
    ]
);

/// Source: SNS developer guide, "Amazon SNS message and JSON formats".
async fn a_message_arrives_in_its_envelope(subject: &Subject) -> Outcome {
    let (topic, queue) = subscribed(subject, &[]).await?;
    let publish = subject.sns().publish().topic_arn(&topic).subject("s");
    let publish = publish.message("m").message_attributes("a", text("v"));
    let published = accepted("Publish", publish.send().await)?;
    let arrived = arrived(subject, &queue, 1).await?;
    let envelope: Value = serde_json::from_str(&arrived[0]).context("the envelope is not JSON")?;
    let message_id = published.message_id().unwrap_or_default();
    for (name, value) in [
        ("Type", "Notification"),
        ("MessageId", message_id),
        ("TopicArn", &topic),
        ("Subject", "s"),
        ("Message", "m"),
    ] {
        same(name, &envelope[name].as_str(), &Some(value))?;
    }
    let attribute = &envelope["MessageAttributes"]["a"];
    let attribute = (attribute["Type"].as_str(), attribute["Value"].as_str());
    same("the attribute", &attribute, &(Some("String"), Some("v")))
}

async fn a_raw_message_arrives_as_it_was_published(subject: &Subject) -> Outcome {
    let raw = [("RawMessageDelivery", "true")];
    let (topic, queue) = subscribed(subject, &raw).await?;
    let publish = subject.sns().publish().topic_arn(&topic).message("m \"ü\"");
    accepted("Publish", publish.send().await)?;
    let arrived = arrived(subject, &queue, 1).await?;
    same("what arrived", &arrived[0].as_str(), &"m \"ü\"")
}

async fn a_json_message_arrives_as_the_text_of_the_protocol(subject: &Subject) -> Outcome {
    let raw = [("RawMessageDelivery", "true")];
    let (topic, queue) = subscribed(subject, &raw).await?;
    for (message, expected) in [
        (r#"{"default": "d", "sqs": "for a queue"}"#, "for a queue"),
        (r#"{"default": "d", "email": "for people"}"#, "d"),
    ] {
        let publish = subject.sns().publish().topic_arn(&topic);
        let publish = publish.message_structure("json").message(message);
        accepted("Publish", publish.send().await)?;
        let arrived = arrived(subject, &queue, 1).await?;
        same(
            "what arrived",
            &arrived.last().map(String::as_str),
            &Some(expected),
        )?;
    }
    Ok(())
}

async fn a_filter_policy_lets_pass_the_attributes_that_it_names(subject: &Subject) -> Outcome {
    let policy = r#"{"zone": ["use1-az1", "use1-az2"]}"#;
    let zone = |zone: &'static str| vec![("zone", text(zone))];
    let messages = [
        ("one", zone("use1-az1")),
        ("another", zone("use1-az3")),
        ("none", vec![]),
        ("two", zone("use1-az2")),
    ];
    filtered(subject, policy, messages, &["one", "two"]).await
}

async fn a_filter_policy_knows_prefixes_numbers_and_exclusions(subject: &Subject) -> Outcome {
    let policy = r#"{"zone": [{"prefix": "use1-"}], "share": [{"numeric": [">", 10]}],
        "phase": [{"anything-but": ["held"]}]}"#;
    let of = |zone, share, phase| {
        let share = attribute("Number", share);
        vec![
            ("zone", text(zone)),
            ("share", share),
            ("phase", text(phase)),
        ]
    };
    let messages = [
        ("other zone", of("usw2-az1", "50", "shifted")),
        ("small", of("use1-az1", "9.5", "shifted")),
        ("held", of("use1-az1", "50", "held")),
        ("all", of("use1-az1", "50", "shifted")),
    ];
    filtered(subject, policy, messages, &["all"]).await
}

/// Source: SNS developer guide, "Amazon SNS subscription filter policy scope".
async fn a_filter_policy_may_look_at_the_body(subject: &Subject) -> Outcome {
    let attributes = [
        ("FilterPolicy", r#"{"detail": {"zone": ["use1-az1"]}}"#),
        ("FilterPolicyScope", "MessageBody"),
        ("RawMessageDelivery", "true"),
    ];
    let (topic, queue) = subscribed(subject, &attributes).await?;
    let matching = r#"{"detail": {"zone": "use1-az1"}}"#;
    for message in [r#"{"detail": {"zone": "use1-az2"}}"#, "no JSON", matching] {
        let publish = subject.sns().publish().topic_arn(&topic);
        accepted("Publish", publish.message(message).send().await)?;
    }
    let arrived = arrived(subject, &queue, 1).await?;
    same("what arrived", &arrived, &vec![matching.to_owned()])
}

async fn a_subscription_that_was_ended_gets_nothing_more(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let (ended, stays) = (subject.queue().await, subject.queue().await);
    let raw = [("RawMessageDelivery", "true")];
    let arn = subscribe(subject, &topic, ("sqs", ended.arn()), &raw).await?;
    subscribe(subject, &topic, ("sqs", stays.arn()), &raw).await?;
    let unsubscribe = subject.sns().unsubscribe().subscription_arn(arn);
    accepted("Unsubscribe", unsubscribe.send().await)?;
    let publish = subject.sns().publish().topic_arn(&topic).message("m");
    accepted("Publish", publish.send().await)?;
    // What has arrived here would have arrived there.
    arrived(subject, &stays, 1).await?;
    same("what arrived", &subject.received(&ended).await, &vec![])
}

/// A topic, and a queue that is subscribed to it.
async fn subscribed(subject: &Subject, attributes: &[(&str, &str)]) -> Result<(String, Sink)> {
    let topic = topic(subject).await?;
    let queue = subject.queue().await;
    subscribe(subject, &topic, ("sqs", queue.arn()), attributes).await?;
    Ok((topic, queue))
}

async fn filtered<const N: usize>(
    subject: &Subject,
    policy: &str,
    messages: [(&str, Vec<(&str, MessageAttributeValue)>); N],
    expected: &[&str],
) -> Outcome {
    let attributes = [("FilterPolicy", policy), ("RawMessageDelivery", "true")];
    let (topic, queue) = subscribed(subject, &attributes).await?;
    for (message, attributes) in messages {
        let mut publish = subject.sns().publish().topic_arn(&topic).message(message);
        for (name, value) in attributes {
            publish = publish.message_attributes(name, value);
        }
        accepted("Publish", publish.send().await)?;
    }
    let mut arrived = arrived(subject, &queue, expected.len()).await?;
    arrived.sort();
    let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
    same("what arrived", &arrived, &expected)
}

/// What has arrived once there is so much of it.
async fn arrived(subject: &Subject, queue: &Sink, expected: usize) -> Result<Vec<String>> {
    let look = || async {
        let found = subject.received(queue).await.len();
        anyhow::ensure!(found >= expected, "{found} of {expected} messages arrived");
        Ok(())
    };
    subject.eventually(look).await?;
    Ok(subject.received(queue).await)
}

fn text(value: &str) -> MessageAttributeValue {
    attribute("String", value)
}

fn attribute(kind: &str, value: &str) -> MessageAttributeValue {
    let attribute = MessageAttributeValue::builder().data_type(kind);
    attribute.string_value(value).build().unwrap()
}
