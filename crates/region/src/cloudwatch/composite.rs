//! Composite alarms: alarms over the states of other alarms.
//!
//! A composite alarm is evaluated when it was put and whenever one of its children has changed state,
//! never for time alone. That is why a state set by hand stays until a child moves: the trap that
//! `SetAlarmState` documents. It is INSUFFICIENT_DATA only until its first evaluation, and OK or ALARM
//! ever after.
//!
//! # Suppression
//!
//! A suppressor is an alarm that keeps a composite alarm's *actions* back while it is in ALARM. The
//! state changes and its events go on, marked with `actionsSuppressedBy`:
//! - `Alarm` while the suppressor is in ALARM;
//! - `WaitPeriod` after every change of the composite alarm's value, so that a slower suppressor has
//!   time to go into ALARM;
//! - `ExtensionPeriod` after the suppressor has left ALARM, so that the composite alarm has time to
//!   recover.
//!
//! Choices where AWS is silent: a change of value during an extension does not cut it short, and the
//! end of a period updates the alarm without another event.
//!
//! Simplification: AWS accepts alarms that depend on each other in a circle and stops evaluating them;
//! here such a rule is refused. A suppressor counts as something that the alarm depends on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::error::ServiceError;

use super::alarm::{Actions, check_common, invalid};
use super::rule::AlarmRule;
use super::state::{AlarmState, Home, StateValue};

/// An alarm that keeps the actions of a composite alarm back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressor {
    /// Its name or ARN.
    pub alarm: String,
    /// How many seconds to wait for it after a change.
    pub wait_period: u32,
    /// How many seconds to go on suppressing after it.
    pub extension_period: u32,
}

/// The configuration of a composite alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompositeAlarmConfig {
    /// The name, one in the account and Region.
    pub name: String,
    /// The description. It travels in the alarm's events.
    pub description: Option<String>,
    /// What happens on a transition.
    pub actions: Actions,
    /// The condition for ALARM, such as `ALARM(a) AND NOT ALARM(b)`.
    pub rule: String,
    /// What keeps the actions back.
    pub suppressor: Option<Suppressor>,
}

/// Why the actions of a composite alarm are suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressedBy {
    /// The suppressor is in ALARM.
    Alarm,
    /// The suppressor may still go into ALARM.
    WaitPeriod {
        /// Until when.
        until: Timestamp,
    },
    /// The suppressor left ALARM a moment ago.
    ExtensionPeriod {
        /// Until when.
        until: Timestamp,
    },
}

impl SuppressedBy {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "Alarm",
            Self::WaitPeriod { .. } => "WaitPeriod",
            Self::ExtensionPeriod { .. } => "ExtensionPeriod",
        }
    }

    /// The reason, as CloudWatch words it.
    #[must_use]
    pub fn reason(self) -> String {
        format!("Actions suppressed by {}", self.as_str())
    }

    /// When it ends by itself.
    #[must_use]
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Alarm => None,
            Self::WaitPeriod { until } | Self::ExtensionPeriod { until } => Some(until),
        }
    }
}

/// A composite alarm with its state.
#[derive(Debug, Clone)]
pub struct CompositeAlarm {
    config: CompositeAlarmConfig,
    rule: AlarmRule,
    /// The names of the alarms in the rule, each once.
    children: BTreeSet<String>,
    suppressor: Option<String>,
    pub(super) state: AlarmState,
    pub(super) suppressed: Option<SuppressedBy>,
    /// Whether the rule has to be evaluated although no child has changed.
    pub(super) fresh: bool,
    configured: Timestamp,
}

impl CompositeAlarm {
    pub(super) fn new(
        config: CompositeAlarmConfig,
        home: &Home,
        now: Timestamp,
    ) -> Result<Self, ServiceError> {
        check_common(&config.name, config.description.as_deref(), &config.actions)?;
        let rule = AlarmRule::parse(&config.rule).map_err(|error| invalid(error.to_string()))?;
        let children = rule.children().into_iter().map(|child| local(home, child));
        let children: BTreeSet<String> = children.collect::<Result<_, _>>()?;
        let suppressor = match &config.suppressor {
            Some(suppressor) => Some(local(home, &suppressor.alarm)?),
            None => None,
        };
        Ok(Self {
            config,
            rule,
            children,
            suppressor,
            state: AlarmState::new(now),
            suppressed: None,
            fresh: true,
            configured: now,
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &CompositeAlarmConfig {
        &self.config
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &AlarmState {
        &self.state
    }

    /// Why the actions are suppressed, if they are.
    #[must_use]
    pub fn suppressed(&self) -> Option<SuppressedBy> {
        self.suppressed
    }

    /// When the alarm was last created or changed.
    #[must_use]
    pub fn configured(&self) -> Timestamp {
        self.configured
    }

    /// The names of the alarms in the rule.
    pub(super) fn children(&self) -> &BTreeSet<String> {
        &self.children
    }

    /// The name of the suppressor.
    pub(super) fn suppressor(&self) -> Option<&str> {
        self.suppressor.as_deref()
    }

    /// The names of all alarms that have to be evaluated before this one.
    pub(super) fn needs(&self) -> impl Iterator<Item = &str> {
        let children = self.children.iter().map(String::as_str);
        children.chain(self.suppressor())
    }

    /// The value that the rule gives.
    pub(super) fn evaluate(&self, home: &Home, state: &impl Fn(&str) -> StateValue) -> StateValue {
        let by_name_or_arn = |alarm: &str| match home.alarm_name(alarm) {
            Some(name) => state(name),
            None => StateValue::InsufficientData,
        };
        if self.rule.holds(&by_name_or_arn) {
            StateValue::Alarm
        } else {
            StateValue::Ok
        }
    }

    /// What suppresses the actions after a round of evaluation.
    pub(super) fn suppression(
        &self,
        value_changed: bool,
        suppressor: StateValue,
        now: Timestamp,
    ) -> Option<SuppressedBy> {
        let config = self.config.suppressor.as_ref()?;
        let after = |seconds: u32| now + SignedDuration::from_secs(seconds.into());
        if suppressor == StateValue::Alarm {
            return Some(SuppressedBy::Alarm);
        }
        let running = match self.suppressed {
            Some(SuppressedBy::Alarm) => Some(SuppressedBy::ExtensionPeriod {
                until: after(config.extension_period),
            }),
            other => other,
        };
        let running = running.filter(|by| by.until().is_none_or(|until| now < until));
        if !value_changed {
            return running;
        }
        let wait = after(config.wait_period);
        match running {
            Some(SuppressedBy::ExtensionPeriod { until }) if until >= wait => running,
            _ => (now < wait).then_some(SuppressedBy::WaitPeriod { until: wait }),
        }
    }
}

fn local(home: &Home, name_or_arn: &str) -> Result<String, ServiceError> {
    let name = home.alarm_name(name_or_arn).map(ToOwned::to_owned);
    name.ok_or_else(|| {
        invalid(format!(
            "\"{name_or_arn}\" is not an alarm of this account and Region, expected a name or an ARN that begins with {}",
            home.alarm_arn("")
        ))
    })
}

/// The names of the composite alarms, each after those that it needs. Alarms that need themselves,
/// perhaps by way of others, have no order.
pub(super) fn order(composites: &BTreeMap<&str, &CompositeAlarm>) -> Option<Vec<String>> {
    let mut waiting_for: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, alarm) in composites {
        let needs: BTreeSet<&str> = alarm.needs().collect();
        let needs = needs
            .into_iter()
            .filter(|need| composites.contains_key(need));
        let mut count = 0;
        for need in needs {
            needed_by.entry(need).or_default().push(name);
            count += 1;
        }
        waiting_for.insert(name, count);
    }
    let ready = waiting_for.iter().filter(|(_, count)| **count == 0);
    let mut order: Vec<&str> = ready.map(|(name, _)| *name).collect();
    let mut next = 0;
    while let Some(&done) = order.get(next) {
        next += 1;
        for parent in needed_by.get(done).into_iter().flatten() {
            if let Some(count) = waiting_for.get_mut(parent) {
                *count -= 1;
                if *count == 0 {
                    order.push(parent);
                }
            }
        }
    }
    let all = order.len() == composites.len();
    all.then(|| order.into_iter().map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use domain::arn::AccountId;

    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn home() -> Home {
        Home {
            account: AccountId::embedded(),
            region: "us-east-1".into(),
        }
    }

    fn alarm(name: &str, rule: &str, suppressor: Option<&str>) -> CompositeAlarm {
        let config = CompositeAlarmConfig {
            name: name.into(),
            description: None,
            actions: Actions::default(),
            rule: rule.into(),
            suppressor: suppressor.map(|alarm| Suppressor {
                alarm: alarm.into(),
                wait_period: 60,
                extension_period: 120,
            }),
        };
        CompositeAlarm::new(config, &home(), second(0)).unwrap()
    }

    #[test]
    fn children_called_by_name_and_by_arn_are_the_same_alarm() {
        let arn = home().alarm_arn("a");
        let composite = alarm("c", &format!("ALARM(a) AND NOT OK({arn})"), None);
        assert_eq!(composite.children().iter().collect::<Vec<_>>(), ["a"]);
        let state = |name: &str| match name {
            "a" => StateValue::Alarm,
            _ => StateValue::InsufficientData,
        };
        assert_eq!(composite.evaluate(&home(), &state), StateValue::Alarm);
        assert_eq!(
            composite.evaluate(&home(), &|_| StateValue::Ok),
            StateValue::Ok
        );
    }

    #[test]
    fn an_alarm_of_another_region_is_refused() {
        let config = CompositeAlarmConfig {
            rule: "ALARM(arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a)".into(),
            ..alarm("c", "TRUE", None).config
        };
        let refused = CompositeAlarm::new(config, &home(), second(0)).unwrap_err();
        assert_eq!(
            refused.message,
            "\"arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a\" is not an alarm of this account and Region, expected a name or an ARN that begins with arn:aws:cloudwatch:us-east-1:000000000000:alarm:"
        );
    }

    /// Steps of (seconds, whether the value changed, the suppressor's state) and what suppresses after.
    #[track_caller]
    fn suppress(steps: &[(i64, bool, StateValue, &str)]) {
        let mut composite = alarm("c", "ALARM(a)", Some("s"));
        for &(at, changed, suppressor, expected) in steps {
            composite.suppressed = composite.suppression(changed, suppressor, second(at));
            let by = composite.suppressed.map_or("nothing", SuppressedBy::as_str);
            assert_eq!(by, expected, "at {at}");
        }
    }

    #[test]
    fn actions_wait_for_the_suppressor_after_a_change() {
        suppress(&[
            (0, true, StateValue::Ok, "WaitPeriod"),
            (59, false, StateValue::Ok, "WaitPeriod"),
            (60, false, StateValue::Ok, "nothing"),
        ]);
    }

    #[test]
    fn another_change_restarts_the_wait() {
        suppress(&[
            (0, true, StateValue::Ok, "WaitPeriod"),
            (50, true, StateValue::Ok, "WaitPeriod"),
            (109, false, StateValue::Ok, "WaitPeriod"),
            (110, false, StateValue::Ok, "nothing"),
        ]);
    }

    #[test]
    fn the_suppressor_suppresses_and_its_end_is_extended() {
        suppress(&[
            (0, true, StateValue::Ok, "WaitPeriod"),
            (30, false, StateValue::Alarm, "Alarm"),
            (1000, false, StateValue::Alarm, "Alarm"),
            (1001, false, StateValue::Ok, "ExtensionPeriod"),
            (1120, false, StateValue::InsufficientData, "ExtensionPeriod"),
            (1121, false, StateValue::Ok, "nothing"),
        ]);
    }

    #[test]
    fn a_change_does_not_cut_an_extension_short() {
        suppress(&[
            (0, true, StateValue::Alarm, "Alarm"),
            (10, false, StateValue::Ok, "ExtensionPeriod"),
            (20, true, StateValue::Ok, "ExtensionPeriod"),
            (120, true, StateValue::Ok, "WaitPeriod"),
            (179, false, StateValue::Ok, "WaitPeriod"),
            (180, false, StateValue::Ok, "nothing"),
        ]);
    }

    #[test]
    fn periods_of_no_length_suppress_nothing() {
        let mut composite = alarm("c", "ALARM(a)", Some("s"));
        if let Some(suppressor) = &mut composite.config.suppressor {
            suppressor.wait_period = 0;
            suppressor.extension_period = 0;
        }
        assert_eq!(composite.suppression(true, StateValue::Ok, second(0)), None);
        composite.suppressed = Some(SuppressedBy::Alarm);
        assert_eq!(
            composite.suppression(false, StateValue::Ok, second(0)),
            None
        );
    }

    #[test]
    fn an_alarm_without_a_suppressor_is_never_suppressed() {
        let composite = alarm("c", "ALARM(a)", None);
        assert_eq!(
            composite.suppression(true, StateValue::Alarm, second(0)),
            None
        );
    }

    #[test]
    fn children_come_before_parents_and_suppressors_before_the_suppressed() {
        let alarms = [
            alarm("a", "ALARM(b) OR ALARM(c)", None),
            alarm("b", "ALARM(d)", Some("c")),
            alarm("c", "ALARM(d)", None),
            alarm("d", "ALARM(metric)", None),
        ];
        let by_name = alarms
            .iter()
            .map(|alarm| (alarm.config.name.as_str(), alarm));
        assert_eq!(order(&by_name.collect()).unwrap(), ["d", "c", "b", "a"]);
    }

    #[test]
    fn a_circle_has_no_order() {
        let alarms = [
            alarm("a", "ALARM(b)", None),
            alarm("b", "TRUE", Some("a")),
            alarm("c", "TRUE", None),
        ];
        let by_name = alarms
            .iter()
            .map(|alarm| (alarm.config.name.as_str(), alarm));
        assert_eq!(order(&by_name.collect()), None);
        let own = alarm("own", "ALARM(own)", None);
        assert_eq!(order(&BTreeMap::from([("own", &own)])), None);
    }
}
