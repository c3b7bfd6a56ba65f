//! SNS as the client of the AWS SDK sees it.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::{Credentials, Region as Place};
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;
use jiff::SignedDuration;
use serde_json::json;

use crate::bare;
use crate::region::Region;
use crate::transport::in_process;

fn region() -> (Arc<Region>, Client) {
    let region = bare::region();
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Place::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "secret", None, None, "test"))
        .http_client(in_process::client(&region))
        .build();
    (region, Client::from_conf(config))
}

/// The ARN of a new topic.
async fn topic(client: &Client) -> String {
    let created = client.create_topic().name("t").send().await.unwrap();
    created.topic_arn.unwrap()
}

fn attribute(kind: &str, value: &str) -> MessageAttributeValue {
    let builder = MessageAttributeValue::builder()
        .data_type(kind)
        .string_value(value);
    builder.build().unwrap()
}

#[tokio::test]
async fn a_message_reaches_those_whose_filter_policy_lets_it_through() {
    let (region, client) = region();
    let topic = client
        .create_topic()
        .name("t")
        .attributes("DisplayName", "a <b> & c");
    let topic = topic.send().await.unwrap().topic_arn.unwrap();
    let attributes = client
        .get_topic_attributes()
        .topic_arn(&topic)
        .send()
        .await
        .unwrap();
    assert_eq!(attributes.attributes().unwrap()["DisplayName"], "a <b> & c");
    let mut arns = Vec::new();
    for (queue, policy) in [("all", "{}"), ("held", r#"{"phase": ["held"]}"#)] {
        let subscribed = client
            .subscribe()
            .topic_arn(&topic)
            .protocol("sqs")
            .endpoint(format!("arn:aws:sqs:us-east-1:000000000000:{queue}"))
            .attributes("FilterPolicy", policy);
        arns.push(subscribed.send().await.unwrap().subscription_arn.unwrap());
    }
    for phase in ["shifted", "held"] {
        let publish = client
            .publish()
            .topic_arn(&topic)
            .subject("Évac")
            .message(phase);
        let publish = publish.message_attributes("phase", attribute("String", phase));
        publish.send().await.unwrap();
    }
    let state = region.state();
    let got = |arn: &str| -> Vec<String> {
        let deliveries = state.sns.subscription(arn).unwrap().deliveries().iter();
        deliveries.map(|one| one.text.clone()).collect()
    };
    assert_eq!(got(&arns[0]), ["shifted", "held"]);
    assert_eq!(got(&arns[1]), ["held"]);
    assert_eq!(
        state.sns.inbox()[0].published.subject.as_deref(),
        Some("Évac")
    );
}

#[tokio::test]
async fn a_subscription_is_pending_until_it_is_confirmed() {
    let (region, client) = region();
    let topic = topic(&client).await;
    let mail = || {
        client
            .subscribe()
            .topic_arn(&topic)
            .protocol("email")
            .endpoint("a@b.c")
    };
    let told = mail().send().await.unwrap().subscription_arn.unwrap();
    assert_eq!(told, "pending confirmation");
    let arn = mail().return_subscription_arn(true).send().await.unwrap();
    let arn = arn.subscription_arn.unwrap();
    let listed = client
        .list_subscriptions_by_topic()
        .topic_arn(&topic)
        .send()
        .await
        .unwrap();
    assert_eq!(
        listed.subscriptions()[0].subscription_arn(),
        Some("PendingConfirmation")
    );
    let token = region
        .state()
        .sns
        .subscription(&arn)
        .unwrap()
        .token
        .0
        .clone();
    let confirm = client.confirm_subscription().topic_arn(&topic).token(token);
    assert_eq!(
        confirm.send().await.unwrap().subscription_arn,
        Some(arn.clone())
    );
    let attributes = client.get_subscription_attributes().subscription_arn(&arn);
    let attributes = attributes.send().await.unwrap();
    assert_eq!(
        attributes.attributes().unwrap()["PendingConfirmation"],
        "false"
    );
    client
        .unsubscribe()
        .subscription_arn(&arn)
        .send()
        .await
        .unwrap();
    let listed = client.list_subscriptions().send().await.unwrap();
    assert_eq!(listed.subscriptions(), []);
}

#[tokio::test]
async fn lists_have_pages_of_a_hundred() {
    let (region, client) = region();
    for number in 0..205 {
        region.state().sns.create_topic(&format!("t{number:03}"));
    }
    let mut pages = client.list_topics().into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().topics().len());
    }
    // Those, and the one that every stage has.
    assert_eq!(sizes, [100, 100, 6]);
    let wrong = client
        .list_topics()
        .next_token("x")
        .send()
        .await
        .unwrap_err();
    assert!(wrong.into_service_error().is_invalid_parameter_exception());
}

#[tokio::test]
async fn a_message_invokes_the_function_that_is_subscribed() {
    let (region, client) = region();
    let handler: crate::lambda::Handler = Arc::new(|_| Box::pin(async { Ok(json!(null)) }));
    region
        .state()
        .lambda
        .put_function("f", Duration::from_secs(3), handler);
    let topic = topic(&client).await;
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let subscribe = client
        .subscribe()
        .topic_arn(&topic)
        .protocol("lambda")
        .endpoint(function);
    subscribe.send().await.unwrap();
    client
        .publish()
        .topic_arn(&topic)
        .message("text")
        .send()
        .await
        .unwrap();
    region.advance(SignedDuration::from_secs(1)).await;
    let state = region.state();
    let payloads: Vec<_> = state.lambda.invocations().map(|one| &one.payload).collect();
    assert_eq!(payloads.len(), 1);
    assert_eq!(payloads[0]["Records"][0]["Sns"]["Message"], "text");
}

#[tokio::test]
async fn refusals_are_the_modelled_ones() {
    let (_region, client) = region();
    let publish = client.publish().message("text");
    let error = publish
        .clone()
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(
        error.message(),
        Some("Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter")
    );
    let publish = publish.topic_arn("arn:aws:sns:us-east-1:000000000000:none");
    let error = publish.send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
    let topic = topic(&client).await;
    let publish = client.publish().topic_arn(&topic).message("text");
    let publish = publish.message_attributes("n", attribute("Number", "x"));
    let error = publish.send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_value_exception(), "{error:?}");
    let subscription = format!("{topic}:none");
    let get = client
        .get_subscription_attributes()
        .subscription_arn(subscription);
    let error = get.send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
    let tags = aws_sdk_sns::types::Tag::builder()
        .key("a")
        .value("b")
        .build()
        .unwrap();
    let create = client.create_topic().name("u").tags(tags);
    let error = create.send().await.unwrap_err().into_service_error();
    assert_eq!(
        error.message(),
        Some(
            "Invalid parameter: Tags Reason: the embedded Region does not simulate Tags of CreateTopic"
        )
    );
    client
        .delete_topic()
        .topic_arn(&topic)
        .send()
        .await
        .unwrap();
    client
        .delete_topic()
        .topic_arn(&topic)
        .send()
        .await
        .unwrap();
}
