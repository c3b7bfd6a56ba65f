//! CloudWatch's wire protocols.
//!
//! Spoken are rpc-v2-cbor, as the Rust SDK and current versions of boto3 and the AWS CLI do, and
//! awsJson 1.0. The awsQuery protocol of older clients is recognised and refused with an error that
//! says so: nested parameters such as the metric of a query would need a decoder of their own, and a
//! half-read request would be worse than none.
//!
//! Types and CBOR come from a codec that was generated from the API model. A member that the codec
//! does not have (log alarms, tag propagation) does not arrive, and the extra members of modelled
//! errors are not sent.

mod alarms;
mod codec;
mod data;
mod describe;
mod listing;
mod mute;

use jiff::Timestamp;
use winterbaume_core::{MockRequest, MockResponse};

use crate::error::ServiceError;
use crate::operation::Operation;

use super::CloudWatch;
use codec::Call;

/// The operations of CloudWatch that the embedded Region has.
const OPERATIONS: [Operation; 14] = [
    Operation::write("DeleteAlarmMuteRule"),
    Operation::write("DeleteAlarms"),
    Operation::read("DescribeAlarmHistory"),
    Operation::read("DescribeAlarms"),
    Operation::read("GetAlarmMuteRule"),
    Operation::read("GetMetricData"),
    Operation::read("GetMetricStatistics"),
    Operation::read("ListAlarmMuteRules"),
    Operation::read("ListMetrics"),
    Operation::write("PutAlarmMuteRule"),
    Operation::write("PutCompositeAlarm"),
    Operation::write("PutMetricAlarm"),
    Operation::write("PutMetricData"),
    Operation::write("SetAlarmState"),
];

/// The operation that a request asks for, if it is one of CloudWatch's that the Region has.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    let call = Call::of(request)?;
    OPERATIONS
        .into_iter()
        .find(|operation| operation.name == call.operation)
}

/// Performs an operation and answers in the protocol of the request.
pub(crate) fn perform(
    engine: &mut CloudWatch,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> MockResponse {
    answer(engine, operation, request, now).unwrap_or_else(|error| refuse(request, &error))
}

fn answer(
    engine: &mut CloudWatch,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let unknown = || {
        let message = format!("the embedded Region has no operation {}", operation.name);
        ServiceError::new(404, "UnknownOperationException", message)
    };
    let call = Call::of(request).ok_or_else(unknown)?;
    match operation.name {
        "DeleteAlarmMuteRule" => mute::delete(engine, &call),
        "DeleteAlarms" => alarms::delete(engine, &call, now),
        "DescribeAlarmHistory" => describe::history(engine, &call),
        "DescribeAlarms" => describe::alarms(engine, &call),
        "GetAlarmMuteRule" => mute::get(engine, &call, now),
        "GetMetricData" => data::get(engine, &call, now),
        "GetMetricStatistics" => listing::statistics(engine, &call, now),
        "ListAlarmMuteRules" => mute::list(engine, &call, now),
        "ListMetrics" => listing::list(engine, &call, now),
        "PutAlarmMuteRule" => mute::put(engine, &call, now),
        "PutCompositeAlarm" => alarms::put_composite(engine, &call, now),
        "PutMetricAlarm" => alarms::put_metric(engine, &call, now),
        "PutMetricData" => data::put(engine, &call, now),
        "SetAlarmState" => alarms::set_state(engine, &call, now),
        _ => Err(unknown()),
    }
}

/// Refuses a request in its own protocol. A request in no known protocol gets CBOR.
pub(crate) fn refuse(request: &MockRequest, error: &ServiceError) -> MockResponse {
    codec::refuse(Call::of(request).map(|call| call.protocol), error)
}
