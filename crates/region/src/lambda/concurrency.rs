//! Reserved concurrency: so many invocations of a function run at once, and with 0 none.
//!
//! A synchronous call beyond that is throttled. An asynchronous one stays in the queue and is looked at
//! again after longer and longer, up to five minutes, until its event is too old. (Lambda developer guide,
//! "Configuring reserved concurrency", and "Error handling for asynchronous invocation".)
//!
//! Simplified: only reservations limit; the account's own limit is not played.

use jiff::{SignedDuration, Timestamp};

use super::{Condition, Due, FunctionFailure, Lambda};
use crate::error::ServiceError;

/// How long a throttled event waits at first, and at the most.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

impl Lambda {
    /// Reserves so many invocations at once for a function; `None` takes the reservation back.
    pub fn reserve_concurrency(&mut self, function: &str, reserved: Option<u32>) {
        match reserved {
            Some(reserved) => self.reserved.insert(function.to_owned(), reserved),
            None => self.reserved.remove(function),
        };
    }

    /// What is reserved for a function.
    #[must_use]
    pub fn reserved_concurrency(&self, function: &str) -> Option<u32> {
        self.reserved.get(function).copied()
    }

    /// The refusal of a function of which as many run as may.
    pub(crate) fn throttled(&self, function: &str) -> Option<ServiceError> {
        (!self.may_run(function, 1)).then(|| {
            let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
            ServiceError::new(429, "TooManyRequestsException", "Rate Exceeded.")
                .with("Reason", reason)
                .with("Type", "User")
        })
    }

    /// Whether so many more invocations of a function may run.
    pub(super) fn may_run(&self, function: &str, more: usize) -> bool {
        let running = self.running.get(function).copied().unwrap_or_default();
        let reserved = self.reserved_concurrency(function);
        let reserved = reserved.map(|reserved| usize::try_from(reserved).unwrap_or(usize::MAX));
        reserved.is_none_or(|reserved| running + more <= reserved)
    }

    /// Puts back what may not run: for later, or with the dead letters where it is too old.
    pub(super) fn put_off(&mut self, mut due: Due, now: Timestamp) {
        let waited = due.at.duration_since(due.accepted);
        let wait = waited.max(FIRST_WAIT).min(LONGEST_WAIT);
        let at = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        if at.duration_since(due.accepted) <= self.oldest_event(&due.function) {
            due.at = at;
            self.queue.push_back(due);
            return;
        }
        let failure = FunctionFailure::of_runtime("TooManyRequestsException", "Rate Exceeded.");
        let invocation = due.ended(now, now, Err(failure));
        self.is_over(due, &invocation, Condition::EventAgeExceeded);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use domain::AccountId;
    use serde_json::json;

    use super::*;
    use crate::lambda::EventInvokeConfig;

    fn lambda() -> Lambda {
        let mut lambda = Lambda::new(AccountId::embedded(), "us-east-1");
        let answers = Arc::new(|_| -> crate::lambda::Answer { Box::pin(async { Ok(json!(1)) }) });
        lambda.put_function("a", Duration::from_secs(3), answers);
        lambda
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_function_that_is_stopped_takes_nothing_until_it_may_run_again() {
        let mut lambda = lambda();
        lambda.reserve_concurrency("a", Some(0));
        assert!(lambda.throttled("a").is_some());
        lambda.enqueue("a", json!({}), at(0));
        assert_eq!(lambda.take_due(at(0)), []);
        let again = lambda.next_due().unwrap();
        assert_eq!(again, at(1));
        assert_eq!(lambda.take_due(again), []);
        assert!(lambda.next_due().unwrap() > again);
        lambda.reserve_concurrency("a", None);
        assert!(lambda.throttled("a").is_none());
        assert_eq!(lambda.take_due(at(600)).len(), 1);
        assert_eq!(lambda.dead_letters(), []);
    }

    #[test]
    fn what_waits_for_too_long_is_given_up_as_too_old() {
        let mut lambda = lambda();
        let config = EventInvokeConfig {
            maximum_event_age: Some(60),
            ..EventInvokeConfig::default()
        };
        lambda.put_event_invoke_config("a", config, at(0)).unwrap();
        lambda.reserve_concurrency("a", Some(0));
        lambda.enqueue("a", json!({}), at(0));
        while let Some(next) = lambda.next_due() {
            assert!(next <= at(60));
            assert_eq!(lambda.take_due(next), []);
        }
        let [letter] = lambda.dead_letters() else {
            panic!("{:?}", lambda.dead_letters());
        };
        assert_eq!(letter.condition, Condition::EventAgeExceeded);
        assert_eq!(letter.failure.error_type, "TooManyRequestsException");
    }

    #[test]
    fn as_many_run_as_are_reserved_and_the_others_wait() {
        let mut lambda = lambda();
        lambda.reserve_concurrency("a", Some(2));
        assert_eq!(lambda.reserved_concurrency("a"), Some(2));
        for _ in 0..3 {
            lambda.enqueue("a", json!({}), at(0));
        }
        assert_eq!(lambda.take_due(at(0)).len(), 2);
        assert_eq!(lambda.next_due(), Some(at(1)));
        lambda.enter("a");
        assert!(lambda.throttled("a").is_none());
        lambda.enter("a");
        assert!(lambda.throttled("a").is_some());
        assert!(lambda.throttled("b").is_none());
        assert_eq!(lambda.take_due(at(1)), []);
        lambda.leave("a");
        assert_eq!(lambda.take_due(at(60)).len(), 1);
    }
}
