//! What describes functions and configures how they are invoked asynchronously.
//!
//! A function of the Region is a handler with a limit of time. What it does not have is left out of its
//! configuration (code and its size, role, memory, time of change): an invented value would be believed.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use winterbaume_core::{MockRequest, MockResponse};

use super::super::name::{LATEST, Resolved, constraint, invalid, not_found};
use super::super::{EventInvokeConfig, Lambda};
use super::{query, refuse, route};
use crate::error::ServiceError;
use crate::operation::Operation;

pub(super) const DELETE_CONCURRENCY: Operation = Operation::write("DeleteFunctionConcurrency");
pub(super) const GET_CONCURRENCY: Operation = Operation::read("GetFunctionConcurrency");
pub(super) const PUT_CONCURRENCY: Operation = Operation::write("PutFunctionConcurrency");
pub(super) const DELETE_EVENT_INVOKE_CONFIG: Operation =
    Operation::write("DeleteFunctionEventInvokeConfig");
pub(super) const GET_EVENT_INVOKE_CONFIG: Operation =
    Operation::read("GetFunctionEventInvokeConfig");
pub(super) const GET_FUNCTION: Operation = Operation::read("GetFunction");
pub(super) const GET_FUNCTION_CONFIGURATION: Operation =
    Operation::read("GetFunctionConfiguration");
pub(super) const LIST_EVENT_INVOKE_CONFIGS: Operation =
    Operation::read("ListFunctionEventInvokeConfigs");
pub(super) const LIST_FUNCTIONS: Operation = Operation::read("ListFunctions");
pub(super) const PUT_EVENT_INVOKE_CONFIG: Operation =
    Operation::write("PutFunctionEventInvokeConfig");
pub(super) const UPDATE_EVENT_INVOKE_CONFIG: Operation =
    Operation::write("UpdateFunctionEventInvokeConfig");

/// A page of functions has at most 50, whatever the request says. Source: `ListFunctions`.
const LARGEST_PAGE: usize = 50;
/// What `MaxItems` may be at the most. Source: `ListFunctions`, `ListFunctionEventInvokeConfigs`.
const MOST_FUNCTIONS: usize = 10_000;
const LARGEST_PAGE_OF_CONFIGS: usize = 50;

type Query = HashMap<String, String>;

/// Performs any operation but Invoke.
pub(crate) fn perform(
    lambda: &mut Lambda,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> MockResponse {
    answer(lambda, operation, request, now).unwrap_or_else(|error| refuse(&error))
}

fn answer(
    lambda: &mut Lambda,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let query = query(request);
    let named = route(request).map(|(_, name)| name).unwrap_or_default();
    let resolve =
        |lambda: &Lambda| lambda.resolve(&named, query.get("Qualifier").map(String::as_str));
    let body = match operation {
        LIST_FUNCTIONS => list(lambda, &query)?,
        GET_FUNCTION => json!({
            "Configuration": full(lambda, &resolve(lambda)?),
            "Code": {"Error": {
                "ErrorCode": "NotSupported",
                "Message": "the embedded Region has no deployment package to download",
            }},
        }),
        GET_FUNCTION_CONFIGURATION => full(lambda, &resolve(lambda)?),
        GET_CONCURRENCY => reserved(lambda.reserved_concurrency(&resolve(lambda)?.name)),
        PUT_CONCURRENCY => {
            let function = resolve(lambda)?.name;
            let wanted = wanted(&request.body)?;
            lambda.reserve_concurrency(&function, Some(wanted));
            reserved(Some(wanted))
        }
        DELETE_CONCURRENCY => {
            let function = resolve(lambda)?.name;
            lambda.reserve_concurrency(&function, None);
            return Ok(MockResponse::rest_json(204, ""));
        }
        GET_EVENT_INVOKE_CONFIG => {
            let function = resolve(lambda)?;
            written(lambda, &function.name).ok_or_else(|| unconfigured(lambda, &function))?
        }
        LIST_EVENT_INVOKE_CONFIGS => {
            max_items(&query, LARGEST_PAGE_OF_CONFIGS)?;
            if query.contains_key("Marker") {
                // A function has one configuration here, so no page ever gave a marker.
                return Err(bad_marker());
            }
            let configs: Vec<Value> = written(lambda, &resolve(lambda)?.name)
                .into_iter()
                .collect();
            json!({"FunctionEventInvokeConfigs": configs})
        }
        PUT_EVENT_INVOKE_CONFIG | UPDATE_EVENT_INVOKE_CONFIG => {
            let function = resolve(lambda)?;
            let mut config = EventInvokeConfig::default();
            if operation == UPDATE_EVENT_INVOKE_CONFIG {
                let before = lambda.event_invoke_config(&function.name);
                config = before
                    .ok_or_else(|| unconfigured(lambda, &function))?
                    .0
                    .clone();
            }
            change(&mut config, &request.body)?;
            lambda.put_event_invoke_config(&function.name, config, now)?;
            written(lambda, &function.name).unwrap_or_default()
        }
        DELETE_EVENT_INVOKE_CONFIG => {
            let function = resolve(lambda)?;
            if !lambda.delete_event_invoke_config(&function.name) {
                return Err(unconfigured(lambda, &function));
            }
            return Ok(MockResponse::rest_json(204, ""));
        }
        _ => {
            return Err(ServiceError::new(
                404,
                "UnknownOperationException",
                format!(
                    "the embedded Region has no operation {} of lambda",
                    operation.name
                ),
            ));
        }
    };
    Ok(MockResponse::rest_json(200, body.to_string()))
}

fn reserved(reserved: Option<u32>) -> Value {
    match reserved {
        Some(reserved) => json!({"ReservedConcurrentExecutions": reserved}),
        None => json!({}),
    }
}

/// How many invocations at once a request wants to reserve.
fn wanted(body: &[u8]) -> Result<u32, ServiceError> {
    const MEMBER: &str = "reservedConcurrentExecutions";
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let value = &body["ReservedConcurrentExecutions"];
    let wanted = value
        .as_i64()
        .ok_or_else(|| constraint(MEMBER, value, "Member must not be null, and is an integer"))?;
    u32::try_from(wanted).map_err(|_| {
        let rule = "Member must have value greater than or equal to 0";
        constraint(MEMBER, wanted, rule)
    })
}

fn list(lambda: &Lambda, query: &Query) -> Result<Value, ServiceError> {
    let size = max_items(query, MOST_FUNCTIONS)?.map_or(LARGEST_PAGE, |n| LARGEST_PAGE.min(n));
    let suffix = match query.get("FunctionVersion").map(String::as_str) {
        None => String::new(),
        Some("ALL") => format!(":{LATEST}"),
        Some(other) => {
            let rule = "Member must satisfy enum value set: [ALL]";
            return Err(constraint("functionVersion", other, rule));
        }
    };
    let after = query.get("Marker");
    if let Some(marker) = after
        && !lambda.has_function(marker)
    {
        return Err(bad_marker());
    }
    let names = lambda.functions.keys();
    let mut rest = names.filter(|name| after.is_none_or(|after| *name > after));
    let page: Vec<&String> = rest.by_ref().take(size).collect();
    let functions: Vec<Value> = page
        .iter()
        .map(|name| configuration(lambda, name, &format!("{}{suffix}", lambda.arn(name))))
        .collect();
    let next = page.last().filter(|_| rest.next().is_some());
    let next = next.map(|name| name.as_str());
    Ok(with("NextMarker", next, json!({"Functions": functions})))
}

/// How many items the request wants on a page, from 1 to so many.
fn max_items(query: &Query, most: usize) -> Result<Option<usize>, ServiceError> {
    let Some(text) = query.get("MaxItems") else {
        return Ok(None);
    };
    match text.parse() {
        Ok(n) if (1..=most).contains(&n) => Ok(Some(n)),
        _ => {
            let rule = format!("Member must be between 1 and {most}");
            Err(constraint("maxItems", text, &rule))
        }
    }
}

fn bad_marker() -> ServiceError {
    invalid("Invalid pagination token")
}

fn with(member: &str, value: Option<impl Into<Value>>, mut body: Value) -> Value {
    if let Some(value) = value {
        body[member] = value.into();
    }
    body
}

/// The part of a function's configuration that a list has.
fn configuration(lambda: &Lambda, name: &str, arn: &str) -> Value {
    let timeout = lambda.functions.get(name).map(|function| function.timeout);
    let mut configuration = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Runtime": "provided.al2023",
        "Role": lambda.role(name),
        "Handler": "bootstrap",
        "Description": "",
        "Timeout": timeout.unwrap_or_default().as_secs(),
        "Version": LATEST,
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
    });
    if let Some(variables) = lambda.variables.get(name) {
        configuration["Environment"] = json!({"Variables": variables});
    }
    configuration
}

fn full(lambda: &Lambda, function: &Resolved) -> Value {
    let mut full = configuration(lambda, &function.name, &function.arn);
    full["State"] = json!("Active");
    full["LastUpdateStatus"] = json!("Successful");
    full
}

fn unconfigured(lambda: &Lambda, function: &Resolved) -> ServiceError {
    let arn = lambda.arn(&function.name);
    not_found(format!(
        "The function {arn}:{LATEST} doesn't have an EventInvokeConfig"
    ))
}

fn written(lambda: &Lambda, function: &str) -> Option<Value> {
    let (config, since) = lambda.event_invoke_config(function)?;
    let destination = |arn: &Option<String>| {
        let arn = arn.iter().map(|arn| ("Destination".to_owned(), json!(arn)));
        Value::Object(Map::from_iter(arn))
    };
    let body = json!({
        "LastModified": since.as_duration().as_secs_f64(),
        "FunctionArn": format!("{}:{LATEST}", lambda.arn(function)),
        "DestinationConfig": {
            "OnSuccess": destination(&config.on_success),
            "OnFailure": destination(&config.on_failure),
        },
    });
    let body = with("MaximumRetryAttempts", config.maximum_retry_attempts, body);
    Some(with(
        "MaximumEventAgeInSeconds",
        config.maximum_event_age,
        body,
    ))
}

/// Changes what the request has. An empty destination ends one.
fn change(config: &mut EventInvokeConfig, body: &[u8]) -> Result<(), ServiceError> {
    let bad = |message: String| ServiceError::new(400, "SerializationException", message);
    let input: Value = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
    let number = |member: &str| match input.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| bad(format!("{member} is not a number"))),
    };
    if let Some(attempts) = number("MaximumRetryAttempts")? {
        config.maximum_retry_attempts = Some(attempts);
    }
    if let Some(age) = number("MaximumEventAgeInSeconds")? {
        config.maximum_event_age = Some(age);
    }
    for (member, place) in [
        ("OnSuccess", &mut config.on_success),
        ("OnFailure", &mut config.on_failure),
    ] {
        let path = format!("/DestinationConfig/{member}/Destination");
        if let Some(arn) = input.pointer(&path).and_then(Value::as_str) {
            *place = Some(arn.to_owned()).filter(|arn| !arn.is_empty());
        }
    }
    Ok(())
}
