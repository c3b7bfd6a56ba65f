//! Calling the other two functions, and waiting for their answers.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::{self, timeout::TimeoutConfig};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use domain::failure::{Class, Failure};
use runtime::clients::{CONNECT, Connections, retries};
use runtime::failure::of_call;
use runtime::turn::{Outside, Turn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Calls functions of ours. The program `evac` calls the classifier with it, too.
#[derive(Debug, Clone)]
pub struct Functions {
    client: Client,
}

/// What Lambda answers in place of a payload when a function ended with an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct FunctionFailure {
    error_type: String,
    error_message: String,
}

impl Functions {
    /// Over these connections.
    #[must_use]
    pub fn new(connections: &Connections) -> Self {
        let config = config::Builder::from(&connections.to("LAMBDA"));
        let config = config.retry_partition(retries()).retry_classifier(Outside);
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// Invokes a function and reads its answer, which may take so long from when Lambda lets the function
    /// run. An error of the function arrives with HTTP status 200, and is a failure all the same.
    ///
    /// # Errors
    /// What went wrong with the call, and what the function ended with; of our own functions, with its class.
    pub async fn call<Answer: DeserializeOwned>(
        &self,
        function: &str,
        request: &impl Serialize,
        within: Duration,
        turn: &Turn,
    ) -> Result<Answer, Failure> {
        let payload = serde_json::to_vec(request).map_err(|error| {
            Failure::new(Class::BadInput, format!("request to {function}: {error}"))
        })?;
        // The answer comes when the function is done, so an attempt may last as long as the call. There
        // is no limit for reading: the SDK keeps connections apart by it, and a new one is a handshake.
        let limits = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(within)
            .operation_timeout(within)
            .build();
        let payload = Blob::new(payload);
        // Whether Lambda throttles is known from the call alone: what the function answers is not looked at.
        let answer = turn.take(|| async {
            self.client
                .invoke()
                .function_name(function)
                .invocation_type(InvocationType::RequestResponse)
                .payload(payload.clone())
                .customize()
                .config_override(config::Config::builder().timeout_config(limits.clone()))
                .send()
                .await
                .map_err(|error| of_call(&format!("Invoke of {function}"), &error))
        });
        let answer = answer.await?;
        let body = answer.payload().map(Blob::as_ref).unwrap_or_default();
        if let Some(kind) = answer.function_error() {
            return Err(function_failure(function, kind, body));
        }
        serde_json::from_slice(body).map_err(|error| {
            Failure::new(Class::BadAnswer, format!("answer of {function}: {error}"))
        })
    }
}

fn function_failure(function: &str, kind: &str, body: &[u8]) -> Failure {
    let error: FunctionFailure = serde_json::from_slice(body).unwrap_or_default();
    // Our own functions end with the name of a class; everything else is the runtime's.
    let class = serde_json::from_value(serde_json::Value::String(error.error_type.clone()))
        .unwrap_or(Class::FunctionFailed);
    let message = match error.error_message.as_str() {
        "" => format!("{kind} error without a message"),
        message => message.to_owned(),
    };
    Failure::new(
        class,
        format!("{function} failed: {message} ({})", error.error_type),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_our_own_functions_keeps_its_class() {
        let body = br#"{"errorType": "bad-input", "errorMessage": "resources: empty"}"#;
        let failure = function_failure("zonal-shift", "Unhandled", body);
        assert_eq!(failure.class, Class::BadInput);
        assert_eq!(
            failure.message,
            "zonal-shift failed: resources: empty (bad-input)"
        );
    }

    #[test]
    fn a_crash_is_a_failure_of_the_function() {
        let body = br#"{"errorType": "Runtime.ExitError", "errorMessage": "signal: killed"}"#;
        assert_eq!(
            function_failure("zonal-shift", "Unhandled", body).class,
            Class::FunctionFailed
        );
        assert_eq!(
            function_failure("zonal-shift", "Unhandled", b"").class,
            Class::FunctionFailed
        );
    }
}
