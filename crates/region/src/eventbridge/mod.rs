//! EventBridge of the embedded Region: the default bus, its rules, and their deliveries.
//!
//! Services hand their events over with [`EventBridge::accept`], clients with
//! [`EventBridge::put_events`], and scheduled rules make their own. What matches a rule is shaped by
//! each of its targets and put on its way; [`EventBridge::due`] gives what has arrived, for whoever
//! invokes functions.
//!
//! Simplifications: one bus, functions as the only targets, no retries and no dead-letter queues (an
//! invocation that fails is the business of whoever invokes), schedules at fixed rates only. There is no
//! wire protocol: rules are part of a scenario.

mod delivery;
mod pattern;
mod rule;
mod transform;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::arn::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::identifier::uuid;

pub use delivery::{DELIVERY_LATENCY, Delivery, DeliveryEffect, DeliveryFault, REORDER_WINDOW};
pub use pattern::{Pattern, PatternError};
pub use rule::{Input, Rule, Target, Trigger};
pub use transform::{LONGEST_TEMPLATE, MOST_PATHS, TransformError, Transformer};

use delivery::Queue;
use rule::invalid;
use transform::Occasion;

/// An event that a client publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutEventsEntry {
    /// Who publishes it. `aws.` belongs to AWS services.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// A JSON object, as text.
    pub detail: String,
    /// ARNs of what it is about.
    pub resources: Vec<String>,
    /// When it happened: now, if it is not said.
    pub time: Option<Timestamp>,
}

/// Why one entry of several was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct EntryError {
    /// The code in the API.
    pub code: &'static str,
    /// The text for people.
    pub message: String,
}

/// An event that could not be shaped for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedInvocation {
    /// The rule.
    pub rule: String,
    /// The id of the target.
    pub target: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// EventBridge's limit. Source: API reference, `PutEvents`.
const MOST_ENTRIES: usize = 10;

/// The default bus of one account in one Region.
#[derive(Debug, Clone)]
pub struct EventBridge {
    account: AccountId,
    region: String,
    /// The rules, and when those at a rate send next.
    rules: BTreeMap<String, (Rule, Option<Timestamp>)>,
    queue: Queue,
    failures: Vec<FailedInvocation>,
    /// How many events this bus has made.
    events: u64,
}

impl EventBridge {
    /// A bus without rules.
    #[must_use]
    pub fn new(account: AccountId, region: &str) -> Self {
        Self {
            account,
            region: region.to_owned(),
            rules: BTreeMap::new(),
            queue: Queue::default(),
            failures: Vec::new(),
            events: 0,
        }
    }

    /// The ARN of the rule of a name.
    #[must_use]
    pub fn rule_arn(&self, name: &str) -> String {
        let Self {
            account, region, ..
        } = self;
        format!("arn:aws:events:{region}:{account}:rule/{name}")
    }

    /// Creates or replaces a rule with its targets. A rule at a rate sends for the first time one
    /// interval from `now`.
    ///
    /// # Errors
    /// `ValidationException` for a name, a rate or targets that EventBridge would not take.
    pub fn put_rule(&mut self, rule: Rule, now: Timestamp) -> Result<(), ServiceError> {
        rule.check()?;
        let next = match rule.trigger {
            Trigger::Pattern(_) => None,
            Trigger::Rate { seconds } => Some(now + SignedDuration::from_secs(seconds.into())),
        };
        self.rules.insert(rule.name.clone(), (rule, next));
        Ok(())
    }

    /// Removes a rule. What is on its way arrives all the same.
    pub fn remove_rule(&mut self, name: &str) {
        self.rules.remove(name);
    }

    /// A rule.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.get(name).map(|(rule, _)| rule)
    }

    /// Publishes events of a client. Each entry is accepted, and has an id, or refused by itself.
    ///
    /// # Errors
    /// `ValidationException` for no entries, or more than ten.
    pub fn put_events(
        &mut self,
        entries: Vec<PutEventsEntry>,
        now: Timestamp,
    ) -> Result<Vec<Result<String, EntryError>>, ServiceError> {
        let n = entries.len();
        if n == 0 || n > MOST_ENTRIES {
            return Err(invalid(format!(
                "Entries has {n} members, expected 1 to {MOST_ENTRIES}"
            )));
        }
        let put = |entry: PutEventsEntry| {
            let detail = check_entry(&entry)?;
            let at = entry.time.unwrap_or(now);
            let event = self.event(
                &entry.source,
                &entry.detail_type,
                at,
                &entry.resources,
                &detail,
            );
            let id = event_id(&event);
            self.accept(&event, now);
            Ok(id)
        };
        Ok(entries.into_iter().map(put).collect())
    }

    /// Takes the event of a service, with its envelope, and sends it to the targets of every rule that
    /// it matches.
    pub fn accept(&mut self, event: &Value, now: Timestamp) {
        let matching = self.rules.values().filter(|(rule, _)| match &rule.trigger {
            Trigger::Pattern(pattern) => rule.enabled && pattern.matches(event),
            Trigger::Rate { .. } => false,
        });
        let matching: Vec<String> = matching.map(|(rule, _)| rule.name.clone()).collect();
        for name in matching {
            self.send(&name, event, now);
        }
    }

    /// The deliveries that have arrived by `now`, in the order of arrival.
    pub fn due(&mut self, now: Timestamp) -> Vec<Delivery> {
        while let Some((name, at)) = self.next_schedule()
            && at <= now
        {
            self.fire(&name, at);
        }
        self.queue.arrived(now)
    }

    /// When [`EventBridge::due`] has something to do next.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let scheduled = self.next_schedule().map(|(_, at)| at);
        let arriving = self.queue.next();
        [scheduled, arriving].into_iter().flatten().min()
    }

    /// Lets something go wrong with the next deliveries that match. The fault that came first wins.
    pub fn inject(&mut self, fault: DeliveryFault) {
        self.queue.inject(fault);
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&mut self) {
        self.queue.clear_faults();
    }

    /// Events that could not be shaped for a target. In AWS they are a count in a metric.
    #[must_use]
    pub fn failures(&self) -> &[FailedInvocation] {
        &self.failures
    }

    fn next_schedule(&self) -> Option<(String, Timestamp)> {
        let schedules = self.rules.values().filter(|(rule, _)| rule.enabled);
        let schedules = schedules.filter_map(|(rule, next)| Some(((*next)?, &rule.name)));
        schedules.min().map(|(at, name)| (name.clone(), at))
    }

    fn fire(&mut self, name: &str, at: Timestamp) {
        let arn = self.rule_arn(name);
        let event = self.event("aws.events", "Scheduled Event", at, &[arn], &json!({}));
        self.send(name, &event, at);
        if let Some((rule, next)) = self.rules.get_mut(name)
            && let Trigger::Rate { seconds } = rule.trigger
        {
            *next = Some(at + SignedDuration::from_secs(i64::from(seconds).max(1)));
        }
    }

    fn send(&mut self, name: &str, event: &Value, now: Timestamp) {
        let arn = self.rule_arn(name);
        let Some((rule, _)) = self.rules.get(name) else {
            return;
        };
        for target in &rule.targets {
            let payload = match &target.input {
                Input::Event => Ok(event.clone()),
                Input::Constant(value) => Ok(value.clone()),
                Input::Transformed(transformer) => transformer.fill(Occasion {
                    event,
                    rule_arn: &arn,
                    rule_name: name,
                    ingested: now,
                }),
            };
            match payload {
                Ok(payload) => self.queue.send(Delivery {
                    rule: name.to_owned(),
                    target: target.id.clone(),
                    function: target.function.clone(),
                    payload,
                    event_id: event_id(event),
                    at: now + DELIVERY_LATENCY,
                }),
                Err(error) => self.failures.push(FailedInvocation {
                    rule: name.to_owned(),
                    target: target.id.clone(),
                    at: now,
                    reason: error.to_string(),
                }),
            }
        }
    }

    fn event(
        &mut self,
        source: &str,
        detail_type: &str,
        at: Timestamp,
        resources: &[String],
        detail: &Value,
    ) -> Value {
        self.events += 1;
        json!({
            "version": "0",
            "id": uuid(source, self.events),
            "detail-type": detail_type,
            "source": source,
            "account": self.account.as_str(),
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": self.region,
            "resources": resources,
            "detail": detail,
        })
    }
}

fn event_id(event: &Value) -> String {
    let id = event.get("id").and_then(Value::as_str);
    id.unwrap_or_default().to_owned()
}

fn check_entry(entry: &PutEventsEntry) -> Result<Value, EntryError> {
    let refuse = |code, message: &str| {
        Err(EntryError {
            code,
            message: message.to_owned(),
        })
    };
    if entry.source.is_empty() || entry.detail_type.is_empty() {
        return refuse("InvalidArgument", "Source and DetailType must not be empty");
    }
    if entry.source.starts_with("aws.") {
        return refuse(
            "NotAuthorizedForSourceException",
            "sources that begin with aws. belong to AWS services",
        );
    }
    match serde_json::from_str(&entry.detail) {
        Ok(detail @ Value::Object(_)) => Ok(detail),
        _ => refuse("MalformedDetail", "Detail is not a JSON object"),
    }
}
