//! SNS: topics, subscribers, and what they received.
//!
//! Delivery is at once and to everybody. A subscriber by mail has an inbox that can be read.

pub(crate) mod wire;

use std::collections::BTreeMap;

use domain::AccountId;
use jiff::Timestamp;

use crate::error::ServiceError;

/// The limit of a message with its attributes, in bytes.
const LONGEST_MESSAGE: usize = 262_144;

/// A message to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publish {
    /// The topic's ARN.
    pub topic: String,
    /// The subject, if there is one.
    pub subject: Option<String>,
    /// The text.
    pub message: String,
    /// The attributes: name to type and value.
    pub attributes: BTreeMap<String, (String, String)>,
}

/// A message as a subscriber received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// SNS's id of the message.
    pub message_id: String,
    /// When it arrived.
    pub at: Timestamp,
    /// What arrived.
    pub published: Publish,
}

/// The service.
#[derive(Debug, Clone)]
pub struct Sns {
    account: AccountId,
    region: String,
    topics: BTreeMap<String, Vec<Received>>,
    published: u64,
}

impl Sns {
    /// An SNS without topics.
    #[must_use]
    pub fn new(account: AccountId, region: &str) -> Self {
        Self {
            account,
            region: region.to_owned(),
            topics: BTreeMap::new(),
            published: 0,
        }
    }

    /// Creates a topic with a subscriber; its ARN.
    pub fn create_topic(&mut self, name: &str) -> String {
        let arn = format!("arn:aws:sns:{}:{}:{name}", self.region, self.account);
        self.topics.entry(arn.clone()).or_default();
        arn
    }

    /// What the subscribers of all topics received, oldest first.
    #[must_use]
    pub fn inbox(&self) -> Vec<&Received> {
        let mut all: Vec<&Received> = self.topics.values().flatten().collect();
        all.sort_by(|a, b| (a.at, &a.message_id).cmp(&(b.at, &b.message_id)));
        all
    }

    /// Publishes a message; its id.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic, `InvalidParameter` for what SNS does not take.
    pub fn publish(&mut self, publish: Publish, now: Timestamp) -> Result<String, ServiceError> {
        if !self.topics.contains_key(&publish.topic) {
            return Err(ServiceError::new(404, "NotFound", "Topic does not exist"));
        }
        check(&publish)?;
        self.published += 1;
        let message_id = format!("00000000-0000-4000-9000-{:012x}", self.published);
        if let Some(inbox) = self.topics.get_mut(&publish.topic) {
            inbox.push(Received {
                message_id: message_id.clone(),
                at: now,
                published: publish,
            });
        }
        Ok(message_id)
    }
}

fn invalid(what: &str) -> ServiceError {
    ServiceError::new(
        400,
        "InvalidParameter",
        format!("Invalid parameter: {what}"),
    )
}

fn check(publish: &Publish) -> Result<(), ServiceError> {
    if publish.message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if let Some(subject) = &publish.subject {
        let fits = !subject.is_empty()
            && subject.chars().count() < 100
            && !subject.chars().any(char::is_control);
        if !fits {
            return Err(invalid("Subject"));
        }
    }
    let attributes: usize = publish
        .attributes
        .iter()
        .map(|(name, (kind, value))| name.len() + kind.len() + value.len())
        .sum();
    if publish.message.len() + attributes > LONGEST_MESSAGE {
        return Err(invalid("Message too long"));
    }
    for (name, (kind, value)) in &publish.attributes {
        let named = !name.is_empty()
            && name.len() <= 256
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        let reserved = ["aws.", "amazon."]
            .iter()
            .any(|prefix| name.to_ascii_lowercase().starts_with(prefix));
        let typed = ["String", "String.Array", "Number", "Binary"]
            .iter()
            .any(|known| kind == known || kind.starts_with(&format!("{known}.")));
        if !named || reserved || !typed || value.is_empty() {
            return Err(ServiceError::new(
                400,
                "InvalidParameterValue",
                format!("The message attribute '{name}' is not valid"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sns() -> (Sns, Publish) {
        let mut sns = Sns::new(AccountId::embedded(), "us-east-1");
        let topic = sns.create_topic("evac");
        let publish = Publish {
            topic,
            subject: Some("subject".into()),
            message: "text".into(),
            ..Default::default()
        };
        (sns, publish)
    }

    #[test]
    fn a_message_arrives_as_it_was_published() {
        let (mut sns, publish) = sns();
        sns.publish(publish.clone(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(sns.inbox()[0].published, publish);
    }

    #[test]
    fn what_sns_does_not_take_is_refused_and_arrives_nowhere() {
        let (mut sns, good) = sns();
        let attribute = |name: &str, kind: &str, value: &str| Publish {
            attributes: BTreeMap::from([(name.to_owned(), (kind.to_owned(), value.to_owned()))]),
            ..good.clone()
        };
        for (bad, code) in [
            (
                Publish {
                    topic: "arn:aws:sns:us-east-1:000000000000:other".into(),
                    ..good.clone()
                },
                "NotFound",
            ),
            (
                Publish {
                    message: String::new(),
                    ..good.clone()
                },
                "InvalidParameter",
            ),
            (
                Publish {
                    subject: Some("x".repeat(100)),
                    ..good.clone()
                },
                "InvalidParameter",
            ),
            (
                Publish {
                    subject: Some("two\nlines".into()),
                    ..good.clone()
                },
                "InvalidParameter",
            ),
            (
                Publish {
                    message: "x".repeat(LONGEST_MESSAGE + 1),
                    ..good.clone()
                },
                "InvalidParameter",
            ),
            (attribute("AWS.x", "String", "v"), "InvalidParameterValue"),
            (attribute("a b", "String", "v"), "InvalidParameterValue"),
            (attribute("a", "Text", "v"), "InvalidParameterValue"),
            (attribute("a", "String", ""), "InvalidParameterValue"),
        ] {
            assert_eq!(
                sns.publish(bad, Timestamp::UNIX_EPOCH).unwrap_err().code,
                code
            );
        }
        assert_eq!(sns.inbox().len(), 0);
        assert!(
            sns.publish(
                Publish {
                    subject: Some("x".repeat(99)),
                    ..good
                },
                Timestamp::UNIX_EPOCH
            )
            .is_ok()
        );
    }
}
