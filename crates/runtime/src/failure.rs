//! From an AWS SDK error to a failure with a class, without losing code, request id or source.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use domain::failure::{Class, Failure};

/// The error that a function ends with: its class is the Lambda error type.
#[derive(Debug, thiserror::Error)]
#[error("{}", failure.message)]
pub struct FunctionError {
    /// The class and the message.
    pub failure: Failure,
    /// What caused it.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl FunctionError {
    /// An error of a class.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            failure: Failure::new(class, message),
            source: None,
        }
    }
}

impl From<Failure> for FunctionError {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            source: None,
        }
    }
}

impl From<domain::problem::Problems> for FunctionError {
    fn from(problems: domain::problem::Problems) -> Self {
        Self {
            failure: Failure::new(Class::BadInput, problems.to_string()),
            source: Some(Box::new(problems)),
        }
    }
}

/// The failure of an AWS call. `call` says what was tried, such as `StartZonalShift on app/front`.
pub fn of_call<E>(call: &str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let text = match error {
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(dispatch) => match dispatch.as_connector_error() {
            Some(connector) => chain(connector),
            None => "the request could not be sent".to_owned(),
        },
        SdkError::ConstructionFailure(_) => {
            format!("the request could not be built: {}", chain(error))
        }
        SdkError::ResponseError(_) => {
            format!("the answer could not be understood: {}", chain(error))
        }
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let code = meta.code().unwrap_or("no error code");
            let message = meta.message().unwrap_or("no message");
            let request = service.raw().headers().get("x-amzn-requestid");
            let request = request
                .map(|id| format!(", request {id}"))
                .unwrap_or_default();
            format!(
                "{code}: {message} (HTTP {}{request})",
                service.raw().status().as_u16()
            )
        }
        other => chain(other),
    };
    Failure::new(class_of(error), format!("{call}: {text}"))
}

/// The class of an AWS call's error.
pub fn class_of<E>(error: &SdkError<E, HttpResponse>) -> Class
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::TimeoutError(_) => Class::Timeout,
        SdkError::DispatchFailure(dispatch) if dispatch.is_timeout() => Class::Timeout,
        SdkError::DispatchFailure(_) => Class::Unavailable,
        SdkError::ConstructionFailure(_) => Class::BadInput,
        SdkError::ServiceError(service) => class_of_code(
            service.err().meta().code().unwrap_or_default(),
            service.raw().status().as_u16(),
        ),
        _ => Class::BadAnswer,
    }
}

/// The class of a service's error code. Codes come first: Auto Scaling answers contention with a
/// status of 500, and throttling with 400.
#[must_use]
pub fn class_of_code(code: &str, status: u16) -> Class {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if names_throttling(code) || status == 429 {
        Class::Throttled
    } else if has(&[
        "AccessDenied",
        "NotAuthorized",
        "AuthorizationError",
        "Unauthorized",
        "UnrecognizedClient",
        "ExpiredToken",
        "InvalidClientTokenId",
    ]) || status == 403
    {
        Class::AccessDenied
    } else if has(&["NotFound"]) || status == 404 {
        Class::NotFound
    } else if has(&[
        "Conflict",
        "ResourceContention",
        "ScalingActivityInProgress",
        "ResourceInUse",
    ]) || status == 409
    {
        Class::Conflict
    } else if status >= 500 {
        Class::Unavailable
    } else {
        Class::Rejected
    }
}

/// Whether a text has the code of a call that was throttled in it; each service has its own.
pub(crate) fn names_throttling(text: &str) -> bool {
    let codes = [
        "Throttl",
        "TooManyRequests",
        "RequestLimitExceeded",
        "RateExceeded",
    ];
    codes.iter().any(|code| text.contains(code))
}

/// An error and its causes, each once.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::box_error::BoxError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;

    use super::*;

    #[test]
    fn codes_of_every_service_have_their_class() {
        for (code, status, class) in [
            ("ThrottlingException", 429, Class::Throttled),
            ("Throttling", 400, Class::Throttled),
            ("Throttled", 429, Class::Throttled),
            ("AccessDeniedException", 403, Class::AccessDenied),
            ("AuthorizationError", 403, Class::AccessDenied),
            ("ResourceNotFoundException", 404, Class::NotFound),
            ("ConflictException", 409, Class::Conflict),
            ("ResourceContention", 500, Class::Conflict),
            ("ScalingActivityInProgress", 400, Class::Conflict),
            ("InternalServerException", 500, Class::Unavailable),
            ("", 503, Class::Unavailable),
            ("ValidationError", 400, Class::Rejected),
            ("SomethingNew", 400, Class::Rejected),
            ("SomethingNew", 429, Class::Throttled),
            ("Throttling", 200, Class::Throttled),
            ("SomethingNew", 403, Class::AccessDenied),
            ("ExpiredToken", 400, Class::AccessDenied),
            ("SomethingNew", 404, Class::NotFound),
            ("NotFoundException", 400, Class::NotFound),
            ("SomethingNew", 409, Class::Conflict),
            ("ResourceInUse", 400, Class::Conflict),
            ("SomethingNew", 500, Class::Unavailable),
        ] {
            assert_eq!(class_of_code(code, status), class, "{code} {status}");
        }
    }

    /// An error of a call of any operation.
    type Called = SdkError<aws_smithy_types::error::ErrorMetadata, HttpResponse>;

    #[test]
    fn a_call_that_brought_no_answer_says_why() {
        let caused = || -> BoxError { "it broke".into() };
        let cases: [(Called, Class, &str); 5] = [
            (
                SdkError::timeout_error(caused()),
                Class::Timeout,
                "no answer in time",
            ),
            (
                SdkError::dispatch_failure(ConnectorError::timeout(caused())),
                Class::Timeout,
                "it broke",
            ),
            (
                SdkError::dispatch_failure(ConnectorError::io(caused())),
                Class::Unavailable,
                "it broke",
            ),
            (
                SdkError::construction_failure(caused()),
                Class::BadInput,
                "the request could not be built: ",
            ),
            (
                SdkError::response_error(caused(), answer()),
                Class::BadAnswer,
                "the answer could not be understood: ",
            ),
        ];
        for (error, class, text) in cases {
            let failure = of_call("Call", &error);
            assert_eq!(failure.class, class, "{failure:?}");
            assert!(failure.message.starts_with("Call: "), "{failure:?}");
            assert!(failure.message.contains(text), "{failure:?}");
        }
    }

    fn answer() -> HttpResponse {
        HttpResponse::new(
            StatusCode::try_from(500).unwrap(),
            aws_smithy_types::body::SdkBody::empty(),
        )
    }

    #[test]
    fn a_cause_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Outer(&'static str, #[source] std::io::Error);
        let inner = || std::io::Error::other("it broke");
        assert_eq!(
            chain(&Outer("the call failed", inner())),
            "the call failed: it broke"
        );
        assert_eq!(chain(&Outer("it broke", inner())), "it broke");
    }
}
