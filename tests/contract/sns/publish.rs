//! `Publish`: what it takes.

use anyhow::{Context, ensure};
use aws_sdk_sns::operation::publish::builders::PublishFluentBuilder;
use aws_sdk_sns::types::MessageAttributeValue;

use super::topic;
use crate::contract::Outcome;
use crate::refusal::{accepted, refused};
use crate::subject::Subject;

contracts!(
    "sns",
    [region, moto, ministack],
    [
        every_message_has_an_id_of_its_own,
        a_topic_that_does_not_exist_is_not_found,
        an_empty_message_is_refused,
        a_message_of_262144_bytes_is_taken_and_one_byte_more_is_refused,
        the_limit_of_a_message_is_in_bytes_and_not_in_characters,
        attributes_count_towards_the_limit_of_a_message,
        a_subject_of_99_characters_is_taken,
        a_subject_of_100_characters_is_refused,
        a_subject_with_a_line_break_is_refused,
        an_attribute_without_a_value_is_refused,
        an_attribute_of_an_unknown_type_is_refused,
        a_json_message_without_a_default_is_refused,
        a_json_message_that_is_not_json_is_refused,
    ]
);

const LONGEST_MESSAGE: usize = 262_144;

async fn every_message_has_an_id_of_its_own(subject: &Subject) -> Outcome {
    let topic = topic(subject).await?;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let publish = publish(subject, &topic).message("the same").send().await;
        let id = accepted("Publish", publish)?
            .message_id()
            .map(str::to_owned);
        ids.push(id.context("Publish answers without a MessageId")?);
    }
    ensure!(ids[0] != ids[1], "two messages have the id {}", ids[0]);
    Ok(())
}

async fn a_topic_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let topic = format!("{}-nobody", topic(subject).await?);
    let publish = publish(subject, &topic).message("m");
    refused("an unknown topic", publish.send().await, "NotFound", 404)
}

async fn an_empty_message_is_refused(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message("");
    refused(
        "an empty message",
        publish.send().await,
        "InvalidParameter",
        400,
    )
}

async fn a_message_of_262144_bytes_is_taken_and_one_byte_more_is_refused(
    subject: &Subject,
) -> Outcome {
    let topic = topic(subject).await?;
    let longest = publish(subject, &topic).message("m".repeat(LONGEST_MESSAGE));
    accepted("262144 bytes", longest.send().await)?;
    let longer = publish(subject, &topic).message("m".repeat(LONGEST_MESSAGE + 1));
    refused("262145 bytes", longer.send().await, "InvalidParameter", 400)
}

async fn the_limit_of_a_message_is_in_bytes_and_not_in_characters(subject: &Subject) -> Outcome {
    let text = "é".repeat(LONGEST_MESSAGE / 2 + 1);
    let publish = publish(subject, &topic(subject).await?).message(text);
    refused(
        "262146 bytes of UTF-8",
        publish.send().await,
        "InvalidParameter",
        400,
    )
}

/// Source: SNS developer guide, "Amazon SNS message attributes": the name, the type and the value
/// count.
async fn attributes_count_towards_the_limit_of_a_message(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?)
        .message("m".repeat(LONGEST_MESSAGE))
        .message_attributes("a", attribute("String", "v"));
    refused(
        "262144 bytes and an attribute",
        publish.send().await,
        "InvalidParameter",
        400,
    )
}

async fn a_subject_of_99_characters_is_taken(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message("m");
    let publish = publish.subject("s".repeat(99));
    accepted("99 characters", publish.send().await).map(|_| ())
}

/// Source: Publish, `Subject`: "less than 100 characters long".
async fn a_subject_of_100_characters_is_refused(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message("m");
    let publish = publish.subject("s".repeat(100));
    refused(
        "100 characters",
        publish.send().await,
        "InvalidParameter",
        400,
    )
}

/// Source: Publish, `Subject`: "with no line breaks or control characters".
async fn a_subject_with_a_line_break_is_refused(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message("m");
    let publish = publish.subject("two\nlines");
    refused(
        "a line break",
        publish.send().await,
        "InvalidParameter",
        400,
    )
}

/// The service's model gives the error this code on the wire, and another name in the reference.
async fn an_attribute_without_a_value_is_refused(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message("m");
    let publish = publish.message_attributes("a", attribute("String", ""));
    refused(
        "an empty value",
        publish.send().await,
        "ParameterValueInvalid",
        400,
    )
}

async fn an_attribute_of_an_unknown_type_is_refused(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message("m");
    let publish = publish.message_attributes("a", attribute("Text", "v"));
    refused(
        "the type Text",
        publish.send().await,
        "ParameterValueInvalid",
        400,
    )
}

/// Source: Publish, `MessageStructure`: a JSON object with a top-level key `default`.
async fn a_json_message_without_a_default_is_refused(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message_structure("json");
    let publish = publish.message(r#"{"email": "text"}"#);
    refused("no default", publish.send().await, "InvalidParameter", 400)
}

async fn a_json_message_that_is_not_json_is_refused(subject: &Subject) -> Outcome {
    let publish = publish(subject, &topic(subject).await?).message_structure("json");
    let publish = publish.message("text");
    refused("no JSON", publish.send().await, "InvalidParameter", 400)
}

fn publish(subject: &Subject, topic: &str) -> PublishFluentBuilder {
    subject.sns().publish().topic_arn(topic)
}

fn attribute(kind: &str, value: &str) -> MessageAttributeValue {
    let attribute = MessageAttributeValue::builder().data_type(kind);
    attribute.string_value(value).build().unwrap()
}
