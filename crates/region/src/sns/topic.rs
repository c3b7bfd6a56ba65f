//! Topics and their attributes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::protocol::Protocol;
use super::{Sns, check_arn, invalid};
use crate::error::ServiceError;

/// The longest name of a topic, and the longest display name. Source: API reference, `CreateTopic`.
const LONGEST_NAME: usize = 256;
const LONGEST_DISPLAY_NAME: usize = 100;
/// The limit of a message with its attributes, in bytes, unless `MaximumMessageSize` is set.
pub(super) const DEFAULT_MESSAGE_SIZE: usize = 262_144;
/// What `MaximumMessageSize` may be.
const MESSAGE_SIZES: std::ops::RangeInclusive<usize> = 1024..=1_048_576;
/// How many subscriptions a topic with larger messages may have.
const MOST_WITH_LARGE_MESSAGES: usize = 100;

const MESSAGE_SIZE: &str = "MaximumMessageSize";

/// A topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Topic {
    /// What was set.
    attributes: BTreeMap<String, String>,
    /// How many subscriptions have ended.
    pub(super) deleted: usize,
}

impl Topic {
    /// How many bytes a message may have.
    pub(super) fn message_size(&self) -> usize {
        let size = self.attributes.get(MESSAGE_SIZE);
        size.and_then(|size| size.parse().ok())
            .unwrap_or(DEFAULT_MESSAGE_SIZE)
    }
}

impl Sns {
    /// Creates a standard topic without attributes, or finds it; its ARN.
    pub fn create_topic(&mut self, name: &str) -> String {
        let arn = self.topic_arn(name);
        self.topics.entry(arn.clone()).or_default();
        arn
    }

    /// Creates a topic; its ARN. A topic that exists already is only found.
    ///
    /// # Errors
    /// `InvalidParameter` for a name or attribute that SNS does not take, for a FIFO topic, and where
    /// the topic exists and one of the attributes is not the same there.
    pub fn create_topic_with(
        &mut self,
        name: &str,
        attributes: BTreeMap<String, String>,
    ) -> Result<String, ServiceError> {
        let fifo = attributes.get("FifoTopic").is_some_and(|on| on == "true");
        if fifo || name.ends_with(".fifo") {
            return Err(invalid(
                "FifoTopic Reason: the embedded Region has standard topics only",
            ));
        }
        let known = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(known) {
            return Err(invalid("Topic Name"));
        }
        let mut attributes = attributes;
        attributes.remove("FifoTopic");
        for (attribute, value) in &attributes {
            check(attribute, value)
                .map_err(|reason| invalid(format!("Attributes Reason: {reason}")))?;
        }
        let arn = self.topic_arn(name);
        if let Some(topic) = self.topics.get(&arn) {
            let effective = self.effective(&arn, topic);
            let same =
                |(attribute, value): (&String, &String)| effective.get(attribute) == Some(value);
            if !attributes.iter().all(same) {
                return Err(invalid(
                    "Attributes Reason: Topic already exists with different attributes",
                ));
            }
            return Ok(arn);
        }
        let topic = Topic {
            attributes,
            deleted: 0,
        };
        self.topics.insert(arn.clone(), topic);
        Ok(arn)
    }

    /// Deletes a topic and its subscriptions. One that does not exist is no error.
    ///
    /// # Errors
    /// `InvalidParameter` for what is no ARN.
    pub fn delete_topic(&mut self, arn: &str) -> Result<(), ServiceError> {
        check_arn("TopicArn", arn)?;
        self.topics.remove(arn);
        self.subscriptions.retain(|one| one.topic != arn);
        Ok(())
    }

    /// The topics' ARNs, in order.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.topics.keys().map(String::as_str)
    }

    /// The attributes of a topic, with those that SNS adds.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic.
    pub fn topic_attributes(&self, arn: &str) -> Result<BTreeMap<String, String>, ServiceError> {
        let topic = self.topic(arn)?;
        Ok(self.effective(arn, topic))
    }

    /// Sets an attribute of a topic.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic, `InvalidParameter` for an attribute or value that SNS does not
    /// take.
    pub fn set_topic_attribute(
        &mut self,
        arn: &str,
        attribute: &str,
        value: &str,
    ) -> Result<(), ServiceError> {
        self.topic(arn)?;
        check(attribute, value).map_err(invalid)?;
        if attribute == MESSAGE_SIZE
            && value
                .parse()
                .is_ok_and(|size: usize| size > DEFAULT_MESSAGE_SIZE)
        {
            let mut own = self.subscriptions.iter().filter(|one| one.topic == arn);
            if own.clone().count() > MOST_WITH_LARGE_MESSAGES
                || !own.all(|one| one.protocol.takes_large_messages())
            {
                return Err(invalid(
                    "MaximumMessageSize Reason: more than 262144 bytes are for topics with at most 100 subscriptions, each of a queue or a function",
                ));
            }
        }
        if let Some(topic) = self.topics.get_mut(arn) {
            topic
                .attributes
                .insert(attribute.to_owned(), value.to_owned());
        }
        Ok(())
    }

    /// Whether one more subscription of this protocol fits the topic's limit of a message.
    pub(super) fn check_large_messages(
        &self,
        arn: &str,
        protocol: Protocol,
    ) -> Result<(), ServiceError> {
        let large = self.topic(arn)?.message_size() > DEFAULT_MESSAGE_SIZE;
        let own = self.subscriptions.iter().filter(|one| one.topic == arn);
        if large && (!protocol.takes_large_messages() || own.count() >= MOST_WITH_LARGE_MESSAGES) {
            return Err(invalid(
                "Protocol Reason: a topic whose MaximumMessageSize is above 262144 bytes has at most 100 subscriptions, each of a queue or a function",
            ));
        }
        Ok(())
    }

    fn topic_arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{}:{}:{name}", self.region, self.account)
    }

    fn effective(&self, arn: &str, topic: &Topic) -> BTreeMap<String, String> {
        let count = |confirmed: bool| {
            let own = self.subscriptions.iter().filter(|one| one.topic == arn);
            let those = own.filter(|one| one.is_confirmed() == confirmed);
            those.count().to_string()
        };
        let owner = self.account.to_string();
        let mut effective = BTreeMap::from(
            [
                ("DisplayName", String::new()),
                ("EffectiveDeliveryPolicy", delivery_policy().to_string()),
                ("Policy", policy(arn, &owner).to_string()),
                ("Owner", owner),
                ("SubscriptionsConfirmed", count(true)),
                ("SubscriptionsDeleted", topic.deleted.to_string()),
                ("SubscriptionsPending", count(false)),
                ("TopicArn", arn.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        effective.extend(topic.attributes.clone());
        effective
    }
}

/// Whether SNS takes this value of this attribute; the reason, if not.
fn check(attribute: &str, value: &str) -> Result<(), String> {
    let json = || match serde_json::from_str(value) {
        Ok(Value::Object(_)) => Ok(()),
        _ => Err(format!("{attribute}: failed to parse JSON.")),
    };
    let one_of = |values: &[&str]| {
        let known = values.contains(&value);
        known.then_some(()).ok_or_else(|| {
            format!(
                "{attribute}: Invalid value [{value}]. Must be {}.",
                values.join(" or ")
            )
        })
    };
    match attribute {
        "DisplayName" if value.chars().count() > LONGEST_DISPLAY_NAME => Err(format!(
            "DisplayName: must have at most {LONGEST_DISPLAY_NAME} characters"
        )),
        "DisplayName" | "KmsMasterKeyId" => Ok(()),
        "Policy" | "DeliveryPolicy" => json(),
        "SignatureVersion" => one_of(&["1", "2"]),
        "TracingConfig" => one_of(&["PassThrough", "Active"]),
        MESSAGE_SIZE => match value.parse() {
            Ok(size) if MESSAGE_SIZES.contains(&size) => Ok(()),
            _ => Err(format!("{MESSAGE_SIZE}: must be 1024 to 1048576 bytes")),
        },
        feedback if is_feedback(feedback) => Ok(()),
        _ => Err("AttributeName".to_owned()),
    }
}

/// Whether an attribute says where the status of deliveries is logged to.
fn is_feedback(attribute: &str) -> bool {
    let protocols = ["HTTP", "Firehose", "Lambda", "Application", "SQS"];
    let rest = protocols.iter().find_map(|one| attribute.strip_prefix(one));
    let kinds = [
        "SuccessFeedbackRoleArn",
        "SuccessFeedbackSampleRate",
        "FailureFeedbackRoleArn",
    ];
    rest.is_some_and(|rest| kinds.contains(&rest))
}

/// The policy of a topic that nobody gave one. Source: SNS developer guide, "Default access policy".
fn policy(topic: &str, owner: &str) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": topic,
            "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
        }],
    })
}

/// How deliveries over HTTP are tried again by default. Source: SNS developer guide, "Creating an HTTP/S
/// delivery policy".
pub(super) fn delivery_policy() -> Value {
    json!({"http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20,
            "maxDelayTarget": 20,
            "numRetries": 3,
            "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0,
            "numMinDelayRetries": 0,
            "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": false,
    }})
}
