//! Topics.

use std::collections::BTreeSet;

use anyhow::ensure;

use super::topic;
use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

contracts!(
    "sns",
    [region, moto, ministack],
    [
        a_topic_that_is_created_again_is_the_same_one,
        a_topic_name_of_other_characters_is_refused,
        a_topic_tells_its_arn_and_its_subscriptions,
        attributes_of_a_topic_that_does_not_exist_are_not_found,
        a_topic_that_was_deleted_takes_no_message,
        deleting_a_topic_that_does_not_exist_is_no_error,
        pages_of_topics_hold_at_most_a_hundred_and_lead_to_the_rest,
    ]
);

async fn a_topic_that_is_created_again_is_the_same_one(subject: &Subject) -> Outcome {
    let name = subject.name("topic");
    let mut arns = Vec::new();
    for _ in 0..2 {
        let created = subject.sns().create_topic().name(&name).send().await;
        let created = accepted("CreateTopic", created)?;
        arns.push(created.topic_arn().unwrap_or_default().to_owned());
    }
    ensure!(
        arns[0].ends_with(&format!(":{name}")),
        "the ARN is {}",
        arns[0]
    );
    same("the ARN the second time", &arns[1], &arns[0])
}

/// Source: CreateTopic, `Name`: ASCII letters, numbers, underscores and hyphens.
async fn a_topic_name_of_other_characters_is_refused(subject: &Subject) -> Outcome {
    let create = subject.sns().create_topic().name("with a blank");
    refused("a blank", create.send().await, "InvalidParameter", 400)
}

async fn a_topic_tells_its_arn_and_its_subscriptions(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let get = subject.sns().get_topic_attributes().topic_arn(&topic);
    let answer = accepted("GetTopicAttributes", get.send().await)?;
    let attributes = answer.attributes().cloned().unwrap_or_default();
    let of = |name: &str| attributes.get(name).map(String::as_str);
    same("TopicArn", &of("TopicArn"), &Some(topic.as_str()))?;
    same(
        "SubscriptionsConfirmed",
        &of("SubscriptionsConfirmed"),
        &Some("0"),
    )
}

async fn attributes_of_a_topic_that_does_not_exist_are_not_found(subject: &Subject) -> Outcome {
    let nobody = format!("{}-nobody", topic(subject).await?);
    let get = subject.sns().get_topic_attributes().topic_arn(nobody);
    refused("an unknown topic", get.send().await, "NotFound", 404)
}

async fn a_topic_that_was_deleted_takes_no_message(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let client = subject.sns();
    accepted(
        "DeleteTopic",
        client.delete_topic().topic_arn(&topic).send().await,
    )?;
    let publish = client.publish().topic_arn(&topic).message("m");
    refused("a deleted topic", publish.send().await, "NotFound", 404)
}

/// Source: DeleteTopic: "deleting a topic that does not exist does not result in an error".
async fn deleting_a_topic_that_does_not_exist_is_no_error(subject: &Subject) -> Outcome {
    let nobody = format!("{}-nobody", topic(subject).await?);
    let delete = subject.sns().delete_topic().topic_arn(nobody);
    accepted("DeleteTopic", delete.send().await).map(|_| ())
}

async fn pages_of_topics_hold_at_most_a_hundred_and_lead_to_the_rest(subject: &Subject) -> Outcome {
    let mut missing = BTreeSet::new();
    for _ in 0..101 {
        missing.insert(topic(subject).await?);
    }
    let mut token = None;
    loop {
        let list = subject.sns().list_topics().set_next_token(token);
        let page = accepted("a page", list.send().await)?;
        let topics = page.topics();
        ensure!(topics.len() <= 100, "a page has {} topics", topics.len());
        for topic in topics.iter().filter_map(|topic| topic.topic_arn()) {
            missing.remove(topic);
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    same("topics on no page", &missing.len(), &0)
}
