//! What there is: load balancers, target groups, their attributes and their tags.

use std::collections::BTreeMap;

use super::{Kind, LoadBalancer, Service, TargetGroup, constraint, validation};
use crate::error::ServiceError;

/// How many ARNs one call takes.
const MOST_ARNS: usize = 20;
/// How long a page is at the most, and unless the request says otherwise.
const LONGEST_PAGE: usize = 400;

/// An ARN, and the tags of what it names.
type Tagged = (String, BTreeMap<String, String>);

/// A page, and the marker of the next one.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next_marker: Option<String>,
}

/// What a request says of the page that it asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paging<'a> {
    pub(super) marker: Option<&'a str>,
    pub(super) size: Option<&'a str>,
}

impl Paging<'_> {
    /// Takes a page of items in the order of their ARNs. A marker is the last ARN of its page.
    fn take<T>(self, items: Vec<T>, arn: impl Fn(&T) -> &str) -> Result<Page<T>, ServiceError> {
        let size = self.page_size()?;
        if let Some(marker) = self.marker
            && !marker.starts_with("arn:")
        {
            return Err(validation(format!("'{marker}' is not a valid marker")));
        }
        let after = |item: &T| self.marker.is_none_or(|marker| arn(item) > marker);
        let mut rest = items.into_iter().filter(after);
        let items: Vec<T> = rest.by_ref().take(size).collect();
        let more = rest.next().is_some();
        let last = items.last().filter(|_| more);
        Ok(Page {
            next_marker: last.map(|item| arn(item).to_owned()),
            items,
        })
    }

    fn page_size(self) -> Result<usize, ServiceError> {
        let Some(text) = self.size else {
            return Ok(LONGEST_PAGE);
        };
        let size: i64 = text
            .parse()
            .map_err(|_| validation(format!("'{text}' at 'pageSize' is not a number")))?;
        match usize::try_from(size) {
            Ok(size @ 1..=LONGEST_PAGE) => Ok(size),
            Ok(0) | Err(_) => Err(constraint(
                size,
                "pageSize",
                "have value greater than or equal to 1",
            )),
            Ok(_) => Err(constraint(
                size,
                "pageSize",
                "have value less than or equal to 400",
            )),
        }
    }
}

/// Up to 20 ARNs.
fn check_count(arns: &[String], parameter: &str) -> Result<(), ServiceError> {
    if arns.len() <= MOST_ARNS {
        return Ok(());
    }
    Err(constraint(
        format_args!("{} ARNs", arns.len()),
        parameter,
        "have length less than or equal to 20",
    ))
}

impl Service<'_> {
    /// DescribeLoadBalancers, by ARN.
    pub(super) fn describe_load_balancers(
        &self,
        arns: &[String],
        names: &[String],
        paging: Paging<'_>,
    ) -> Result<Page<LoadBalancer>, ServiceError> {
        check_count(arns, "loadBalancerArns")?;
        if !arns.is_empty() && !names.is_empty() {
            return Err(validation(
                "load balancers are described by name or by ARN, and not by both",
            ));
        }
        for arn in arns {
            self.known_load_balancer(arn)?;
        }
        let mut found = self.load_balancers();
        let unknown = |name: &&String| !found.iter().any(|one| one.name == **name);
        if let Some(name) = names.iter().find(unknown) {
            let message = format!("Load balancers '[{name}]' not found");
            return Err(ServiceError::new(400, "LoadBalancerNotFound", message));
        }
        found.retain(|one| {
            (arns.is_empty() || arns.contains(&one.arn))
                && (names.is_empty() || names.contains(&one.name))
        });
        paging.take(found, |one| &one.arn)
    }

    /// DescribeTargetGroups, by ARN.
    pub(super) fn describe_target_groups(
        &self,
        load_balancer: Option<&str>,
        arns: &[String],
        names: &[String],
        paging: Paging<'_>,
    ) -> Result<Page<TargetGroup>, ServiceError> {
        let ways = [load_balancer.is_some(), !arns.is_empty(), !names.is_empty()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(validation(
                "target groups are described by load balancer, by name or by ARN, and by one of them only",
            ));
        }
        load_balancer.map_or(Ok(()), |arn| self.known_load_balancer(arn).map(drop))?;
        for arn in arns {
            self.known_target_group(arn)?;
        }
        let mut found = self.target_groups();
        if !names
            .iter()
            .all(|name| found.iter().any(|one| one.name == *name))
        {
            return Err(no_such_target_group());
        }
        found.retain(|one| {
            (arns.is_empty() || arns.contains(&one.arn))
                && (names.is_empty() || names.contains(&one.name))
                && load_balancer.is_none_or(|arn| one.load_balancer.as_deref() == Some(arn))
        });
        paging.take(found, |one| &one.arn)
    }

    /// DescribeTags: of each resource, in the order that they are asked for.
    pub(super) fn describe_tags(&self, arns: &[String]) -> Result<Vec<Tagged>, ServiceError> {
        if arns.is_empty() {
            return Err(constraint("null", "resourceArns", "not be null"));
        }
        check_count(arns, "resourceArns")?;
        let tags = |arn: &String| {
            if arn.contains(":targetgroup/") {
                self.known_target_group(arn)?;
            } else {
                self.known_load_balancer(arn)?;
            }
            let tags = self.own.tags.get(arn).cloned().unwrap_or_default();
            Ok((arn.clone(), tags))
        };
        arns.iter().map(tags).collect()
    }

    /// DescribeLoadBalancerAttributes: every attribute of the kind, with the defaults of the API
    /// reference; only zonal shift is told by the Region.
    pub(super) fn load_balancer_attributes(
        &self,
        arn: &str,
    ) -> Result<Vec<(&'static str, &'static str)>, ServiceError> {
        let balancer = self.known_load_balancer(arn)?;
        let zonal_shift = if balancer.zonal_shift {
            "true"
        } else {
            "false"
        };
        let of_both = [
            ("access_logs.s3.enabled", "false"),
            ("access_logs.s3.bucket", ""),
            ("access_logs.s3.prefix", ""),
            ("deletion_protection.enabled", "false"),
            ("ipv6.deny_all_igw_traffic", "false"),
            ("zonal_shift.config.enabled", zonal_shift),
        ];
        let of_kind: &[(&str, &str)] = match balancer.kind {
            Kind::Application => &[
                // Of an Application Load Balancer it cannot be turned off, only of its target groups.
                ("load_balancing.cross_zone.enabled", "true"),
                ("idle_timeout.timeout_seconds", "60"),
                ("client_keep_alive.seconds", "3600"),
                ("connection_logs.s3.enabled", "false"),
                ("connection_logs.s3.bucket", ""),
                ("connection_logs.s3.prefix", ""),
                ("routing.http.desync_mitigation_mode", "defensive"),
                ("routing.http.drop_invalid_header_fields.enabled", "false"),
                ("routing.http.preserve_host_header.enabled", "false"),
                ("routing.http.xff_client_port.enabled", "false"),
                ("routing.http.xff_header_processing.mode", "append"),
                ("routing.http2.enabled", "true"),
                ("waf.fail_open.enabled", "false"),
            ],
            Kind::Network => &[
                ("load_balancing.cross_zone.enabled", "false"),
                ("dns_record.client_routing_policy", "any_availability_zone"),
                ("secondary_ips.auto_assigned.per_subnet", "0"),
            ],
        };
        Ok(of_both.into_iter().chain(of_kind.iter().copied()).collect())
    }

    /// DescribeTargetGroupAttributes: what the world simulates of them.
    pub(super) fn target_group_attributes(
        &self,
        arn: &str,
    ) -> Result<Vec<(&'static str, &'static str)>, ServiceError> {
        self.known_target_group(arn)?;
        let on = self.own.cross_zone.contains(arn);
        let cross_zone = if on { "true" } else { "false" };
        Ok(vec![
            ("load_balancing.algorithm.type", "round_robin"),
            ("load_balancing.cross_zone.enabled", cross_zone),
            ("stickiness.enabled", "false"),
        ])
    }

    fn known_load_balancer(&self, arn: &str) -> Result<LoadBalancer, ServiceError> {
        if !arn.starts_with(&self.own.arn("loadbalancer/")) {
            return Err(validation(format!(
                "'{arn}' is not a valid load balancer ARN"
            )));
        }
        let mut all = self.load_balancers().into_iter();
        all.find(|one| one.arn == arn).ok_or_else(|| {
            let message = "One or more load balancers not found";
            ServiceError::new(400, "LoadBalancerNotFound", message)
        })
    }

    pub(super) fn known_target_group(&self, arn: &str) -> Result<TargetGroup, ServiceError> {
        if !arn.starts_with(&self.own.arn("targetgroup/")) {
            return Err(validation(format!(
                "'{arn}' is not a valid target group ARN"
            )));
        }
        let mut all = self.target_groups().into_iter();
        all.find(|one| one.arn == arn)
            .ok_or_else(no_such_target_group)
    }
}

fn no_such_target_group() -> ServiceError {
    ServiceError::new(
        400,
        "TargetGroupNotFound",
        "One or more target groups not found",
    )
}
