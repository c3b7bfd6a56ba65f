//! Faults in words.

use std::fmt;

use super::RegionFault;
use crate::fault::Counting;
use crate::operation::Service;

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
                counting,
                times,
            } => match (counting, times) {
                (Counting::PerInvocation, Some(times)) => write!(
                    f,
                    "the next {times} invocations of {function} die after call {after_calls}"
                ),
                (Counting::PerInvocation, None) => {
                    write!(f, "invocations of {function} die after call {after_calls}")
                }
                (Counting::InAll, Some(1)) => write!(
                    f,
                    "{function} dies after call {after_calls}, of all that it makes"
                ),
                (Counting::InAll, times) => {
                    let others = times.map_or("all".to_owned(), |times| {
                        times.saturating_sub(1).to_string()
                    });
                    write!(
                        f,
                        "{function} dies after call {after_calls}, of all that it makes, and {others} later invocations at the same place"
                    )
                }
            },
            Self::SlowLaunches { seconds } => {
                write!(f, "instances take {seconds} s to come into service")
            }
            Self::NoCapacity { zone } => write!(f, "EC2 has no capacity in {zone}"),
        }
    }
}
