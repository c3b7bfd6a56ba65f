//! Faults of the Region as scenarios and the command line write them.
//!
//! On the command line a fault is its kind and its fields, `kind:field=value,field=value`; in a
//! scenario it is the JSON object with the same fields.

use std::fmt;
use std::time::Duration;

use domain::ZoneId;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::bucket::Bucket;
use super::kill::Kill;
use super::{ApiFault, Calls, Delay, FaultKind};
use crate::eventbridge::{DeliveryEffect, DeliveryFault};
use crate::operation::Service;
use crate::stage::{ASG_PRUNING, CLASSIFIER, RULES, ZONAL_SHIFT};
use crate::state::State;

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
        /// After which call of an invocation, counted from 1.
        after_calls: u32,
        /// So many invocations; all where it is left out.
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

    /// Begins the fault; it ends at `until` where that is known.
    pub(crate) fn begin(&self, state: &mut State, until: Option<Timestamp>) {
        match self {
            Self::Throttle {
                service,
                operation,
                per_second,
                burst,
            } => {
                let calls = calls(*service, operation.as_deref());
                let bucket = Bucket::new(calls, *per_second, *burst, until);
                state.faults.buckets.push(bucket);
            }
            Self::Slow {
                service,
                operation,
                milliseconds,
            } => state.faults.delays.push(Delay {
                calls: calls(*service, operation.as_deref()),
                by: Duration::from_millis(*milliseconds),
                until,
            }),
            Self::Unavailable {
                service,
                operation,
                times,
            } => state.refuse(FaultKind::Internal, *service, operation, *times, until),
            Self::TimeoutBefore {
                service,
                operation,
                times,
            } => state.refuse(FaultKind::TimeoutBefore, *service, operation, *times, until),
            Self::TimeoutAfter {
                service,
                operation,
                times,
            } => state.refuse(FaultKind::TimeoutAfter, *service, operation, *times, until),
            Self::AccessDenied {
                service,
                operation,
                times,
            } => state.refuse(FaultKind::AccessDenied, *service, operation, *times, until),
            Self::StaleReads { .. }
            | Self::LateMetrics { .. }
            | Self::SlowLaunches { .. }
            | Self::NoCapacity { .. } => state.begin_condition(self.clone()),
            Self::DuplicateEvents { .. }
            | Self::DelayEvents { .. }
            | Self::ReorderEvents { .. } => {
                if let Some(fault) = self.of_deliveries() {
                    state.events.inject(fault);
                }
            }
            Self::KillFunction {
                function,
                after_calls,
                times,
            } => {
                let kill = Kill::new(function.clone(), *after_calls, times.unwrap_or(u32::MAX));
                state.faults.kills.push(kill);
            }
        }
    }

    /// Ends what does not end by itself: faults of calls know their end.
    pub(crate) fn end(&self, state: &mut State) {
        match self {
            Self::StaleReads { .. }
            | Self::LateMetrics { .. }
            | Self::SlowLaunches { .. }
            | Self::NoCapacity { .. } => state.end_condition(self),
            Self::DuplicateEvents { .. }
            | Self::DelayEvents { .. }
            | Self::ReorderEvents { .. } => {
                if let Some(fault) = self.of_deliveries() {
                    state.events.retract(&fault);
                }
            }
            Self::KillFunction {
                function,
                after_calls,
                ..
            } => state.faults.spare(function, *after_calls),
            Self::Throttle { .. }
            | Self::Slow { .. }
            | Self::Unavailable { .. }
            | Self::TimeoutBefore { .. }
            | Self::TimeoutAfter { .. }
            | Self::AccessDenied { .. } => {}
        }
    }

    /// The fault as EventBridge knows it, if it is one of deliveries.
    fn of_deliveries(&self) -> Option<DeliveryFault> {
        let (rule, effect, times) = match self {
            Self::DuplicateEvents {
                rule,
                after_seconds,
                times,
            } => {
                let after = span(*after_seconds);
                (rule, DeliveryEffect::Duplicate { after }, times)
            }
            Self::DelayEvents {
                rule,
                seconds,
                times,
            } => {
                let by = span(*seconds);
                (rule, DeliveryEffect::Delay { by }, times)
            }
            Self::ReorderEvents { rule, times } => (rule, DeliveryEffect::Reorder, times),
            _ => return None,
        };
        Some(DeliveryFault {
            rule: rule.clone(),
            function: None,
            effect,
            times: times.unwrap_or(u32::MAX),
        })
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

fn span(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(seconds.into())
}

fn calls(service: Service, operation: Option<&str>) -> Calls {
    Calls {
        service,
        operation: operation.map(ToOwned::to_owned),
    }
}

impl State {
    fn refuse(
        &mut self,
        kind: FaultKind,
        service: Service,
        operation: &Option<String>,
        times: Option<u32>,
        until: Option<Timestamp>,
    ) {
        self.faults.add(ApiFault {
            kind,
            service,
            operation: operation.clone(),
            times,
            until,
        });
    }
}

/// The fault for people, as a clause.
impl fmt::Display for RegionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let these = |service: &Service, operation: &Option<String>, times: &Option<u32>| {
            let what = operation.as_deref().unwrap_or("calls");
            match times {
                Some(times) => format!("the next {times} {what} of {service}"),
                None => format!("{what} of {service}"),
            }
        };
        let deliveries = |rule: &Option<String>, times: &Option<u32>| {
            let of = rule
                .as_ref()
                .map_or_else(String::new, |rule| format!(" of rule {rule}"));
            match times {
                Some(times) => format!("the next {times} deliveries{of}"),
                None => format!("deliveries{of}"),
            }
        };
        match self {
            Self::Throttle {
                service,
                operation,
                per_second,
                burst,
            } => write!(
                f,
                "{} beyond {per_second} a second, {burst} at once, are throttled",
                these(service, operation, &None)
            ),
            Self::Slow {
                service,
                operation,
                milliseconds,
            } => write!(
                f,
                "{} take {milliseconds} ms more",
                these(service, operation, &None)
            ),
            Self::Unavailable {
                service,
                operation,
                times,
            } => write!(f, "{} fail with a 5xx", these(service, operation, times)),
            Self::TimeoutBefore {
                service,
                operation,
                times,
            } => write!(f, "{} get lost", these(service, operation, times)),
            Self::TimeoutAfter {
                service,
                operation,
                times,
            } => write!(
                f,
                "the answers to {} get lost",
                these(service, operation, times)
            ),
            Self::AccessDenied {
                service,
                operation,
                times,
            } => write!(f, "{} are refused", these(service, operation, times)),
            Self::StaleReads { seconds } => write!(
                f,
                "reads of ARC and Auto Scaling show what was {seconds} s ago"
            ),
            Self::DuplicateEvents {
                rule,
                after_seconds,
                times,
            } => write!(
                f,
                "{} come again {after_seconds} s later",
                deliveries(rule, times)
            ),
            Self::DelayEvents {
                rule,
                seconds,
                times,
            } => write!(f, "{} come {seconds} s late", deliveries(rule, times)),
            Self::ReorderEvents { rule, times } => write!(
                f,
                "{} are overtaken by the one after",
                deliveries(rule, times)
            ),
            Self::LateMetrics { seconds } => write!(f, "metrics are seen {seconds} s later"),
            Self::KillFunction {
                function,
                after_calls,
                times,
            } => match times {
                Some(times) => write!(
                    f,
                    "the next {times} invocations of {function} die after call {after_calls}"
                ),
                None => write!(f, "invocations of {function} die after call {after_calls}"),
            },
            Self::SlowLaunches { seconds } => {
                write!(f, "instances take {seconds} s to come into service")
            }
            Self::NoCapacity { zone } => write!(f, "EC2 has no capacity in {zone}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, healthy};
    use crate::stage::{GROUP, Stage};
    use serde_json::json;

    /// A healthy workload with these faults of the Region.
    fn stage(faults: Value) -> Stage {
        let scenario = Scenario {
            region_faults: serde_json::from_value(faults).unwrap(),
            ..healthy().unwrap()
        };
        Stage::set(&scenario, 1).unwrap()
    }

    fn pass(stage: &Stage, seconds: i64) {
        let target = stage.region.now() + SignedDuration::from_secs(seconds);
        assert_eq!(stage.region.step_until(target), []);
    }

    #[test]
    fn what_goes_on_from_the_beginning_is_there_before_the_clock_moves() {
        let stage = stage(json!([{"fault": {"kind": "unavailable", "service": "sns"}}]));
        let mut state = stage.region.state();
        let now = state.now();
        let publish = crate::operation::Operation::write("Publish");
        let met = state.faults.meet(Service::Sns, publish, now);
        assert_eq!(met, Some(FaultKind::Internal));
    }

    #[test]
    fn the_end_of_one_fault_leaves_others_of_its_kind_in_force() {
        let stage = stage(json!([
            {"fault": {"kind": "staleReads", "seconds": 100}},
            {"for": "1m", "fault": {"kind": "staleReads", "seconds": 200}},
        ]));
        let shows = || {
            let state = stage.region.state();
            let past = state.shown_past(Service::AutoScaling)?;
            let group = past.auto_scaling.group(GROUP)?;
            Some(group.tags.contains_key("new"))
        };
        pass(&stage, 10);
        {
            let tag = crate::autoscaling::TagParameter {
                group: Some(GROUP.to_owned()),
                resource_type: Some("auto-scaling-group".to_owned()),
                key: "new".to_owned(),
                value: Some("yes".to_owned()),
                propagate: false,
            };
            let mut state = stage.region.state();
            state.auto_scaling.create_or_update_tags(&[tag]).unwrap();
        }
        pass(&stage, 40);
        assert_eq!(shows(), Some(false), "both are in force");
        pass(&stage, 15);
        assert_eq!(shows(), Some(true), "the other one begins to look back now");
        assert!(stage.region.state().shown_past(Service::Sns).is_none());
    }

    #[test]
    fn reads_show_what_was_so_many_seconds_ago() {
        let stage = stage(json!([{"fault": {"kind": "staleReads", "seconds": 20}}]));
        let suspended = |stage: &Stage| {
            let state = stage.region.state();
            let past = state.shown_past(Service::AutoScaling).unwrap();
            past.auto_scaling.group(GROUP).unwrap().deleting
        };
        pass(&stage, 30);
        stage
            .region
            .state()
            .auto_scaling
            .begin_delete(GROUP)
            .unwrap();
        pass(&stage, 20);
        assert!(!suspended(&stage));
        pass(&stage, 1);
        assert!(suspended(&stage));
    }

    #[test]
    fn a_fault_is_written_in_a_line() {
        assert_eq!(
            "throttle:service=autoscaling,perSecond=0.5,burst=2".parse(),
            Ok(RegionFault::Throttle {
                service: Service::AutoScaling,
                operation: None,
                per_second: 0.5,
                burst: 2
            })
        );
        assert_eq!(
            "noCapacity:zone=use1-az2".parse(),
            Ok(RegionFault::NoCapacity {
                zone: "use1-az2".parse().unwrap()
            })
        );
    }

    #[test]
    fn what_is_no_fault_is_refused_with_field_and_remedy() {
        for (text, told) in [
            ("earthquake", "unknown variant `earthquake`"),
            ("slow:service=s3,milliseconds=5", "unknown variant `s3`"),
            ("slow:service=sns", "missing field `milliseconds`"),
            ("slow:service", "\"service\" has no value"),
            ("staleReads:seconds=soon", "invalid type: string \"soon\""),
            ("staleReads:minutes=1,seconds=2", "unknown field `minutes`"),
            (
                "killFunction:function=evac,afterCalls=1,times=1",
                "function is \"evac\", expected classifier, zonal-shift or asg-pruning",
            ),
            (
                "killFunction:function=classifier,afterCalls=0,times=1",
                "afterCalls is 0, expected 1 to",
            ),
            (
                "throttle:service=sns,perSecond=-1,burst=1",
                "perSecond is -1, expected 0 to 1000000",
            ),
            ("noCapacity:zone=here", "AZ ID"),
            (
                "delayEvents:rule=wildryde,seconds=5",
                "rule is \"wildryde\", expected one of wildrydes, wildrydes-shifts, wildrydes-tick",
            ),
            (
                "unavailable:service=sns,times=0",
                "times is 0, expected 1 to",
            ),
            (
                "staleReads:seconds=601",
                "seconds is 601, expected 1 to 600",
            ),
            (
                "throttle:service=sns,perSecond=1,burst=0",
                "burst is 0, expected 1 to",
            ),
            ("slow:service=sns,service=sns", "service is given twice"),
        ] {
            let error = text.parse::<RegionFault>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
            assert!(error.contains("docs/DRILL.md"), "{text}: {error}");
        }
    }
}
