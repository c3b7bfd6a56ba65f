//! SQS: the queues that functions send to what they failed with for good (awsJson 1.0).

use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use winterbaume_core::{MockRequest, MockResponse};

use crate::error::ServiceError;
use crate::operation::Operation;
use crate::state::State;
use crate::wire::targeted_operation;

const TARGET: &str = "AmazonSQS.";
const URL: Operation = Operation::read("GetQueueUrl");
const ATTRIBUTES: Operation = Operation::read("GetQueueAttributes");
const MISSING: &str = "AWS.SimpleQueueService.NonExistentQueue";
/// The attributes that a queue here has.
const COUNT: &str = "ApproximateNumberOfMessages";
const ARN: &str = "QueueArn";

pub(super) fn identify(request: &MockRequest) -> Option<Operation> {
    targeted_operation(&[URL, ATTRIBUTES], TARGET, request)
}

pub(super) fn answer(
    state: &State,
    operation: Operation,
    request: &MockRequest,
) -> Result<MockResponse, ServiceError> {
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|error| ServiceError::new(400, "SerializationException", error.to_string()))?;
    let name = match operation {
        URL => body["QueueName"].as_str(),
        _ => body["QueueUrl"]
            .as_str()
            .and_then(|url| url.rsplit('/').next()),
    };
    let name = name.unwrap_or_default();
    let of_queue = |arn: &str| arn.contains(":sqs:") && arn.rsplit(':').next() == Some(name);
    let Some(arn) = state.lambda.destinations().find(|arn| of_queue(arn)) else {
        let message = "The specified queue does not exist.";
        return Err(ServiceError::new(400, MISSING, message));
    };
    let answer = match operation {
        URL => {
            let account = arn.split(':').nth(4).unwrap_or_default();
            let region = arn.split(':').nth(3).unwrap_or_default();
            json!({"QueueUrl": format!("https://sqs.{region}.amazonaws.com/{account}/{name}")})
        }
        _ => {
            let waiting = state.lambda.records().iter();
            let waiting = waiting.filter(|record| record.destination == arn).count();
            let asked = body["AttributeNames"].as_array();
            let is_asked = |attribute: &str| {
                let mut names = asked.into_iter().flatten();
                names.any(|name| name == attribute || name == "All")
            };
            let mut attributes = json!({});
            if is_asked(COUNT) {
                attributes[COUNT] = json!(waiting.to_string());
            }
            if is_asked(ARN) {
                attributes[ARN] = json!(arn);
            }
            json!({"Attributes": attributes})
        }
    };
    Ok(json_1_0(MockResponse::json(200, answer.to_string())))
}

pub(super) fn refuse(error: &ServiceError) -> MockResponse {
    let kind = match error.code {
        MISSING => "com.amazonaws.sqs#QueueDoesNotExist",
        code => code,
    };
    let body = json!({"__type": kind, "message": error.message});
    json_1_0(MockResponse::json(error.status, body.to_string()))
}

fn json_1_0(mut response: MockResponse) -> MockResponse {
    let kind = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers.insert(CONTENT_TYPE, kind);
    response
}
