//! Subscriptions.

use anyhow::ensure;

use super::{subscribe, topic};
use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

contracts!(
    "sns",
    [region, moto, ministack],
    [
        a_queue_is_subscribed_at_once,
        a_mail_address_has_to_agree_first,
        a_protocol_that_does_not_exist_is_refused,
        a_subscription_to_a_topic_that_does_not_exist_is_not_found,
        a_filter_policy_that_is_not_json_is_refused,
        a_subscription_tells_its_attributes,
        a_subscription_that_does_not_exist_is_not_found,
    ]
);

async fn a_queue_is_subscribed_at_once(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let queue = subject.queue().await;
    let arn = subscribe(subject, &topic, ("sqs", queue.arn()), &[]).await?;
    ensure!(
        arn.starts_with(&format!("{topic}:")),
        "SubscriptionArn is {arn}"
    );
    let list = subject
        .sns()
        .list_subscriptions_by_topic()
        .topic_arn(&topic);
    let answer = accepted("ListSubscriptionsByTopic", list.send().await)?;
    let [found] = answer.subscriptions() else {
        anyhow::bail!("the subscriptions are {:?}", answer.subscriptions());
    };
    let shown = (found.subscription_arn(), found.protocol(), found.endpoint());
    let expected = (Some(arn.as_str()), Some("sqs"), Some(queue.arn()));
    same("the subscription", &shown, &expected)
}

/// Source: Subscribe, Example: the ARN is `pending confirmation` until the endpoint's owner agrees.
async fn a_mail_address_has_to_agree_first(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let arn = subscribe(subject, &topic, ("email", "on-call@example.com"), &[]).await?;
    same("SubscriptionArn", &arn.as_str(), &"pending confirmation")
}

async fn a_protocol_that_does_not_exist_is_refused(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let subscribe = subject.sns().subscribe().topic_arn(topic);
    let answer = subscribe.protocol("pigeon").endpoint("loft").send().await;
    refused("the protocol pigeon", answer, "InvalidParameter", 400)
}

async fn a_subscription_to_a_topic_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let nobody = format!("{}-nobody", topic(subject).await?);
    let subscribe = subject.sns().subscribe().topic_arn(nobody).protocol("sqs");
    let answer = subscribe.endpoint(subject.queue().await.arn()).send().await;
    refused("an unknown topic", answer, "NotFound", 404)
}

async fn a_filter_policy_that_is_not_json_is_refused(subject: &Subject) -> Outcome {
    let subscribe = subject.sns().subscribe().topic_arn(topic(subject).await?);
    let subscribe = subscribe
        .protocol("sqs")
        .endpoint(subject.queue().await.arn());
    let answer = subscribe.attributes("FilterPolicy", "{a}").send().await;
    refused("the policy {a}", answer, "InvalidParameter", 400)
}

async fn a_subscription_tells_its_attributes(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let queue = subject.queue().await;
    let raw = [("RawMessageDelivery", "true")];
    let arn = subscribe(subject, &topic, ("sqs", queue.arn()), &raw).await?;
    let get = subject.sns().get_subscription_attributes();
    let answer = get.subscription_arn(&arn).send().await;
    let answer = accepted("GetSubscriptionAttributes", answer)?;
    let attributes = answer.attributes().cloned().unwrap_or_default();
    for (name, value) in [
        ("SubscriptionArn", arn.as_str()),
        ("TopicArn", topic.as_str()),
        ("Protocol", "sqs"),
        ("RawMessageDelivery", "true"),
        ("PendingConfirmation", "false"),
    ] {
        let found = attributes.get(name).map(String::as_str);
        same(name, &found, &Some(value))?;
    }
    Ok(())
}

async fn a_subscription_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let nobody = format!("{topic}:00000000-0000-4000-8000-00000000dead");
    let get = subject.sns().get_subscription_attributes();
    let answer = get.subscription_arn(nobody).send().await;
    refused("an unknown subscription", answer, "NotFound", 404)
}
