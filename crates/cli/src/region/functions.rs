//! Functions for clients that want to invoke some, or send events to them. Evac's are not among them.

use std::sync::Arc;
use std::time::Duration;

use region::lambda::{FunctionFailure, Handler, Invoked};
use region::state::State;

/// How long they may run.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Adds `echo`, which answers what it is asked, and `fail`, which ends with an error.
pub(crate) fn add(state: &mut State) {
    let echo: Handler = Arc::new(|invoked: Invoked| Box::pin(async move { Ok(invoked.payload) }));
    let fail: Handler = Arc::new(|_| {
        Box::pin(async {
            Err(FunctionFailure::of_runtime(
                "Failure",
                "this function always fails",
            ))
        })
    });
    state.lambda.put_function("echo", TIMEOUT, echo);
    state.lambda.put_function("fail", TIMEOUT, fail);
}
