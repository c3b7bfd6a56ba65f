//! CloudWatch Logs' API as HTTP (awsJson 1.1).
//!
//! A parameter that would have an effect which the Region does not simulate is refused by its name.

use std::fmt::Display;

use jiff::Timestamp;
use winterbaume_cloudwatchlogs::model::{
    DescribeLogGroupsRequest, DescribeLogGroupsResponse, DescribeLogStreamsResponse,
    FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, LogGroup, LogStream,
    PutLogEventsResponse, RejectedLogEventsInfo,
};
use winterbaume_cloudwatchlogs::wire;
use winterbaume_core::{MockRequest, MockResponse};

use super::{Filter, FilterEvents, Logs, invalid, no_group};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::wire::{json_1_1, json_error, targeted_operation};

/// The service in the targets of awsJson.
const TARGET: &str = "Logs_20140328.";
/// Page sizes. Source: API reference.
const MOST_EVENTS: i32 = 10_000;
const MOST_DESCRIBED: i32 = 50;

const OPERATIONS: [Operation; 6] = [
    Operation::write("CreateLogGroup"),
    Operation::write("CreateLogStream"),
    Operation::read("DescribeLogGroups"),
    Operation::read("DescribeLogStreams"),
    Operation::read("FilterLogEvents"),
    Operation::write("PutLogEvents"),
];

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    targeted_operation(&OPERATIONS, TARGET, request)
}

/// Performs the operation of a request.
pub(crate) fn perform(
    logs: &mut Logs,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> MockResponse {
    let body = request.body.as_ref();
    let answer = match operation.name {
        "CreateLogGroup" => create_group(logs, body, now),
        "CreateLogStream" => create_stream(logs, body, now),
        "DescribeLogGroups" => describe_groups(logs, body),
        "DescribeLogStreams" => describe_streams(logs, body),
        "FilterLogEvents" => filter(logs, body),
        "PutLogEvents" => put(logs, body, now),
        other => Err(ServiceError::new(
            404,
            "UnknownOperationException",
            format!("the embedded Region has no operation {other} of logs"),
        )),
    };
    answer.map_or_else(|error| json_error(&error), json_1_1)
}

type Answer = Result<MockResponse, ServiceError>;

fn create_group(logs: &mut Logs, body: &[u8], now: Timestamp) -> Answer {
    let input = wire::deserialize_create_log_group_request(body).map_err(unreadable)?;
    for (member, is_there) in [
        ("kmsKeyId", input.kms_key_id.is_some()),
        ("logGroupClass", input.log_group_class.is_some()),
        ("tags", input.tags.is_some()),
        (
            "deletionProtectionEnabled",
            input.deletion_protection_enabled.is_some(),
        ),
    ] {
        not_simulated(member, is_there)?;
    }
    logs.create_group(required("logGroupName", &input.log_group_name)?, now)?;
    Ok(wire::serialize_create_log_group_response())
}

fn create_stream(logs: &mut Logs, body: &[u8], now: Timestamp) -> Answer {
    let input = wire::deserialize_create_log_stream_request(body).map_err(unreadable)?;
    let group = required("logGroupName", &input.log_group_name)?;
    let stream = required("logStreamName", &input.log_stream_name)?;
    logs.create_stream(group, stream, now)?;
    Ok(wire::serialize_create_log_stream_response())
}

fn put(logs: &mut Logs, body: &[u8], now: Timestamp) -> Answer {
    let input = wire::deserialize_put_log_events_request(body).map_err(unreadable)?;
    let group = required("logGroupName", &input.log_group_name)?;
    let stream = required("logStreamName", &input.log_stream_name)?;
    let lines: Result<Vec<(Timestamp, String)>, ServiceError> = input
        .log_events
        .into_iter()
        .map(|event| Ok((time("timestamp", event.timestamp)?, event.message)))
        .collect();
    let rejected = logs.put(group, stream, lines?, now)?;
    let place = |place: Option<usize>| place.and_then(|place| i32::try_from(place).ok());
    let (old, new) = (place(rejected.too_old_end), place(rejected.too_new_start));
    let told = old.is_some() || new.is_some();
    Ok(wire::serialize_put_log_events_response(
        &PutLogEventsResponse {
            rejected_log_events_info: told.then(|| RejectedLogEventsInfo {
                too_old_log_event_end_index: old,
                too_new_log_event_start_index: new,
                ..RejectedLogEventsInfo::default()
            }),
            ..PutLogEventsResponse::default()
        },
    ))
}

fn describe_groups(logs: &Logs, body: &[u8]) -> Answer {
    let input = wire::deserialize_describe_log_groups_request(body).map_err(unreadable)?;
    let DescribeLogGroupsRequest {
        account_identifiers,
        include_linked_accounts,
        log_group_class,
        log_group_identifiers,
        log_group_name_pattern: pattern,
        log_group_name_prefix: prefix,
        limit,
        next_token,
        ..
    } = input;
    for (member, is_there) in [
        ("accountIdentifiers", account_identifiers.is_some()),
        (
            "includeLinkedAccounts",
            include_linked_accounts == Some(true),
        ),
        ("logGroupClass", log_group_class.is_some()),
        ("logGroupIdentifiers", log_group_identifiers.is_some()),
    ] {
        not_simulated(member, is_there)?;
    }
    if pattern.is_some() && prefix.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
                .to_owned(),
        ));
    }
    let (pattern, prefix) = (pattern.unwrap_or_default(), prefix.unwrap_or_default());
    let size = size("limit", limit, MOST_DESCRIBED, MOST_DESCRIBED)?;
    let wanted = logs
        .groups()
        .filter(|(name, _)| name.starts_with(&prefix) && name.contains(&pattern))
        .map(|(name, group)| (name.to_owned(), group));
    let (page, next_token) = page(wanted, size, next_token);
    let groups = page.into_iter().map(|(name, group)| LogGroup {
        arn: Some(format!("{}:*", logs.arn(&name))),
        log_group_arn: Some(logs.arn(&name)),
        creation_time: Some(group.created.as_millisecond()),
        log_group_class: Some("STANDARD".to_owned()),
        metric_filter_count: Some(0),
        stored_bytes: i64::try_from(group.stored_bytes()).ok(),
        log_group_name: Some(name),
        ..LogGroup::default()
    });
    Ok(wire::serialize_describe_log_groups_response(
        &DescribeLogGroupsResponse {
            log_groups: Some(groups.collect()),
            next_token,
        },
    ))
}

fn describe_streams(logs: &Logs, body: &[u8]) -> Answer {
    let input = wire::deserialize_describe_log_streams_request(body).map_err(unreadable)?;
    let ordered = input.order_by.as_deref().unwrap_or("LogStreamName");
    not_simulated("orderBy", ordered != "LogStreamName")?;
    not_simulated("descending", input.descending == Some(true))?;
    not_simulated("logGroupIdentifier", input.log_group_identifier.is_some())?;
    let name = input.log_group_name.unwrap_or_default();
    let name = required("logGroupName", &name)?;
    let found = logs.groups().find(|(other, _)| *other == name);
    let (_, group) = found.ok_or_else(no_group)?;
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    let size = size("limit", input.limit, MOST_DESCRIBED, MOST_DESCRIBED)?;
    let wanted = group
        .streams
        .iter()
        .filter(|(stream, _)| stream.starts_with(&prefix))
        .map(|(stream, created)| (stream.clone(), *created));
    let (page, next_token) = page(wanted, size, input.next_token);
    let streams = page.into_iter().map(|(stream, created)| LogStream {
        arn: Some(format!("{}:log-stream:{stream}", logs.arn(name))),
        creation_time: Some(created.as_millisecond()),
        log_stream_name: Some(stream),
        ..LogStream::default()
    });
    Ok(wire::serialize_describe_log_streams_response(
        &DescribeLogStreamsResponse {
            log_streams: Some(streams.collect()),
            next_token,
        },
    ))
}

fn filter(logs: &Logs, body: &[u8]) -> Answer {
    let input = wire::deserialize_filter_log_events_request(body).map_err(unreadable)?;
    let FilterLogEventsRequest {
        log_group_identifier,
        log_group_name,
        log_stream_name_prefix: stream_prefix,
        log_stream_names: streams,
        start_time,
        end_time,
        filter_pattern,
        limit,
        next_token: token,
        ..
    } = input;
    let group = match (log_group_name, log_group_identifier) {
        (Some(group), None) | (None, Some(group)) => group,
        (None, None) => required("logGroupName", "")?.to_owned(),
        (Some(_), Some(_)) => {
            return Err(invalid(
                "Exactly one of logGroupName and logGroupIdentifier must be specified.".to_owned(),
            ));
        }
    };
    if streams.is_some() && stream_prefix.is_some() {
        return Err(invalid(
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.".to_owned(),
        ));
    }
    let size = size("limit", limit, MOST_EVENTS, MOST_EVENTS)?;
    let page = logs.filter(&FilterEvents {
        group,
        streams,
        stream_prefix,
        start: start_time.map(|at| time("startTime", at)).transpose()?,
        end: end_time.map(|at| time("endTime", at)).transpose()?,
        filter: Filter::read(&filter_pattern.unwrap_or_default())?,
        limit: size,
        token,
    })?;
    let events = page.events.into_iter().map(|event| FilteredLogEvent {
        event_id: Some(format!("{:056}", event.number)),
        ingestion_time: Some(event.ingested.as_millisecond()),
        timestamp: Some(event.at.as_millisecond()),
        log_stream_name: Some(event.stream),
        message: Some(event.message),
    });
    Ok(wire::serialize_filter_log_events_response(
        &FilterLogEventsResponse {
            events: Some(events.collect()),
            next_token: page.next_token,
            // Deprecated, and empty in AWS as well.
            searched_log_streams: Some(Vec::new()),
        },
    ))
}

/// A page of a list by name; its token is the name of the last item of the page before.
fn page<T>(
    items: impl Iterator<Item = (String, T)>,
    size: usize,
    token: Option<String>,
) -> (Vec<(String, T)>, Option<String>) {
    let after = token.unwrap_or_default();
    let mut rest = items.filter(|(name, _)| after.is_empty() || *name > after);
    let page: Vec<(String, T)> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let next = page.last().filter(|_| more).map(|(name, _)| name.clone());
    (page, next)
}

fn size(
    member: &str,
    asked: Option<i32>,
    most: i32,
    otherwise: i32,
) -> Result<usize, ServiceError> {
    let size = asked.unwrap_or(otherwise);
    usize::try_from(size)
        .ok()
        .filter(|_| (1..=most).contains(&size))
        .ok_or_else(|| constraint(member, &size, &format!("between 1 and {most}")))
}

fn time(member: &str, milliseconds: i64) -> Result<Timestamp, ServiceError> {
    Timestamp::from_millisecond(milliseconds)
        .ok()
        .filter(|_| milliseconds >= 0)
        .ok_or_else(|| constraint(member, &milliseconds, "greater than or equal to 0"))
}

fn required<'a>(member: &str, value: &'a str) -> Result<&'a str, ServiceError> {
    if value.is_empty() {
        return Err(constraint(member, &"null", "set"));
    }
    Ok(value)
}

fn constraint(member: &str, value: &dyn Display, rule: &str) -> ServiceError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must be {rule}"
    ))
}

fn not_simulated(member: &str, is_there: bool) -> Result<(), ServiceError> {
    if is_there {
        let message = format!("the embedded Region does not simulate {member}");
        return Err(invalid(message));
    }
    Ok(())
}

fn unreadable(error: String) -> ServiceError {
    ServiceError::new(400, "SerializationException", error)
}
