//! What to do about each group, decided from the group alone.
//!
//! Every refusal comes before any change, and is a named outcome: a group that is left as it is
//! during an incident is something that people must hear about. The order of the checks is the
//! order in which they matter to a person: first what makes the group untouchable, then what makes
//! its zones unknown, then what is done already, then what would leave too little.
//!
//! Restore puts back exactly what the record says, into whatever the group has now: what people
//! changed meanwhile is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::protocol::{Capacity, Outcome, PruneAction, PruneRequest, Refusal};
use super::record::{Record, RecordError};
use crate::incident::IncidentId;
use crate::subnet::SubnetId;
use crate::workload::ZoneMap;
use crate::zone::ZoneId;

/// Auto Scaling's limit for the tags of a group.
const MOST_TAGS: usize = 50;

/// A group as Auto Scaling describes it, as far as it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// The group's name.
    pub name: String,
    /// Its subnets, in their order; empty for a group that names zones.
    pub subnets: Vec<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// The principal of the service that manages it, if one does.
    pub operator: Option<String>,
    /// Whether native zonal shift is enabled.
    pub native_zonal_shift: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The status of its instance refresh, if one is in progress.
    pub refresh: Option<String>,
    /// Its desired capacity.
    pub desired: u32,
    /// Capacity in service, by AZ name, in the units of the desired capacity: instances, or the
    /// weights of a group that weighs them.
    pub in_service: BTreeMap<String, u32>,
}

/// What to do about one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write the record, then leave the group with the remaining subnets.
    Prune {
        /// The record to write first: all that is missing from the group afterwards.
        record: Record,
        /// What is taken out now.
        removed: BTreeSet<SubnetId>,
        /// What the group keeps, in its order.
        remaining: Vec<String>,
    },
    /// Give the group its subnets, then delete the record.
    Restore {
        /// All subnets of the group afterwards; `None` where it has them already.
        target: Option<Vec<String>>,
        /// What is put back.
        added: BTreeSet<SubnetId>,
        /// The tags to delete last.
        keys: BTreeSet<String>,
    },
    /// Do nothing; this is the outcome.
    Leave(Outcome),
}

/// The step of a request for one group.
#[must_use]
pub fn plan(request: &PruneRequest, group: &GroupState) -> Step {
    let step = match &request.action {
        PruneAction::Prune { incident } => prune_step(request, incident, group),
        PruneAction::Restore { incident } => restore_step(incident, group),
        PruneAction::Status => Step::Leave(Outcome::Read),
    };
    match step {
        Step::Prune { .. } if request.dry_run => would("prune"),
        Step::Restore { .. } if request.dry_run => would("restore"),
        step => step,
    }
}

fn would(step: &str) -> Step {
    Step::Leave(Outcome::Would {
        step: step.to_owned(),
    })
}

fn refuse(refusal: Refusal) -> Step {
    Step::Leave(Outcome::Refused { refusal })
}

/// The record on the group if it belongs to the incident's workload and zone; a refusal if it is
/// another's or cannot be read. The moment of the transition does not matter: what was removed for
/// the zone is missing from the zone, whichever alarm asked for it.
fn own_record(incident: &IncidentId, group: &GroupState) -> Result<Option<Record>, Refusal> {
    match Record::read(&group.tags) {
        Ok(None) => Ok(None),
        Ok(Some(record))
            if record.incident.zone() == incident.zone()
                && record.incident.workload() == incident.workload() =>
        {
            Ok(Some(record))
        }
        Ok(Some(record)) => Err(Refusal::PrunedForAnotherIncident {
            incident: record.incident,
        }),
        Err(error) => Err(unreadable(&error)),
    }
}

fn unreadable(error: &RecordError) -> Refusal {
    Refusal::UnreadableRecord {
        problem: error.to_string(),
    }
}

/// Why a group could not be pruned of one of the workload's zones or another, each reason once. What
/// passes by itself is none: a refresh, a deletion, an earlier prune.
#[must_use]
pub fn obstacles(request: &PruneRequest, group: &GroupState) -> Vec<Refusal> {
    let settled = GroupState {
        refresh: None,
        ..group.clone()
    };
    let mut obstacles = Vec::new();
    // Told whatever else is wrong with the group: something may be missing from it.
    if !group.deleting
        && let Err(error) = Record::read(&group.tags)
    {
        obstacles.push(unreadable(&error));
    }
    for zone in request.zones.ids() {
        let incident = IncidentId::new(&request.workload, zone, Timestamp::UNIX_EPOCH);
        let Step::Leave(Outcome::Refused { refusal }) = prune_step(request, &incident, &settled)
        else {
            continue;
        };
        let passes = matches!(
            refusal,
            Refusal::BeingDeleted | Refusal::PrunedForAnotherIncident { .. }
        );
        if !passes && !obstacles.contains(&refusal) {
            obstacles.push(refusal);
        }
    }
    obstacles
}

fn untouchable(group: &GroupState) -> Option<Refusal> {
    if group.deleting {
        return Some(Refusal::BeingDeleted);
    }
    group
        .operator
        .as_ref()
        .map(|principal| Refusal::ManagedByOperator {
            principal: principal.clone(),
        })
}

fn prune_step(request: &PruneRequest, incident: &IncidentId, group: &GroupState) -> Step {
    if let Some(refusal) = untouchable(group) {
        return refuse(refusal);
    }
    if group.native_zonal_shift {
        return Step::Leave(Outcome::NativeShift);
    }
    if group.subnets.is_empty() {
        return refuse(Refusal::ZonesWithoutSubnets);
    }
    let unlisted: Vec<String> = group
        .subnets
        .iter()
        .filter(|subnet| request.zones.zone_of_subnet(subnet).is_none())
        .cloned()
        .collect();
    if !unlisted.is_empty() {
        return refuse(Refusal::UnlistedSubnets { subnets: unlisted });
    }
    let record = match own_record(incident, group) {
        Ok(record) => record,
        Err(refusal) => return refuse(refusal),
    };
    let removed = subnets_in(&request.zones, incident.zone(), &group.subnets);
    if removed.is_empty() {
        return Step::Leave(if record.is_some() {
            Outcome::AlreadyPruned
        } else {
            Outcome::NothingInZone
        });
    }
    let remaining: Vec<String> = group
        .subnets
        .iter()
        .filter(|subnet| request.zones.zone_of_subnet(subnet) != Some(incident.zone()))
        .cloned()
        .collect();
    let left = zones_of(&request.zones, &remaining).len();
    let left = u8::try_from(left).unwrap_or(u8::MAX);
    if left < request.min_zones.max(1) {
        return refuse(Refusal::TooFewZones {
            left,
            min_zones: request.min_zones.max(1),
        });
    }
    if let Some(status) = &group.refresh {
        return refuse(Refusal::InstanceRefresh {
            status: status.clone(),
        });
    }
    // An infrastructure tool may have put the subnets back: what is on record stays on record.
    let (on_record, places_on_record) = record
        .map(|record| (record.removed, record.places))
        .unwrap_or_default();
    let mut places = places(&group.subnets, &removed);
    places.extend(places_on_record);
    let record = Record {
        incident: incident.clone(),
        drill: request.drill,
        removed: on_record.union(&removed).cloned().collect(),
        places,
    };
    let others = group.tags.len() - Record::keys_in(&group.tags).len();
    if others + record.to_tags().len() > MOST_TAGS {
        return refuse(Refusal::TooManyTags {
            tags: u8::try_from(group.tags.len()).unwrap_or(u8::MAX),
        });
    }
    Step::Prune {
        record,
        removed,
        remaining,
    }
}

fn restore_step(incident: &IncidentId, group: &GroupState) -> Step {
    let record = match own_record(incident, group) {
        Ok(Some(record)) => record,
        Ok(None) => return Step::Leave(Outcome::NotPruned),
        // What is going away needs no record any more.
        Err(_) if group.deleting => return refuse(Refusal::BeingDeleted),
        Err(refusal) => return refuse(refusal),
    };
    if let Some(refusal) = untouchable(group) {
        return refuse(refusal);
    }
    let restored = record.restored(&group.subnets);
    let added: BTreeSet<SubnetId> = record
        .removed
        .into_iter()
        .filter(|removed| !group.subnets.iter().any(|has| has == removed.as_str()))
        .collect();
    let target = (!added.is_empty()).then_some(restored);
    Step::Restore {
        target,
        added,
        keys: Record::keys_in(&group.tags),
    }
}

fn subnets_in(zones: &ZoneMap, zone: &ZoneId, subnets: &[String]) -> BTreeSet<SubnetId> {
    let known = zones.get(zone).map(|zone| &zone.subnets);
    known
        .into_iter()
        .flatten()
        .filter(|known| subnets.iter().any(|subnet| subnet == known.as_str()))
        .cloned()
        .collect()
}

/// The places of subnets in a group's list.
fn places(list: &[String], of: &BTreeSet<SubnetId>) -> BTreeMap<SubnetId, u16> {
    let numbered = list.iter().zip(0..);
    numbered
        .filter_map(|(subnet, place)| {
            let subnet = of.iter().find(|wanted| wanted.as_str() == subnet)?;
            Some((subnet.clone(), place))
        })
        .collect()
}

fn zones_of<'a>(zones: &'a ZoneMap, subnets: &[String]) -> BTreeSet<&'a ZoneId> {
    subnets
        .iter()
        .filter_map(|subnet| zones.zone_of_subnet(subnet))
        .collect()
}

/// A group's capacity in a zone against the zone's even share, to which a subnet that the workload does
/// not list may be a zone more: nobody knows where it lies. `None` where nothing is to be waited
/// for: the group has no subnet there, is being deleted, or has native zonal shift, which lets it
/// launch there only once its own shift has ended.
#[must_use]
pub fn capacity(group: &GroupState, zone: &ZoneId, zones: &ZoneMap) -> Option<Capacity> {
    let of_group = zones_of(zones, &group.subnets);
    if !of_group.contains(zone) || group.deleting || group.native_zonal_shift {
        return None;
    }
    let unlisted = group
        .subnets
        .iter()
        .filter(|subnet| zones.zone_of_subnet(subnet).is_none());
    let shares = of_group.len() + unlisted.count();
    let shares = u32::try_from(shares).unwrap_or(u32::MAX).max(1);
    let name = &zones.get(zone)?.name;
    Some(Capacity {
        in_service: group
            .in_service
            .get(name.as_str())
            .copied()
            .unwrap_or_default(),
        expected: group.desired / shares,
    })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
