//! EC2 Auto Scaling: groups that launch, terminate and move their instances.
//!
//! What matters to an evacuation is simulated, and nothing else. An update of the subnets changes
//! nothing by itself: it is answered at once, and from the next second on the group launches in the
//! zones that are left and, as these instances come into service, terminates in those that are not.
//! How it decides is said in `balance`, how long things take in `step`.
//!
//! # Where it differs from AWS
//!
//! - Groups are put into the Region; they cannot be created or deleted through the API. A group that
//!   is put comes with its instances in service. One that is being deleted keeps its instances and
//!   does nothing any more.
//! - Parameters that are not simulated are refused, not ignored.
//! - Health checks replace nothing. So of the processes that can be suspended only `Launch`,
//!   `Terminate` and `AZRebalance` mean something.
//! - There are no termination policies (the oldest instance of the zone goes), lifecycle hooks,
//!   instance maintenance policies, scale-in protection, standby, warm pools or weights.
//! - An instance belongs to a zone, not to a subnet: while the group has another subnet in a zone,
//!   the instances there stay.
//! - An instance refresh that is in progress stays so and replaces nothing.
//! - A launch that failed is tried again in that zone after one minute, every time.
//! - Activities are never forgotten. AWS forgets them after six weeks.

mod balance;
mod describe;
mod group;
mod refresh;
mod step;
mod tags;
mod update;
pub(crate) mod wire;

#[cfg(test)]
mod situations;
#[cfg(test)]
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccountId, SubnetId, ZoneId, ZoneName};
use jiff::{SignedDuration, Timestamp};
use rand::Rng;

pub use self::balance::Counts;
pub use self::describe::{DescribeActivities, DescribeGroups, DescribeTags, Filter, Page, Paging};
pub use self::group::{
    Activity, GroupChange, GroupSpec, GroupView, ImpairedBehavior, InstanceView, Lifecycle,
    RefreshStatus,
};
pub use self::refresh::InstanceRefresh;
pub use self::tags::{TagDescription, TagParameter};
pub use self::update::UpdateGroup;

use self::group::{Group, Zone};
use self::step::{Activities, Conditions};
use crate::chance::Chance;
use crate::error::ServiceError;

/// How long the shortest launch takes unless somebody says otherwise.
pub(crate) const LAUNCH_DELAY: SignedDuration = SignedDuration::from_secs(60);

/// The service.
#[derive(Debug, Clone)]
pub struct AutoScaling {
    account: AccountId,
    region: String,
    subnets: BTreeMap<SubnetId, Zone>,
    groups: BTreeMap<String, Group>,
    conditions: Conditions,
    activities: Activities,
    changes: Vec<GroupChange>,
}

impl AutoScaling {
    /// An Auto Scaling without groups.
    #[must_use]
    pub fn new(account: AccountId, region: &str, chance: Chance) -> Self {
        Self {
            account,
            region: region.to_owned(),
            subnets: BTreeMap::new(),
            groups: BTreeMap::new(),
            conditions: Conditions {
                chance,
                launch_delay: LAUNCH_DELAY,
                exhausted: BTreeSet::new(),
            },
            activities: Activities::default(),
            changes: Vec::new(),
        }
    }

    /// Makes a subnet of the VPC known. A zone is known by its subnets.
    pub fn put_subnet(&mut self, subnet: SubnetId, zone_id: ZoneId, zone_name: ZoneName) {
        let zone = Zone {
            id: zone_id,
            name: zone_name,
        };
        self.subnets.insert(subnet, zone);
    }

    /// Puts a group into the Region, with its instances in service and spread evenly over its zones.
    /// A group of this name that is there already is replaced.
    ///
    /// # Errors
    /// `ValidationError` for a group that AWS would not create.
    pub fn put_group(&mut self, spec: GroupSpec, now: Timestamp) -> Result<(), ServiceError> {
        update::check_size(spec.min, spec.max, spec.desired)?;
        let zones = self.placed(&spec)?;
        let mut draw = self
            .conditions
            .chance
            .generator(&format!("autoscaling {}", spec.name), 0);
        let (high, low) = (draw.random::<u64>(), draw.random::<u64>());
        let mut group = Group {
            arn: format!(
                "arn:aws:autoscaling:{}:{}:autoScalingGroup:{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}:autoScalingGroupName/{}",
                self.region,
                self.account,
                high >> 32,
                (high >> 16) & 0xffff,
                high & 0xfff,
                low >> 52,
                low & 0xffff_ffff_ffff,
                spec.name
            ),
            name: spec.name.clone(),
            created: now,
            min: spec.min,
            max: spec.max,
            desired: spec.desired,
            subnets: spec.subnets,
            zones,
            tags: spec.tags,
            propagated: BTreeSet::new(),
            target_groups: spec.target_groups,
            load_balancer: spec.load_balancer,
            zonal_shift: spec.zonal_shift,
            operator: spec.operator,
            impaired: ImpairedBehavior::default(),
            managed: false,
            refreshes: Vec::new(),
            deleting: false,
            contention: false,
            shifted: None,
            suspended: BTreeMap::new(),
            instances: Vec::new(),
            launched: 0,
            avoided: BTreeMap::new(),
            wake: None,
        };
        group.populate(self.conditions.chance, now);
        if let Some(status) = spec.refresh {
            group.begin_refresh(status, now);
        }
        self.groups.insert(spec.name, group);
        Ok(())
    }

    /// Begins to delete a group.
    ///
    /// # Errors
    /// `ValidationError` where there is no such group.
    pub fn begin_delete(&mut self, name: &str) -> Result<(), ServiceError> {
        self.group_mut(name)?.deleting = true;
        Ok(())
    }

    /// Deletes a group with everything in it, at once, as if its deletion had begun long ago.
    ///
    /// # Errors
    /// `ValidationError` where there is no such group.
    pub fn delete(&mut self, name: &str) -> Result<(), ServiceError> {
        self.groups.remove(name).map(drop).ok_or_else(no_such_group)
    }

    /// Shifts a group itself away from a zone, or ends its shift. Instances there are kept; nothing is
    /// launched there. It is for ARC to know whether the group allows it.
    ///
    /// # Errors
    /// `ValidationError` where there is no such group.
    pub fn set_shifted(
        &mut self,
        name: &str,
        away_from: Option<ZoneId>,
    ) -> Result<(), ServiceError> {
        let group = self.group_mut(name)?;
        group.shifted = away_from;
        group.touch();
        Ok(())
    }

    /// Whether somebody else holds a group, so that updates of it and of its tags are answered with
    /// `ResourceContention`.
    ///
    /// # Errors
    /// `ValidationError` where there is no such group.
    pub fn set_contention(&mut self, name: &str, contention: bool) -> Result<(), ServiceError> {
        self.group_mut(name)?.contention = contention;
        Ok(())
    }

    /// Whether EC2 has no capacity in a zone, so that launches there fail.
    pub fn set_no_capacity(&mut self, zone: ZoneId, no_capacity: bool) {
        if no_capacity {
            self.conditions.exhausted.insert(zone);
        } else {
            self.conditions.exhausted.remove(&zone);
        }
    }

    /// How long the shortest launch takes. The longest takes 20 seconds more.
    pub fn set_launch_delay(&mut self, delay: SignedDuration) {
        self.conditions.launch_delay = delay.max(SignedDuration::ZERO);
    }

    /// Lets time pass. To be called once a second.
    pub fn step(&mut self, now: Timestamp) {
        for group in self.groups.values_mut() {
            group.step(&self.conditions, &mut self.activities, now);
        }
    }

    /// When [`Self::step`] has something to do next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.groups.values().filter_map(|group| group.wake).min()
    }

    /// All instances of all groups.
    pub fn instances(&self) -> impl Iterator<Item = InstanceView<'_>> {
        self.groups.values().flat_map(Group::instances)
    }

    /// All groups, by name, without their instances.
    pub fn groups(&self) -> impl Iterator<Item = GroupView<'_>> {
        self.groups.values().map(|group| group.view(false))
    }

    /// The subnets of the VPC, by id, with the AZ ID and the AZ name of each.
    pub fn subnets(&self) -> impl Iterator<Item = (&SubnetId, &ZoneId, &ZoneName)> {
        let subnets = self.subnets.iter();
        subnets.map(|(subnet, zone)| (subnet, &zone.id, &zone.name))
    }

    /// A group, with its instances.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<GroupView<'_>> {
        self.groups.get(name).map(|group| group.view(true))
    }

    /// Every update that changed the subnets or the zones of a group, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[GroupChange] {
        &self.changes
    }

    /// The groups that ARC may shift, or still manages, in order.
    pub(crate) fn shiftable(&self) -> impl Iterator<Item = Shiftable> {
        let groups = self.groups.values();
        let groups = groups.filter(|group| group.zonal_shift || group.managed);
        groups.map(|group| Shiftable {
            name: group.name.clone(),
            arn: group.arn.clone(),
            zones: group.zones.iter().map(|zone| zone.id.clone()).collect(),
            enabled: group.zonal_shift,
            managed: group.managed,
            shifted: group.shifted.clone(),
        })
    }

    /// Notes whether ARC manages a group, and what it has shifted the group away from.
    pub(crate) fn follow_arc(&mut self, name: &str, managed: bool, away_from: Option<ZoneId>) {
        if let Some(group) = self.groups.get_mut(name) {
            group.managed = managed;
            group.shifted = away_from;
            group.touch();
        }
    }

    fn group_mut(&mut self, name: &str) -> Result<&mut Group, ServiceError> {
        self.groups.get_mut(name).ok_or_else(no_such_group)
    }
}

/// A group as ARC sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shiftable {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) zones: Vec<ZoneId>,
    /// Whether zonal shift is enabled.
    pub(crate) enabled: bool,
    /// Whether ARC manages it already.
    pub(crate) managed: bool,
    /// The zone that it is shifted away from.
    pub(crate) shifted: Option<ZoneId>,
}

fn validation(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationError", message)
}

fn no_such_group() -> ServiceError {
    validation("AutoScalingGroup name not found - null")
}

/// A parameter outside its limits, in the words of every AWS service of this protocol.
fn constraint(value: impl std::fmt::Display, parameter: &str, rule: &str) -> ServiceError {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: Member must have {rule}"
    ))
}
