//! Asynchronous invocations, and what becomes of them.

use serde_json::json;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn lambda(config: EventInvokeConfig) -> Lambda {
    let mut lambda = Lambda::new(AccountId::embedded(), "us-east-1");
    for name in ["f", "other"] {
        lambda.put_function(
            name,
            Duration::from_secs(1),
            Arc::new(|_| Box::pin(async { Ok(Value::Null) })),
        );
    }
    if config != EventInvokeConfig::default() {
        lambda.put_event_invoke_config("f", config, at(0)).unwrap();
    }
    lambda
}

fn end(lambda: &mut Lambda, due: Due, now: Timestamp, outcome: Result<Value, FunctionFailure>) {
    let invocation = due.ended(now, now, outcome);
    lambda.end(invocation, Some(due));
}

fn fail(lambda: &mut Lambda, due: Due, now: Timestamp) {
    let failure = FunctionFailure::of_runtime("Oops", "no");
    end(lambda, due, now, Err(failure));
}

#[test]
fn a_failed_event_is_tried_after_one_minute_and_after_two_and_then_given_up() {
    let mut lambda = lambda(EventInvokeConfig::default());
    lambda.enqueue("f", json!({"n": 1}), at(0));
    let mut now = 0;
    for wait in [60, 120] {
        let due = lambda.take_due(at(now)).pop().unwrap();
        fail(&mut lambda, due, at(now));
        assert_eq!(lambda.take_due(at(now + wait - 1)), []);
        now += wait;
    }
    let due = lambda.take_due(at(now)).pop().unwrap();
    assert_eq!(due.attempt, 3);
    fail(&mut lambda, due, at(now));
    assert_eq!(lambda.next_due(), None);
    let [dead] = lambda.dead_letters() else {
        panic!("{:?}", lambda.dead_letters());
    };
    assert_eq!(dead.payload, json!({"n": 1}));
    assert_eq!(
        (dead.condition, dead.attempts),
        (Condition::RetriesExhausted, 3)
    );
    assert_eq!(lambda.records(), [], "nobody asked for a record");
}

#[test]
fn the_configuration_says_how_often_and_until_when() {
    for retries in 0..=2 {
        let mut lambda = lambda(EventInvokeConfig {
            maximum_retry_attempts: Some(retries),
            ..EventInvokeConfig::default()
        });
        lambda.enqueue("f", json!({}), at(0));
        let mut attempts = 0;
        while let Some(next) = lambda.next_due() {
            attempts += 1;
            let due = lambda.take_due(next).pop().unwrap();
            fail(&mut lambda, due, next);
        }
        assert_eq!(attempts, retries + 1);
    }
    let config = || EventInvokeConfig {
        maximum_event_age: Some(900),
        ..EventInvokeConfig::default()
    };
    for (ended, dead) in [(14 * 60, 0), (14 * 60 + 1, 1)] {
        let mut lambda = lambda(config());
        lambda.enqueue("f", json!({}), at(0));
        let due = lambda.take_due(at(0)).pop().unwrap();
        fail(&mut lambda, due, at(ended));
        assert_eq!(lambda.dead_letters().len(), dead, "{ended}");
        let conditions = lambda.dead_letters().iter().map(|dead| dead.condition);
        assert!({ conditions }.all(|condition| condition == Condition::EventAgeExceeded));
    }
}

#[test]
fn records_go_to_the_destination_of_what_came_of_it() {
    let topic = "arn:aws:sns:us-east-1:000000000000:dead";
    let mut lambda = lambda(EventInvokeConfig {
        maximum_retry_attempts: Some(0),
        on_success: Some("arn:aws:lambda:us-east-1:000000000000:function:other".into()),
        on_failure: Some(topic.into()),
        ..EventInvokeConfig::default()
    });
    for outcome in [
        Ok(json!("fine")),
        Err(FunctionFailure::of_runtime("Oops", "no")),
    ] {
        lambda.enqueue("f", json!({"n": 1}), at(0));
        let due = lambda.take_due(at(0)).pop().unwrap();
        end(&mut lambda, due, at(1), outcome);
    }
    let [success, failure] = lambda.records() else {
        panic!("{:?}", lambda.records());
    };
    assert!(success.destination.ends_with("function:other"));
    assert_eq!(success.record["responsePayload"], "fine");
    assert_eq!(failure.destination, topic);
    assert_eq!(
        failure.record,
        json!({
            "version": "1.0",
            "timestamp": "1970-01-01T00:00:01.000Z",
            "requestContext": {
                "requestId": lambda.dead_letters()[0].request_id,
                "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 1,
            },
            "requestPayload": {"n": 1},
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": {"errorType": "Oops", "errorMessage": "no"},
        })
    );
    assert_eq!(lambda.take_records().len(), 2);
    assert_eq!(lambda.take_records(), []);
}

#[test]
fn a_configuration_that_lambda_would_not_take_is_refused() {
    let to = |arn: &str| EventInvokeConfig {
        on_success: Some(arn.into()),
        ..EventInvokeConfig::default()
    };
    let numbers = |retries, age| EventInvokeConfig {
        maximum_retry_attempts: retries,
        maximum_event_age: age,
        ..EventInvokeConfig::default()
    };
    for (config, code) in [
        (
            EventInvokeConfig::default(),
            "InvalidParameterValueException",
        ),
        (numbers(Some(3), None), "ValidationException"),
        (numbers(Some(-1), None), "ValidationException"),
        (numbers(None, Some(59)), "ValidationException"),
        (numbers(None, Some(21_601)), "ValidationException"),
        (to("arn:aws:s3:::bucket"), "InvalidParameterValueException"),
        (
            to("arn:aws:sqs:us-east-1:000000000000:q.fifo"),
            "InvalidParameterValueException",
        ),
        (
            to("arn:aws:lambda:us-east-1:000000000000:function:f"),
            "InvalidParameterValueException",
        ),
        (to("bucket"), "InvalidParameterValueException"),
    ] {
        let mut lambda = lambda(EventInvokeConfig::default());
        let refused = lambda.put_event_invoke_config("f", config.clone(), at(0));
        assert_eq!(refused.unwrap_err().code, code, "{config:?}");
        assert_eq!(lambda.event_invoke_config("f"), None);
    }
    let mut lambda = lambda(EventInvokeConfig::default());
    let refused = lambda.put_event_invoke_config("g", numbers(Some(1), None), at(0));
    assert_eq!(refused.unwrap_err().code, "ResourceNotFoundException");
}
