//! Asynchronous invocation: the queue, retries, the age of events, destinations and dead letters.
//!
//! A function error is tried again after one minute and then after two; after that, or when the event
//! is too old, it is given up and its record goes to the destination for failures. (Lambda developer
//! guide, "How Lambda handles errors and retries with asynchronous invocation" and "Capturing records
//! of Lambda asynchronous invocations".)

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::name::{LATEST, constraint, invalid, not_found};
use super::{Due, FunctionFailure, Invocation, Lambda};
use crate::error::ServiceError;

/// The longest that a retry is kept waiting for: after the first failure, and after the second.
const RETRY_AFTER: [SignedDuration; 2] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// How many retries there are at most, and by default. Source: `PutFunctionEventInvokeConfig`.
const MOST_RETRIES: i64 = 2;
/// How old an event may be at least and at most, in seconds; the most is the default.
const EVENT_AGE: std::ops::RangeInclusive<i64> = 60..=21_600;
const DEFAULT_EVENT_AGE: SignedDuration = SignedDuration::from_hours(6);

/// How a function is invoked asynchronously; what is not set is as Lambda's default is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventInvokeConfig {
    /// How many times a function error is tried again, from 0 to 2.
    pub maximum_retry_attempts: Option<i64>,
    /// How many seconds an event may be old to be tried again, from 60 to 21,600.
    pub maximum_event_age: Option<i64>,
    /// The ARN that the record of a success goes to.
    pub on_success: Option<String>,
    /// The ARN that the record of a failure goes to.
    pub on_failure: Option<String>,
}

/// Why an asynchronous invocation was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The function answered.
    Success,
    /// The last attempt that the configuration allows failed.
    RetriesExhausted,
    /// The next attempt would come when the event is too old.
    EventAgeExceeded,
}

impl Condition {
    /// The name in an invocation record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
        }
    }
}

/// An asynchronous invocation that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Lambda's id of the invocation.
    pub request_id: String,
    /// The function.
    pub function: String,
    /// What it was asked.
    pub payload: Value,
    /// How its last attempt ended.
    pub failure: FunctionFailure,
    /// Why it was given up.
    pub condition: Condition,
    /// How many times it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
}

/// A record of an asynchronous invocation, for the destination that is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct InvocationRecord {
    /// The ARN that it is for.
    pub destination: String,
    /// The function that was invoked.
    pub function: String,
    /// Why the invocation was over.
    pub condition: Condition,
    /// The record.
    pub record: Value,
    /// When it was sent.
    pub at: Timestamp,
}

impl EventInvokeConfig {
    /// Whether Lambda would take the configuration for this function.
    fn check(&self, lambda: &Lambda, function: &str) -> Result<(), ServiceError> {
        let within = |member: &str, value: Option<i64>, least: i64, most: i64| match value {
            Some(n) if n < least => Err(constraint(
                member,
                n,
                &format!("Member must have value greater than or equal to {least}"),
            )),
            Some(n) if n > most => Err(constraint(
                member,
                n,
                &format!("Member must have value less than or equal to {most}"),
            )),
            _ => Ok(()),
        };
        within(
            "maximumRetryAttempts",
            self.maximum_retry_attempts,
            0,
            MOST_RETRIES,
        )?;
        let (least, most) = (*EVENT_AGE.start(), *EVENT_AGE.end());
        within(
            "maximumEventAgeInSeconds",
            self.maximum_event_age,
            least,
            most,
        )?;
        if *self == Self::default() {
            return Err(invalid(
                "You must specify at least one of error handling or destination setting.",
            ));
        }
        let destination = |arn: &Option<String>, s3: bool| match arn {
            Some(arn) if !lambda.is_destination(arn, function, s3) => Err(invalid(format!(
                "The provided destination config DestinationConfig is not valid: {arn} is not the ARN of another function, a standard queue or topic, a default event bus{}",
                if s3 { ", or a bucket" } else { "" }
            ))),
            _ => Ok(()),
        };
        destination(&self.on_success, false)?;
        destination(&self.on_failure, true)
    }
}

impl Lambda {
    /// Sets how a function is invoked asynchronously, and forgets what was set before.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for a function that does not exist, `ValidationException` for a
    /// number out of range, `InvalidParameterValueException` for no setting at all and for an ARN
    /// that can be no destination.
    pub fn put_event_invoke_config(
        &mut self,
        function: &str,
        config: EventInvokeConfig,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if !self.functions.contains_key(function) {
            return Err(not_found("The function doesn't exist."));
        }
        config.check(self, function)?;
        self.configs.insert(function.to_owned(), (config, now));
        Ok(())
    }

    /// How a function is invoked asynchronously and since when, where it was set.
    #[must_use]
    pub fn event_invoke_config(&self, function: &str) -> Option<(&EventInvokeConfig, Timestamp)> {
        let (config, since) = self.configs.get(function)?;
        Some((config, *since))
    }

    pub(super) fn delete_event_invoke_config(&mut self, function: &str) -> bool {
        self.configs.remove(function).is_some()
    }

    fn is_destination(&self, arn: &str, function: &str, s3: bool) -> bool {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let &["arn", partition, service, _, _, resource] = parts.as_slice() else {
            return false;
        };
        if !partition.starts_with("aws") || resource.is_empty() {
            return false;
        }
        match service {
            "lambda" => self
                .resolve(arn, None)
                .is_ok_and(|other| other.name != function),
            "sns" | "sqs" => !resource.ends_with(".fifo"),
            "events" => resource == "event-bus/default",
            "s3" => s3,
            _ => false,
        }
    }

    /// How old an event of a function may be.
    pub(super) fn oldest_event(&self, function: &str) -> SignedDuration {
        let config = self.configs.get(function);
        let age = config.and_then(|(config, _)| config.maximum_event_age);
        age.map_or(DEFAULT_EVENT_AGE, SignedDuration::from_secs)
    }

    /// Queues a failed attempt again, or ends the invocation with a dead letter; sends its record.
    pub(super) fn conclude(&mut self, mut due: Due, invocation: &Invocation) {
        let condition = match &invocation.outcome {
            Ok(_) => Condition::Success,
            Err(_) => {
                let config = self.configs.get(&due.function);
                let retries = config.and_then(|(config, _)| config.maximum_retry_attempts);
                let retries = retries.unwrap_or(MOST_RETRIES);
                let wait = usize::try_from(due.attempt - 1)
                    .ok()
                    .filter(|_| i64::from(due.attempt) <= retries)
                    .and_then(|attempt| RETRY_AFTER.get(attempt));
                let oldest = self.oldest_event(&due.function);
                let again = wait.and_then(|wait| invocation.ended.checked_add(*wait).ok());
                match again {
                    Some(at) if at.duration_since(due.accepted) <= oldest => {
                        due.attempt += 1;
                        due.at = at;
                        self.queue.push_back(due);
                        return;
                    }
                    Some(_) => Condition::EventAgeExceeded,
                    None => Condition::RetriesExhausted,
                }
            }
        };
        self.is_over(due, invocation, condition);
    }

    /// Nothing more comes of an invocation: a failed one becomes a dead letter, and its record is sent.
    pub(super) fn is_over(&mut self, due: Due, invocation: &Invocation, condition: Condition) {
        let now = invocation.ended;
        let config = self.configs.get(&due.function);
        let config = config.map(|(config, _)| config.clone()).unwrap_or_default();
        let destination = match &invocation.outcome {
            Ok(_) => config.on_success,
            Err(failure) => {
                self.dead_letters.push(DeadLetter {
                    request_id: due.request_id.clone(),
                    function: due.function.clone(),
                    payload: due.payload.clone(),
                    failure: failure.clone(),
                    condition,
                    attempts: due.attempt,
                    at: now,
                });
                config.on_failure
            }
        };
        if let Some(destination) = destination {
            let record = self.record(&due, invocation, condition);
            self.records.push(InvocationRecord {
                destination,
                function: due.function,
                condition,
                record,
                at: now,
            });
        }
    }

    fn record(&self, due: &Due, invocation: &Invocation, condition: Condition) -> Value {
        let mut response = json!({"statusCode": 200, "executedVersion": LATEST});
        let answer = match &invocation.outcome {
            Ok(answer) => answer.clone(),
            Err(failure) => {
                response["functionError"] = json!("Unhandled");
                json!(failure)
            }
        };
        json!({
            "version": "1.0",
            "timestamp": invocation.ended.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            "requestContext": {
                "requestId": due.request_id,
                "functionArn": format!("{}:{LATEST}", self.arn(&due.function)),
                "condition": condition.as_str(),
                "approximateInvokeCount": due.attempt,
            },
            "requestPayload": due.payload,
            "responseContext": response,
            "responsePayload": answer,
        })
    }

    /// The asynchronous invocations that were given up, oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> &[DeadLetter] {
        &self.dead_letters
    }

    /// The records that were sent to destinations, oldest first, whether or not the Region has what
    /// the ARN names.
    #[must_use]
    pub fn records(&self) -> &[InvocationRecord] {
        &self.records
    }

    /// The records that nobody has taken on yet.
    pub(crate) fn take_records(&mut self) -> Vec<InvocationRecord> {
        let new = self.records.get(self.records_taken..).unwrap_or_default();
        let new = new.to_vec();
        self.records_taken = self.records.len();
        new
    }
}
