//! SNS's API as HTTP (awsQuery).
//!
//! A parameter that the Region does not simulate is refused by its name: to answer as if it had taken
//! effect would be a lie.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use aws_smithy_types::base64;
use jiff::Timestamp;
use winterbaume_core::{MockRequest, MockResponse, xml_escape};

use super::{Publish, Sns, Subscribe, Subscription, invalid};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::wire::{listed_operation, unlisted_parameter};

/// Every operation, with its parameters.
const OPERATIONS: [(Operation, &[&str]); 13] = [
    (
        Operation::write("ConfirmSubscription"),
        &["TopicArn", "Token", "AuthenticateOnUnsubscribe"],
    ),
    (Operation::write("CreateTopic"), &["Name", "Attributes"]),
    (Operation::write("DeleteTopic"), &["TopicArn"]),
    (
        Operation::read("GetSubscriptionAttributes"),
        &["SubscriptionArn"],
    ),
    (Operation::read("GetTopicAttributes"), &["TopicArn"]),
    (Operation::read("ListSubscriptions"), &["NextToken"]),
    (
        Operation::read("ListSubscriptionsByTopic"),
        &["TopicArn", "NextToken"],
    ),
    (Operation::read("ListTopics"), &["NextToken"]),
    (
        Operation::write("Publish"),
        &[
            "TopicArn",
            "TargetArn",
            "PhoneNumber",
            "Message",
            "Subject",
            "MessageStructure",
            "MessageAttributes",
            "MessageGroupId",
            "MessageDeduplicationId",
        ],
    ),
    (
        Operation::write("SetSubscriptionAttributes"),
        &["SubscriptionArn", "AttributeName", "AttributeValue"],
    ),
    (
        Operation::write("SetTopicAttributes"),
        &["TopicArn", "AttributeName", "AttributeValue"],
    ),
    (
        Operation::write("Subscribe"),
        &[
            "TopicArn",
            "Protocol",
            "Endpoint",
            "Attributes",
            "ReturnSubscriptionArn",
        ],
    ),
    (Operation::write("Unsubscribe"), &["SubscriptionArn"]),
];

/// How many items a page has. Source: API reference, `ListTopics` and `ListSubscriptions`.
const PAGE: usize = 100;
const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
/// What stands in the place of the ARN of a subscription that nobody has confirmed.
const PENDING_ANSWER: &str = "pending confirmation";
const PENDING_IN_LIST: &str = "PendingConfirmation";

type Parameters = HashMap<String, String>;

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    listed_operation(&OPERATIONS, &crate::text::form(&request.body))
}

/// Performs the operation of a request.
pub(crate) fn perform(
    sns: &mut Sns,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> MockResponse {
    let parameters = crate::text::form(&request.body);
    let answer = check_parameters(operation, &parameters)
        .and_then(|()| result(sns, operation, &parameters, now));
    match answer {
        Ok(result) => {
            let name = operation.name;
            let body = format!(
                "<{name}Response xmlns=\"{NAMESPACE}\"><{name}Result>{result}</{name}Result><ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></{name}Response>"
            );
            MockResponse::xml(200, body)
        }
        Err(error) => refuse(&error),
    }
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::query_error(error)
}

fn check_parameters(operation: Operation, parameters: &Parameters) -> Result<(), ServiceError> {
    match unlisted_parameter(&OPERATIONS, operation, parameters) {
        Some(name) => Err(invalid(format!(
            "{name} Reason: the embedded Region does not simulate {name} of {}",
            operation.name
        ))),
        None => Ok(()),
    }
}

/// What stands within the result of an operation.
fn result(
    sns: &mut Sns,
    operation: Operation,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<String, ServiceError> {
    let required = |name: &str| {
        parameters
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| invalid(format!("{name} Reason: no value for required parameter")))
    };
    let value = || parameters.get("AttributeValue").map_or("", String::as_str);
    match operation.name {
        "ConfirmSubscription" => {
            let arn = sns.confirm_subscription(required("TopicArn")?, required("Token")?, now)?;
            Ok(element("SubscriptionArn", &arn))
        }
        "CreateTopic" => {
            let attributes = entries(parameters, "Attributes");
            let arn = sns.create_topic_with(required("Name")?, attributes)?;
            Ok(element("TopicArn", &arn))
        }
        "DeleteTopic" => sns
            .delete_topic(required("TopicArn")?)
            .map(|()| String::new()),
        "GetSubscriptionAttributes" => sns
            .subscription_attributes(required("SubscriptionArn")?)
            .map(|attributes| map(&attributes)),
        "GetTopicAttributes" => sns
            .topic_attributes(required("TopicArn")?)
            .map(|attributes| map(&attributes)),
        "ListSubscriptions" => list_subscriptions(sns, None, parameters),
        "ListSubscriptionsByTopic" => {
            list_subscriptions(sns, Some(required("TopicArn")?), parameters)
        }
        "ListTopics" => {
            let topics = sns.topics().map(|arn| element("TopicArn", arn)).collect();
            page("Topics", topics, parameters)
        }
        "Publish" => {
            let message_id = publish(sns, parameters, now)?;
            Ok(element("MessageId", &message_id))
        }
        "SetSubscriptionAttributes" => {
            let (arn, name) = (required("SubscriptionArn")?, required("AttributeName")?);
            sns.set_subscription_attribute(arn, name, value())?;
            Ok(String::new())
        }
        "SetTopicAttributes" => {
            let (arn, name) = (required("TopicArn")?, required("AttributeName")?);
            sns.set_topic_attribute(arn, name, value())?;
            Ok(String::new())
        }
        "Subscribe" => {
            let request = Subscribe {
                topic: required("TopicArn")?.to_owned(),
                protocol: required("Protocol")?.to_owned(),
                endpoint: required("Endpoint")?.to_owned(),
                attributes: entries(parameters, "Attributes"),
            };
            let arn = sns.subscribe(request, now)?;
            let always = parameters.get("ReturnSubscriptionArn");
            let told = always.is_some_and(|always| always == "true")
                || sns
                    .subscription(&arn)
                    .is_some_and(Subscription::is_confirmed);
            Ok(element(
                "SubscriptionArn",
                if told { &arn } else { PENDING_ANSWER },
            ))
        }
        "Unsubscribe" => sns
            .unsubscribe(required("SubscriptionArn")?)
            .map(|()| String::new()),
        other => Err(ServiceError::new(
            400,
            "InvalidAction",
            format!("the embedded Region has no operation {other} of sns"),
        )),
    }
}

fn publish(sns: &mut Sns, parameters: &Parameters, now: Timestamp) -> Result<String, ServiceError> {
    let topic = parameters.get("TopicArn").or(parameters.get("TargetArn"));
    let phone_number = parameters.get("PhoneNumber");
    if parameters.contains_key("MessageDeduplicationId") {
        return Err(invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
        ));
    }
    let per_protocol = match parameters.get("MessageStructure").map(String::as_str) {
        None | Some("") => false,
        Some("json") => true,
        Some(_) => return Err(invalid("MessageStructure")),
    };
    let request = Publish {
        topic: topic.cloned().unwrap_or_default(),
        subject: parameters.get("Subject").cloned(),
        message: parameters.get("Message").cloned().unwrap_or_default(),
        per_protocol,
        attributes: message_attributes(parameters)?,
    };
    match (topic, phone_number) {
        (Some(_), None) => sns.publish(request, now),
        (None, Some(phone_number)) => sns.publish_text(phone_number, &request, now),
        (Some(_), Some(_)) => Err(invalid(
            "PhoneNumber Reason: only one of TopicArn, TargetArn and PhoneNumber can be given",
        )),
        (None, None) => Err(invalid(
            "TopicArn or TargetArn Reason: no value for required parameter",
        )),
    }
}

fn message_attributes(
    parameters: &Parameters,
) -> Result<BTreeMap<String, (String, String)>, ServiceError> {
    let mut attributes = BTreeMap::new();
    for number in 1.. {
        let entry = format!("MessageAttributes.entry.{number}");
        let Some(name) = parameters.get(&format!("{entry}.Name")) else {
            break;
        };
        let member = |member: &str| parameters.get(&format!("{entry}.Value.{member}")).cloned();
        let kind = member("DataType").unwrap_or_default();
        let binary = kind.split('.').next() == Some("Binary");
        let value = member(if binary { "BinaryValue" } else { "StringValue" });
        let value = value.unwrap_or_default();
        if binary && base64::decode(value.as_str()).is_err() {
            return Err(ServiceError::new(
                400,
                "ParameterValueInvalid",
                format!("The message attribute '{name}' is not in base64."),
            ));
        }
        attributes.insert(name.clone(), (kind, value));
    }
    Ok(attributes)
}

/// The entries of a map of texts.
fn entries(parameters: &Parameters, map: &str) -> BTreeMap<String, String> {
    let entry = |number: u32| {
        let member = |member: &str| parameters.get(&format!("{map}.entry.{number}.{member}"));
        let value = member("value").cloned().unwrap_or_default();
        Some((member("key")?.clone(), value))
    };
    (1..).map_while(entry).collect()
}

fn list_subscriptions(
    sns: &Sns,
    topic: Option<&str>,
    parameters: &Parameters,
) -> Result<String, ServiceError> {
    if let Some(topic) = topic {
        sns.topic(topic)?;
    }
    let write = |one: &Subscription| {
        let arn = if one.is_confirmed() {
            &one.arn
        } else {
            PENDING_IN_LIST
        };
        [
            ("SubscriptionArn", arn),
            ("Owner", sns.account.as_str()),
            ("Protocol", one.protocol.name()),
            ("Endpoint", &one.endpoint),
            ("TopicArn", &one.topic),
        ]
        .map(|(name, text)| element(name, text))
        .concat()
    };
    let own = sns.subscriptions.iter();
    let own = own.filter(|one| topic.is_none_or(|topic| one.topic == topic));
    page("Subscriptions", own.map(write).collect(), parameters)
}

/// A page of a list. The token is how many items the pages before had.
fn page(list: &str, items: Vec<String>, parameters: &Parameters) -> Result<String, ServiceError> {
    let skipped = match parameters.get("NextToken") {
        None => 0,
        Some(token) => token
            .parse()
            .ok()
            .filter(|skipped| *skipped > 0 && *skipped < items.len())
            .ok_or_else(|| invalid("NextToken"))?,
    };
    let end = skipped + PAGE;
    let more = items.len() > end;
    let members = items.into_iter().skip(skipped).take(PAGE);
    let members: String = members
        .map(|item| format!("<member>{item}</member>"))
        .collect();
    let next = if more {
        element("NextToken", &end.to_string())
    } else {
        String::new()
    };
    Ok(format!("<{list}>{members}</{list}>{next}"))
}

fn map(attributes: &BTreeMap<String, String>) -> String {
    let entries: String = attributes
        .iter()
        .map(|(key, value)| {
            format!(
                "<entry>{}{}</entry>",
                element("key", key),
                element("value", value)
            )
        })
        .collect();
    format!("<Attributes>{entries}</Attributes>")
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", xml_escape(text))
}
