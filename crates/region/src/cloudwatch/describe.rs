//! `DescribeAlarms`: which alarms there are, and in which state.
//!
//! Traps of the real operation that are kept: composite alarms are returned only to those who ask for
//! them; `ChildrenOfAlarmName` and `ParentsOfAlarmName` suffer no other condition beside them, and
//! tell only part of what is known about an alarm.
//!
//! Alarms come in the order of their names, composite alarms first.

use crate::error::ServiceError;

use super::CloudWatch;
use super::alarm::{Actions, MetricAlarm, invalid};
use super::composite::CompositeAlarm;
use super::page::{Page, bad_token, page_size};
use super::state::{AlarmState, StateValue};

/// The kinds of alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmType {
    /// An alarm over other alarms.
    Composite,
    /// An alarm over metrics.
    Metric,
}

impl AlarmType {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Composite => "CompositeAlarm",
            Self::Metric => "MetricAlarm",
        }
    }
}

/// Which alarms to describe. The default is every metric alarm.
#[derive(Debug, Clone, Default)]
pub struct DescribeAlarms {
    /// Alarms of these names, at most 100.
    pub names: Option<Vec<String>>,
    /// Alarms whose names begin so.
    pub name_prefix: Option<String>,
    /// Alarms of these kinds. None means metric alarms.
    pub types: Option<Vec<AlarmType>>,
    /// Alarms in this state.
    pub state: Option<StateValue>,
    /// Alarms with an action that begins so.
    pub action_prefix: Option<String>,
    /// The alarms in the rule of this composite alarm.
    pub children_of: Option<String>,
    /// The composite alarms whose rules have this alarm.
    pub parents_of: Option<String>,
    /// How many at once, from 1 to 100.
    pub max_records: Option<i32>,
    /// Where the last page ended.
    pub next_token: Option<String>,
}

/// An alarm of either kind.
#[derive(Debug, Clone, Copy)]
pub enum Alarm<'a> {
    /// A composite alarm.
    Composite(&'a CompositeAlarm),
    /// A metric alarm.
    Metric(&'a MetricAlarm),
}

/// How much of the alarms an answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    Full,
    /// Name, ARN, state, and when the state was last updated.
    Children,
    /// Name and ARN.
    Parents,
}

/// CloudWatch's limit for `AlarmNames`.
const MOST_NAMES: usize = 100;

impl<'a> Alarm<'a> {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Self::Composite(alarm) => &alarm.config().name,
            Self::Metric(alarm) => &alarm.config().name,
        }
    }

    /// The kind.
    #[must_use]
    pub fn alarm_type(self) -> AlarmType {
        match self {
            Self::Composite(_) => AlarmType::Composite,
            Self::Metric(_) => AlarmType::Metric,
        }
    }

    /// The state.
    #[must_use]
    pub fn state(self) -> &'a AlarmState {
        match self {
            Self::Composite(alarm) => alarm.state(),
            Self::Metric(alarm) => alarm.state(),
        }
    }

    fn actions(self) -> &'a Actions {
        match self {
            Self::Composite(alarm) => &alarm.config().actions,
            Self::Metric(alarm) => &alarm.config().actions,
        }
    }

    fn key(self) -> (AlarmType, &'a str) {
        (self.alarm_type(), self.name())
    }
}

impl CloudWatch {
    /// The state of every alarm, by name.
    pub(crate) fn states(&self) -> impl Iterator<Item = (&str, StateValue)> {
        let metric = self
            .alarms
            .iter()
            .map(|(name, alarm)| (name, alarm.state()));
        let composite = self.composites.iter();
        let composite = composite.map(|(name, alarm)| (name, alarm.state()));
        metric
            .chain(composite)
            .map(|(name, state)| (name.as_str(), state.value))
    }

    /// Describes alarms, a page at a time.
    ///
    /// # Errors
    /// `ValidationError` for conditions that exclude each other or exceed a limit, `InvalidNextToken`,
    /// and `ResourceNotFound` for the relatives of an alarm that is not there.
    pub fn describe_alarms<'a>(
        &'a self,
        query: &DescribeAlarms,
    ) -> Result<(Page<Alarm<'a>>, Detail), ServiceError> {
        let size = page_size(query.max_records)?;
        let after = match &query.next_token {
            Some(token) => Some(read_token(token)?),
            None => None,
        };
        let (found, detail): (Box<dyn Iterator<Item = Alarm<'_>>>, Detail) = match (
            &query.children_of,
            &query.parents_of,
        ) {
            (Some(name), None) if query.has_no_condition() => {
                let parent = self.composites.get(name);
                let parent = parent.ok_or_else(|| not_found("composite alarm", name))?;
                let children = self.every_alarm();
                let is_child = |alarm: &Alarm<'_>| parent.children().contains(alarm.name());
                (Box::new(children.filter(is_child)), Detail::Children)
            }
            (None, Some(name)) if query.has_no_condition() => {
                if self.alarm(name).is_none() {
                    return Err(not_found("alarm", name));
                }
                let parents = self.composites.values();
                let parents = parents.filter(|parent| parent.children().contains(name));
                (Box::new(parents.map(Alarm::Composite)), Detail::Parents)
            }
            (None, None) => (self.matching(query)?, Detail::Full),
            _ => {
                return Err(invalid(
                    "ChildrenOfAlarmName and ParentsOfAlarmName allow no other parameters except MaxRecords and NextToken",
                ));
            }
        };
        let rest = found.filter(|alarm| {
            after.is_none_or(|(alarm_type, name)| alarm.key() > (alarm_type, name))
        });
        let page = Page::take(rest, size, |alarm| write_token(*alarm));
        Ok((page, detail))
    }

    fn matching<'a: 'q, 'q>(
        &'a self,
        query: &'q DescribeAlarms,
    ) -> Result<Box<dyn Iterator<Item = Alarm<'a>> + 'q>, ServiceError> {
        let types: &[AlarmType] = match &query.types {
            Some(types) => types,
            None => &[AlarmType::Metric],
        };
        let wanted = move |alarm: &Alarm<'_>| {
            let prefix = query.name_prefix.as_deref().unwrap_or_default();
            types.contains(&alarm.alarm_type())
                && alarm.name().starts_with(prefix)
                && query.state.is_none_or(|state| state == alarm.state().value)
                && query.action_prefix.as_ref().is_none_or(|prefix| {
                    let Actions {
                        enabled: _,
                        ok,
                        alarm,
                        insufficient_data,
                    } = alarm.actions();
                    let mut arns = ok.iter().chain(alarm).chain(insufficient_data);
                    arns.any(|arn| arn.starts_with(prefix))
                })
        };
        let Some(names) = &query.names else {
            return Ok(Box::new(self.every_alarm().filter(wanted)));
        };
        if names.len() > MOST_NAMES {
            let n = names.len();
            return Err(invalid(format!(
                "AlarmNames has {n} members, expected at most {MOST_NAMES}"
            )));
        }
        if query.name_prefix.is_some() {
            return Err(invalid(
                "AlarmNamePrefix and AlarmNames exclude each other, expected one of them",
            ));
        }
        let mut alarms: Vec<Alarm<'_>> = names.iter().filter_map(|name| self.alarm(name)).collect();
        alarms.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        alarms.dedup_by(|a, b| a.key() == b.key());
        Ok(Box::new(alarms.into_iter().filter(wanted)))
    }

    /// All alarms in the order of their keys.
    fn every_alarm(&self) -> impl Iterator<Item = Alarm<'_>> {
        let composites = self.composites.values().map(Alarm::Composite);
        composites.chain(self.alarms.values().map(Alarm::Metric))
    }

    /// The alarm of a name.
    #[must_use]
    pub fn alarm(&self, name: &str) -> Option<Alarm<'_>> {
        let metric = self.alarms.get(name).map(Alarm::Metric);
        metric.or_else(|| self.composites.get(name).map(Alarm::Composite))
    }
}

impl DescribeAlarms {
    fn has_no_condition(&self) -> bool {
        self.names.is_none()
            && self.name_prefix.is_none()
            && self.types.is_none()
            && self.state.is_none()
            && self.action_prefix.is_none()
    }
}

/// A refusal because something is not there.
pub(super) fn not_found(what: &str, name: &str) -> ServiceError {
    let message = format!("{what} \"{name}\" does not exist");
    ServiceError::new(404, "ResourceNotFound", message)
}

fn write_token(alarm: Alarm<'_>) -> String {
    format!("{}:{}", alarm.alarm_type().as_str(), alarm.name())
}

fn read_token(token: &str) -> Result<(AlarmType, &str), ServiceError> {
    let (alarm_type, name) = token.split_once(':').ok_or_else(|| bad_token(token))?;
    let alarm_type = [AlarmType::Composite, AlarmType::Metric]
        .into_iter()
        .find(|known| known.as_str() == alarm_type);
    Ok((alarm_type.ok_or_else(|| bad_token(token))?, name))
}
