//! EC2: subnets (ec2Query).

use winterbaume_core::{MockRequest, MockResponse, xml_escape};

use super::{ADDRESSES, element, numbered};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::state::State;
use crate::wire::{listed_operation, unlisted_parameter};

const VERSION: &str = "2016-11-15";
const SUBNETS: Operation = Operation::read("DescribeSubnets");
const OPERATIONS: [(Operation, &[&str]); 1] = [(SUBNETS, &["SubnetId"])];

pub(super) fn identify(request: &MockRequest) -> Option<Operation> {
    let parameters = crate::text::form(&request.body);
    let version = parameters.get("Version").map(String::as_str);
    listed_operation(&OPERATIONS, &parameters).filter(|_| version == Some(VERSION))
}

pub(super) fn answer(state: &State, request: &MockRequest) -> Result<MockResponse, ServiceError> {
    let parameters = crate::text::form(&request.body);
    if let Some(name) = unlisted_parameter(&OPERATIONS, SUBNETS, &parameters) {
        let message = format!("The embedded Region does not know the parameter {name}");
        return Err(ServiceError::new(400, "UnknownParameter", message));
    }
    let wanted = numbered(&parameters, "SubnetId");
    let known: Vec<_> = state.auto_scaling.subnets().collect();
    for subnet in &wanted {
        if !known.iter().any(|(id, _, _)| id.as_str() == subnet) {
            let message = format!("The subnet ID '{subnet}' does not exist");
            return Err(ServiceError::new(400, "InvalidSubnetID.NotFound", message));
        }
    }
    let mut items = String::new();
    for (subnet, zone, name) in known {
        if !wanted.is_empty() && !wanted.iter().any(|id| id == subnet.as_str()) {
            continue;
        }
        // An instance belongs to a zone here; its address is one of the zone's first subnet.
        let mut of_zone = state
            .auto_scaling
            .subnets()
            .filter(|(_, of, _)| *of == zone);
        let is_first = of_zone.next().is_some_and(|(first, _, _)| first == subnet);
        let taken = match is_first {
            true => (state.auto_scaling.instances())
                .filter(|instance| instance.zone_name == name)
                .count(),
            false => 0,
        };
        let free = state.around.free.get(subnet).copied();
        let free = free
            .unwrap_or_else(|| ADDRESSES.saturating_sub(u32::try_from(taken).unwrap_or(ADDRESSES)));
        items.push_str("<item>");
        for (name, text) in [
            ("subnetId", subnet.as_str()),
            ("state", "available"),
            ("availabilityZone", name.as_str()),
            ("availabilityZoneId", zone.as_str()),
        ] {
            items.push_str(&element(name, text));
        }
        items.push_str(&element("availableIpAddressCount", &free.to_string()));
        items.push_str("</item>");
    }
    let body = format!(
        "<DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/doc/{VERSION}/\"><requestId>00000000-0000-4000-8000-000000000000</requestId><subnetSet>{items}</subnetSet></DescribeSubnetsResponse>"
    );
    Ok(MockResponse::xml(200, body))
}

pub(super) fn refuse(error: &ServiceError) -> MockResponse {
    let body = format!(
        "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors><RequestID>00000000-0000-4000-8000-000000000000</RequestID></Response>",
        error.code,
        xml_escape(&error.message)
    );
    MockResponse::xml(error.status, body)
}
