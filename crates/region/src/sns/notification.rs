//! What a subscriber gets of a message, in the form of its protocol.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::protocol::Protocol;
use super::subscription::Subscription;
use super::{Publish, written};

/// What a subscriber was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// SNS's id of the message.
    pub message_id: String,
    /// When it was sent.
    pub at: Timestamp,
    /// The subject, if there is one.
    pub subject: Option<String>,
    /// The text for this protocol.
    pub text: String,
    /// What went over the wire: the bare text, or JSON with the text in it.
    pub body: String,
}

/// What a function is to be invoked with.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionDelivery {
    /// The function's ARN.
    pub function: String,
    /// The event.
    pub payload: Value,
}

/// A message on its way to a subscription.
pub(super) struct Envelope<'a> {
    pub(super) message_id: &'a str,
    pub(super) at: Timestamp,
    pub(super) publish: &'a Publish,
    pub(super) text: &'a str,
}

impl Envelope<'_> {
    /// What the subscription is sent. (SNS developer guide, "HTTP/HTTPS notification JSON format" and
    /// "Amazon SNS raw message delivery".)
    pub(super) fn notification(&self, subscription: &Subscription) -> Notification {
        let body = match subscription.protocol {
            Protocol::Email | Protocol::Sms => self.text.to_owned(),
            _ if subscription.is_raw() => self.text.to_owned(),
            Protocol::Lambda => self.event(subscription).to_string(),
            Protocol::Http | Protocol::Https | Protocol::EmailJson | Protocol::Sqs => {
                let mut body = self.members(subscription, "SigningCertURL", "UnsubscribeURL");
                if self.publish.subject.is_none() {
                    body.remove("Subject");
                }
                let empty = body
                    .get("MessageAttributes")
                    .is_some_and(|all| *all == json!({}));
                if empty {
                    body.remove("MessageAttributes");
                }
                Value::Object(body).to_string()
            }
        };
        Notification {
            message_id: self.message_id.to_owned(),
            at: self.at,
            subject: self.publish.subject.clone(),
            text: self.text.to_owned(),
            body,
        }
    }

    /// The event of a function. (Lambda developer guide, "Invoking Lambda functions with Amazon SNS
    /// notifications".)
    pub(super) fn event(&self, subscription: &Subscription) -> Value {
        json!({"Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.arn,
            "Sns": self.members(subscription, "SigningCertUrl", "UnsubscribeUrl"),
        }]})
    }

    /// Nothing is signed, so the signature says so instead of looking like one.
    fn members(
        &self,
        subscription: &Subscription,
        certificate: &str,
        unsubscribe: &str,
    ) -> Map<String, Value> {
        let region = subscription.topic.split(':').nth(3).unwrap_or_default();
        let host = format!("https://sns.{region}.amazonaws.com");
        let mut members = Map::from_iter(
            [
                ("Type", json!("Notification")),
                ("MessageId", json!(self.message_id)),
                ("TopicArn", json!(subscription.topic)),
                ("Subject", json!(self.publish.subject)),
                ("Message", json!(self.text)),
                ("Timestamp", json!(written(self.at))),
                ("SignatureVersion", json!("1")),
                ("Signature", json!("the embedded Region signs nothing")),
                ("MessageAttributes", self.attributes()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        members.insert(
            certificate.to_owned(),
            json!(format!("{host}/SimpleNotificationService.pem")),
        );
        members.insert(
            unsubscribe.to_owned(),
            json!(format!(
                "{host}/?Action=Unsubscribe&SubscriptionArn={}",
                subscription.arn
            )),
        );
        members
    }

    /// Attributes are sent only with a message that is the same for all protocols. (SNS developer guide,
    /// "Amazon SNS message attributes".)
    fn attributes(&self) -> Value {
        if self.publish.per_protocol {
            return json!({});
        }
        let attributes = self.publish.attributes.iter();
        let attributes = attributes
            .map(|(name, (kind, value))| (name.clone(), json!({"Type": kind, "Value": value})));
        Value::Object(Map::from_iter(attributes))
    }
}
