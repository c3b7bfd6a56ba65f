//! Lambda as the client of the AWS SDK sees it.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::{Credentials, Region as Place};
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{DestinationConfig, FunctionVersion, InvocationType as Way, OnFailure};
use jiff::SignedDuration;
use serde_json::json;

use crate::bare;
use crate::lambda::{Condition, FunctionFailure};
use crate::region::Region;
use crate::transport::in_process;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:failures";

/// A Region with `n` functions: `f01` answers, `f02` fails.
fn region(n: usize) -> (Arc<Region>, Client) {
    let region = bare::region();
    {
        let mut state = region.state();
        for number in 1..=n {
            let handler: crate::lambda::Handler = Arc::new(move |invoked| {
                Box::pin(async move {
                    match number {
                        2 => Err(FunctionFailure::of_runtime("Oops", "no")),
                        _ => Ok(json!({"asked": invoked.payload})),
                    }
                })
            });
            let name = format!("f{number:02}");
            state
                .lambda
                .put_function(&name, Duration::from_secs(20), handler);
        }
        state.sns.create_topic("failures");
    }
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Place::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "secret", None, None, "test"))
        .http_client(in_process::client(&region))
        .build();
    (region, Client::from_conf(config))
}

#[tokio::test]
async fn an_answer_and_a_failure_both_have_status_200() {
    let (region, client) = region(2);
    let asked = Blob::new(json!({"n": 1}).to_string());
    let answer = client
        .invoke()
        .function_name("f01")
        .payload(asked)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status_code(), 200);
    assert_eq!(answer.function_error(), None);
    assert_eq!(answer.executed_version(), Some("$LATEST"));
    assert_eq!(answer.payload().unwrap().as_ref(), br#"{"asked":{"n":1}}"#);
    let noted: Vec<_> = {
        let state = region.state();
        let ended = state.lambda.invocations();
        ended.map(|one| one.request_id.clone()).collect()
    };
    assert_eq!(noted, [answer.request_id().unwrap()]);

    let failure = client.invoke().function_name("f02").send().await.unwrap();
    assert_eq!(failure.status_code(), 200);
    assert_eq!(failure.function_error(), Some("Unhandled"));
    assert_eq!(
        failure.payload().unwrap().as_ref(),
        br#"{"errorType":"Oops","errorMessage":"no"}"#
    );
}

#[tokio::test]
async fn an_event_that_keeps_failing_reaches_the_topic_for_failures() {
    let (region, client) = region(2);
    let on_failure = OnFailure::builder().destination(TOPIC).build();
    let destinations = DestinationConfig::builder().on_failure(on_failure).build();
    let put = client
        .put_function_event_invoke_config()
        .function_name("f02")
        .maximum_retry_attempts(1)
        .destination_config(destinations);
    let put = put.send().await.unwrap();
    assert_eq!(put.maximum_retry_attempts(), Some(1));
    assert_eq!(
        put.function_arn(),
        Some("arn:aws:lambda:us-east-1:000000000000:function:f02:$LATEST")
    );

    let invoke = client
        .invoke()
        .function_name("f02")
        .invocation_type(Way::Event);
    assert_eq!(invoke.send().await.unwrap().status_code(), 202);
    region.advance(SignedDuration::from_secs(59)).await;
    assert_eq!(region.state().lambda.dead_letters().len(), 0);
    region.advance(SignedDuration::from_secs(3)).await;
    let state = region.state();
    let [dead] = state.lambda.dead_letters() else {
        panic!("{:?}", state.lambda.dead_letters());
    };
    assert_eq!(dead.condition, Condition::RetriesExhausted);
    let [message] = state.sns.inbox() else {
        panic!("{:?}", state.sns.inbox());
    };
    assert_eq!(message.published.topic, TOPIC);
    assert_eq!(
        message.published.message,
        state.lambda.records()[0].record.to_string()
    );
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let (region, client) = region(1);
    let invoke = client
        .invoke()
        .function_name("f01")
        .invocation_type(Way::DryRun);
    assert_eq!(invoke.send().await.unwrap().status_code(), 204);
    region.advance(SignedDuration::from_secs(2)).await;
    assert_eq!(region.state().lambda.invocations().count(), 0);
}

#[tokio::test]
async fn functions_are_listed_by_pages() {
    let (_region, client) = region(53);
    let first = client.list_functions().max_items(100).send().await.unwrap();
    assert_eq!(first.functions().len(), 50);
    let rest = client.list_functions().marker(first.next_marker().unwrap());
    let rest = rest.send().await.unwrap();
    let names: Vec<_> = rest
        .functions()
        .iter()
        .filter_map(|f| f.function_name())
        .collect();
    assert_eq!(names, ["f51", "f52", "f53"]);
    assert_eq!(rest.next_marker(), None);
    let all = client
        .list_functions()
        .function_version(FunctionVersion::All)
        .max_items(1);
    let all = all.send().await.unwrap();
    assert_eq!(
        all.functions()[0].function_arn(),
        Some("arn:aws:lambda:us-east-1:000000000000:function:f01:$LATEST")
    );
}

#[tokio::test]
async fn a_function_describes_itself() {
    let (_region, client) = region(1);
    let found = client
        .get_function()
        .function_name("000000000000:function:f01");
    let found = found.send().await.unwrap();
    let configuration = found.configuration().unwrap();
    assert_eq!(configuration.timeout(), Some(20));
    assert_eq!(configuration.version(), Some("$LATEST"));
    let same = client.get_function_configuration().function_name("f01");
    assert_eq!(same.send().await.unwrap().timeout(), Some(20));
}

#[tokio::test]
async fn refusals_are_the_modelled_ones() {
    let (_region, client) = region(1);
    let error = client
        .invoke()
        .function_name("nobody")
        .send()
        .await
        .unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    assert_eq!(
        error.message(),
        Some("Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody")
    );
    let error = client
        .invoke()
        .function_name("f01")
        .qualifier("3")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_resource_not_found_exception());
    let payload = Blob::new("{");
    let error = client
        .invoke()
        .function_name("f01")
        .payload(payload)
        .send()
        .await
        .unwrap_err();
    assert!(
        error
            .into_service_error()
            .is_invalid_request_content_exception()
    );
    let large = Blob::new(format!("\"{}\"", "x".repeat(1024 * 1024)));
    let large = client
        .invoke()
        .function_name("f01")
        .invocation_type(Way::Event)
        .payload(large);
    let error = large.send().await.unwrap_err();
    assert!(error.into_service_error().is_request_too_large_exception());
    let get = client
        .get_function_event_invoke_config()
        .function_name("f01");
    let error = get.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    for size in [0, 51] {
        let list = client
            .list_function_event_invoke_configs()
            .function_name("f01")
            .max_items(size);
        let error = list.send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some("ValidationException"), "{size}");
    }
    let list = client
        .list_function_event_invoke_configs()
        .function_name("f01")
        .marker("x");
    let error = list.send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_value_exception(), "{error:?}");
    let put = client
        .put_function_event_invoke_config()
        .function_name("f01");
    let error = put.send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_value_exception(), "{error:?}");
}

#[tokio::test]
async fn a_reservation_of_nothing_stops_a_function() {
    let (_, client) = region(1);
    let reserved = || async {
        let asked = client.get_function_concurrency().function_name("f01");
        asked.send().await.unwrap().reserved_concurrent_executions()
    };
    let reserve = |n| {
        let asked = client.put_function_concurrency().function_name("f01");
        asked.reserved_concurrent_executions(n).send()
    };
    let invoke = || client.invoke().function_name("f01").send();
    assert_eq!(reserved().await, None);
    reserve(0).await.unwrap();
    assert_eq!(reserved().await, Some(0));
    let error = invoke().await.unwrap_err().into_service_error();
    assert!(error.is_too_many_requests_exception(), "{error:?}");
    let error = reserve(-1).await.unwrap_err();
    assert!(error.code().is_some(), "{error:?}");
    let freed = client.delete_function_concurrency().function_name("f01");
    freed.send().await.unwrap();
    assert_eq!(reserved().await, None);
    invoke().await.unwrap();
}
