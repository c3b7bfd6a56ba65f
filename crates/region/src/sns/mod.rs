//! SNS: standard topics, their subscriptions, and what each of these was sent.
//!
//! Delivery is at once. Every message that a topic took is in the [`Sns::inbox`]; what a subscription
//! was sent, after its filter policy and in the form of its protocol, is with the [`Subscription`].
//! Nothing leaves the Region but invocations of its own functions.
//!
//! Simplified: no FIFO topics, no signatures of messages, no access policies, no encryption, and no
//! delivery that fails.

mod filter;
mod notification;
mod protocol;
mod publish;
mod subscription;
#[cfg(test)]
mod tests;
mod topic;
pub(crate) mod wire;

use std::collections::BTreeMap;

use domain::AccountId;
use jiff::Timestamp;

use crate::error::ServiceError;

pub use filter::FilterScope;
pub use notification::{FunctionDelivery, Notification};
pub use protocol::Protocol;
pub use publish::{Publish, Received, TextMessage};
pub use subscription::{Subscribe, Subscription};

use topic::Topic;

/// The service.
#[derive(Debug, Clone)]
pub struct Sns {
    account: AccountId,
    region: String,
    topics: BTreeMap<String, Topic>,
    /// In the order of their creation.
    subscriptions: Vec<Subscription>,
    inbox: Vec<Received>,
    texts: Vec<TextMessage>,
    function_deliveries: Vec<FunctionDelivery>,
    published: u64,
    subscribed: u64,
}

impl Sns {
    /// An SNS without topics.
    #[must_use]
    pub fn new(account: AccountId, region: &str) -> Self {
        Self {
            account,
            region: region.to_owned(),
            topics: BTreeMap::new(),
            subscriptions: Vec::new(),
            inbox: Vec::new(),
            texts: Vec::new(),
            function_deliveries: Vec::new(),
            published: 0,
            subscribed: 0,
        }
    }

    /// Every message that a topic took, oldest first, as somebody subscribed to everything reads it.
    #[must_use]
    pub fn inbox(&self) -> &[Received] {
        &self.inbox
    }

    /// The text messages that were published to phone numbers, oldest first.
    #[must_use]
    pub fn texts(&self) -> &[TextMessage] {
        &self.texts
    }

    /// The subscriptions of all topics, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// A subscription.
    #[must_use]
    pub fn subscription(&self, arn: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|one| one.arn == arn)
    }

    /// What is for functions and has not been taken on yet.
    pub(crate) fn take_function_deliveries(&mut self) -> Vec<FunctionDelivery> {
        std::mem::take(&mut self.function_deliveries)
    }

    fn topic(&self, arn: &str) -> Result<&Topic, ServiceError> {
        check_arn("TopicArn", arn)?;
        self.topics.get(arn).ok_or_else(no_topic)
    }
}

/// A time as SNS writes it.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn invalid(what: impl std::fmt::Display) -> ServiceError {
    ServiceError::new(
        400,
        "InvalidParameter",
        format!("Invalid parameter: {what}"),
    )
}

fn no_topic() -> ServiceError {
    ServiceError::new(404, "NotFound", "Topic does not exist")
}

fn check_arn(member: &str, arn: &str) -> Result<(), ServiceError> {
    let parts = arn.split(':').count();
    if parts < 6 {
        return Err(invalid(format!(
            "{member} Reason: An ARN must have at least 6 elements, not {parts}"
        )));
    }
    Ok(())
}
