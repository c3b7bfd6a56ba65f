//! SNS. Source: Amazon SNS API Reference, version 2010-03-31.

mod deliveries;
mod publish;
mod subscriptions;
mod topics;

use anyhow::{Context, Result};

use crate::contract::Contract;
use crate::refusal::accepted;
use crate::subject::Subject;

pub(crate) fn contracts() -> Vec<&'static Contract> {
    let modules = [
        deliveries::CONTRACTS,
        publish::CONTRACTS,
        subscriptions::CONTRACTS,
        topics::CONTRACTS,
    ];
    modules.into_iter().flatten().collect()
}

/// Makes a topic; its ARN.
async fn topic(subject: &Subject) -> Result<String> {
    let create = subject.sns().create_topic().name(subject.name("topic"));
    let created = accepted("CreateTopic", create.send().await)?;
    let arn = created.topic_arn().map(str::to_owned);
    arn.context("CreateTopic answers without a TopicArn")
}

/// Subscribes an endpoint with attributes; the ARN of the subscription.
async fn subscribe(
    subject: &Subject,
    topic: &str,
    (protocol, endpoint): (&str, &str),
    attributes: &[(&str, &str)],
) -> Result<String> {
    let mut subscribe = subject.sns().subscribe().topic_arn(topic);
    for (name, value) in attributes {
        subscribe = subscribe.attributes(*name, *value);
    }
    let answer = subscribe.protocol(protocol).endpoint(endpoint).send().await;
    let answer = accepted("Subscribe", answer)?;
    let arn = answer.subscription_arn().map(str::to_owned);
    arn.context("Subscribe answers without a SubscriptionArn")
}
