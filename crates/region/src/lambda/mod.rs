//! Lambda: functions, synchronous and asynchronous invocation, retries, dead letters.
//!
//! A function is a handler: an executable behind the Runtime API ([`sandbox`]), or in a test a
//! closure over the library. Both see what Lambda shows a function, and nothing more.
//!
//! Asynchronous invocations wait in a queue ([`asynchronous`]).
//!
//! Simplified: one version of each function, no limit of the account.

mod asynchronous;
mod concurrency;
mod name;
pub mod sandbox;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::AccountId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

pub use asynchronous::{Condition, DeadLetter, EventInvokeConfig, InvocationRecord};

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

/// An invocation that has begun.
pub(crate) struct Begun {
    pub(crate) answer: Answer,
    pub(crate) timeout: Duration,
    /// Ends when the function is killed.
    pub(crate) killed: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What runs when a function is invoked.
pub type Handler = Arc<dyn Fn(Invoked) -> Answer + Send + Sync>;

/// A function.
#[derive(Clone)]
pub struct Function {
    handler: Handler,
    timeout: Duration,
    killed: Arc<Notify>,
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

impl Due {
    /// This attempt, as it ended.
    pub(crate) fn ended(
        &self,
        began: Timestamp,
        ended: Timestamp,
        outcome: Result<Value, FunctionFailure>,
    ) -> Invocation {
        Invocation {
            request_id: self.request_id.clone(),
            function: self.function.clone(),
            began,
            ended,
            way: Way::Asynchronous {
                attempt: self.attempt,
            },
            payload: self.payload.clone(),
            outcome,
        }
    }
}

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
    configs: BTreeMap<String, (EventInvokeConfig, Timestamp)>,
    reserved: BTreeMap<String, u32>,
    variables: BTreeMap<String, BTreeMap<String, String>>,
    dead_letters: Vec<DeadLetter>,
    records: Vec<InvocationRecord>,
    records_taken: usize,
    accepted: u64,
    running: BTreeMap<String, usize>,
    ended: usize,
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
            configs: BTreeMap::new(),
            reserved: BTreeMap::new(),
            variables: BTreeMap::new(),
            dead_letters: Vec::new(),
            records: Vec::new(),
            records_taken: 0,
            accepted: 0,
            running: BTreeMap::new(),
            ended: 0,
        }
    }

    /// Adds a function, or replaces it.
    pub fn put_function(&mut self, name: &str, timeout: Duration, handler: Handler) {
        let function = Function {
            handler,
            timeout,
            killed: Arc::new(Notify::new()),
        };
        self.functions.insert(name.to_owned(), function);
    }

    /// Sets a function's environment, as far as it is told to whoever asks.
    pub fn set_variables(&mut self, function: &str, variables: BTreeMap<String, String>) {
        self.variables.insert(function.to_owned(), variables);
    }

    /// The role of a function: each has one of its own.
    pub(crate) fn role(&self, function: &str) -> String {
        format!("arn:aws:iam::{}:role/{function}", self.account)
    }

    /// Whether a function runs with this role.
    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.functions
            .keys()
            .any(|function| self.role(function) == role)
    }

    /// The ARNs of where functions send what they failed with for good.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = &str> {
        let configs = self.configs.values();
        configs.filter_map(|(config, _)| config.on_failure.as_deref())
    }

    /// The functions' names.
    pub fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    pub(crate) fn arn(&self, function: &str) -> String {
        format!(
            "arn:aws:lambda:{}:{}:function:{function}",
            self.region, self.account
        )
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
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let mut may_run = Vec::new();
        for item in due {
            let more = taken.entry(item.function.clone()).or_default();
            if self.may_run(&item.function, *more + 1) {
                *more += 1;
                may_run.push(item);
            } else {
                self.put_off(item, now);
            }
        }
        may_run
    }

    /// When the next asynchronous invocation is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.queue.iter().map(|item| item.at).min()
    }

    /// One more invocation of a function is under way.
    pub(crate) fn enter(&mut self, function: &str) {
        *self.running.entry(function.to_owned()).or_default() += 1;
    }

    /// One invocation of a function is not under way any more.
    pub(crate) fn leave(&mut self, function: &str) {
        if let Some(running) = self.running.get_mut(function) {
            *running = running.saturating_sub(1);
        }
    }

    pub(crate) fn begin(
        &self,
        function: &str,
        request_id: &str,
        payload: &Value,
        now: Timestamp,
    ) -> Option<Begun> {
        let found = self.functions.get(function)?;
        let invoked = Invoked {
            request_id: request_id.to_owned(),
            function_arn: self.arn(function),
            payload: payload.clone(),
            now,
            remaining: found.timeout,
        };
        let killed = Arc::clone(&found.killed).notified_owned();
        Some(Begun {
            answer: (found.handler)(invoked),
            timeout: found.timeout,
            killed: Box::pin(killed),
        })
    }

    /// Kills every running invocation of a function.
    pub(crate) fn kill(&self, function: &str) {
        if let Some(function) = self.functions.get(function) {
            function.killed.notify_waiters();
        }
    }

    /// Notes how an invocation ended; a failed asynchronous one is queued again or given up.
    pub(crate) fn end(&mut self, invocation: Invocation, due: Option<Due>) {
        if let Some(due) = due {
            self.conclude(due, &invocation);
        }
        self.ended += 1;
        if self.invocations.len() == KEPT_INVOCATIONS {
            self.invocations.pop_front();
        }
        self.invocations.push_back(invocation);
    }

    /// How many invocations are under way.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.values().sum()
    }

    /// How many invocations have ended; [`Self::invocations`] forgets the oldest.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// The invocations that have ended, oldest first.
    pub fn invocations(&self) -> impl Iterator<Item = &Invocation> {
        self.invocations.iter()
    }
}
