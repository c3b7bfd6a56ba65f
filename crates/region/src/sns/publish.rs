//! Publishing: what SNS takes, and who gets it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::notification::{Envelope, FunctionDelivery};
use super::protocol::{Protocol, is_phone_number};
use super::topic::DEFAULT_MESSAGE_SIZE;
use super::{Sns, invalid};
use crate::error::ServiceError;

/// A subject has fewer characters than this. Source: API reference, `Publish`.
const SUBJECT_LIMIT: usize = 100;
/// A text message has at most so many characters. Source: API reference, `Publish`.
const LONGEST_TEXT: usize = 1600;
const LONGEST_ATTRIBUTE_NAME: usize = 256;

/// A message to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publish {
    /// The topic's ARN.
    pub topic: String,
    /// The subject, if there is one.
    pub subject: Option<String>,
    /// The text.
    pub message: String,
    /// Whether the text is JSON with a text for each protocol (`MessageStructure` is `json`).
    pub per_protocol: bool,
    /// The attributes: name to type and value. A binary value is in base64.
    pub attributes: BTreeMap<String, (String, String)>,
}

/// A message as a topic took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// SNS's id of the message.
    pub message_id: String,
    /// When it arrived.
    pub at: Timestamp,
    /// What arrived.
    pub published: Publish,
}

/// A text message for a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// SNS's id of the message.
    pub message_id: String,
    /// When it was sent.
    pub at: Timestamp,
    /// To which number, in the E.164 format.
    pub phone_number: String,
    /// The text.
    pub text: String,
}

impl Sns {
    /// Publishes a message to a topic; its id.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic, `InvalidParameter` and `ParameterValueInvalid` for what SNS does
    /// not take. Then nobody gets anything.
    pub fn publish(&mut self, publish: Publish, now: Timestamp) -> Result<String, ServiceError> {
        let limit = self.topic(&publish.topic)?.message_size();
        let texts = check(&publish, limit)?;
        let message_id = self.next_message_id();
        for subscription in &mut self.subscriptions {
            if subscription.topic != publish.topic || !subscription.confirmed {
                continue;
            }
            let text = texts.of(subscription.protocol);
            let filter = subscription.filter.as_ref();
            if filter.is_some_and(|filter| !filter.accepts(&publish, text)) {
                continue;
            }
            let envelope = Envelope {
                message_id: &message_id,
                at: now,
                publish: &publish,
                text,
            };
            if subscription.protocol == Protocol::Lambda {
                self.function_deliveries.push(FunctionDelivery {
                    function: subscription.endpoint.clone(),
                    payload: envelope.event(subscription),
                });
            }
            let notification = envelope.notification(subscription);
            subscription.deliveries.push(notification);
        }
        self.inbox.push(Received {
            message_id: message_id.clone(),
            at: now,
            published: publish,
        });
        Ok(message_id)
    }

    /// Sends a text message to a phone number; its id. The publication's topic is not looked at.
    ///
    /// # Errors
    /// `InvalidParameter` for a number that is not in the E.164 format or a text of more than 1600
    /// characters, and as for a topic.
    pub fn publish_text(
        &mut self,
        phone_number: &str,
        publish: &Publish,
        now: Timestamp,
    ) -> Result<String, ServiceError> {
        if !is_phone_number(phone_number) {
            return Err(invalid(format!(
                "PhoneNumber Reason: {phone_number} does not meet the E164 format"
            )));
        }
        let texts = check(publish, DEFAULT_MESSAGE_SIZE)?;
        let text = texts.of(Protocol::Sms).to_owned();
        if text.chars().count() > LONGEST_TEXT {
            return Err(invalid(format!(
                "Message Reason: Message must be less than {LONGEST_TEXT} characters long"
            )));
        }
        let message_id = self.next_message_id();
        self.texts.push(TextMessage {
            message_id: message_id.clone(),
            at: now,
            phone_number: phone_number.to_owned(),
            text,
        });
        Ok(message_id)
    }

    fn next_message_id(&mut self) -> String {
        self.published += 1;
        format!("00000000-0000-4000-9000-{:012x}", self.published)
    }
}

/// The texts of a message, by protocol.
struct Texts {
    default: String,
    others: BTreeMap<String, String>,
}

impl Texts {
    fn of(&self, protocol: Protocol) -> &str {
        self.others.get(protocol.name()).unwrap_or(&self.default)
    }
}

fn check(publish: &Publish, limit: usize) -> Result<Texts, ServiceError> {
    if publish.message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if let Some(subject) = &publish.subject {
        let fits = !subject.is_empty()
            && subject.chars().count() < SUBJECT_LIMIT
            && !subject.chars().any(char::is_control);
        if !fits {
            return Err(invalid("Subject"));
        }
    }
    let attributes = publish.attributes.iter();
    let sizes = attributes.map(|(name, (kind, value))| name.len() + kind.len() + value.len());
    if publish.message.len() + sizes.sum::<usize>() > limit {
        return Err(invalid("Message too long"));
    }
    for (name, (kind, value)) in &publish.attributes {
        check_attribute(name, kind, value)?;
    }
    if publish.per_protocol {
        texts(&publish.message)
    } else {
        Ok(Texts {
            default: publish.message.clone(),
            others: BTreeMap::new(),
        })
    }
}

/// Keys whose value is no text are passed over. (SNS developer guide, "Publishing Amazon SNS
/// notifications with platform-specific payloads".)
fn texts(message: &str) -> Result<Texts, ServiceError> {
    let parsed: Result<Members, _> = serde_json::from_str(message);
    let Members(members) =
        parsed.map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
    let texts = members.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    });
    let mut others: BTreeMap<String, String> = texts.collect();
    let default = others
        .remove("default")
        .ok_or_else(|| invalid("Message Structure - No default entry in JSON message body"))?;
    Ok(Texts { default, others })
}

/// The members of a JSON object that has none twice.
struct Members(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object without duplicate keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("duplicate key"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

/// Names, types and values. Source: SNS developer guide, "Amazon SNS message attributes".
fn check_attribute(name: &str, kind: &str, value: &str) -> Result<(), ServiceError> {
    let refuse = |message: String| Err(ServiceError::new(400, "ParameterValueInvalid", message));
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if name.is_empty() || name.len() > LONGEST_ATTRIBUTE_NAME || !name.bytes().all(known) || dots {
        return refuse(format!(
            "Message attribute name '{name}' is not 1 to 256 letters, digits, underscores, hyphens and single dots within"
        ));
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return refuse(format!(
            "Message attribute name '{name}' begins with a reserved prefix"
        ));
    }
    let base = kind.split('.').next().unwrap_or_default();
    if !["String", "Number", "Binary"].contains(&base) || kind.ends_with('.') {
        return refuse(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
        ));
    }
    if value.is_empty() {
        return refuse(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
        ));
    }
    if base == "Number" && !value.parse::<f64>().is_ok_and(f64::is_finite) {
        return refuse(format!(
            "Could not cast message attribute '{name}' value to number."
        ));
    }
    if kind == "String.Array" && !matches!(serde_json::from_str(value), Ok(Value::Array(_))) {
        return refuse(format!(
            "The message attribute '{name}' is not a JSON array."
        ));
    }
    Ok(())
}
