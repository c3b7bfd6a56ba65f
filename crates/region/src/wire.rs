//! What the protocols of the services share.

use std::collections::HashMap;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use winterbaume_core::{MockRequest, MockResponse};

use crate::error::ServiceError;
use crate::operation::Operation;

/// An error in the restJson1 protocol. Services differ in the spelling of the text's member.
pub(crate) fn rest_json_error(error: &ServiceError, text: &str) -> MockResponse {
    let mut body = Map::from_iter([(text.to_owned(), json!(error.message))]);
    body.extend(
        error
            .members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value))),
    );
    let mut response = MockResponse::rest_json(error.status, Value::Object(body).to_string());
    if let Ok(code) = HeaderValue::from_str(error.code) {
        response
            .headers
            .insert(HeaderName::from_static("x-amzn-errortype"), code);
    }
    response
}

/// The operation that an awsJson 1.1 request names behind the service's prefix, of those that a service
/// has.
pub(crate) fn targeted_operation(
    operations: &[Operation],
    prefix: &str,
    request: &MockRequest,
) -> Option<Operation> {
    let target = request.headers.get("x-amz-target")?.to_str().ok()?;
    let name = target.strip_prefix(prefix)?;
    operations
        .iter()
        .copied()
        .find(|operation| operation.name == name)
}

/// An answer in the awsJson 1.1 protocol.
pub(crate) fn json_1_1(mut response: MockResponse) -> MockResponse {
    let kind = HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers.insert(CONTENT_TYPE, kind);
    response
}

/// An error in the awsJson 1.1 protocol.
pub(crate) fn json_error(error: &ServiceError) -> MockResponse {
    let body = json!({"__type": error.code, "message": error.message});
    json_1_1(MockResponse::json(error.status, body.to_string()))
}

/// The operation that an awsQuery request names, of those that a service has.
pub(crate) fn listed_operation(
    listed: &[(Operation, &[&str])],
    parameters: &HashMap<String, String>,
) -> Option<Operation> {
    let action = parameters.get("Action")?;
    let mut operations = listed.iter().map(|(operation, _)| *operation);
    operations.find(|operation| operation.name == action)
}

/// The first parameter of an awsQuery request, by name, that its operation is not listed with.
pub(crate) fn unlisted_parameter<'a>(
    listed: &[(Operation, &[&str])],
    operation: Operation,
    parameters: &'a HashMap<String, String>,
) -> Option<&'a str> {
    let listed = listed.iter().find(|(listed, _)| *listed == operation);
    let listed = listed.map_or(&[][..], |(_, parameters)| parameters);
    parameters
        .keys()
        .map(|key| key.split('.').next().unwrap_or(key))
        .filter(|name| !listed.contains(name) && !["Action", "Version"].contains(name))
        .min()
}

/// An error in the awsQuery protocol.
pub(crate) fn query_error(error: &ServiceError) -> MockResponse {
    let kind = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let message = winterbaume_core::xml_escape(&error.message);
    let body = format!(
        "<ErrorResponse><Error><Type>{kind}</Type><Code>{}</Code><Message>{message}</Message></Error><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>",
        error.code
    );
    MockResponse::xml(error.status, body)
}
