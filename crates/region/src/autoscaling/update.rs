//! UpdateAutoScalingGroup, and the processes that can be suspended.
//!
//! An update is refused whole or takes effect whole. The zones of a group are those of its subnets; a
//! group without subnets has zones of its own. What an update leaves out stays as it is, except that
//! the desired capacity follows a new minimum or maximum that it would violate.

use std::collections::BTreeSet;

use domain::{SubnetId, ZoneId, ZoneName};
use jiff::Timestamp;

use super::group::{Group, ImpairedBehavior, Process, Zone};
use super::{AutoScaling, GroupChange, GroupSpec, constraint, no_such_group, validation};
use crate::error::ServiceError;

const LONGEST_VPC_ZONE_IDENTIFIER: usize = 5000;
const LONGEST_NAME: usize = 255;

/// What UpdateAutoScalingGroup is asked to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateGroup {
    /// `AutoScalingGroupName`.
    pub group: String,
    /// `VPCZoneIdentifier`: subnet ids, joined with commas.
    pub subnets: Option<String>,
    /// `AvailabilityZones`: AZ names.
    pub zone_names: Option<Vec<String>>,
    /// `AvailabilityZoneIds`.
    pub zone_ids: Option<Vec<String>>,
    /// `MinSize`.
    pub min: Option<i32>,
    /// `MaxSize`.
    pub max: Option<i32>,
    /// `DesiredCapacity`.
    pub desired: Option<i32>,
    /// `AvailabilityZoneImpairmentPolicy.ZonalShiftEnabled`.
    pub zonal_shift: Option<bool>,
    /// `AvailabilityZoneImpairmentPolicy.ImpairedZoneHealthCheckBehavior`.
    pub impaired: Option<String>,
}

impl AutoScaling {
    /// UpdateAutoScalingGroup.
    ///
    /// # Errors
    /// `ValidationError`, `AccessDenied` for a group that an AWS service manages,
    /// `ScalingActivityInProgress` for one that is being deleted, and `ResourceContention`.
    pub fn update_auto_scaling_group(
        &mut self,
        update: &UpdateGroup,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        check_name(&update.group)?;
        check_subnets(update.subnets.as_deref())?;
        let group = self.groups.get(&update.group).ok_or_else(no_such_group)?;
        group.check_caller()?;
        group.check_contention()?;
        if group.deleting {
            // The API reference lists this code for the operation. AWS has been seen to give the
            // text with the code ValidationError.
            return Err(ServiceError::new(
                400,
                "ScalingActivityInProgress",
                "The AutoScaling group may not be modified while it is pending delete",
            ));
        }
        let subnets = match &update.subnets {
            Some(text) => self.known_subnets(text)?,
            None => group.subnets.clone(),
        };
        let named = self.named_zones(update)?;
        let zones = match named {
            None if subnets.is_empty() => group.zones.clone(),
            named => self.zones_of(&subnets, named)?,
        };
        let min = size(update.min, "minSize")?.unwrap_or(group.min);
        let max = size(update.max, "maxSize")?.unwrap_or(group.max);
        let desired = size(update.desired, "desiredCapacity")?;
        let desired = desired.unwrap_or_else(|| group.desired.min(max).max(min));
        check_size(min, max, desired)?;
        let impaired = match &update.impaired {
            Some(name) => ImpairedBehavior::named(name).ok_or_else(|| {
                constraint(
                    name,
                    "availabilityZoneImpairmentPolicy.impairedZoneHealthCheckBehavior",
                    "one of the values IgnoreUnhealthy, ReplaceUnhealthy",
                )
            })?,
            None => group.impaired,
        };

        let group = self.group_mut(&update.group)?;
        group.zonal_shift = update.zonal_shift.unwrap_or(group.zonal_shift);
        group.impaired = impaired;
        (group.min, group.max, group.desired) = (min, max, desired);
        let change = group.relocate(subnets, zones, now);
        group.touch();
        self.changes.extend(change);
        Ok(())
    }

    /// SuspendProcesses: these processes, or all.
    ///
    /// # Errors
    /// `ValidationError`, and `AccessDenied` for a group that an AWS service manages.
    pub fn suspend_processes(
        &mut self,
        group: &str,
        processes: &[String],
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let processes = named_processes(processes)?;
        let group = self.group_mut(group)?;
        group.check_caller()?;
        for process in processes {
            group.suspended.entry(process).or_insert(now);
        }
        Ok(())
    }

    /// ResumeProcesses: these processes, or all.
    ///
    /// # Errors
    /// `ValidationError`, and `AccessDenied` for a group that an AWS service manages.
    pub fn resume_processes(
        &mut self,
        group: &str,
        processes: &[String],
    ) -> Result<(), ServiceError> {
        let processes = named_processes(processes)?;
        let group = self.group_mut(group)?;
        group.check_caller()?;
        for process in processes {
            group.suspended.remove(&process);
        }
        group.touch();
        Ok(())
    }

    /// The zones of a group that is put into the Region.
    pub(super) fn placed(&self, spec: &GroupSpec) -> Result<Vec<Zone>, ServiceError> {
        check_name(&spec.name)?;
        for subnet in &spec.subnets {
            self.known_subnet(subnet.as_str())?;
        }
        let names = spec.zones.iter().map(ZoneName::as_str);
        let named = self.known_zones(names, |zone| zone.name.as_str())?;
        self.zones_of(&spec.subnets, (!named.is_empty()).then_some(named))
    }

    fn known_subnets(&self, text: &str) -> Result<Vec<SubnetId>, ServiceError> {
        let mut subnets = Vec::new();
        for id in text.split(',') {
            let subnet = self.known_subnet(id)?;
            if !subnets.contains(&subnet) {
                subnets.push(subnet);
            }
        }
        Ok(subnets)
    }

    fn known_subnet(&self, id: &str) -> Result<SubnetId, ServiceError> {
        let subnet = id.parse::<SubnetId>().ok();
        let subnet = subnet.filter(|subnet| self.subnets.contains_key(subnet));
        subnet.ok_or_else(|| validation(format!("The subnet ID '{id}' does not exist")))
    }

    /// The zones that an update names, by AZ name or by AZ ID.
    fn named_zones(&self, update: &UpdateGroup) -> Result<Option<Vec<Zone>>, ServiceError> {
        match (&update.zone_names, &update.zone_ids) {
            (None, None) => Ok(None),
            (Some(names), None) => {
                let names = names.iter().map(String::as_str);
                self.known_zones(names, |zone| zone.name.as_str()).map(Some)
            }
            (None, Some(ids)) => {
                let ids = ids.iter().map(String::as_str);
                self.known_zones(ids, |zone| zone.id.as_str()).map(Some)
            }
            (Some(_), Some(_)) => Err(validation(
                "AvailabilityZones and AvailabilityZoneIds cannot be specified at the same time",
            )),
        }
    }

    fn known_zones<'a>(
        &self,
        texts: impl Iterator<Item = &'a str>,
        spelling: impl Fn(&Zone) -> &str,
    ) -> Result<Vec<Zone>, ServiceError> {
        let mut zones: Vec<Zone> = Vec::new();
        for text in texts {
            let zone = self.subnets.values().find(|zone| spelling(zone) == text);
            let zone =
                zone.ok_or_else(|| validation(format!("Invalid availability zones: [{text}]")))?;
            if !zones.contains(zone) {
                zones.push(zone.clone());
            }
        }
        Ok(zones)
    }

    /// The zones of these subnets, or without subnets the zones that are named.
    fn zones_of(
        &self,
        subnets: &[SubnetId],
        named: Option<Vec<Zone>>,
    ) -> Result<Vec<Zone>, ServiceError> {
        let mut zones: Vec<Zone> = Vec::new();
        for zone in subnets.iter().filter_map(|subnet| self.subnets.get(subnet)) {
            if !zones.contains(zone) {
                zones.push(zone.clone());
            }
        }
        let zones = match named {
            Some(named) if zones.is_empty() => named,
            Some(named) if ids(&named) != ids(&zones) => {
                return Err(validation(
                    "The availability zones of the specified subnets and the AutoScalingGroup do not match",
                ));
            }
            _ => zones,
        };
        if zones.is_empty() {
            return Err(validation(
                "At least one Availability Zone or VPC Subnet is required.",
            ));
        }
        Ok(zones)
    }
}

impl Group {
    /// A group that an AWS service manages is changed by that service alone.
    pub(super) fn check_caller(&self) -> Result<(), ServiceError> {
        match &self.operator {
            Some(operator) => Err(ServiceError::new(
                403,
                "AccessDenied",
                format!(
                    "The AutoScaling group {} is managed by {operator}, which alone may modify it",
                    self.name
                ),
            )),
            None => Ok(()),
        }
    }

    pub(super) fn check_contention(&self) -> Result<(), ServiceError> {
        if self.contention {
            return Err(ServiceError::new(
                500,
                "ResourceContention",
                format!(
                    "You already have a pending update to the AutoScaling group {}",
                    self.name
                ),
            ));
        }
        Ok(())
    }

    /// Moves the group; what changed by it. The order of the subnets is no change.
    fn relocate(
        &mut self,
        subnets: Vec<SubnetId>,
        zones: Vec<Zone>,
        now: Timestamp,
    ) -> Option<GroupChange> {
        let before = std::mem::replace(&mut self.subnets, subnets);
        let zones_before = std::mem::replace(&mut self.zones, zones);
        let set = |subnets: &[SubnetId]| subnets.iter().cloned().collect::<BTreeSet<_>>();
        let is_same = set(&before) == set(&self.subnets) && ids(&zones_before) == ids(&self.zones);
        (!is_same).then(|| GroupChange {
            at: now,
            group: self.name.clone(),
            before,
            after: self.subnets.clone(),
            tags: self.tags.clone(),
            zones_before: zones_before.into_iter().map(|zone| zone.id).collect(),
            zones_after: self.zones.iter().map(|zone| zone.id.clone()).collect(),
        })
    }
}

fn ids(zones: &[Zone]) -> BTreeSet<&ZoneId> {
    zones.iter().map(|zone| &zone.id).collect()
}

fn named_processes(names: &[String]) -> Result<Vec<Process>, ServiceError> {
    if names.is_empty() {
        return Ok(Process::ALL.to_vec());
    }
    let process = |name: &String| {
        let process = Process::ALL
            .into_iter()
            .find(|process| process.name() == name);
        process.ok_or_else(|| validation(format!("{name} is not a valid process type")))
    };
    names.iter().map(process).collect()
}

pub(super) fn check_name(name: &str) -> Result<(), ServiceError> {
    let length = name.chars().count();
    if length == 0 {
        return Err(constraint(
            name,
            "autoScalingGroupName",
            "length greater than or equal to 1",
        ));
    }
    if length > LONGEST_NAME {
        return Err(constraint(
            name,
            "autoScalingGroupName",
            "length less than or equal to 255",
        ));
    }
    Ok(())
}

fn check_subnets(text: Option<&str>) -> Result<(), ServiceError> {
    match text.map(|text| (text, text.chars().count())) {
        Some((text, 0)) => Err(constraint(
            text,
            "vPCZoneIdentifier",
            "length greater than or equal to 1",
        )),
        Some((text, length)) if length > LONGEST_VPC_ZONE_IDENTIFIER => Err(constraint(
            text,
            "vPCZoneIdentifier",
            "length less than or equal to 5000",
        )),
        _ => Ok(()),
    }
}

fn size(value: Option<i32>, parameter: &str) -> Result<Option<usize>, ServiceError> {
    let Some(value) = value else { return Ok(None) };
    let size = usize::try_from(value);
    size.map(Some)
        .map_err(|_| constraint(value, parameter, "value greater than or equal to 0"))
}

pub(super) fn check_size(min: usize, max: usize, desired: usize) -> Result<(), ServiceError> {
    if max < min {
        return Err(validation(format!(
            "Max bound, {max}, must be greater than or equal to min bound, {min}"
        )));
    }
    if desired < min || desired > max {
        return Err(validation(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )));
    }
    Ok(())
}
