//! `CreateLogGroup`, `CreateLogStream`, `DescribeLogGroups`.

use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

use super::{STREAM, group};

contracts!(
    "logs",
    [region, moto, ministack],
    [
        a_group_is_listed_with_its_arn,
        a_group_that_exists_is_refused,
        a_stream_that_exists_is_refused,
        a_stream_of_a_group_that_does_not_exist_is_refused,
    ]
);

/// Source: LogGroup, `logGroupArn`: without the asterisk that `arn` ends with.
async fn a_group_is_listed_with_its_arn(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let asked = subject.logs().describe_log_groups();
    let answer = accepted(
        "DescribeLogGroups",
        asked.log_group_name_prefix(&name).send().await,
    )?;
    same("the groups", &answer.log_groups().len(), &1)?;
    let found = &answer.log_groups()[0];
    same("the name", &found.log_group_name(), &Some(name.as_str()))?;
    let arn = found.arn().unwrap_or_default();
    let ending = format!(":log-group:{name}:*");
    same("the end of the ARN", &arn.ends_with(&ending), &true)
}

async fn a_group_that_exists_is_refused(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let again = subject.logs().create_log_group().log_group_name(&name);
    refused(
        "the same name",
        again.send().await,
        "ResourceAlreadyExistsException",
        400,
    )
}

async fn a_stream_that_exists_is_refused(subject: &Subject) -> Outcome {
    let name = group(subject).await?;
    let again = subject.logs().create_log_stream().log_group_name(&name);
    refused(
        "the same name",
        again.log_stream_name(STREAM).send().await,
        "ResourceAlreadyExistsException",
        400,
    )
}

async fn a_stream_of_a_group_that_does_not_exist_is_refused(subject: &Subject) -> Outcome {
    let stream = subject.logs().create_log_stream();
    let nowhere = stream.log_group_name(subject.name("nowhere"));
    refused(
        "a stream of nothing",
        nowhere.log_stream_name(STREAM).send().await,
        "ResourceNotFoundException",
        400,
    )
}
