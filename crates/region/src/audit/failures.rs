//! Whether every failure was seen.

use super::Finding;
use crate::lambda::{Invocation, Way};
use crate::stage::CLASSIFIER;
use crate::state::State;

/// Invariant 9: nothing that failed was lost, and no failure of a function that the classifier called
/// was taken for success. An event that is given up after all attempts is a dead letter, which
/// somebody sees; but where nothing makes it fail, there should be none.
pub(super) fn seen(state: &State, may_give_up: bool) -> Finding {
    let letters = state.lambda.dead_letters();
    let given_up = letters.iter().filter(|_| !may_give_up).map(|letter| {
        format!(
            "{}: an event for {} was given up: {}",
            letter.at, letter.function, letter.failure.error_message
        )
    });
    let undelivered = state.events.failures().iter().map(|failure| {
        format!(
            "{}: rule {} did not reach {}: {}",
            failure.at, failure.rule, failure.target, failure.reason
        )
    });
    let failed: Vec<&Invocation> = state
        .lambda
        .invocations()
        .filter(|invocation| invocation.outcome.is_err())
        .collect();
    let swallowed = failed.iter().filter_map(|invocation| {
        let callers: Vec<&Invocation> = callers(state, invocation).collect();
        // Of several at once, one called it, and only that one can tell.
        if callers
            .iter()
            .any(|caller| tells_of(state, caller, invocation))
        {
            return None;
        }
        let caller = callers.first()?;
        Some(format!(
            "{}: the failure of {} was no failure for {} ({})",
            invocation.ended, invocation.function, caller.function, caller.request_id
        ))
    });
    let broken: Vec<String> = given_up.chain(undelivered).chain(swallowed).collect();
    Finding::new(
        9,
        &broken,
        format!(
            "invocations that failed: {}, events given up as dead letters: {}, none lost or taken for success",
            failed.len(),
            letters.len()
        ),
    )
}

/// The classifier's invocations during which another function failed that somebody waited for.
fn callers<'a>(state: &'a State, failed: &'a Invocation) -> impl Iterator<Item = &'a Invocation> {
    let called = failed.way == Way::Synchronous && failed.function != CLASSIFIER;
    state.lambda.invocations().filter(move |invocation| {
        called
            && invocation.function == CLASSIFIER
            && invocation.began <= failed.began
            && failed.ended <= invocation.ended
    })
}

/// Whether an invocation tells of a failure: it failed too, it names what it could not read, or it
/// tried again and succeeded.
fn tells_of(state: &State, caller: &Invocation, failed: &Invocation) -> bool {
    let Ok(answer) = &caller.outcome else {
        return true;
    };
    let action = |payload: &serde_json::Value| payload.get("action").cloned();
    let names = |field: &str| {
        answer
            .get(field)
            .and_then(serde_json::Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    let again = state.lambda.invocations().any(|other| {
        other.function == failed.function
            && action(&other.payload) == action(&failed.payload)
            && other.outcome.is_ok()
            && failed.ended <= other.began
            && other.ended <= caller.ended
    });
    // What could not be read is taken into account; what could not be done never is.
    let was_read = action(&failed.payload).is_some_and(|action| action == "status");
    names("failures") || (was_read && names("unread")) || again
}
