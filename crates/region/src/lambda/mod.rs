//! Lambda: functions, synchronous and asynchronous invocation, retries, dead letters.
//!
//! A function is a handler: an executable behind the Runtime API ([`sandbox`]), or in a test a
//! closure over the library. Both see what Lambda shows a function, and nothing more.
//!
//! Asynchronous invocations wait in a queue. A function error is tried again after one minute and
//! then after two; after that, or when the event is too old, it becomes a dead letter. (Lambda user
//! guide, "How Lambda handles errors and retries with asynchronous invocation".)
//!
//! Simplified: one version of each function, no concurrency limit, no throttling of its own.

pub mod sandbox;
pub(crate) mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::error::ServiceError;

/// What Lambda hands to a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoked {
    /// Lambda's id of the invocation.
    pub request_id: String,
    /// The function's ARN.
    pub function_arn: String,
    /// The payload.
    pub payload: Value,
    /// The Region's time.
    pub now: Timestamp,
    /// How long the function may run.
    pub remaining: Duration,
}

/// How a function ended, if not with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionFailure {
    /// What the function, or the runtime in its place, names the error.
    pub error_type: String,
    /// The text.
    pub error_message: String,
}

impl FunctionFailure {
    /// A failure that the runtime reports in the function's place.
    #[must_use]
    pub fn of_runtime(error_type: &str, error_message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.to_owned(),
            error_message: error_message.into(),
        }
    }
}

/// An invocation under way.
pub type Answer = Pin<Box<dyn Future<Output = Result<Value, FunctionFailure>> + Send>>;

/// What runs when a function is invoked.
pub type Handler = Arc<dyn Fn(Invoked) -> Answer + Send + Sync>;

/// A function.
#[derive(Clone)]
pub struct Function {
    handler: Handler,
    timeout: Duration,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// How an invocation was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The caller waits for the answer.
    Synchronous,
    /// Nobody waits; the attempt counts from 1.
    Asynchronous {
        /// Which attempt this is.
        attempt: u32,
    },
}

/// An invocation that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Lambda's id.
    pub request_id: String,
    /// The function.
    pub function: String,
    /// When it began, on the Region's clock.
    pub began: Timestamp,
    /// When it ended, on the Region's clock.
    pub ended: Timestamp,
    /// How it was asked for.
    pub way: Way,
    /// What it was asked.
    pub payload: Value,
    /// What came of it.
    pub outcome: Result<Value, FunctionFailure>,
}

/// An asynchronous invocation that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// The function.
    pub function: String,
    /// Lambda's id; it stays the same over all attempts.
    pub request_id: String,
    /// What it is asked.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    accepted: Timestamp,
    at: Timestamp,
}

/// An asynchronous invocation that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The function.
    pub function: String,
    /// What it was asked.
    pub payload: Value,
    /// How its last attempt ended.
    pub failure: FunctionFailure,
    /// When it was given up.
    pub at: Timestamp,
}

/// The longest that a retry is kept waiting for: after the first failure, and after the second.
const RETRY_AFTER: [SignedDuration; 2] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// An event older than this is not tried again. Lambda's default is six hours; Evac deploys with
/// less, because a decision from another time helps nobody.
const MAXIMUM_EVENT_AGE: SignedDuration = SignedDuration::from_mins(15);

/// Invocations that are kept for whoever looks back.
const KEPT_INVOCATIONS: usize = 10_000;

/// Lambda's limit for a synchronous payload, and for an asynchronous one, in bytes.
pub(crate) const LONGEST_SYNCHRONOUS: usize = 6 * 1024 * 1024;
pub(crate) const LONGEST_ASYNCHRONOUS: usize = 1024 * 1024;

/// The service.
#[derive(Debug)]
pub struct Lambda {
    account: AccountId,
    region: String,
    functions: BTreeMap<String, Function>,
    queue: VecDeque<Due>,
    invocations: VecDeque<Invocation>,
    dead_letters: Vec<DeadLetter>,
    accepted: u64,
    running: usize,
}

impl Lambda {
    /// A Lambda without functions.
    #[must_use]
    pub fn new(account: AccountId, region: &str) -> Self {
        Self {
            account,
            region: region.to_owned(),
            functions: BTreeMap::new(),
            queue: VecDeque::new(),
            invocations: VecDeque::new(),
            dead_letters: Vec::new(),
            accepted: 0,
            running: 0,
        }
    }

    /// Adds a function, or replaces it.
    pub fn put_function(&mut self, name: &str, timeout: Duration, handler: Handler) {
        self.functions
            .insert(name.to_owned(), Function { handler, timeout });
    }

    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    /// The functions' names.
    #[must_use]
    pub fn function_names(&self) -> Vec<String> {
        self.functions.keys().cloned().collect()
    }

    pub(crate) fn arn(&self, function: &str) -> String {
        format!(
            "arn:aws:lambda:{}:{}:function:{function}",
            self.region, self.account
        )
    }

    /// The name behind a name, a partial ARN or an ARN.
    pub(crate) fn resolve(&self, identifier: &str) -> Result<String, ServiceError> {
        let name = match identifier.strip_prefix(&self.arn("")) {
            Some(name) => name.split(':').next().unwrap_or_default(),
            None => identifier,
        };
        if self.functions.contains_key(name) {
            return Ok(name.to_owned());
        }
        let arn = if identifier.starts_with("arn:") {
            identifier.to_owned()
        } else {
            self.arn(identifier)
        };
        Err(ServiceError::new(
            404,
            "ResourceNotFoundException",
            format!("Function not found: {arn}"),
        )
        .with("Type", "User"))
    }

    pub(crate) fn next_request_id(&mut self) -> String {
        self.accepted += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.accepted)
    }

    /// Puts an asynchronous invocation into the queue.
    pub fn enqueue(&mut self, function: &str, payload: Value, now: Timestamp) -> String {
        let request_id = self.next_request_id();
        self.queue.push_back(Due {
            function: function.to_owned(),
            request_id: request_id.clone(),
            payload,
            attempt: 1,
            accepted: now,
            at: now,
        });
        request_id
    }

    /// Takes out what is due, in the order in which it became due.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Due> {
        let (mut due, waiting): (Vec<Due>, Vec<Due>) =
            self.queue.drain(..).partition(|item| item.at <= now);
        self.queue = waiting.into();
        due.sort_by_key(|item| item.at);
        due
    }

    /// When the next asynchronous invocation is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.queue.iter().map(|item| item.at).min()
    }

    pub(crate) fn begin(
        &mut self,
        function: &str,
        request_id: &str,
        payload: &Value,
        now: Timestamp,
    ) -> Option<(Answer, Duration)> {
        self.running += 1;
        let found = self.functions.get(function)?;
        let invoked = Invoked {
            request_id: request_id.to_owned(),
            function_arn: self.arn(function),
            payload: payload.clone(),
            now,
            remaining: found.timeout,
        };
        Some(((found.handler)(invoked), found.timeout))
    }

    /// Notes how an invocation ended; a failed asynchronous one is queued again or given up.
    pub(crate) fn end(&mut self, invocation: Invocation, due: Option<Due>) {
        let now = invocation.ended;
        self.running = self.running.saturating_sub(1);
        if let (Some(mut due), Err(failure)) = (due, &invocation.outcome) {
            let wait = usize::try_from(due.attempt - 1)
                .ok()
                .and_then(|attempt| RETRY_AFTER.get(attempt));
            let again = wait.and_then(|wait| now.checked_add(*wait).ok());
            match again.filter(|at| at.duration_since(due.accepted) <= MAXIMUM_EVENT_AGE) {
                Some(at) => {
                    due.attempt += 1;
                    due.at = at;
                    self.queue.push_back(due);
                }
                None => self.dead_letters.push(DeadLetter {
                    function: due.function,
                    payload: due.payload,
                    failure: failure.clone(),
                    at: now,
                }),
            }
        }
        if self.invocations.len() == KEPT_INVOCATIONS {
            self.invocations.pop_front();
        }
        self.invocations.push_back(invocation);
    }

    /// How many invocations are under way.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running
    }

    /// The invocations that have ended, oldest first.
    pub fn invocations(&self) -> impl Iterator<Item = &Invocation> {
        self.invocations.iter()
    }

    /// The asynchronous invocations that were given up.
    #[must_use]
    pub fn dead_letters(&self) -> &[DeadLetter] {
        &self.dead_letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fail(lambda: &mut Lambda, due: Due, now: Timestamp) {
        let failure = FunctionFailure::of_runtime("Oops", "no");
        let invocation = Invocation {
            request_id: due.request_id.clone(),
            function: due.function.clone(),
            began: now,
            ended: now,
            way: Way::Asynchronous {
                attempt: due.attempt,
            },
            payload: due.payload.clone(),
            outcome: Err(failure),
        };
        lambda.end(invocation, Some(due));
    }

    #[test]
    fn a_failed_event_is_tried_after_one_minute_and_after_two_and_then_given_up() {
        let mut lambda = Lambda::new(AccountId::embedded(), "us-east-1");
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
        assert_eq!(lambda.dead_letters()[0].payload, json!({"n": 1}));
    }

    #[test]
    fn an_event_that_is_too_old_is_not_tried_again() {
        let mut lambda = Lambda::new(AccountId::embedded(), "us-east-1");
        lambda.enqueue("f", json!({}), at(0));
        let due = lambda.take_due(at(0)).pop().unwrap();
        fail(&mut lambda, due, at(14 * 60 + 1));
        assert_eq!(lambda.next_due(), None);
        assert_eq!(lambda.dead_letters().len(), 1);
    }

    #[test]
    fn a_function_is_found_by_name_and_by_arn() {
        let mut lambda = Lambda::new(AccountId::embedded(), "us-east-1");
        lambda.put_function(
            "f",
            Duration::from_secs(1),
            Arc::new(|_| Box::pin(async { Ok(Value::Null) })),
        );
        assert_eq!(lambda.resolve("f"), Ok("f".to_owned()));
        assert_eq!(
            lambda.resolve("arn:aws:lambda:us-east-1:000000000000:function:f:live"),
            Ok("f".to_owned())
        );
        assert_eq!(
            lambda.resolve("g").unwrap_err().code,
            "ResourceNotFoundException"
        );
    }
}
