//! What goes wrong with the Region's own APIs, on demand.
//!
//! A fault meets calls by service, operation and caller, a number of times or for as long as it
//! lasts. A timeout *before* the effect is a request that got lost; a timeout *after* it is an answer
//! that got lost, the case that tells an idempotent caller from one that only looks like it.
//!
//! [`spec`] are the faults as scenarios and the command line write them, which reach beyond the APIs:
//! to events, metrics, functions and capacity.

mod bucket;
mod kill;
pub mod spec;

use std::time::Duration;

use jiff::Timestamp;

use self::bucket::Bucket;
pub use self::kill::Counting;
use self::kill::Kill;

use crate::error::ServiceError;
use crate::operation::{Operation, Service};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It is refused as one too many.
    Throttle,
    /// It fails with status 500, without effect.
    Internal,
    /// It never arrives; the caller gets no answer.
    TimeoutBefore,
    /// It has its effect; the caller gets no answer.
    TimeoutAfter,
    /// It is refused for want of permission.
    AccessDenied,
}

/// The calls that a fault meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// Of this service.
    pub service: Service,
    /// Of this operation; of every one where it is `None`.
    pub operation: Option<String>,
}

impl Calls {
    fn meets(&self, service: Service, operation: Operation) -> bool {
        let named = self.operation.as_deref();
        self.service == service && named.is_none_or(|name| name == operation.name)
    }
}

/// A fault and the calls that it meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiFault {
    /// What happens.
    pub kind: FaultKind,
    /// To these calls.
    pub calls: Calls,
    /// So many times; without end where it is `None`.
    pub times: Option<u32>,
    /// Until this moment; without end where it is `None`.
    pub until: Option<Timestamp>,
}

impl ApiFault {
    /// A fault of every call of a service, until it is cleared.
    #[must_use]
    pub fn of(service: Service, kind: FaultKind) -> Self {
        Self {
            kind,
            calls: Calls {
                service,
                operation: None,
            },
            times: None,
            until: None,
        }
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.calls.operation = Some(operation.to_owned());
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// The faults in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApiFaults {
    refusals: Vec<ApiFault>,
    buckets: Vec<Bucket>,
    delays: Vec<Delay>,
    kills: Vec<Kill>,
}

/// Calls that are answered late.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Delay {
    calls: Calls,
    by: Duration,
    until: Option<Timestamp>,
}

impl ApiFaults {
    pub(crate) fn add(&mut self, fault: ApiFault) {
        self.refusals.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How long a call waits before anything becomes of it.
    pub(crate) fn delay(&self, service: Service, operation: Operation, now: Timestamp) -> Duration {
        let late = self.delays.iter().filter(|delay| {
            delay.until.is_none_or(|until| now < until) && delay.calls.meets(service, operation)
        });
        late.map(|delay| delay.by).sum()
    }

    /// What happens to this call; a fault that is met is used up by one.
    pub(crate) fn meet(
        &mut self,
        service: Service,
        operation: Operation,
        now: Timestamp,
    ) -> Option<FaultKind> {
        self.refusals
            .retain(|fault| fault.times != Some(0) && fault.until.is_none_or(|until| now < until));
        let mut refusals = self.refusals.iter_mut();
        if let Some(fault) = refusals.find(|fault| fault.calls.meets(service, operation)) {
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            return Some(fault.kind);
        }
        let mut buckets = self.buckets.iter_mut();
        let empty = buckets.any(|bucket| !bucket.admits(service, operation, now));
        empty.then_some(FaultKind::Throttle)
    }

    /// What would become of a call of an operation by a refusal that goes on; nothing is counted.
    pub(crate) fn of(&self, service: Service, operation: &str) -> Option<FaultKind> {
        let named = |fault: &&ApiFault| {
            let operation_of = fault.calls.operation.as_deref();
            fault.calls.service == service && operation_of.is_none_or(|name| name == operation)
        };
        self.refusals.iter().find(named).map(|fault| fault.kind)
    }

    /// A function begins to run, and has made no call yet.
    pub(crate) fn begin_invocation(&mut self, function: &str) {
        self.kills.iter_mut().for_each(|kill| kill.begin(function));
    }

    /// Functions are not killed any more after so many calls.
    pub(crate) fn spare(&mut self, function: &str, after_calls: u32, counting: Counting) {
        let mut kills = self.kills.iter_mut();
        if let Some(kill) = kills.find(|kill| kill.is(function, after_calls, counting)) {
            kill.spare();
        }
    }

    /// Whether a function is killed by what it has just done. Each kill counts every call, also one
    /// that another kill strikes at.
    pub(crate) fn kills(&mut self, caller: &str) -> bool {
        let mut dead = false;
        for kill in &mut self.kills {
            dead |= kill.strikes(caller);
        }
        dead
    }

    /// The kills that never came, as sentences.
    pub(crate) fn missed_kills(&self) -> impl Iterator<Item = String> {
        self.kills.iter().filter_map(Kill::missed)
    }
}

/// The refusal that a fault of this kind makes, in the words of the service; none where the caller
/// gets no answer.
pub(crate) fn refusal(service: Service, kind: FaultKind) -> Option<ServiceError> {
    let (status, code) = match (kind, service) {
        (FaultKind::TimeoutBefore | FaultKind::TimeoutAfter, _) => return None,
        (FaultKind::Throttle, Service::Lambda) => (429, "TooManyRequestsException"),
        (FaultKind::Throttle, Service::ArcZonalShift | Service::CloudWatch) => {
            (429, "ThrottlingException")
        }
        (FaultKind::Throttle, Service::CloudWatchLogs | Service::EventBridge) => {
            (400, "ThrottlingException")
        }
        (
            FaultKind::Throttle,
            Service::AutoScaling | Service::ElasticLoadBalancing | Service::Iam | Service::Sns,
        ) => (400, "Throttling"),
        (FaultKind::Throttle, Service::Ec2) => (503, "RequestLimitExceeded"),
        (FaultKind::Throttle, Service::Sqs) => (400, "RequestThrottled"),
        (FaultKind::Internal, Service::Lambda) => (500, "ServiceException"),
        (FaultKind::Internal, Service::ArcZonalShift | Service::CloudWatch) => {
            (500, "InternalServerException")
        }
        (FaultKind::Internal, Service::CloudWatchLogs) => (500, "ServiceUnavailableException"),
        (FaultKind::Internal, Service::EventBridge) => (500, "InternalException"),
        (FaultKind::Internal, Service::Ec2 | Service::Sns) => (500, "InternalError"),
        (FaultKind::Internal, Service::Iam) => (500, "ServiceFailure"),
        (FaultKind::Internal, Service::Sqs) => (500, "InternalFailure"),
        (FaultKind::Internal, Service::AutoScaling | Service::ElasticLoadBalancing) => {
            (500, "InternalFailure")
        }
        (FaultKind::AccessDenied, Service::CloudWatchLogs | Service::EventBridge) => {
            (400, "AccessDeniedException")
        }
        (FaultKind::AccessDenied, Service::Sns) => (403, "AuthorizationError"),
        (FaultKind::AccessDenied, Service::Ec2) => (403, "UnauthorizedOperation"),
        (FaultKind::AccessDenied, Service::Sqs) => (403, "AccessDeniedException"),
        (
            FaultKind::AccessDenied,
            Service::AutoScaling | Service::ElasticLoadBalancing | Service::Iam,
        ) => (403, "AccessDenied"),
        (
            FaultKind::AccessDenied,
            Service::ArcZonalShift | Service::CloudWatch | Service::Lambda,
        ) => (403, "AccessDeniedException"),
    };
    let message = match kind {
        FaultKind::Throttle => "Rate exceeded",
        FaultKind::AccessDenied => "Not authorized to perform this action",
        FaultKind::Internal | FaultKind::TimeoutBefore | FaultKind::TimeoutAfter => {
            "Internal server error"
        }
    };
    Some(ServiceError::new(status, code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_its_calls_and_no_others_and_is_used_up() {
        let now = Timestamp::UNIX_EPOCH;
        let mut faults = ApiFaults::default();
        faults.add(
            ApiFault::of(Service::Sns, FaultKind::Throttle)
                .on("Publish")
                .times(2),
        );
        assert_eq!(
            faults.meet(Service::Lambda, Operation::read("Publish"), now),
            None
        );
        assert_eq!(
            faults.meet(Service::Sns, Operation::read("Subscribe"), now),
            None
        );
        assert_eq!(
            faults.meet(Service::Sns, Operation::write("Publish"), now),
            Some(FaultKind::Throttle)
        );
        assert_eq!(
            faults.meet(Service::Sns, Operation::write("Publish"), now),
            Some(FaultKind::Throttle)
        );
        assert_eq!(
            faults.meet(Service::Sns, Operation::write("Publish"), now),
            None
        );
    }

    #[test]
    fn a_service_that_is_down_comes_back() {
        let mut faults = ApiFaults::default();
        let back = Timestamp::from_second(60).unwrap();
        faults.add(ApiFault {
            until: Some(back),
            ..ApiFault::of(Service::ArcZonalShift, FaultKind::Internal)
        });
        let call = |faults: &mut ApiFaults, second| {
            faults.meet(
                Service::ArcZonalShift,
                Operation::read("GetManagedResource"),
                Timestamp::from_second(second).unwrap(),
            )
        };
        assert_eq!(call(&mut faults, 59), Some(FaultKind::Internal));
        assert_eq!(call(&mut faults, 60), None);
    }
}
