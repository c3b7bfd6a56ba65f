//! Refusals at the door, before a service is asked.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use winterbaume_core::{MockRequest, MockResponse};

use super::body::Unread;
use crate::error::ServiceError;
use crate::operation::Service;
use crate::region::signing_name;

/// Why a body was not taken, in the words of the service.
pub(super) fn of_body(unread: Unread, service: Option<Service>, largest: usize) -> ServiceError {
    match unread {
        Unread::TooLarge => {
            let code = match service {
                Some(Service::Lambda) => "RequestTooLargeException",
                _ => "RequestEntityTooLarge",
            };
            let message = format!("The request body is larger than {largest} bytes");
            ServiceError::new(413, code, message)
        }
        Unread::TooSlow => ServiceError::new(
            408,
            "RequestTimeout",
            "The request body did not arrive in time",
        ),
        Unread::NoRoom => ServiceError::new(
            503,
            "ServiceUnavailable",
            "The embedded Region holds as many bytes of requests as it may; try again",
        ),
        Unread::Broken => ServiceError::new(400, "MalformedRequest", "The request body is broken"),
    }
}

/// The refusal of a request that is signed for no service of this Region, or not signed at all.
pub(super) fn stranger(request: &MockRequest) -> MockResponse {
    let error = match signing_name(request) {
        Some(name) => ServiceError::new(
            501,
            "NotImplemented",
            format!("the embedded Region has no service {name}"),
        ),
        None => ServiceError::new(
            403,
            missing_token(&request.headers),
            "Request is missing Authentication Token",
        ),
    };
    in_its_protocol(request, &error)
}

/// The code is of old in the query protocol, and has the word exception in the others.
fn missing_token(headers: &HeaderMap) -> &'static str {
    if is_form(headers) {
        "MissingAuthenticationToken"
    } else {
        "MissingAuthenticationTokenException"
    }
}

/// An error in the protocol that the headers show.
pub(super) fn in_its_protocol(request: &MockRequest, error: &ServiceError) -> MockResponse {
    let headers = &request.headers;
    if is_form(headers) {
        crate::wire::query_error(error)
    } else if headers.contains_key("smithy-protocol") {
        crate::cloudwatch::wire::refuse(request, error)
    } else {
        // restJson has the code in a header, awsJson in the body.
        let error = error.clone().with("__type", error.code);
        crate::wire::rest_json_error(&error, "message")
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}
