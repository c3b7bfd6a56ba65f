//! EventBridge of the embedded Region: the default bus, its rules, and their deliveries.
//!
//! Services hand their events over with [`EventBridge::accept`], clients with
//! [`EventBridge::put_events`], and scheduled rules make their own. What matches a rule is shaped by
//! each of its targets and put on its way; [`EventBridge::due`] gives what has arrived, for whoever
//! invokes functions.
//!
//! Simplifications: one bus, functions as the only targets, no retries and no dead-letter queues (an
//! invocation that fails is the business of whoever invokes), schedules at fixed rates only.

mod delivery;
mod entries;
mod pattern;
mod rule;
#[cfg(test)]
mod tests;
mod transform;
pub(crate) mod wire;

use std::collections::BTreeMap;

use domain::arn::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::identifier::uuid;

pub use delivery::{DELIVERY_LATENCY, Delivery, DeliveryEffect, DeliveryFault, REORDER_WINDOW};
pub use entries::{EntryError, PutEventsEntry};
pub use pattern::{Pattern, PatternError};
pub use rule::{Input, Rule, Target, Trigger};
pub use transform::{EventPath, LONGEST_TEMPLATE, MOST_PATHS, TransformError, Transformer};

use delivery::Queue;
use rule::About;
use transform::Occasion;

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

/// How many rules a bus may have. Source: user guide, "Amazon EventBridge quotas".
const MOST_RULES: usize = 300;

/// A rule, when it sends next if it is at a rate, and what else was said of it.
#[derive(Debug, Clone)]
struct Kept {
    rule: Rule,
    next: Option<Timestamp>,
    about: About,
}

/// The default bus of one account in one Region.
#[derive(Debug, Clone)]
pub struct EventBridge {
    account: AccountId,
    region: String,
    rules: BTreeMap<String, Kept>,
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
        self.keep(rule, About::default(), now)
    }

    fn keep(&mut self, rule: Rule, about: About, now: Timestamp) -> Result<(), ServiceError> {
        rule.check()?;
        if self.rules.len() >= MOST_RULES && !self.rules.contains_key(&rule.name) {
            return Err(too_many());
        }
        let name = rule.name.clone();
        let next = first_time(&rule, now);
        self.rules.insert(name, Kept { rule, next, about });
        Ok(())
    }

    /// Enables or disables a rule. A rule at a rate that is enabled sends one interval from `now`.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for an unknown rule.
    pub fn set_enabled(
        &mut self,
        name: &str,
        enabled: bool,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let kept = self.rules.get_mut(name).ok_or_else(|| no_rule(name))?;
        if enabled && !kept.rule.enabled {
            kept.next = first_time(&kept.rule, now);
        }
        kept.rule.enabled = enabled;
        kept.about.state = None;
        Ok(())
    }

    /// Removes a rule. What is on its way arrives all the same.
    pub fn remove_rule(&mut self, name: &str) {
        self.rules.remove(name);
    }

    /// A rule.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.get(name).map(|kept| &kept.rule)
    }

    /// Takes the event of a service, with its envelope, and sends it to the targets of every rule that
    /// it matches.
    pub fn accept(&mut self, event: &Value, now: Timestamp) {
        let rules = self.rules.values().map(|kept| &kept.rule);
        let matching = rules.filter(|rule| match &rule.trigger {
            Trigger::Pattern(pattern) => rule.enabled && pattern.matches(event),
            Trigger::Rate { .. } => false,
        });
        let matching: Vec<String> = matching.map(|rule| rule.name.clone()).collect();
        for name in matching {
            self.send(&name, event, now);
        }
    }

    /// Takes the event of a service that has no envelope of its own.
    pub(crate) fn accept_from(
        &mut self,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: &Value,
        now: Timestamp,
    ) {
        let event = self.event(source, detail_type, now, resources, detail);
        self.accept(&event, now);
    }

    /// Notes that a delivery arrived where nobody takes it.
    pub(crate) fn fail(&mut self, delivery: &Delivery, now: Timestamp) {
        self.failures.push(FailedInvocation {
            rule: delivery.rule.clone(),
            target: delivery.target.clone(),
            at: now,
            reason: format!("there is no function {}", delivery.function),
        });
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

    /// When the last of what is on its way now arrives.
    #[must_use]
    pub fn last_arrival(&self) -> Option<Timestamp> {
        self.queue.last()
    }

    /// Lets something go wrong with the next deliveries that match. The fault that came first wins.
    pub fn inject(&mut self, fault: DeliveryFault) {
        self.queue.inject(fault);
    }

    /// Lets this not go wrong any more; others like it may.
    pub fn retract(&mut self, fault: &DeliveryFault) {
        self.queue.retract(fault);
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&mut self) {
        self.queue.clear_faults();
    }

    /// Events that could not be shaped for a target or had no function to go to. In AWS they are a count in a metric.
    #[must_use]
    pub fn failures(&self) -> &[FailedInvocation] {
        &self.failures
    }

    /// The ARN of the default bus.
    #[must_use]
    pub fn bus_arn(&self) -> String {
        format!(
            "arn:aws:events:{}:{}:event-bus/default",
            self.region, self.account
        )
    }

    /// Whether a name or ARN is that of the default bus, as it is where nothing is said.
    fn is_default(&self, bus: Option<&str>) -> bool {
        bus.is_none_or(|bus| bus == "default" || bus == self.bus_arn())
    }

    fn next_schedule(&self) -> Option<(String, Timestamp)> {
        let schedules = self.rules.values().filter(|kept| kept.rule.enabled);
        let schedules = schedules.filter_map(|kept| Some((kept.next?, &kept.rule.name)));
        schedules.min().map(|(at, name)| (name.clone(), at))
    }

    fn fire(&mut self, name: &str, at: Timestamp) {
        let arn = self.rule_arn(name);
        let event = self.event("aws.events", "Scheduled Event", at, &[arn], &json!({}));
        self.send(name, &event, at);
        if let Some(kept) = self.rules.get_mut(name)
            && let Trigger::Rate { seconds } = kept.rule.trigger
        {
            kept.next = Some(at + SignedDuration::from_secs(i64::from(seconds).max(1)));
        }
    }

    fn send(&mut self, name: &str, event: &Value, now: Timestamp) {
        let arn = self.rule_arn(name);
        let Some(Kept { rule, .. }) = self.rules.get(name) else {
            return;
        };
        for target in &rule.targets {
            let payload = match &target.input {
                Input::Event => Ok(event.clone()),
                Input::Part(path) => Ok(path.follow(event).cloned().unwrap_or_default()),
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

fn first_time(rule: &Rule, now: Timestamp) -> Option<Timestamp> {
    match rule.trigger {
        Trigger::Pattern(_) => None,
        Trigger::Rate { seconds } => Some(now + SignedDuration::from_secs(seconds.into())),
    }
}

fn no_rule(name: &str) -> ServiceError {
    ServiceError::new(
        400,
        "ResourceNotFoundException",
        format!("Rule {name} does not exist on EventBus default."),
    )
}

fn too_many() -> ServiceError {
    ServiceError::new(
        400,
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
}
