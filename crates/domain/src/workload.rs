//! What is evacuated as one: a workload's zones, resources, groups, alarms and policy.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::arn::ResourceArn;
use crate::evidence::EvidenceSource;
use crate::name::WorkloadName;
use crate::policy::Policy;
use crate::subnet::SubnetId;
use crate::zone::{ZoneId, ZoneName};

/// A zone of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// What the workload's account calls the zone.
    pub name: ZoneName,
    /// The workload's subnets in the zone. A subnet never changes its zone, so no look-up is needed
    /// during an incident.
    #[serde(default)]
    pub subnets: BTreeSet<SubnetId>,
}

/// A workload's zones: the only way from an AZ ID to an AZ name and back, and from a subnet to its
/// zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ZoneMap(BTreeMap<ZoneId, Zone>);

impl ZoneMap {
    /// A map of these zones. That no subnet and no name stands twice is checked where a workload
    /// definition is read.
    #[must_use]
    pub fn new(zones: BTreeMap<ZoneId, Zone>) -> Self {
        Self(zones)
    }

    /// The zones by AZ ID.
    #[must_use]
    pub fn ids(&self) -> Vec<&ZoneId> {
        self.0.keys().collect()
    }

    /// How many zones there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no zone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each zone with its AZ ID.
    pub fn iter(&self) -> impl Iterator<Item = (&ZoneId, &Zone)> {
        self.0.iter()
    }

    /// The zone with this AZ ID.
    #[must_use]
    pub fn get(&self, id: &ZoneId) -> Option<&Zone> {
        self.0.get(id)
    }

    /// The zone that holds this subnet, an id as Auto Scaling gives it.
    #[must_use]
    pub fn zone_of_subnet(&self, subnet: &str) -> Option<&ZoneId> {
        self.0
            .iter()
            .find(|(_, zone)| zone.subnets.iter().any(|known| known.as_str() == subnet))
            .map(|(id, _)| id)
    }
}

/// Which Auto Scaling groups belong to a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupSelector {
    /// Every group with this tag.
    Tag {
        /// The tag's key, case-sensitive.
        key: String,
        /// The tag's value, case-sensitive.
        value: String,
    },
    /// The groups with these names.
    Names(BTreeSet<String>),
}

/// The alarms of a workload, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    /// The alarm that says that a zone is impaired, per zone.
    pub zonal: BTreeMap<ZoneId, String>,
    /// Alarms that say that the Region is the cause.
    pub regional: BTreeSet<String>,
}

/// How the workload came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its definition came with the event.
    Definition,
    /// Only an alarm's description named a load balancer and a zone: the other zones, their subnets
    /// and their alarms are not known.
    BareAlarm,
}

/// What is evacuated as one. Made by [`crate::definition`], which refuses what does not fit
/// together.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// What people call it.
    pub name: WorkloadName,
    /// How it came to be known.
    pub origin: Origin,
    /// Its zones; empty for [`Origin::BareAlarm`].
    pub zones: ZoneMap,
    /// What ARC shifts. The first is the *lead*: ARC refuses a second customer shift on a resource,
    /// so whoever shifts the lead holds the lock of the workload.
    pub resources: Vec<ResourceArn>,
    /// Its Auto Scaling groups.
    pub groups: Option<GroupSelector>,
    /// Its alarms.
    pub alarms: Alarms,
    /// Where evidence comes from, if anywhere.
    pub evidence: Option<EvidenceSource>,
    /// Where a canary's counts are that asks each zone from outside, also while customers are kept
    /// away from it; `None` where only the evidence itself could show such requests.
    pub canary: Option<EvidenceSource>,
    /// What its owners allow.
    pub policy: Policy,
}

impl Workload {
    /// Every alarm that the classifier reads, zonal ones first, none twice.
    #[must_use]
    pub fn alarm_names(&self) -> Vec<String> {
        let zonal = self.alarms.zonal.values();
        zonal.chain(&self.alarms.regional).cloned().collect()
    }

    /// The zone that a zonal alarm speaks of.
    #[must_use]
    pub fn zone_of_alarm(&self, alarm: &str) -> Option<&ZoneId> {
        self.alarms
            .zonal
            .iter()
            .find(|(_, name)| *name == alarm)
            .map(|(zone, _)| zone)
    }

    /// Whether the workload has this zone, as far as its zones are known.
    #[must_use]
    pub fn has_zone(&self, zone: &ZoneId) -> bool {
        match self.origin {
            Origin::Definition => self.zones.get(zone).is_some(),
            Origin::BareAlarm => self.alarms.zonal.contains_key(zone),
        }
    }
}
