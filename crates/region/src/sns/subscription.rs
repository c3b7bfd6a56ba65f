//! Subscriptions: who gets the messages of a topic, by which protocol, and what they got.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::filter::{FilterPolicy, FilterScope};
use super::notification::Notification;
use super::protocol::Protocol;
use super::{Sns, check_arn, invalid};
use crate::error::ServiceError;
use crate::identifier::uuid;

/// How long a token is valid. Source: API reference, `Subscribe`.
const TOKEN_VALIDITY: SignedDuration = SignedDuration::from_hours(48);
/// How many filter policies a topic may have. Source: SNS endpoints and quotas.
const MOST_FILTER_POLICIES: usize = 200;

const FILTER_POLICY: &str = "FilterPolicy";
const FILTER_POLICY_SCOPE: &str = "FilterPolicyScope";
const RAW: &str = "RawMessageDelivery";

/// A request to subscribe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// The topic's ARN.
    pub topic: String,
    /// The protocol, as the API spells it.
    pub protocol: String,
    /// Where to.
    pub endpoint: String,
    /// The attributes.
    pub attributes: BTreeMap<String, String>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its ARN.
    pub arn: String,
    /// The topic's ARN.
    pub topic: String,
    /// How the subscriber is reached.
    pub protocol: Protocol,
    /// Where the subscriber is.
    pub endpoint: String,
    /// The token that the subscriber was sent to agree with, and until when it is valid.
    pub token: (String, Timestamp),
    pub(super) confirmed: bool,
    pub(super) filter: Option<FilterPolicy>,
    pub(super) deliveries: Vec<Notification>,
    attributes: BTreeMap<String, String>,
}

impl Subscription {
    /// Whether the subscriber has agreed, or did not have to.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// What the subscriber was sent, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> &[Notification] {
        &self.deliveries
    }

    /// Whether the subscriber gets the bare text.
    pub(super) fn is_raw(&self) -> bool {
        self.attributes.get(RAW).is_some_and(|raw| raw == "true")
    }

    /// Sets an attribute; the reason why not.
    fn set(&mut self, attribute: &str, value: &str) -> Result<(), String> {
        match attribute {
            FILTER_POLICY | FILTER_POLICY_SCOPE => {
                let mut attributes = self.attributes.clone();
                attributes.insert(attribute.to_owned(), value.to_owned());
                self.filter = filter(&attributes)?;
            }
            RAW => match value {
                "true" if !self.protocol.takes_raw_messages() => {
                    return Err(format!(
                        "Delivery protocol [{}] does not support raw message delivery.",
                        self.protocol
                    ));
                }
                "true" | "false" => {}
                _ => {
                    return Err(format!(
                        "{RAW}: Invalid value [{value}]. Must be true or false."
                    ));
                }
            },
            "RedrivePolicy" | "DeliveryPolicy" => {
                let given = serde_json::from_str(value);
                if !value.is_empty() && !matches!(given, Ok(Value::Object(_))) {
                    return Err(format!("{attribute}: failed to parse JSON."));
                }
            }
            _ => return Err("AttributeName".to_owned()),
        }
        if value.is_empty() {
            self.attributes.remove(attribute);
        } else {
            self.attributes
                .insert(attribute.to_owned(), value.to_owned());
        }
        Ok(())
    }
}

fn filter(attributes: &BTreeMap<String, String>) -> Result<Option<FilterPolicy>, String> {
    let scope = attributes.get(FILTER_POLICY_SCOPE);
    let scope = scope.map_or(Ok(FilterScope::default()), |scope| scope.parse())?;
    let policy = attributes.get(FILTER_POLICY).map_or("", String::as_str);
    FilterPolicy::parse(policy, scope)
}

impl Sns {
    /// Subscribes an endpoint; the subscription's ARN. One that exists already is only found.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic, `InvalidParameter` for a protocol, endpoint or attribute that
    /// SNS does not take and where the subscription exists with another attribute,
    /// `FilterPolicyLimitExceeded` for one filter policy too many.
    pub fn subscribe(
        &mut self,
        request: Subscribe,
        now: Timestamp,
    ) -> Result<String, ServiceError> {
        self.topic(&request.topic)?;
        let mut protocols = Protocol::ALL.into_iter();
        let protocol = protocols.find(|protocol| protocol.name() == request.protocol);
        let protocol = protocol.ok_or_else(|| match request.protocol.as_str() {
            "application" | "firehose" => invalid(format!(
                "Protocol Reason: the embedded Region does not simulate {}",
                request.protocol
            )),
            other => invalid(format!(
                "Amazon SNS does not support this protocol string: {other}"
            )),
        })?;
        protocol.check(&request.endpoint)?;
        let number = self.subscribed + 1;
        let id = uuid(&request.topic, number);
        let mut subscription = Subscription {
            arn: format!("{}:{id}", request.topic),
            token: (token(&request.topic, number), now + TOKEN_VALIDITY),
            topic: request.topic,
            protocol,
            endpoint: request.endpoint,
            confirmed: !protocol.needs_confirmation(),
            filter: None,
            deliveries: Vec::new(),
            attributes: BTreeMap::new(),
        };
        // The scope decides what the policy may be, so it comes first.
        let (scope, others): (Vec<_>, Vec<_>) = request
            .attributes
            .iter()
            .partition(|(name, _)| *name == FILTER_POLICY_SCOPE);
        for (name, value) in scope.into_iter().chain(others) {
            let set = subscription.set(name, value);
            set.map_err(|reason| invalid(format!("Attributes Reason: {reason}")))?;
        }
        let found = self.subscriptions.iter_mut().find(|one| {
            one.topic == subscription.topic
                && one.protocol == protocol
                && one.endpoint == subscription.endpoint
        });
        if let Some(found) = found {
            let same =
                |(name, value): (&String, &String)| found.attributes.get(name) == Some(value);
            if !subscription.attributes.iter().all(same) {
                return Err(invalid(
                    "Attributes Reason: Subscription already exists with different attributes",
                ));
            }
            if !found.confirmed {
                // The subscriber is asked again.
                found.token.1 = now + TOKEN_VALIDITY;
            }
            return Ok(found.arn.clone());
        }
        self.check_large_messages(&subscription.topic, protocol)?;
        if subscription.filter.is_some() {
            self.check_filter_policies(&subscription.topic)?;
        }
        self.subscribed = number;
        let arn = subscription.arn.clone();
        self.subscriptions.push(subscription);
        Ok(arn)
    }

    /// Confirms a subscription with the token that its endpoint was sent; its ARN.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic, `InvalidParameter` for a token that is not of the topic, or is
    /// older than two days.
    pub fn confirm_subscription(
        &mut self,
        topic: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<String, ServiceError> {
        self.topic(topic)?;
        let mut own = self
            .subscriptions
            .iter_mut()
            .filter(|one| one.topic == topic);
        let found = own.find(|one| one.token.0 == token && now <= one.token.1);
        let found = found.ok_or_else(|| invalid("Token"))?;
        found.confirmed = true;
        Ok(found.arn.clone())
    }

    /// Ends a subscription. One that does not exist is no error.
    ///
    /// # Errors
    /// `InvalidParameter` for what is no ARN, and for a subscription that nobody has confirmed.
    pub fn unsubscribe(&mut self, arn: &str) -> Result<(), ServiceError> {
        check_arn("SubscriptionArn", arn)?;
        let Some(index) = self.subscriptions.iter().position(|one| one.arn == arn) else {
            return Ok(());
        };
        if !self.subscriptions[index].confirmed {
            return Err(invalid(
                "SubscriptionArn Reason: the subscription is pending confirmation",
            ));
        }
        let ended = self.subscriptions.remove(index);
        if let Some(topic) = self.topics.get_mut(&ended.topic) {
            topic.deleted += 1;
        }
        Ok(())
    }

    /// The attributes of a subscription, with those that SNS adds.
    ///
    /// # Errors
    /// `NotFound` for an unknown subscription.
    pub fn subscription_attributes(
        &self,
        arn: &str,
    ) -> Result<BTreeMap<String, String>, ServiceError> {
        let subscription = self.find(arn)?;
        let pending = (!subscription.confirmed).to_string();
        let mut attributes = BTreeMap::from(
            [
                (
                    "ConfirmationWasAuthenticated",
                    subscription.confirmed.to_string(),
                ),
                ("Endpoint", subscription.endpoint.clone()),
                ("Owner", self.account.to_string()),
                ("PendingConfirmation", pending),
                ("Protocol", subscription.protocol.to_string()),
                (RAW, "false".to_owned()),
                ("SubscriptionArn", arn.to_owned()),
                ("TopicArn", subscription.topic.clone()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        if subscription.attributes.contains_key(FILTER_POLICY) {
            attributes.insert(
                FILTER_POLICY_SCOPE.to_owned(),
                "MessageAttributes".to_owned(),
            );
        }
        attributes.extend(subscription.attributes.clone());
        Ok(attributes)
    }

    /// Sets an attribute of a subscription; an empty value ends it.
    ///
    /// # Errors
    /// `NotFound` for an unknown subscription, `InvalidParameter` for an attribute or value that SNS
    /// does not take, `FilterPolicyLimitExceeded` for one filter policy too many.
    pub fn set_subscription_attribute(
        &mut self,
        arn: &str,
        attribute: &str,
        value: &str,
    ) -> Result<(), ServiceError> {
        let mut changed = self.find(arn)?.clone();
        let filtered = changed.filter.is_some();
        changed.set(attribute, value).map_err(invalid)?;
        if changed.filter.is_some() && !filtered {
            self.check_filter_policies(&changed.topic)?;
        }
        if let Some(place) = self.subscriptions.iter_mut().find(|one| one.arn == arn) {
            *place = changed;
        }
        Ok(())
    }

    fn find(&self, arn: &str) -> Result<&Subscription, ServiceError> {
        check_arn("SubscriptionArn", arn)?;
        self.subscription(arn)
            .ok_or_else(|| ServiceError::new(404, "NotFound", "Subscription does not exist"))
    }

    fn check_filter_policies(&self, topic: &str) -> Result<(), ServiceError> {
        let own = self.subscriptions.iter().filter(|one| one.topic == topic);
        if own.filter(|one| one.filter.is_some()).count() >= MOST_FILTER_POLICIES {
            return Err(ServiceError::new(
                403,
                "FilterPolicyLimitExceeded",
                format!("a topic has at most {MOST_FILTER_POLICIES} filter policies"),
            ));
        }
        Ok(())
    }
}

/// A token: as long as those of AWS, and the same in every run.
fn token(topic: &str, number: u64) -> String {
    let parts = (0..8).map(|part| uuid(&format!("{topic} token {part}"), number).replace('-', ""));
    parts.collect()
}
