//! What faults do to the Region, and how they end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::RegionFault;
use crate::eventbridge::{DeliveryEffect, DeliveryFault};
use crate::fault::bucket::Bucket;
use crate::fault::kill::Kill;
use crate::fault::{ApiFault, Calls, Delay, FaultKind};
use crate::operation::Service;
use crate::state::State;

impl RegionFault {
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
                counting,
                times,
            } => {
                let times = times.unwrap_or(u32::MAX);
                let kill = Kill::new(function.clone(), *after_calls, *counting, times);
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
                counting,
                ..
            } => state.faults.spare(function, *after_calls, *counting),
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
            calls: calls(service, operation.as_deref()),
            times,
            until,
        });
    }
}
