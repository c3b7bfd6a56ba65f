//! How a request says what it wants, and how an answer is written.

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use winterbaume_cloudwatch::wire;
use winterbaume_core::protocol::aws_query_error_response;
use winterbaume_core::{MockRequest, MockResponse};

use crate::error::ServiceError;

use super::super::alarm::invalid;

/// The service in the paths of rpc-v2-cbor and the targets of awsJson.
const SERVICE: &str = "GraniteServiceVersion20100801";
const XML_NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// A protocol that CloudWatch speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Cbor,
    Json,
    Query,
}

/// What a request asks for, and in which protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) protocol: Protocol,
    pub(super) operation: &'a str,
    body: &'a [u8],
}

impl<'a> Call<'a> {
    /// Tells the protocols apart by what only each of them has: the path, the target, the form.
    pub(super) fn of(request: &'a MockRequest) -> Option<Self> {
        let call = |protocol, operation| {
            Some(Self {
                protocol,
                operation,
                body: &request.body,
            })
        };
        let path = request.uri.split(['?', '#']).next().unwrap_or_default();
        if let Some((before, operation)) = path.rsplit_once("/operation/") {
            let ours = before.ends_with(&format!("/service/{SERVICE}"));
            return if ours {
                call(Protocol::Cbor, operation)
            } else {
                None
            };
        }
        if let Some(target) = request.headers.get("x-amz-target") {
            let target = target.to_str().ok()?;
            let operation = target.strip_prefix(SERVICE)?.strip_prefix('.')?;
            return call(Protocol::Json, operation);
        }
        let form = std::str::from_utf8(&request.body).ok()?;
        let operation = form
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))?;
        call(Protocol::Query, operation)
    }

    /// Reads the input of the operation.
    pub(super) fn read<T: DeserializeOwned + Default>(
        &self,
        cbor: fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, ServiceError> {
        let read = match self.protocol {
            Protocol::Cbor => cbor(self.body),
            Protocol::Json if self.body.is_empty() => Ok(T::default()),
            Protocol::Json => serde_json::from_slice(self.body).map_err(|error| error.to_string()),
            Protocol::Query => {
                return Err(ServiceError::new(
                    400,
                    "UnsupportedProtocol",
                    "the embedded Region does not read CloudWatch's query protocol; use a client that speaks rpc-v2-cbor or awsJson 1.0, such as the Rust SDK, or boto3 and the AWS CLI in a current version",
                ));
            }
        };
        read.map_err(|error| ServiceError::new(400, "SerializationException", error))
    }

    /// Writes the output of the operation.
    pub(super) fn write<T: Serialize>(
        &self,
        cbor: fn(&T) -> MockResponse,
        output: &T,
    ) -> MockResponse {
        match self.protocol {
            Protocol::Cbor => cbor(output),
            Protocol::Json | Protocol::Query => {
                let mut json = serde_json::to_value(output).unwrap_or_else(|_| json!({}));
                plain_times(&mut json);
                MockResponse::json(200, json.to_string())
            }
        }
    }

    /// Answers an operation that has no output.
    pub(super) fn done(&self, cbor: fn() -> MockResponse) -> MockResponse {
        match self.protocol {
            Protocol::Cbor => cbor(),
            Protocol::Json | Protocol::Query => MockResponse::json(200, "{}"),
        }
    }
}

/// The codec marks times for CBOR; in awsJson they are numbers.
fn plain_times(json: &mut Value) {
    match json {
        Value::Object(members) => {
            if let Some(seconds) = members.get("__cbor_epoch_seconds") {
                *json = seconds.clone();
                return;
            }
            members.values_mut().for_each(plain_times);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_times),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Writes a refusal.
pub(super) fn refuse(protocol: Option<Protocol>, error: &ServiceError) -> MockResponse {
    let ServiceError {
        status,
        code,
        message,
        members: _,
    } = error;
    let query_code = query_code(code);
    let mut response = match protocol {
        Some(Protocol::Query) => {
            return aws_query_error_response(*status, query_code, message, XML_NAMESPACE);
        }
        Some(Protocol::Json) => {
            let body = json!({"__type": code, "message": message});
            MockResponse::json(*status, body.to_string())
        }
        Some(Protocol::Cbor) | None => wire::cbor_error_response(*status, code, message),
    };
    // CloudWatch grew up with the query protocol, and its clients go by the codes of that.
    let fault = if *status < 500 { "Sender" } else { "Receiver" };
    if let Ok(header) = HeaderValue::from_str(&format!("{query_code};{fault}")) {
        response.headers.insert("x-amzn-query-error", header);
    }
    response
}

/// The code of an error in the query protocol, where the API model gives it another.
fn query_code(code: &str) -> &str {
    match code {
        "InternalServiceFault" => "InternalServiceError",
        "InvalidFormatFault" => "InvalidFormat",
        "InvalidParameterCombinationException" => "InvalidParameterCombination",
        "InvalidParameterValueException" => "InvalidParameterValue",
        "LimitExceededFault" => "LimitExceeded",
        "MissingRequiredParameterException" => "MissingParameter",
        other => other,
    }
}

/// The seconds since 1970 of a time, as the codec has them.
pub(super) fn seconds(time: Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}

/// The time of so many seconds since 1970.
pub(super) fn time(field: &str, seconds: f64) -> Result<Timestamp, ServiceError> {
    let duration = SignedDuration::try_from_secs_f64(seconds).ok();
    let time = duration.and_then(|duration| Timestamp::from_duration(duration).ok());
    time.ok_or_else(|| invalid(format!("{field} {seconds} is not a time")))
}

/// The time of a field that may be left out.
pub(super) fn time_if_given(
    field: &str,
    seconds: Option<f64>,
) -> Result<Option<Timestamp>, ServiceError> {
    seconds.map(|seconds| time(field, seconds)).transpose()
}

/// A value that is written as text.
pub(super) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
) -> Result<T, ServiceError> {
    text.parse()
        .map_err(|error: T::Err| invalid(error.to_string()))
}

/// A number that cannot be negative.
pub(super) fn natural(field: &str, number: i32) -> Result<u32, ServiceError> {
    let natural = u32::try_from(number).ok();
    natural.ok_or_else(|| {
        invalid(format!(
            "{field} is {number}, expected a number that is not negative"
        ))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn request(uri: &str, header: Option<(&'static str, &str)>, body: &str) -> MockRequest {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        MockRequest {
            method: "POST".into(),
            uri: uri.into(),
            headers,
            body: body.to_owned().into(),
        }
    }

    fn identify(request: &MockRequest) -> Option<(Protocol, String)> {
        let call = Call::of(request)?;
        Some((call.protocol, call.operation.to_owned()))
    }

    #[test]
    fn protocols_are_told_apart() {
        let base = "https://monitoring.us-east-1.amazonaws.com";
        let cbor = format!("{base}/service/{SERVICE}/operation/DescribeAlarms");
        assert_eq!(
            identify(&request(&cbor, None, "")),
            Some((Protocol::Cbor, "DescribeAlarms".into()))
        );
        assert_eq!(
            identify(&request(
                &format!("/service/{SERVICE}/operation/PutMetricData?x"),
                None,
                ""
            )),
            Some((Protocol::Cbor, "PutMetricData".into()))
        );
        let target = format!("{SERVICE}.GetMetricData");
        assert_eq!(
            identify(&request(base, Some(("x-amz-target", &target)), "{}")),
            Some((Protocol::Json, "GetMetricData".into()))
        );
        assert_eq!(
            identify(&request(
                base,
                None,
                "Version=2010-08-01&Action=DeleteAlarms"
            )),
            Some((Protocol::Query, "DeleteAlarms".into()))
        );
        for other in [
            request("/service/Other/operation/DescribeAlarms", None, ""),
            request(base, Some(("x-amz-target", "Other.DescribeAlarms")), "{}"),
            request(base, None, "hello"),
        ] {
            assert_eq!(identify(&other), None, "{other:?}");
        }
    }

    #[test]
    fn times_survive_the_way_there_and_back() {
        let at: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let back = time("StartTime", seconds(at)).unwrap();
        assert!((back.duration_since(at)).abs() < SignedDuration::from_micros(1));
        for bad in [f64::NAN, f64::INFINITY, 1e300, -1e300] {
            let error = time("StartTime", bad).unwrap_err();
            assert_eq!(error.code, "ValidationError");
        }
    }
}
