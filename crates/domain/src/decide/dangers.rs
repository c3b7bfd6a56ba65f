//! What speaks against leaving a zone, beside the zone itself.

use super::Case;
use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::observation::Reading;
use crate::workload::Origin;
use crate::zone::ZoneId;

impl Case<'_> {
    /// Alarms that the workload lists and CloudWatch does not have: what they would say of the other
    /// zones and of the Region is not known.
    pub(super) fn missing_alarms(&self) -> Vec<HoldReason> {
        self.observation
            .missing(&self.workload.alarm_names())
            .into_iter()
            .map(|alarm| HoldReason::AlarmMissing { alarm })
            .collect()
    }

    /// Signs that the cause is wider than one zone.
    pub(super) fn wider_cause(&self) -> Vec<HoldReason> {
        let zones = self.zones_in_alarm();
        let several = (zones.len() > 1).then_some(HoldReason::SeveralZones { zones });
        let alarms = self.regional_in_alarm();
        let regional = (!alarms.is_empty()).then_some(HoldReason::RegionalAlarm { alarms });
        several.into_iter().chain(regional).collect()
    }

    /// What makes it dangerous to leave a zone, whatever its state: not even a person overrides it.
    pub(super) fn dangers(&self, zone: &ZoneId) -> Vec<HoldReason> {
        let other_shift = self
            .observation
            .active_shifts()
            .find(|(_, shift)| !shift.is_away_from(zone));
        let held = other_shift.map(|(resource, shift)| match shift.ours(&self.workload.name) {
            Some(marker) => HoldReason::OtherZoneEvacuated {
                incident: marker.incident,
            },
            None => HoldReason::OtherZoneShifted {
                resource: resource.to_owned(),
                zone: shift.zone.clone(),
                kind: shift.kind.clone(),
                id: shift.id.clone(),
            },
        });
        let pruned = match held {
            Some(_) => None,
            None => self
                .observation
                .pruned_for()
                .into_iter()
                .find(|(incident, _)| incident.zone() != zone)
                .map(|(incident, _)| HoldReason::OtherZoneEvacuated {
                    incident: incident.clone(),
                }),
        };
        let unread =
            self.observation
                .shifts
                .failure()
                .map(|failure| HoldReason::ShiftsUnreadable {
                    failure: failure.clone(),
                });
        held.into_iter()
            .chain(pruned)
            .chain(unread)
            .chain(self.unread_groups())
            .chain(self.too_few_zones())
            .collect()
    }

    /// Where there is nothing to shift, only the groups tell whether another zone is evacuated.
    pub(super) fn unread_groups(&self) -> Option<HoldReason> {
        if !self.workload.resources.is_empty() || self.workload.groups.is_none() {
            return None;
        }
        let failure = match &self.observation.groups {
            Reading::Taken(_) => return None,
            Reading::Failed(failure) => failure.clone(),
            Reading::NotTaken => Failure::new(Class::BadInput, "they were not asked for"),
        };
        Some(HoldReason::GroupsUnreadable { failure })
    }

    /// As [`Self::too_few_zones`], as far as the workload's definition alone tells.
    pub(super) fn too_few_zones_listed(&self) -> Option<HoldReason> {
        match self.workload.origin {
            Origin::Definition => self.too_few_zones(),
            Origin::BareAlarm => None,
        }
    }

    pub(super) fn too_few_zones(&self) -> Option<HoldReason> {
        let zones = match self.workload.origin {
            Origin::Definition => self.workload.zones.len(),
            Origin::BareAlarm => match self.observation.zones_of_lead() {
                Some(zones) => zones.len(),
                None => return Some(HoldReason::ZonesUnknown),
            },
        };
        let left = zones.saturating_sub(1);
        let min_zones = self.workload.policy.min_zones;
        (left < usize::from(min_zones)).then_some(HoldReason::TooFewZones { left, min_zones })
    }

    pub(super) fn zones_in_alarm(&self) -> Vec<ZoneId> {
        let zonal = self.workload.alarms.zonal.iter();
        zonal
            .filter(|(_, alarm)| self.observation.in_alarm(alarm))
            .map(|(zone, _)| zone.clone())
            .collect()
    }

    pub(super) fn regional_in_alarm(&self) -> Vec<String> {
        let regional = self.workload.alarms.regional.iter();
        regional
            .filter(|alarm| self.observation.in_alarm(alarm))
            .cloned()
            .collect()
    }
}
