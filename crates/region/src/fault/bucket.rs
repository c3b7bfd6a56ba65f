//! A token bucket: so many calls at once, and so many a second after that.
//!
//! Source: EC2 Auto Scaling and ARC throttle each account and API with token buckets that refill at a
//! fixed rate; see "API throttling" in the EC2 API reference for how AWS describes them.

use jiff::Timestamp;

use super::Calls;
use crate::operation::{Operation, Service};

/// A bucket in front of some calls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bucket {
    calls: Calls,
    per_second: f64,
    burst: f64,
    until: Option<Timestamp>,
    tokens: f64,
    filled: Option<Timestamp>,
}

impl Bucket {
    /// A full bucket that holds `burst` tokens and gets `per_second` of them back.
    pub(super) fn new(calls: Calls, per_second: f64, burst: u32, until: Option<Timestamp>) -> Self {
        Self {
            calls,
            per_second,
            burst: burst.into(),
            until,
            tokens: burst.into(),
            filled: None,
        }
    }

    /// Takes a token for a call that this bucket is for; whether there was one.
    pub(super) fn admits(
        &mut self,
        service: Service,
        operation: Operation,
        now: Timestamp,
    ) -> bool {
        let over = self.until.is_some_and(|until| now >= until);
        if over || !self.calls.meets(service, operation) {
            return true;
        }
        if let Some(filled) = self.filled {
            let passed = now.duration_since(filled).as_secs_f64().max(0.0);
            self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        }
        self.filled = Some(now);
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_admitted_and_then_as_many_as_come_back() {
        let calls = Calls {
            service: Service::AutoScaling,
            operation: None,
        };
        let mut bucket = Bucket::new(calls, 0.5, 3, None);
        let mut admits = |millis: i64| {
            let now = Timestamp::from_millisecond(millis).unwrap();
            bucket.admits(Service::AutoScaling, Operation::read("DescribeTags"), now)
        };
        let admitted: Vec<bool> = [0, 0, 0, 0, 1_999, 2_000, 2_001, 60_000]
            .map(&mut admits)
            .into();
        // The call that was refused at 1.999 s took nothing.
        assert_eq!(
            admitted,
            [true, true, true, false, false, true, false, true]
        );
    }

    #[test]
    fn other_services_and_later_times_are_not_concerned() {
        let calls = Calls {
            service: Service::AutoScaling,
            operation: Some("DescribeTags".to_owned()),
        };
        let until = Timestamp::from_second(60).unwrap();
        let mut bucket = Bucket::new(calls, 0.0, 0, Some(until));
        let tags = Operation::read("DescribeTags");
        let groups = Operation::read("DescribeAutoScalingGroups");
        let zero = Timestamp::UNIX_EPOCH;
        assert!(!bucket.admits(Service::AutoScaling, tags, zero));
        assert!(bucket.admits(Service::AutoScaling, groups, zero));
        assert!(bucket.admits(Service::Sns, tags, zero));
        assert!(bucket.admits(Service::AutoScaling, tags, until));
    }
}
