//! The operations that put, set and delete alarms and mute rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::error::ServiceError;

use super::CloudWatch;
use super::alarm::{MetricAlarm, MetricAlarmConfig, invalid};
use super::composite::{self, CompositeAlarm, CompositeAlarmConfig};
use super::describe::not_found;
use super::history::{DescribeHistory, HistoryItem};
use super::mute::{MuteRule, MuteStatus};
use super::page::{Page, page_size};
use super::state::{LONGEST_REASON, LONGEST_REASON_DATA, StateValue};

/// Which mute rules to list. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct ListMuteRules {
    /// Rules that mute this alarm.
    pub alarm_name: Option<String>,
    /// Rules with one of these statuses. None means any.
    pub statuses: Vec<MuteStatus>,
    /// How many at once, from 1 to 100.
    pub max_records: Option<i32>,
    /// Where the last page ended.
    pub next_token: Option<String>,
}

/// CloudWatch's limits. Source: API reference, `DeleteAlarms`.
const MOST_DELETED: usize = 100;

impl CloudWatch {
    /// Creates a metric alarm, or replaces its configuration and leaves its state as it is.
    ///
    /// # Errors
    /// `ValidationError` for a configuration that makes no sense or is beyond the embedded Region.
    pub fn put_metric_alarm(
        &mut self,
        config: MetricAlarmConfig,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let name = config.name.clone();
        if self.composites.contains_key(&name) {
            return Err(taken(&name, "composite"));
        }
        let mut alarm = MetricAlarm::new(config, now)?;
        if let Some(existing) = self.alarms.get(&name) {
            alarm.state = existing.state.clone();
        }
        self.alarms.insert(name, alarm);
        self.plan_fast_turns(now);
        Ok(())
    }

    /// Creates a composite alarm, or replaces its configuration and leaves its state as it is until
    /// its rule is evaluated, in the next round.
    ///
    /// # Errors
    /// `ValidationError` for a rule that cannot be understood, that refers to alarms that do not exist,
    /// or that would make the alarm depend on itself.
    pub fn put_composite_alarm(
        &mut self,
        config: CompositeAlarmConfig,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let name = config.name.clone();
        if self.alarms.contains_key(&name) {
            return Err(taken(&name, "metric"));
        }
        let mut alarm = CompositeAlarm::new(config, &self.home, now)?;
        let exists = |need: &str| need == name || self.alarm(need).is_some();
        let unknown: BTreeSet<&str> = alarm.needs().filter(|need| !exists(need)).collect();
        if !unknown.is_empty() {
            let unknown: Vec<&str> = unknown.into_iter().collect();
            return Err(invalid(format!(
                "alarms [{}] do not exist; create them before the composite alarm",
                unknown.join(", ")
            )));
        }
        let order = match self.composites.get(&name) {
            // Nothing depends on a new alarm, so it can only come last.
            None => (!alarm.needs().any(|need| need == name)).then(|| {
                let mut order = std::mem::take(&mut self.order);
                order.push(name.clone());
                order
            }),
            Some(existing) => {
                alarm.state = existing.state.clone();
                alarm.suppressed = existing.suppressed;
                let all = self.composites.iter();
                let mut all: BTreeMap<&str, &CompositeAlarm> =
                    all.map(|(name, alarm)| (name.as_str(), alarm)).collect();
                all.insert(&name, &alarm);
                composite::order(&all)
            }
        };
        self.order = order
            .ok_or_else(|| invalid(format!("composite alarm \"{name}\" would depend on itself")))?;
        self.composites.insert(name, alarm);
        self.any_fresh = true;
        Ok(())
    }

    /// Sets the state of an alarm by hand. A metric alarm goes back at its next evaluation; a composite
    /// alarm stays until a child changes or it is put again.
    ///
    /// # Errors
    /// `ResourceNotFound` for an alarm that does not exist, `ValidationError` for a reason that is too
    /// long, and `InvalidFormatFault` for reason data that is not JSON.
    pub fn set_alarm_state(
        &mut self,
        name: &str,
        value: StateValue,
        reason: &str,
        reason_data: Option<&str>,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let alarm = self.alarm(name).ok_or_else(|| not_found("alarm", name))?;
        let length = reason.chars().count();
        if length > LONGEST_REASON {
            return Err(invalid(format!(
                "StateReason has {length} characters, expected at most {LONGEST_REASON}"
            )));
        }
        if let Some(data) = reason_data {
            let length = data.chars().count();
            if length > LONGEST_REASON_DATA {
                return Err(invalid(format!(
                    "StateReasonData has {length} characters, expected at most {LONGEST_REASON_DATA}"
                )));
            }
            if serde_json::from_str::<serde_json::Value>(data).is_err() {
                let message = "StateReasonData is not a JSON document";
                return Err(ServiceError::new(400, "InvalidFormatFault", message));
            }
        }
        let data = reason_data.map(ToOwned::to_owned);
        let state = alarm
            .state()
            .followed_by(value, reason.to_owned(), data, now);
        if let Some(alarm) = self.composites.get_mut(name) {
            alarm.fresh = false;
        }
        self.enter(name, state, now);
        Ok(())
    }

    /// Deletes alarms. A name that no alarm has does not keep the others; anything else that is wrong
    /// keeps them all.
    ///
    /// # Errors
    /// `ResourceNotFound` for an alarm that does not exist, and `ValidationError` for too many alarms,
    /// for more than one composite alarm, and for an alarm that a composite alarm depends on.
    pub fn delete_alarms(&mut self, names: &[String], now: Timestamp) -> Result<(), ServiceError> {
        let n = names.len();
        if n > MOST_DELETED {
            return Err(invalid(format!(
                "AlarmNames has {n} members, expected at most {MOST_DELETED}"
            )));
        }
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let composites = names
            .iter()
            .filter(|name| self.composites.contains_key(**name));
        if composites.count() > 1 {
            return Err(invalid(
                "AlarmNames has several composite alarms, expected at most one",
            ));
        }
        for name in &names {
            let rest = self
                .composites
                .iter()
                .filter(|(key, _)| !names.contains(key.as_str()));
            let mut dependents = rest.filter(|(_, alarm)| alarm.needs().any(|need| need == *name));
            if let Some((dependent, _)) = dependents.next() {
                return Err(invalid(format!(
                    "cannot delete \"{name}\": composite alarm \"{dependent}\" depends on it; change or delete that first"
                )));
            }
        }
        let unknown = names.iter().find(|name| self.alarm(name).is_none());
        let outcome = unknown.map_or(Ok(()), |name| Err(not_found("alarm", name)));
        for name in names {
            self.alarms.remove(name);
            self.composites.remove(name);
            self.order.retain(|kept| kept != name);
            self.changed.remove(name);
        }
        self.plan_fast_turns(now);
        outcome
    }

    /// The transitions of alarms, a page at a time, the latest first.
    ///
    /// # Errors
    /// `ValidationError` and `InvalidNextToken`.
    pub fn describe_alarm_history(
        &self,
        query: &DescribeHistory,
    ) -> Result<Page<&HistoryItem>, ServiceError> {
        self.history.describe(query)
    }

    /// Creates or replaces a mute rule.
    ///
    /// # Errors
    /// `ValidationError` for a rule that breaks a limit.
    pub fn put_mute_rule(&mut self, rule: MuteRule, now: Timestamp) -> Result<(), ServiceError> {
        rule.check()?;
        self.mute_rules.insert(rule.name.clone(), (rule, now));
        Ok(())
    }

    /// A mute rule, and when it was last put.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for a rule that does not exist.
    pub fn get_mute_rule(&self, name: &str) -> Result<(&MuteRule, Timestamp), ServiceError> {
        match self.mute_rules.get(name) {
            Some((rule, put)) => Ok((rule, *put)),
            None => {
                let message = format!("mute rule \"{name}\" does not exist");
                Err(ServiceError::new(404, "ResourceNotFoundException", message))
            }
        }
    }

    /// Deletes a mute rule. A rule that does not exist is deleted already.
    pub fn delete_mute_rule(&mut self, name: &str) {
        self.mute_rules.remove(name);
    }

    /// Lists mute rules in the order of their names, a page at a time.
    ///
    /// # Errors
    /// `ValidationError` for a page size that is out of range.
    pub fn list_mute_rules(
        &self,
        query: &ListMuteRules,
        now: Timestamp,
    ) -> Result<Page<(&MuteRule, Timestamp)>, ServiceError> {
        let size = page_size(query.max_records)?;
        let rules = self.mute_rules.values().map(|(rule, put)| (rule, *put));
        let found = rules.filter(|(rule, _)| {
            let after = query
                .next_token
                .as_ref()
                .is_none_or(|token| rule.name > *token);
            let muted = query
                .alarm_name
                .as_ref()
                .is_none_or(|alarm| rule.alarm_names.contains(alarm));
            let status = query.statuses.is_empty() || query.statuses.contains(&rule.status(now));
            after && muted && status
        });
        Ok(Page::take(found, size, |(rule, _)| rule.name.clone()))
    }

    /// The ARN of the mute rule of a name.
    #[must_use]
    pub fn mute_rule_arn(&self, name: &str) -> String {
        self.home.mute_rule_arn(name)
    }
}

fn taken(name: &str, kind: &str) -> ServiceError {
    invalid(format!(
        "\"{name}\" is a {kind} alarm already, expected a name that no alarm of another kind has"
    ))
}
