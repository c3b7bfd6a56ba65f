//! Elastic Load Balancing (version 2), as far as tools that evacuate a zone read it.
//!
//! It holds little of its own. A load balancer is here when the world sends traffic to it or ARC
//! manages it; its targets are the instances of the Auto Scaling groups that register with its target
//! group; what a zonal shift does to them is ARC's to say. So an answer here never disagrees with the
//! traffic.
//!
//! Health checks stay green: a gray failure is one that they do not see. What a zonal shift changes is
//! the *administrative override* of a target, which is independent of its health.
//!
//! Sources: Elastic Load Balancing API reference and API model of 2015-12-01; user guide for
//! Application Load Balancers, "Zonal shift for your Application Load Balancer". What is assumed and
//! simplified: `docs/REGION.md`.

mod describe;
mod health;
#[cfg(test)]
mod tests;
pub(crate) mod wire;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccountId, SubnetId, ZoneId, ZoneName};
use jiff::Timestamp;

use crate::arc::ZonalShifts;
use crate::autoscaling::AutoScaling;
use crate::error::ServiceError;
use crate::state::State;
use crate::world::WorldSpec;

/// What the service holds of its own.
#[derive(Debug, Clone)]
pub struct LoadBalancing {
    account: AccountId,
    region: String,
    created: Timestamp,
    tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Target groups that say to have cross-zone load balancing on; the world sends traffic as without.
    cross_zone: BTreeSet<String>,
}

impl LoadBalancing {
    /// A service whose load balancers were all created at this moment.
    #[must_use]
    pub fn new(account: AccountId, region: &str, created: Timestamp) -> Self {
        Self {
            account,
            region: region.to_owned(),
            created,
            tags: BTreeMap::new(),
            cross_zone: BTreeSet::new(),
        }
    }

    /// Tags a load balancer or a target group.
    pub fn tag(&mut self, arn: &str, key: &str, value: &str) {
        let tags = self.tags.entry(arn.to_owned()).or_default();
        tags.insert(key.to_owned(), value.to_owned());
    }

    /// Has a target group say that cross-zone load balancing is on: to be found out, and without effect on
    /// the traffic.
    pub fn say_cross_zone(&mut self, target_group: &str) {
        self.cross_zone.insert(target_group.to_owned());
    }

    fn arn(&self, resource: &str) -> String {
        format!(
            "arn:aws:elasticloadbalancing:{}:{}:{resource}",
            self.region, self.account
        )
    }
}

/// The two kinds of load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Application,
    Network,
}

/// A load balancer, to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LoadBalancer {
    arn: String,
    name: String,
    /// The last part of the ARN.
    id: String,
    kind: Kind,
    zones: Vec<(ZoneName, SubnetId)>,
    /// Whether ARC manages it, which is what `zonal_shift.config.enabled` does.
    zonal_shift: bool,
}

/// A target group, to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TargetGroup {
    arn: String,
    name: String,
    /// The load balancer that uses it.
    load_balancer: Option<String>,
}

/// The service with everything that it looks at.
#[derive(Debug, Clone, Copy)]
struct Service<'a> {
    own: &'a LoadBalancing,
    world: &'a WorldSpec,
    arc: &'a ZonalShifts,
    auto_scaling: &'a AutoScaling,
}

impl<'a> Service<'a> {
    fn of(state: &'a State) -> Self {
        Self {
            own: &state.load_balancing,
            world: state.world.spec(),
            arc: &state.arc,
            auto_scaling: &state.auto_scaling,
        }
    }

    /// Every load balancer, by ARN.
    fn load_balancers(&self) -> Vec<LoadBalancer> {
        let world = self.world.load_balancers.iter().map(|one| &one.arn);
        let managed = self.arc.all_resources().map(|view| &view.managed.arn);
        let arns: BTreeSet<_> = world.chain(managed).collect();
        arns.into_iter()
            .filter_map(|arn| self.load_balancer(arn.as_str()))
            .collect()
    }

    /// The load balancer of an ARN, `…:loadbalancer/app/front/50dc6c495c0c9188`.
    fn load_balancer(&self, arn: &str) -> Option<LoadBalancer> {
        let mut parts = arn.strip_prefix(&self.own.arn("loadbalancer/"))?.split('/');
        let kind = match parts.next()? {
            "app" => Kind::Application,
            "net" => Kind::Network,
            _ => return None,
        };
        let (name, id) = (parts.next()?, parts.next()?);
        let managed = self.arc.resource(arn).ok().map(|view| view.managed);
        let zones: Vec<&ZoneId> = match managed {
            Some(managed) => managed.zones.iter().collect(),
            None => self.world.zones.iter().map(|(id, _)| id).collect(),
        };
        let place = |zone: &ZoneId| {
            let mut subnets = self.auto_scaling.subnets();
            let (subnet, _, zone_name) = subnets.find(|(_, id, _)| *id == zone)?;
            Some((zone_name.clone(), subnet.clone()))
        };
        Some(LoadBalancer {
            arn: arn.to_owned(),
            name: name.to_owned(),
            id: id.to_owned(),
            kind,
            zones: zones.into_iter().filter_map(place).collect(),
            zonal_shift: managed.is_some(),
        })
    }

    /// Every target group, by ARN: those of the world, and those that groups register with.
    fn target_groups(&self) -> Vec<TargetGroup> {
        let world = self.world.load_balancers.iter().map(|one| {
            let arn = self.own.arn(&one.target_group);
            (arn, Some(one.arn.to_string()))
        });
        let groups = self.auto_scaling.groups().flat_map(|group| {
            let balancer = group.load_balancer.map(ToString::to_string);
            let arns = group.target_groups.iter();
            arns.map(move |arn| (arn.clone(), balancer.clone()))
        });
        // What the world says of a target group has precedence.
        let all: BTreeMap<String, Option<String>> = groups.chain(world).collect();
        let named = |(arn, load_balancer): (String, Option<String>)| {
            let prefix = self.own.arn("targetgroup/");
            let name = arn.strip_prefix(&prefix)?.split('/').next()?.to_owned();
            Some(TargetGroup {
                arn,
                name,
                load_balancer,
            })
        };
        all.into_iter().filter_map(named).collect()
    }
}

fn validation(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationError", message)
}

/// A parameter outside its limits, in the words of every AWS service of this protocol.
fn constraint(value: impl std::fmt::Display, parameter: &str, rule: &str) -> ServiceError {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: Member must {rule}"
    ))
}
