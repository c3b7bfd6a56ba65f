//! CloudWatch Logs. Source: Amazon CloudWatch Logs API Reference, version 2014-03-28.

mod events;
mod groups;

use anyhow::Result;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use crate::contract::Contract;
use crate::refusal::accepted;
use crate::subject::Subject;

pub(crate) fn contracts() -> Vec<&'static Contract> {
    let modules = [events::CONTRACTS, groups::CONTRACTS];
    modules.into_iter().flatten().collect()
}

/// The stream of every group here.
const STREAM: &str = "s";

/// Makes a group with a stream; its name.
async fn group(subject: &Subject) -> Result<String> {
    let name = subject.name("group");
    let logs = subject.logs();
    let group = logs.create_log_group().log_group_name(&name);
    accepted("CreateLogGroup", group.send().await)?;
    let stream = logs.create_log_stream().log_group_name(&name);
    accepted(
        "CreateLogStream",
        stream.log_stream_name(STREAM).send().await,
    )?;
    Ok(name)
}

/// A line that was written so many seconds ago.
fn line(subject: &Subject, seconds_ago: i64, text: &str) -> InputLogEvent {
    let at = (subject.now() - seconds_ago) * 1000;
    InputLogEvent::builder()
        .timestamp(at)
        .message(text)
        .build()
        .unwrap()
}
