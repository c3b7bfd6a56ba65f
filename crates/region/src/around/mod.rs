//! What stands around a workload, as far as somebody asks whether it is ready for an incident: the free
//! addresses of its subnets (EC2), what the functions' roles may do (IAM), and the queues of what the
//! functions failed with for good (SQS).
//!
//! Each answers a question or two and holds next to nothing. Sources: API models of 2016-11-15 (EC2),
//! 2010-05-08 (IAM) and 2012-11-05 (SQS) with their references. What is assumed and simplified:
//! `docs/REGION.md`.

mod ec2;
mod iam;
mod sqs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::SubnetId;
use winterbaume_core::{MockRequest, MockResponse, xml_escape};

use crate::error::ServiceError;
use crate::operation::{Operation, Service};
use crate::state::State;

/// Addresses of a subnet of 256: AWS keeps five for itself.
const ADDRESSES: u32 = 251;

/// What is not as it is by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    free: BTreeMap<SubnetId, u32>,
}

impl Around {
    /// Leaves a subnet so many free addresses, whatever runs in it.
    pub fn leave_free(&mut self, subnet: SubnetId, addresses: u32) {
        self.free.insert(subnet, addresses);
    }
}

/// The operation of a request.
pub(crate) fn identify(service: Service, request: &MockRequest) -> Option<Operation> {
    match service {
        Service::Ec2 => ec2::identify(request),
        Service::Iam => iam::identify(request),
        _ => sqs::identify(request),
    }
}

/// Performs the operation of a request.
pub(crate) fn perform(
    state: &State,
    service: Service,
    operation: Operation,
    request: &MockRequest,
) -> MockResponse {
    let answer = match service {
        Service::Ec2 => ec2::answer(state, request),
        Service::Iam => iam::answer(state, request),
        _ => sqs::answer(state, operation, request),
    };
    answer.unwrap_or_else(|error| refuse(service, &error))
}

/// An error in the protocol of the service.
pub(crate) fn refuse(service: Service, error: &ServiceError) -> MockResponse {
    match service {
        Service::Ec2 => ec2::refuse(error),
        Service::Iam => crate::wire::query_error(error),
        _ => sqs::refuse(error),
    }
}

/// An element with a text.
fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", xml_escape(text))
}

/// The values of a list in a form: `Name.1`, `Name.2` and so on, in their order.
fn numbered(parameters: &std::collections::HashMap<String, String>, prefix: &str) -> Vec<String> {
    (1..)
        .map_while(|number| parameters.get(&format!("{prefix}.{number}")).cloned())
        .collect()
}
