//! What the service holds of a group, and what it shows of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{ResourceArn, SubnetId, ZoneId, ZoneName};
use jiff::Timestamp;

use super::balance::Counts;
use super::refresh::Refresh;

/// A group to put into the Region.
#[derive(Debug, Clone, Default)]
pub struct GroupSpec {
    /// Its name.
    pub name: String,
    /// The minimum size.
    pub min: usize,
    /// The maximum size.
    pub max: usize,
    /// The desired capacity.
    pub desired: usize,
    /// `VPCZoneIdentifier`; empty for a group that has only Availability Zones.
    pub subnets: Vec<SubnetId>,
    /// `AvailabilityZones` of a group without subnets.
    pub zones: Vec<ZoneName>,
    /// The tags, none of them passed on to instances.
    pub tags: BTreeMap<String, String>,
    /// The ARNs of the target groups it registers with.
    pub target_groups: Vec<String>,
    /// The load balancer it serves.
    pub load_balancer: Option<ResourceArn>,
    /// Whether ARC can shift the group itself.
    pub zonal_shift: bool,
    /// The AWS service that manages the group and alone may change it.
    pub operator: Option<String>,
    /// The instance refresh in progress.
    pub refresh: Option<RefreshStatus>,
}

/// What health checks do in a zone that the group is shifted away from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImpairedBehavior {
    /// Replace nothing there.
    #[default]
    IgnoreUnhealthy,
    /// Replace unhealthy instances there too.
    ReplaceUnhealthy,
}

impl ImpairedBehavior {
    /// The behaviour of this name in the API.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::IgnoreUnhealthy, Self::ReplaceUnhealthy]
            .into_iter()
            .find(|behavior| behavior.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::IgnoreUnhealthy => "IgnoreUnhealthy",
            Self::ReplaceUnhealthy => "ReplaceUnhealthy",
        }
    }
}

/// Where an instance refresh is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshStatus {
    /// Not begun.
    Pending,
    /// Replacing instances.
    InProgress,
    /// Being cancelled.
    Cancelling,
    /// Being rolled back.
    RollbackInProgress,
    /// All replaced, and waiting whether the alarms stay quiet.
    Baking,
    /// Cancelled: no longer in progress.
    Cancelled,
}

impl RefreshStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Cancelling => "Cancelling",
            Self::RollbackInProgress => "RollbackInProgress",
            Self::Baking => "Baking",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// A zone, as this account knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zone {
    pub(super) id: ZoneId,
    pub(super) name: ZoneName,
}

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Launched.
    Pending,
    /// In service.
    InService,
    /// On its way out; the load balancer knows it no longer.
    Terminating,
}

impl Lifecycle {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InService => "InService",
            Self::Terminating => "Terminating",
        }
    }
}

/// A scaling process that can be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Process {
    Launch,
    Terminate,
    AddToLoadBalancer,
    AlarmNotification,
    AzRebalance,
    HealthCheck,
    InstanceRefresh,
    ReplaceUnhealthy,
    ScheduledActions,
}

impl Process {
    pub(super) const ALL: [Self; 9] = [
        Self::Launch,
        Self::Terminate,
        Self::AddToLoadBalancer,
        Self::AlarmNotification,
        Self::AzRebalance,
        Self::HealthCheck,
        Self::InstanceRefresh,
        Self::ReplaceUnhealthy,
        Self::ScheduledActions,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Launch => "Launch",
            Self::Terminate => "Terminate",
            Self::AddToLoadBalancer => "AddToLoadBalancer",
            Self::AlarmNotification => "AlarmNotification",
            Self::AzRebalance => "AZRebalance",
            Self::HealthCheck => "HealthCheck",
            Self::InstanceRefresh => "InstanceRefresh",
            Self::ReplaceUnhealthy => "ReplaceUnhealthy",
            Self::ScheduledActions => "ScheduledActions",
        }
    }
}

/// An instance of a group.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) zone: Zone,
    pub(super) launched: Timestamp,
    pub(super) lifecycle: Lifecycle,
    /// When this part of its life ends, and the activity that ends with it.
    pub(super) until: Option<(Timestamp, ActivityNumber)>,
}

/// A group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) desired: usize,
    pub(super) subnets: Vec<SubnetId>,
    /// The zones of the subnets, or those that a group without subnets has.
    pub(super) zones: Vec<Zone>,
    pub(super) tags: BTreeMap<String, String>,
    /// The keys of the tags that are passed on to instances.
    pub(super) propagated: BTreeSet<String>,
    pub(super) target_groups: Vec<String>,
    pub(super) load_balancer: Option<ResourceArn>,
    pub(super) zonal_shift: bool,
    pub(super) operator: Option<String>,
    pub(super) impaired: ImpairedBehavior,
    /// Whether ARC manages the group.
    pub(super) managed: bool,
    /// Instance refreshes, the newest last; that one alone can be in progress.
    pub(super) refreshes: Vec<Refresh>,
    pub(super) deleting: bool,
    pub(super) contention: bool,
    pub(super) shifted: Option<ZoneId>,
    pub(super) suspended: BTreeMap<Process, Timestamp>,
    pub(super) instances: Vec<Instance>,
    /// How many instances it ever had.
    pub(super) launched: u64,
    /// Zones where a launch failed, and until when none is tried there again.
    pub(super) avoided: BTreeMap<ZoneId, Timestamp>,
    /// When something is to be done next.
    pub(super) wake: Option<Timestamp>,
}

impl Group {
    /// Has the group looked at in the next step.
    pub(super) fn touch(&mut self) {
        self.wake = Some(Timestamp::MIN);
    }

    pub(super) fn counts(&self) -> BTreeMap<ZoneId, Counts> {
        let zones = self.zones.iter().map(|zone| zone.id.clone());
        let mut counts: BTreeMap<ZoneId, Counts> =
            zones.map(|zone| (zone, Counts::default())).collect();
        for instance in &self.instances {
            let counts = counts.entry(instance.zone.id.clone()).or_default();
            match instance.lifecycle {
                Lifecycle::Pending => counts.pending += 1,
                Lifecycle::InService => counts.in_service += 1,
                Lifecycle::Terminating => counts.terminating += 1,
            }
        }
        counts
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = InstanceView<'_>> {
        self.instances.iter().map(|instance| InstanceView {
            id: &instance.id,
            group: &self.name,
            load_balancer: self.load_balancer.as_ref(),
            zone_id: &instance.zone.id,
            zone_name: &instance.zone.name,
            lifecycle: instance.lifecycle,
            in_service: instance.lifecycle == Lifecycle::InService,
        })
    }

    pub(super) fn view(&self, with_instances: bool) -> GroupView<'_> {
        GroupView {
            name: &self.name,
            arn: &self.arn,
            created: self.created,
            min: self.min,
            max: self.max,
            desired: self.desired,
            subnets: &self.subnets,
            zones: self.zones.iter().map(|zone| zone.id.clone()).collect(),
            zone_names: self.zones.iter().map(|zone| zone.name.clone()).collect(),
            tags: &self.tags,
            propagated: &self.propagated,
            target_groups: &self.target_groups,
            load_balancer: self.load_balancer.as_ref(),
            zonal_shift: self.zonal_shift,
            impaired: self.impaired,
            operator: self.operator.as_deref(),
            deleting: self.deleting,
            suspended: self
                .suspended
                .iter()
                .map(|(process, since)| (process.name(), *since))
                .collect(),
            counts: self.counts(),
            instances: if with_instances {
                self.instances().collect()
            } else {
                Vec::new()
            },
        }
    }
}

/// An instance, to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceView<'a> {
    /// Its id.
    pub id: &'a str,
    /// The group that has it.
    pub group: &'a str,
    /// The load balancer that the group serves.
    pub load_balancer: Option<&'a ResourceArn>,
    /// The AZ ID of its zone.
    pub zone_id: &'a ZoneId,
    /// The AZ name of its zone.
    pub zone_name: &'a ZoneName,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Whether it serves, which is whether the load balancer knows it.
    pub in_service: bool,
}

/// A group, to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its ARN.
    pub arn: &'a str,
    /// When it was created.
    pub created: Timestamp,
    /// The minimum size.
    pub min: usize,
    /// The maximum size.
    pub max: usize,
    /// The desired capacity.
    pub desired: usize,
    /// Its subnets; none where it has only Availability Zones.
    pub subnets: &'a [SubnetId],
    /// The AZ IDs of its zones.
    pub zones: Vec<ZoneId>,
    /// The AZ names of its zones, in the same order.
    pub zone_names: Vec<ZoneName>,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
    /// The keys of the tags that are passed on to instances.
    pub propagated: &'a BTreeSet<String>,
    /// The ARNs of its target groups.
    pub target_groups: &'a [String],
    /// The load balancer that it serves.
    pub load_balancer: Option<&'a ResourceArn>,
    /// Whether ARC can shift the group itself.
    pub zonal_shift: bool,
    /// What health checks do where it is shifted away.
    pub impaired: ImpairedBehavior,
    /// The AWS service that manages it.
    pub operator: Option<&'a str>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// The suspended processes, and since when.
    pub suspended: BTreeMap<&'static str, Timestamp>,
    /// Its instances, counted by zone. Each zone of the group is in it, and each where instances are.
    pub counts: BTreeMap<ZoneId, Counts>,
    /// Its instances, where they were asked for.
    pub instances: Vec<InstanceView<'a>>,
}

/// An UpdateAutoScalingGroup that changed where a group runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// When.
    pub at: Timestamp,
    /// Which group.
    pub group: String,
    /// Its subnets until then.
    pub before: Vec<SubnetId>,
    /// Its subnets since.
    pub after: Vec<SubnetId>,
    /// Its tags at that moment.
    pub tags: BTreeMap<String, String>,
    /// Its zones until then.
    pub zones_before: Vec<ZoneId>,
    /// Its zones since.
    pub zones_after: Vec<ZoneId>,
}

/// The number of an activity, in the order in which they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ActivityNumber(pub(super) usize);

impl fmt::Display for ActivityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00000000-0000-4000-a000-{:012x}", self.0)
    }
}

/// A scaling activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its id.
    pub id: String,
    /// The group.
    pub group: String,
    /// The ARN of the group.
    pub group_arn: String,
    /// What is done.
    pub description: String,
    /// Why.
    pub cause: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// The status code, such as `Successful`.
    pub status: &'static str,
    /// More on a failure.
    pub status_message: Option<String>,
    /// The zone.
    pub zone_name: ZoneName,
}
