//! From Lambda's runtime to a handler and back.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::failure::FunctionError;
use crate::invocation::Invocation;
use crate::settings::Settings;
use crate::telemetry::Meter;

/// Runs a function until Lambda ends the process: each invocation goes to the handler, and each
/// error of the handler goes to the log, to the failure metric, and to Lambda with its class as the
/// error type.
///
/// # Errors
/// Where Lambda's runtime API cannot be reached.
pub async fn serve<F, Fut, Answer>(
    function: &'static str,
    settings: &Settings,
    meter: &Meter,
    handler: F,
) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Invocation, Value) -> Fut,
    Fut: Future<Output = Result<Answer, FunctionError>>,
    Answer: Serialize,
{
    let handler = Arc::new(handler);
    let settings = Arc::new(settings.clone());
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let (handler, settings) = (Arc::clone(&handler), Arc::clone(&settings));
        async move {
            let invocation = Invocation::from_lambda(&settings, &event.context);
            let now = invocation
                .as_ref()
                .map_or_else(|_| Timestamp::now(), Invocation::now);
            let outcome = match invocation {
                Ok(invocation) => handler(invocation, event.payload).await,
                Err(failure) => Err(failure.into()),
            };
            outcome.map_err(|error| {
                report(function, &error);
                meter.failure(function, error.failure.class, now);
                Diagnostic {
                    error_type: error.failure.class.name().to_owned(),
                    error_message: error.failure.message,
                }
            })
        }
    });
    lambda_runtime::Runtime::new(service).run().await
}

fn report(function: &str, error: &FunctionError) {
    let source = error.source.as_deref().map(ToString::to_string);
    tracing::error!(
        function,
        class = error.failure.class.name(),
        source,
        "{}",
        error.failure.message
    );
}
