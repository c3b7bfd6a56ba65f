//! SNS's API as HTTP (awsQuery): Publish.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;
use winterbaume_core::{MockRequest, MockResponse};
use winterbaume_sns::wire;

use super::{Publish, Sns};
use crate::error::ServiceError;
use crate::operation::Operation;

const PUBLISH: Operation = Operation::write("Publish");

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    let action = crate::text::form(&request.body).remove("Action");
    (action.as_deref() == Some(PUBLISH.name)).then_some(PUBLISH)
}

/// Performs the operation of a request.
pub(crate) fn perform(sns: &mut Sns, request: &MockRequest, now: Timestamp) -> MockResponse {
    let parameters = crate::text::form(&request.body);
    let published = read_publish(&parameters).and_then(|publish| sns.publish(publish, now));
    match published {
        Ok(message_id) => wire::serialize_publish_response(&wire::PublishResponse {
            message_id: Some(message_id),
            sequence_number: None,
        }),
        Err(error) => refuse(&error),
    }
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::query_error(error)
}

fn read_publish(parameters: &HashMap<String, String>) -> Result<Publish, ServiceError> {
    let input = wire::deserialize_publish_request(parameters)
        .map_err(|error| ServiceError::new(400, "InvalidParameter", error))?;
    let topic = input.topic_arn.or(input.target_arn);
    let topic = topic.ok_or_else(|| {
        ServiceError::new(
            400,
            "InvalidParameter",
            "Invalid parameter: TopicArn or TargetArn",
        )
    })?;
    // The codec leaves the attributes out.
    let mut attributes = BTreeMap::new();
    for number in 1.. {
        let entry = format!("MessageAttributes.entry.{number}");
        let Some(name) = parameters.get(&format!("{entry}.Name")) else {
            break;
        };
        let member = |member: &str| parameters.get(&format!("{entry}.Value.{member}")).cloned();
        let kind = member("DataType").unwrap_or_default();
        let value = member("StringValue")
            .or_else(|| member("BinaryValue"))
            .unwrap_or_default();
        attributes.insert(name.clone(), (kind, value));
    }
    Ok(Publish {
        topic,
        subject: input.subject,
        message: input.message,
        attributes,
    })
}
