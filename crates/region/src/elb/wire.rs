//! Elastic Load Balancing's API as HTTP (awsQuery).
//!
//! Classic load balancers share the signing name and some of the operations' names; a request of
//! their version of the API is told that there is no such operation.

use std::collections::HashMap;

use winterbaume_core::{MockRequest, MockResponse};

use super::describe::Paging;
use super::health::{Asked, PORT, TargetHealth};
use super::xml::Xml;
use super::{Kind, LoadBalancer, Service, TargetGroup, constraint, validation};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::state::State;
use crate::wire::{listed_operation, unlisted_parameter};

const VERSION: &str = "2015-12-01";

const LOAD_BALANCERS: Operation = Operation::read("DescribeLoadBalancers");
const LOAD_BALANCER_ATTRIBUTES: Operation = Operation::read("DescribeLoadBalancerAttributes");
const TAGS: Operation = Operation::read("DescribeTags");
const TARGET_GROUPS: Operation = Operation::read("DescribeTargetGroups");
const TARGET_GROUP_ATTRIBUTES: Operation = Operation::read("DescribeTargetGroupAttributes");
const TARGET_HEALTH: Operation = Operation::read("DescribeTargetHealth");

/// Every operation, with its parameters.
const OPERATIONS: [(Operation, &[&str]); 6] = [
    (
        LOAD_BALANCERS,
        &["LoadBalancerArns", "Names", "Marker", "PageSize"],
    ),
    (LOAD_BALANCER_ATTRIBUTES, &["LoadBalancerArn"]),
    (TAGS, &["ResourceArns"]),
    (
        TARGET_GROUPS,
        &[
            "LoadBalancerArn",
            "TargetGroupArns",
            "Names",
            "Marker",
            "PageSize",
        ],
    ),
    (TARGET_GROUP_ATTRIBUTES, &["TargetGroupArn"]),
    (TARGET_HEALTH, &["TargetGroupArn", "Targets", "Include"]),
];

type Parameters = HashMap<String, String>;

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    let parameters = crate::text::form(&request.body);
    if parameters
        .get("Version")
        .is_some_and(|version| version != VERSION)
    {
        return None;
    }
    listed_operation(&OPERATIONS, &parameters)
}

/// Performs the operation of a request.
pub(crate) fn perform(state: &State, operation: Operation, request: &MockRequest) -> MockResponse {
    let parameters = crate::text::form(&request.body);
    answer(Service::of(state), operation, &parameters).unwrap_or_else(|error| refuse(&error))
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::query_error(error)
}

fn answer(
    service: Service<'_>,
    operation: Operation,
    parameters: &Parameters,
) -> Result<MockResponse, ServiceError> {
    check_parameters(operation, parameters)?;
    let list = |name: &str| list(parameters, name);
    let text = |name: &str| parameters.get(name).map(String::as_str);
    let required = |name: &str, parameter: &str| {
        text(name).ok_or_else(|| constraint("null", parameter, "not be null"))
    };
    let paging = Paging {
        marker: text("Marker").filter(|marker| !marker.is_empty()),
        size: text("PageSize"),
    };
    let name = operation.name;
    match operation {
        LOAD_BALANCERS => {
            let (arns, names) = (list("LoadBalancerArns"), list("Names"));
            let page = service.describe_load_balancers(&arns, &names, paging)?;
            Ok(Xml::answer(name, |xml| {
                xml.list("LoadBalancers", page.items, |xml, one| {
                    write_load_balancer(xml, &one, service);
                });
                write_marker(xml, page.next_marker.as_deref());
            }))
        }
        TARGET_GROUPS => {
            let (arns, names) = (list("TargetGroupArns"), list("Names"));
            let balancer = text("LoadBalancerArn");
            let page = service.describe_target_groups(balancer, &arns, &names, paging)?;
            Ok(Xml::answer(name, |xml| {
                xml.list("TargetGroups", page.items, |xml, one| {
                    write_target_group(xml, &one);
                });
                write_marker(xml, page.next_marker.as_deref());
            }))
        }
        TARGET_HEALTH => {
            let group = required("TargetGroupArn", "targetGroupArn")?;
            let anomalies = includes_anomalies(&list("Include"))?;
            let found = service.describe_target_health(group, &targets(parameters)?)?;
            Ok(Xml::answer(name, |xml| {
                xml.list("TargetHealthDescriptions", found, |xml, one| {
                    write_health(xml, &one, anomalies);
                });
            }))
        }
        TAGS => {
            let found = service.describe_tags(&list("ResourceArns"))?;
            Ok(Xml::answer(name, |xml| {
                xml.list("TagDescriptions", found, |xml, (arn, tags)| {
                    xml.text("ResourceArn", &arn);
                    xml.list("Tags", tags, |xml, (key, value)| {
                        xml.text("Key", &key);
                        xml.text("Value", &value);
                    });
                });
            }))
        }
        LOAD_BALANCER_ATTRIBUTES => {
            let balancer = required("LoadBalancerArn", "loadBalancerArn")?;
            let attributes = service.load_balancer_attributes(balancer)?;
            Ok(write_attributes(name, attributes))
        }
        _ => {
            let group = required("TargetGroupArn", "targetGroupArn")?;
            let attributes = service.target_group_attributes(group)?;
            Ok(write_attributes(name, attributes))
        }
    }
}

fn check_parameters(operation: Operation, parameters: &Parameters) -> Result<(), ServiceError> {
    match unlisted_parameter(&OPERATIONS, operation, parameters) {
        Some(name) => Err(validation(format!(
            "the embedded Region does not simulate {name} of {}",
            operation.name
        ))),
        None => Ok(()),
    }
}

/// A list: `Names.member.1`, `Names.member.2` and so on.
fn list(parameters: &Parameters, name: &str) -> Vec<String> {
    (1..)
        .map_while(|number| parameters.get(&format!("{name}.member.{number}")))
        .cloned()
        .collect()
}

fn targets(parameters: &Parameters) -> Result<Vec<Asked>, ServiceError> {
    let member = |number: usize, name: &str| {
        parameters
            .get(&format!("Targets.member.{number}.{name}"))
            .cloned()
    };
    let mut targets = Vec::new();
    for number in 1.. {
        let Some(id) = member(number, "Id") else {
            break;
        };
        if member(number, "AvailabilityZone").is_some() {
            return Err(validation(
                "AvailabilityZone is not supported for targets of the type instance",
            ));
        }
        let port = member(number, "Port");
        targets.push(Asked { id, port });
    }
    Ok(targets)
}

fn includes_anomalies(include: &[String]) -> Result<bool, ServiceError> {
    let unknown = |one: &&String| !["AnomalyDetection", "All"].contains(&one.as_str());
    match include.iter().find(unknown) {
        Some(other) => Err(constraint(
            other,
            "include",
            "satisfy enum value set: [AnomalyDetection, All]",
        )),
        None => Ok(!include.is_empty()),
    }
}

/// The last page has no marker: clients go on as long as there is one, an empty one included.
fn write_marker(xml: &mut Xml, marker: Option<&str>) {
    if let Some(marker) = marker {
        xml.text("NextMarker", marker);
    }
}

fn write_attributes(operation: &str, attributes: Vec<(&str, &str)>) -> MockResponse {
    Xml::answer(operation, |xml| {
        xml.list("Attributes", attributes, |xml, (key, value)| {
            xml.text("Key", key);
            xml.text("Value", value);
        });
    })
}

fn write_load_balancer(xml: &mut Xml, balancer: &LoadBalancer, service: Service<'_>) {
    let region = &service.own.region;
    let (name, id) = (&balancer.name, &balancer.id);
    let (kind, dns) = match balancer.kind {
        Kind::Application => {
            // The number in the name of an Application Load Balancer is not its id.
            let number = id
                .bytes()
                .fold(7_u32, |n, b| n.wrapping_mul(31) ^ u32::from(b));
            let dns = format!("{name}-{number}.{region}.elb.amazonaws.com");
            ("application", dns)
        }
        Kind::Network => ("network", format!("{name}-{id}.elb.{region}.amazonaws.com")),
    };
    xml.text("LoadBalancerArn", &balancer.arn);
    xml.text("DNSName", &dns);
    xml.text("CreatedTime", &service.own.created.to_string());
    xml.text("LoadBalancerName", name);
    xml.text("Scheme", "internet-facing");
    xml.text("VpcId", VPC);
    xml.element("State", |xml| xml.text("Code", "active"));
    xml.text("Type", kind);
    xml.list(
        "AvailabilityZones",
        &balancer.zones,
        |xml, (zone, subnet)| {
            xml.text("ZoneName", zone.as_str());
            xml.text("SubnetId", subnet.as_str());
            xml.element("LoadBalancerAddresses", |_| {});
        },
    );
    xml.text("IpAddressType", "ipv4");
}

/// The VPC of everything.
const VPC: &str = "vpc-00000000000000001";

fn write_target_group(xml: &mut Xml, group: &TargetGroup) {
    xml.text("TargetGroupArn", &group.arn);
    xml.text("TargetGroupName", &group.name);
    xml.text("Protocol", "HTTP");
    xml.text("Port", PORT);
    xml.text("VpcId", VPC);
    xml.text("HealthCheckProtocol", "HTTP");
    xml.text("HealthCheckPort", "traffic-port");
    xml.text("HealthCheckEnabled", "true");
    xml.text("HealthCheckIntervalSeconds", "30");
    xml.text("HealthCheckTimeoutSeconds", "5");
    xml.text("HealthyThresholdCount", "5");
    xml.text("UnhealthyThresholdCount", "2");
    xml.text("HealthCheckPath", "/");
    xml.element("Matcher", |xml| xml.text("HttpCode", "200"));
    xml.element("LoadBalancerArns", |xml| {
        if let Some(arn) = &group.load_balancer {
            xml.text("member", arn);
        }
    });
    xml.text("TargetType", "instance");
    xml.text("ProtocolVersion", "HTTP1");
    xml.text("IpAddressType", "ipv4");
}

fn write_health(xml: &mut Xml, target: &TargetHealth, anomalies: bool) {
    xml.element("Target", |xml| {
        xml.text("Id", &target.id);
        xml.text("Port", &target.port);
    });
    xml.text("HealthCheckPort", PORT);
    let (state, reason) = target.health;
    xml.element("TargetHealth", |xml| {
        xml.text("State", state);
        if let Some((reason, description)) = reason {
            xml.text("Reason", reason);
            xml.text("Description", description);
        }
    });
    let Some(shifted) = target.shifted else {
        return;
    };
    if anomalies {
        xml.element("AnomalyDetection", |xml| {
            xml.text("Result", "normal");
            xml.text("MitigationInEffect", "no");
        });
    }
    let (state, reason, description) = if shifted {
        (
            "zonal_shift_active",
            "AdministrativeOverride.ZonalShiftActive",
            "Zonal shift is active in target Availability Zone",
        )
    } else {
        (
            "no_override",
            "AdministrativeOverride.NoOverride",
            "No override is currently active on target",
        )
    };
    xml.element("AdministrativeOverride", |xml| {
        xml.text("State", state);
        xml.text("Reason", reason);
        xml.text("Description", description);
    });
}
