//! What is expected of an answer that refuses.

use std::fmt::Debug;

use anyhow::{anyhow, bail, ensure};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::contract::Outcome;

/// The answer to a call through the SDK.
pub(crate) type Answer<T, E> = Result<T, SdkError<E, HttpResponse>>;

/// Expects a call to be refused with a code and a status.
pub(crate) fn refused<T, E>(what: &str, answer: Answer<T, E>, code: &str, status: u16) -> Outcome
where
    T: Debug,
    E: ProvideErrorMetadata + Debug,
{
    let error = match answer {
        Ok(answer) => bail!("{what}: expected the refusal {code}, was answered {answer:?}"),
        Err(error) => error,
    };
    let Some(response) = error.raw_response() else {
        bail!("{what}: expected the refusal {code}, got no answer: {error:?}");
    };
    let shown = (error.code().unwrap_or_default(), response.status().as_u16());
    ensure!(
        shown == (code, status),
        "{what}: expected the refusal {code} ({status}), got {} ({}): {}",
        shown.0,
        shown.1,
        error.message().unwrap_or_default(),
    );
    Ok(())
}

/// Expects a call to be accepted, and says how it was refused otherwise.
pub(crate) fn accepted<T, E>(what: &str, answer: Answer<T, E>) -> anyhow::Result<T>
where
    E: ProvideErrorMetadata + Debug,
{
    answer.map_err(|error| match error.raw_response() {
        Some(response) => anyhow!(
            "{what}: was refused with {} ({}): {}",
            error.code().unwrap_or("no code"),
            response.status().as_u16(),
            error.message().unwrap_or_default(),
        ),
        None => anyhow!("{what}: got no answer: {error:?}"),
    })
}

/// Expects two values to be the same.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    ensure!(
        found == expected,
        "{what}: expected {expected:?}, got {found:?}"
    );
    Ok(())
}
