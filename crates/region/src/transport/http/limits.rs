//! What the door takes at most.

use std::time::Duration;

use crate::operation::Service;

/// The bounds of what clients can make the Region keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more of them wait, as far as the operating system lets them.
    pub connections: usize,
    /// How long a connection may take until the headers of its next request are there. A connection
    /// that takes longer is closed without an answer.
    pub header_time: Duration,
    /// Bytes of a request's line and headers, at least 8192; more are refused with status 431. Every
    /// connection may keep a buffer of this size.
    pub header_bytes: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// Bytes of the buffers of all bodies that have arrived, in part or as a whole, and are not
    /// answered yet. A body that would exceed this is refused as an overloaded service does, and its client tries again.
    /// At most 4 GiB count.
    pub bytes_in_flight: usize,
    /// Bytes of a body that are read, and thrown away, after it was found too large. A client that
    /// sends its whole request before it looks for an answer gets one that way.
    pub discarded_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_time: Duration::from_secs(30),
            header_bytes: 16 * 1024,
            body_time: Duration::from_secs(30),
            bytes_in_flight: 64 * MIB,
            discarded_bytes: 64 * MIB,
        }
    }
}

const MIB: usize = 1024 * 1024;

/// The largest body that the door takes for a service, in bytes.
///
/// Lambda documents 6 MB for a synchronous invocation; the service refuses by that number, so the
/// door leaves it some room. EventBridge documents 1 MB for all entries, SNS at most as much for a
/// message, CloudWatch Logs for a batch of lines, and the encoding of each can make more of it. CloudWatch documents 1 MB for
/// `PutMetricData`. For the others nothing is documented: none of their operations comes near 1 MB.
pub(super) fn largest_body(service: Service) -> usize {
    match service {
        Service::Lambda => 7 * MIB,
        Service::CloudWatchLogs | Service::EventBridge | Service::Sns => 4 * MIB,
        Service::ArcZonalShift
        | Service::AutoScaling
        | Service::CloudWatch
        | Service::Ec2
        | Service::ElasticLoadBalancing
        | Service::Iam
        | Service::Sqs => MIB,
    }
}
