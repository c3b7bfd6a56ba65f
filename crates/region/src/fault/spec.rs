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
use crate::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};
use crate::state::State;

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
        /// So many deliveries.
        times: u32,
    },
    /// EventBridge delivers late.
    DelayEvents {
        /// Of this rule only.
        rule: Option<String>,
        /// By so much.
        seconds: u32,
        /// So many deliveries.
        times: u32,
    },
    /// A delivery is overtaken by the next one of its rule.
    ReorderEvents {
        /// Of this rule only.
        rule: Option<String>,
        /// So many deliveries.
        times: u32,
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
        /// So many invocations.
        times: u32,
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
            object.insert(name.to_owned(), value);
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
        match self {
            Self::Throttle { per_second, .. } if !(0.0..=1e6).contains(per_second) => {
                Err(format!("perSecond is {per_second}, expected 0 to 1000000"))
            }
            Self::KillFunction { after_calls: 0, .. } => {
                Err("afterCalls is 0, expected 1 or more".to_owned())
            }
            Self::KillFunction { function, .. }
                if ![CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING].contains(&function.as_str()) =>
            {
                Err(format!(
                    "function is \"{function}\", expected {CLASSIFIER}, {ZONAL_SHIFT} or {ASG_PRUNING}"
                ))
            }
            _ => Ok(()),
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
            Self::StaleReads { seconds } => state.look_back(Some(span(*seconds))),
            Self::DuplicateEvents {
                rule,
                after_seconds,
                times,
            } => {
                let after = span(*after_seconds);
                state.disturb(rule, DeliveryEffect::Duplicate { after }, *times);
            }
            Self::DelayEvents {
                rule,
                seconds,
                times,
            } => {
                let by = span(*seconds);
                state.disturb(rule, DeliveryEffect::Delay { by }, *times);
            }
            Self::ReorderEvents { rule, times } => {
                state.disturb(rule, DeliveryEffect::Reorder, *times);
            }
            Self::LateMetrics { seconds } => state.delay_metrics(span(*seconds)),
            Self::KillFunction {
                function,
                after_calls,
                times,
            } => {
                let kill = Kill::new(function.clone(), *after_calls, *times);
                state.faults.kills.push(kill);
            }
            Self::SlowLaunches { seconds } => {
                state.auto_scaling.set_launch_delay(span(*seconds));
            }
            Self::NoCapacity { zone } => state.auto_scaling.set_no_capacity(zone.clone(), true),
        }
    }

    /// Ends what does not end by itself: faults of calls know their end, and those that are counted
    /// are used up.
    pub(crate) fn end(&self, state: &mut State) {
        match self {
            Self::StaleReads { .. } => state.look_back(None),
            Self::LateMetrics { .. } => state.delay_metrics(SignedDuration::ZERO),
            Self::SlowLaunches { .. } => state
                .auto_scaling
                .set_launch_delay(crate::autoscaling::LAUNCH_DELAY),
            Self::NoCapacity { zone } => state.auto_scaling.set_no_capacity(zone.clone(), false),
            Self::DuplicateEvents { .. }
            | Self::DelayEvents { .. }
            | Self::ReorderEvents { .. } => state.events.clear_faults(),
            Self::KillFunction { function, .. } => {
                state.faults.kills.retain(|kill| !kill.concerns(function));
            }
            Self::Throttle { .. }
            | Self::Slow { .. }
            | Self::Unavailable { .. }
            | Self::TimeoutBefore { .. }
            | Self::TimeoutAfter { .. }
            | Self::AccessDenied { .. } => {}
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

    fn disturb(&mut self, rule: &Option<String>, effect: DeliveryEffect, times: u32) {
        self.events.inject(DeliveryFault {
            rule: rule.clone(),
            function: None,
            effect,
            times,
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
        let of = |rule: &Option<String>| {
            rule.as_ref()
                .map_or_else(String::new, |rule| format!(" of rule {rule}"))
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
                "the next {times} deliveries{} come again {after_seconds} s later",
                of(rule)
            ),
            Self::DelayEvents {
                rule,
                seconds,
                times,
            } => write!(
                f,
                "the next {times} deliveries{} come {seconds} s late",
                of(rule)
            ),
            Self::ReorderEvents { rule, times } => write!(
                f,
                "the next {times} deliveries{} are overtaken by the one after",
                of(rule)
            ),
            Self::LateMetrics { seconds } => write!(f, "metrics are seen {seconds} s later"),
            Self::KillFunction {
                function,
                after_calls,
                times,
            } => write!(
                f,
                "the next {times} invocations of {function} die after call {after_calls}"
            ),
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
                "afterCalls is 0, expected 1 or more",
            ),
            (
                "throttle:service=sns,perSecond=-1,burst=1",
                "perSecond is -1, expected 0 to 1000000",
            ),
            ("noCapacity:zone=here", "AZ ID"),
        ] {
            let error = text.parse::<RegionFault>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
            assert!(error.contains("docs/DRILL.md"), "{text}: {error}");
        }
    }
}
