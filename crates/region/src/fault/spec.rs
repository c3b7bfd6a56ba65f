//! Faults of the Region as scenarios and the command line write them.
//!
//! On the command line a fault is its kind and its fields, `kind:field=value,field=value`; in a
//! scenario it is the JSON object with the same fields.

mod effect;
mod text;

use domain::ZoneId;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fault::Counting;
use crate::operation::Service;
use crate::stage::{ASG_PRUNING, CLASSIFIER, RULES, ZONAL_SHIFT};

/// Longer than any drill, in seconds.
const LONGEST_SECONDS: u64 = 86_400;
/// Every second of what stale reads show is kept.
const MOST_STALE: u64 = 600;

/// A fault of the Region.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum RegionFault {
    /// Calls beyond a rate are refused.
    Throttle {
        /// Of this service, as in the AWS CLI.
        service: Service,
        /// Of this operation only.
        operation: Option<String>,
        /// Calls a second that are admitted in the long run.
        per_second: f64,
        /// Calls that are admitted at once.
        burst: u32,
    },
    /// Calls are answered late.
    Slow {
        /// Of this service.
        service: Service,
        /// Of this operation only.
        operation: Option<String>,
        /// By so much.
        milliseconds: u64,
    },
    /// Calls fail with a 5xx, without effect.
    Unavailable {
        /// Of this service.
        service: Service,
        /// Of this operation only.
        operation: Option<String>,
        /// So many of them; all where it is left out.
        times: Option<u32>,
    },
    /// Calls never arrive.
    TimeoutBefore {
        /// Of this service.
        service: Service,
        /// Of this operation only.
        operation: Option<String>,
        /// So many of them; all where it is left out.
        times: Option<u32>,
    },
    /// Calls have their effect, and their answers get lost.
    TimeoutAfter {
        /// Of this service.
        service: Service,
        /// Of this operation only.
        operation: Option<String>,
        /// So many of them; all where it is left out.
        times: Option<u32>,
    },
    /// Calls are refused for want of permission.
    AccessDenied {
        /// Of this service.
        service: Service,
        /// Of this operation only.
        operation: Option<String>,
        /// So many of them; all where it is left out.
        times: Option<u32>,
    },
    /// Reads of ARC and Auto Scaling show what was so many seconds ago.
    StaleReads {
        /// How long ago.
        seconds: u32,
    },
    /// EventBridge delivers twice.
    DuplicateEvents {
        /// Of this rule only.
        rule: Option<String>,
        /// How long after the first time.
        after_seconds: u32,
        /// So many deliveries; all where it is left out.
        times: Option<u32>,
    },
    /// EventBridge delivers late.
    DelayEvents {
        /// Of this rule only.
        rule: Option<String>,
        /// By so much.
        seconds: u32,
        /// So many deliveries; all where it is left out.
        times: Option<u32>,
    },
    /// A delivery is overtaken by the next one of its rule.
    ReorderEvents {
        /// Of this rule only.
        rule: Option<String>,
        /// So many deliveries; all where it is left out.
        times: Option<u32>,
    },
    /// Metrics are seen late, and alarms that look at them lag.
    LateMetrics {
        /// By so much more than usual.
        seconds: u32,
    },
    /// A function is killed when one of its calls has just had its effect.
    KillFunction {
        /// `classifier`, `zonal-shift` or `asg-pruning`.
        function: String,
        /// After which call, counted from 1.
        after_calls: u32,
        /// Which calls are counted; those of an invocation where it is left out.
        #[serde(default)]
        counting: Counting,
        /// So many invocations; all where it is left out. Where calls are counted in all, the later ones
        /// die at the same of their own calls as the first one.
        times: Option<u32>,
    },
    /// Instances take long to come into service.
    SlowLaunches {
        /// How long.
        seconds: u32,
    },
    /// EC2 has no capacity in a zone.
    NoCapacity {
        /// The zone.
        zone: ZoneId,
    },
}

/// Why a text is not a fault of the Region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected kind:field=value,field=value, such as unavailable:service=arc-zonal-shift,times=3 (docs/DRILL.md lists the kinds)"
)]
pub struct RegionFaultError(String);

impl std::str::FromStr for RegionFault {
    type Err = RegionFaultError;

    fn from_str(text: &str) -> Result<Self, RegionFaultError> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut object = Map::from_iter([("kind".to_owned(), Value::from(kind))]);
        for field in rest.split(',').filter(|field| !field.is_empty()) {
            let (name, value) = field
                .split_once('=')
                .ok_or_else(|| RegionFaultError(format!("\"{field}\" has no value")))?;
            // Numbers are numbers, and everything else is text.
            let value = value
                .parse::<serde_json::Number>()
                .map_or_else(|_| Value::from(value), Value::Number);
            if object.insert(name.to_owned(), value).is_some() {
                return Err(RegionFaultError(format!("{name} is given twice")));
            }
        }
        let fault: Self = serde_json::from_value(Value::Object(object))
            .map_err(|error| RegionFaultError(error.to_string()))?;
        fault.check().map_err(RegionFaultError)?;
        Ok(fault)
    }
}

impl RegionFault {
    /// Whether the fault makes sense.
    ///
    /// # Errors
    /// The field that does not, with what is expected.
    pub fn check(&self) -> Result<(), String> {
        if let Self::Throttle { per_second, .. } = self
            && !(0.0..=1e6).contains(per_second)
        {
            return Err(format!("perSecond is {per_second}, expected 0 to 1000000"));
        }
        if let Self::KillFunction { function, .. } = self
            && ![CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING].contains(&function.as_str())
        {
            return Err(format!(
                "function is \"{function}\", expected {CLASSIFIER}, {ZONAL_SHIFT} or {ASG_PRUNING}"
            ));
        }
        if let Self::DuplicateEvents { rule, .. }
        | Self::DelayEvents { rule, .. }
        | Self::ReorderEvents { rule, .. } = self
            && let Some(rule) = rule
            && !RULES.contains(&rule.as_str())
        {
            let rules = RULES.join(", ");
            return Err(format!("rule is \"{rule}\", expected one of {rules}"));
        }
        for (field, number, most) in self.numbers() {
            if !(1..=most).contains(&number) {
                return Err(format!("{field} is {number}, expected 1 to {most}"));
            }
        }
        Ok(())
    }

    /// The fields that are whole numbers, with the largest that makes sense.
    fn numbers(&self) -> Vec<(&'static str, u64, u64)> {
        let count = |times: &Option<u32>| ("times", times.unwrap_or(1).into(), u32::MAX.into());
        let seconds = |seconds: u32| ("seconds", seconds.into(), LONGEST_SECONDS);
        match self {
            Self::Throttle { burst, .. } => vec![("burst", (*burst).into(), u32::MAX.into())],
            Self::Slow { milliseconds, .. } => {
                vec![("milliseconds", *milliseconds, LONGEST_SECONDS * 1000)]
            }
            Self::Unavailable { times, .. }
            | Self::TimeoutBefore { times, .. }
            | Self::TimeoutAfter { times, .. }
            | Self::AccessDenied { times, .. }
            | Self::ReorderEvents { times, .. } => vec![count(times)],
            Self::StaleReads { seconds } => vec![("seconds", (*seconds).into(), MOST_STALE)],
            Self::DuplicateEvents { times, .. } => vec![count(times)],
            Self::DelayEvents {
                seconds: by, times, ..
            } => vec![seconds(*by), count(times)],
            Self::LateMetrics { seconds: by } | Self::SlowLaunches { seconds: by } => {
                vec![seconds(*by)]
            }
            Self::KillFunction {
                after_calls, times, ..
            } => vec![
                ("afterCalls", (*after_calls).into(), u32::MAX.into()),
                count(times),
            ],
            Self::NoCapacity { .. } => Vec::new(),
        }
    }

    /// The zone that it names, if it names one.
    #[must_use]
    pub fn zone(&self) -> Option<&ZoneId> {
        match self {
            Self::NoCapacity { zone } => Some(zone),
            _ => None,
        }
    }

    /// Whether the fault makes calls or functions fail, so that events may be given up.
    #[must_use]
    pub fn makes_calls_fail(&self) -> bool {
        match self {
            Self::Throttle { .. }
            | Self::Slow { .. }
            | Self::Unavailable { .. }
            | Self::TimeoutBefore { .. }
            | Self::TimeoutAfter { .. }
            | Self::AccessDenied { .. }
            | Self::StaleReads { .. }
            | Self::KillFunction { .. } => true,
            Self::DuplicateEvents { .. }
            | Self::DelayEvents { .. }
            | Self::ReorderEvents { .. }
            | Self::LateMetrics { .. }
            | Self::SlowLaunches { .. }
            | Self::NoCapacity { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
