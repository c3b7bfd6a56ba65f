//! Rounds of evaluation: which alarms have their turn, and what follows from their transitions.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::alarm::MetricAlarm;
use super::composite::{CompositeAlarm, SuppressedBy};
use super::describe::AlarmType;
use super::event::{self, Side, StateChange};
use super::grid::{floor, instant};
use super::query::Data;
use super::state::{AlarmState, LONGEST_REASON_DATA, StateValue, stamp};
use super::{CloudWatch, metric};

/// How long after a minute alarms with periods of a minute or more are evaluated. AWS evaluates each
/// alarm at a moment of its own within the minute; half a minute is the middle.
pub const EVALUATION_OFFSET: SignedDuration = SignedDuration::from_secs(30);

/// How often alarms with shorter periods are evaluated, in seconds.
const FAST: i64 = 10;
const MINUTE: i64 = 60;

/// When something is due next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Turns {
    /// Alarms with periods of a minute or more. Nothing before the first evaluation.
    standard: Option<Timestamp>,
    /// Alarms with shorter periods. Nothing if there is none of them.
    fast: Option<Timestamp>,
    /// The end of the next wait or extension period.
    suppression: Option<Timestamp>,
    /// When old datapoints are forgotten.
    housekeeping: Option<Timestamp>,
}

/// An alarm on its way from one state to another.
struct Move {
    before: Side,
    after: Side,
    alarm_type: AlarmType,
    configuration: Value,
}

/// The first moment from `now` on that is `offset` after a multiple of `every` seconds.
fn turn(now: Timestamp, every: i64, offset: i64) -> Timestamp {
    let since = now.as_nanosecond() - i128::from(offset) * 1_000_000_000;
    let every_ns = i128::from(every) * 1_000_000_000;
    let turns = (since + every_ns - 1).div_euclid(every_ns);
    let turns = i64::try_from(turns).unwrap_or(i64::MAX / every);
    instant(turns.saturating_mul(every).saturating_add(offset))
}

impl CloudWatch {
    /// Evaluates the alarms that have their turn at `now`, and returns all transitions since the last
    /// call, those by `SetAlarmState` among them, in the order in which they happened.
    pub fn evaluate(&mut self, now: Timestamp) -> Vec<StateChange> {
        let first = || turn(now, MINUTE, EVALUATION_OFFSET.as_secs());
        let standard = *self.turns.standard.get_or_insert_with(first) <= now;
        let fast = self.turns.fast.is_some_and(|turn| turn <= now);
        if standard || fast {
            self.evaluate_metric_alarms(now, standard, fast);
        }
        let suppression = self.turns.suppression.is_some_and(|turn| turn <= now);
        if suppression || !self.changed.is_empty() || self.any_fresh {
            self.evaluate_composites(now);
        }
        let later = || now + metric::RETENTION;
        if *self.turns.housekeeping.get_or_insert_with(later) <= now {
            self.metrics.forget(now);
            self.insight.forget(now);
            self.turns.housekeeping = Some(later());
        }
        std::mem::take(&mut self.transitions)
    }

    /// When [`Self::evaluate`] has something to do next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        if !self.transitions.is_empty() || !self.changed.is_empty() || self.any_fresh {
            return Some(Timestamp::MIN);
        }
        let Turns {
            standard,
            fast,
            suppression,
            housekeeping,
        } = self.turns;
        // Without a metric alarm no turn of one changes anything.
        let standard = (!self.alarms.is_empty()).then(|| standard.unwrap_or(Timestamp::MIN));
        let others = [fast, suppression, housekeeping];
        others.into_iter().chain([standard]).flatten().min()
    }

    fn evaluate_metric_alarms(&mut self, now: Timestamp, standard: bool, fast: bool) {
        let offset = EVALUATION_OFFSET.as_secs();
        let data = Data {
            metrics: &self.metrics,
            insight: &self.insight,
            now,
        };
        let ends = |alarm: &MetricAlarm| {
            if is_fast(alarm) {
                fast.then(|| floor(now.as_second(), FAST))
            } else {
                standard.then(|| floor(now.as_second() - offset, MINUTE))
            }
        };
        let alarms = self.alarms.iter();
        let states: Vec<(String, AlarmState)> = alarms
            .filter_map(|(name, alarm)| {
                let state = alarm.evaluate(ends(alarm)?, data)?;
                Some((name.clone(), state))
            })
            .collect();
        for (name, state) in states {
            self.enter(&name, state, now);
        }
        let after = now + SignedDuration::from_nanos(1);
        if standard {
            self.turns.standard = Some(turn(after, MINUTE, offset));
        }
        if fast {
            self.turns.fast = Some(turn(after, FAST, 0));
        }
    }

    /// Finds out again whether there are alarms with short periods.
    pub(super) fn plan_fast_turns(&mut self, now: Timestamp) {
        let any = self.alarms.values().any(is_fast);
        self.turns.fast = any.then(|| self.turns.fast.unwrap_or_else(|| turn(now, FAST, 0)));
    }

    /// Puts an alarm into a state, and tells of it if the value is another.
    pub(super) fn enter(&mut self, name: &str, state: AlarmState, now: Timestamp) {
        let Some(Move {
            before,
            after,
            alarm_type,
            configuration,
        }) = self.replace(name, state, now)
        else {
            return;
        };
        if before.state.value == after.state.value {
            return;
        }
        self.history
            .push(name, alarm_type, &before.state, &after.state);
        let mut rules = self.mute_rules.values().map(|(rule, _)| rule);
        let mute = rules.find(|rule| rule.mutes(name, now));
        self.events += 1;
        self.transitions.push(event::state_change(
            &self.home,
            name,
            configuration,
            (&before, &after),
            mute.map(|rule| rule.detail(&self.home)),
            self.events,
        ));
        self.changed.insert(name.to_owned());
    }

    fn replace(&mut self, name: &str, state: AlarmState, now: Timestamp) -> Option<Move> {
        if let Some(alarm) = self.alarms.get_mut(name) {
            let side = |state| Side {
                state,
                suppressed: None,
            };
            let after = side(state.clone());
            return Some(Move {
                before: side(std::mem::replace(&mut alarm.state, state)),
                after,
                alarm_type: AlarmType::Metric,
                configuration: event::metric_configuration(alarm),
            });
        }
        let alarm = self.composites.get(name)?;
        let value_changed = alarm.state.value != state.value;
        let suppressed = self.suppression(alarm, value_changed, now);
        let alarm = self.composites.get_mut(name)?;
        let after = Side { state, suppressed };
        Some(Move {
            before: Side {
                state: std::mem::replace(&mut alarm.state, after.state.clone()),
                suppressed: std::mem::replace(&mut alarm.suppressed, suppressed),
            },
            after,
            alarm_type: AlarmType::Composite,
            configuration: event::composite_configuration(alarm),
        })
    }

    fn suppression(
        &self,
        alarm: &CompositeAlarm,
        value_changed: bool,
        now: Timestamp,
    ) -> Option<SuppressedBy> {
        let suppressor = self.value_of(alarm.suppressor()?);
        alarm.suppression(value_changed, suppressor, now)
    }

    /// One round: every composite alarm that was put, or that has a child that changed.
    fn evaluate_composites(&mut self, now: Timestamp) {
        self.any_fresh = false;
        for name in self.order.clone() {
            match self.next_state(&name, now) {
                Some(state) => self.enter(&name, state, now),
                None => self.suppress(&name, now),
            }
            if let Some(alarm) = self.composites.get_mut(&name) {
                alarm.fresh = false;
            }
        }
        self.changed.clear();
        let suppressed = self
            .composites
            .values()
            .filter_map(CompositeAlarm::suppressed);
        self.turns.suppression = suppressed.filter_map(SuppressedBy::until).min();
    }

    /// The state that the rule of a composite alarm asks for, if there was a reason to look and if it
    /// is another.
    fn next_state(&self, name: &str, now: Timestamp) -> Option<AlarmState> {
        let alarm = self.composites.get(name)?;
        let moved = alarm.children().intersection(&self.changed);
        let moved: Vec<&str> = moved.map(String::as_str).collect();
        if moved.is_empty() && !alarm.fresh {
            return None;
        }
        let value = alarm.evaluate(&self.home, &|child| self.value_of(child));
        if value == alarm.state.value {
            return None;
        }
        let (reason, children) = match moved.first() {
            Some(child) if !alarm.fresh => {
                let arn = self.home.alarm_arn(child);
                let state = self.value_of(child);
                let time = now.strftime("%A %d %B, %Y %H:%M:%S UTC");
                (format!("{arn} transitioned to {state} at {time}"), moved)
            }
            _ => {
                let arn = self.home.alarm_arn(name);
                let created = alarm.state.value == StateValue::InsufficientData;
                let verb = if created { "created" } else { "updated" };
                let children = alarm.children().iter().map(String::as_str).collect();
                let reason = format!("{arn} was {verb} and its alarm rule evaluates to {value}");
                (reason, children)
            }
        };
        let data = self.triggering(&children);
        Some(alarm.state.followed_by(value, reason, Some(data), now))
    }

    /// Lets a suppressor that changed, or a period that ended, take effect on a value that stays.
    fn suppress(&mut self, name: &str, now: Timestamp) {
        let Some(alarm) = self.composites.get(name) else {
            return;
        };
        let suppressed = self.suppression(alarm, false, now);
        if let Some(alarm) = self.composites.get_mut(name)
            && alarm.suppressed != suppressed
        {
            alarm.suppressed = suppressed;
            alarm.state.updated = now;
        }
    }

    /// The document of the children behind a transition, as many as it can hold.
    fn triggering(&self, children: &[&str]) -> String {
        let states = children.iter().filter_map(|name| {
            let state = self.alarm(name)?.state();
            Some(json!({
                "arn": self.home.alarm_arn(name),
                "state": {"value": state.value.as_str(), "timestamp": stamp(state.updated)},
            }))
        });
        let mut triggering = Vec::new();
        let mut document = json!({"triggeringAlarms": triggering}).to_string();
        for state in states {
            triggering.push(state);
            let longer = json!({"triggeringAlarms": triggering}).to_string();
            if longer.chars().count() > LONGEST_REASON_DATA {
                break;
            }
            document = longer;
        }
        document
    }

    /// The state of an alarm of either kind. An alarm that is gone has insufficient data.
    fn value_of(&self, name: &str) -> StateValue {
        let alarm = self.alarm(name);
        alarm.map_or(StateValue::InsufficientData, |alarm| alarm.state().value)
    }
}

fn is_fast(alarm: &MetricAlarm) -> bool {
    i64::from(alarm.period()) < MINUTE
}
