//! `Invoke`.

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::operation::invoke::builders::InvokeFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::{Value, json};

use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::{Behaviour, Subject};

contracts!(
    "lambda",
    [region, ministack],
    [
        a_function_answers_what_it_was_asked,
        a_call_without_a_payload_asks_with_an_empty_one,
        an_error_of_the_function_is_no_error_of_the_call,
        an_asynchronous_invocation_is_accepted_and_not_answered,
        an_asynchronous_invocation_of_a_function_that_fails_is_accepted,
        a_dry_run_invokes_nothing,
        a_function_that_does_not_exist_is_not_found,
        a_function_is_found_by_its_arn,
        a_function_is_found_by_its_partial_arn,
        a_qualifier_that_does_not_exist_is_not_found,
        a_payload_that_is_not_json_is_refused,
        an_asynchronous_payload_of_more_than_one_mebibyte_is_refused,
    ]
);

async fn a_function_answers_what_it_was_asked(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let invoke = invoke(subject, &name).payload(Blob::new(r#"{"a": [1, "ü"]}"#));
    let answer = accepted("Invoke", invoke.send().await)?;
    same("the status", &answer.status_code(), &200)?;
    same("FunctionError", &answer.function_error(), &None)?;
    same(
        "ExecutedVersion",
        &answer.executed_version(),
        &Some("$LATEST"),
    )?;
    same(
        "the payload",
        &payload(&answer)?,
        &json!({"echo": {"a": [1, "ü"]}}),
    )
}

async fn a_call_without_a_payload_asks_with_an_empty_one(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let answer = accepted("Invoke", invoke(subject, &name).send().await)?;
    same("the payload", &payload(&answer)?, &json!({"echo": {}}))
}

/// Source: Invoke, `FunctionError`: the status code is 200 all the same.
async fn an_error_of_the_function_is_no_error_of_the_call(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Fail).await;
    let answer = accepted("Invoke", invoke(subject, &name).send().await)?;
    same("the status", &answer.status_code(), &200)?;
    same(
        "FunctionError",
        &answer.function_error(),
        &Some("Unhandled"),
    )?;
    let error = payload(&answer)?;
    same("errorType", &error["errorType"], &json!("ValueError"))?;
    same(
        "errorMessage",
        &error["errorMessage"],
        &json!("broken on purpose"),
    )
}

async fn an_asynchronous_invocation_is_accepted_and_not_answered(subject: &Subject) -> Outcome {
    accepted_only(subject, Behaviour::Echo, InvocationType::Event, 202).await
}

async fn an_asynchronous_invocation_of_a_function_that_fails_is_accepted(
    subject: &Subject,
) -> Outcome {
    accepted_only(subject, Behaviour::Fail, InvocationType::Event, 202).await
}

async fn a_dry_run_invokes_nothing(subject: &Subject) -> Outcome {
    accepted_only(subject, Behaviour::Fail, InvocationType::DryRun, 204).await
}

async fn accepted_only(
    subject: &Subject,
    behaviour: Behaviour,
    way: InvocationType,
    status: i32,
) -> Outcome {
    let name = subject.function(behaviour).await;
    let invoke = invoke(subject, &name).invocation_type(way);
    let answer = accepted("Invoke", invoke.send().await)?;
    same("the status", &answer.status_code(), &status)?;
    same("FunctionError", &answer.function_error(), &None)?;
    let length = answer.payload().map_or(0, |payload| payload.as_ref().len());
    same("bytes of payload", &length, &0)
}

async fn a_function_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let nobody = subject.name("nobody");
    let ways = [
        InvocationType::RequestResponse,
        InvocationType::Event,
        InvocationType::DryRun,
    ];
    for way in ways {
        let what = format!("{way} of an unknown function");
        let answer = invoke(subject, &nobody).invocation_type(way).send().await;
        refused(&what, answer, "ResourceNotFoundException", 404)?;
    }
    Ok(())
}

async fn a_function_is_found_by_its_arn(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let answer = accepted("Invoke", invoke(subject, &arn).send().await)?;
    same("the payload", &payload(&answer)?, &json!({"echo": {}}))
}

async fn a_function_is_found_by_its_partial_arn(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let partial = format!("000000000000:function:{name}");
    let answer = accepted("Invoke", invoke(subject, &partial).send().await)?;
    same("the payload", &payload(&answer)?, &json!({"echo": {}}))
}

async fn a_qualifier_that_does_not_exist_is_not_found(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let latest = invoke(subject, &name).qualifier("$LATEST").send().await;
    accepted("$LATEST", latest)?;
    let other = invoke(subject, &name).qualifier("nobody").send().await;
    refused("an unknown alias", other, "ResourceNotFoundException", 404)
}

async fn a_payload_that_is_not_json_is_refused(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let answer = invoke(subject, &name)
        .payload(Blob::new("{a}"))
        .send()
        .await;
    refused("{a}", answer, "InvalidRequestContentException", 400)
}

/// Source: Lambda developer guide, "Lambda quotas": 6 MB synchronous, 1 MB asynchronous.
async fn an_asynchronous_payload_of_more_than_one_mebibyte_is_refused(
    subject: &Subject,
) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let long = format!("\"{}\"", "x".repeat(1024 * 1024));
    let synchronous = invoke(subject, &name).payload(Blob::new(long.clone()));
    let answer = accepted("1 MiB, synchronous", synchronous.send().await)?;
    ensure!(payload(&answer)?["echo"].is_string(), "no echo of 1 MiB");
    let asynchronous = invoke(subject, &name).payload(Blob::new(long));
    let asynchronous = asynchronous.invocation_type(InvocationType::Event);
    let answer = asynchronous.send().await;
    refused("more than 1 MiB", answer, "RequestTooLargeException", 413)
}

fn invoke(subject: &Subject, function: &str) -> InvokeFluentBuilder {
    subject.lambda().invoke().function_name(function)
}

fn payload(answer: &InvokeOutput) -> Result<Value> {
    let payload = answer
        .payload()
        .context("Invoke answers without a payload")?;
    serde_json::from_slice(payload.as_ref()).context("the payload is not JSON")
}
